"""The places of a background where a piece may belong, best first.

First the whole background, small and grey; then the best places in full size and colour. A turned
piece is looked for only where the straight one has no sure place.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from solver.errors import TaskError
from solver.tasks.slide_change import CHANGE, Before, around, kernels
from solver.tasks.slide_close import FINE, Closeup
from solver.tasks.slide_match import COARSE, GREY, Scene, Template, logits
from solver.tasks.slide_piece import Float32, Piece, UInt8

PLACES = 6  # kept of a search
_COARSE_SIDE, _COARSE_AREA = 10, 7_000  # pixels: the piece is no smaller, the background about so
_MOST_AREA = 400_000  # pixels of a small background at the most
_SLACK = 2  # rows by which a strip may lie wrong
_NEAR = 5.0  # a place whose small logit is less than the best by more is not looked at again
_TURNS = (-8.0, -4.0, 4.0, 8.0)  # degrees; straight and these cover −10 to 10
_TURN_COST = 2.0  # turned pieces are rarer, and there are more ways to be turned
_FINE_TURN = 2.0
_TURNED = 3  # turned places that are looked at again


@dataclass(frozen=True, slots=True)
class Place:
    """Top left corner of the piece on the background, its turn clockwise, its logit."""

    x: int
    y: int
    angle: float
    logit: float


class Search:
    """One background ``(H, W, 3) uint8``, one piece that fits in; ``least``: its leftmost corner.

    ``before`` is what is known of that background without its gap.

    Raises:
        TaskError: the piece is too small beside the background.
    """

    def __init__(
        self, background: UInt8, piece: Piece, *, least: int = 0, before: Before | None = None
    ) -> None:
        height, width = background.shape[:2]
        self.background, self.piece = background, piece.levelled()
        self.least = min(max(least, 0), width - piece.width)
        # A strip of the background's height says in which row its piece belongs.
        self.low, self.high = 0, height - piece.height
        if piece.size[1] == height:
            self.low = max(piece.top - _SLACK, 0)
            self.high = min(piece.top + _SLACK, self.high)
        area = (self.high - self.low + piece.height) * (width - self.least)
        wanted = max(round(math.sqrt(area / _COARSE_AREA)), 1)
        side = min(piece.width, piece.height)
        self.factor = max(min(wanted, side // _COARSE_SIDE), 1)
        if area / self.factor**2 > _MOST_AREA:
            raise TaskError(
                f"piece: expected one that is not so small beside a background of {width}×{height} "
                f"pixels, received {piece.width}×{piece.height}"
            )
        self._fine: dict[float, tuple[int, Closeup]] = {}
        self._before = before
        self._kernels: dict[float, tuple[int, dict[str, Float32]]] = {}

    def straight(self) -> list[Place]:
        """The best places of the piece as it is."""
        return self.merged(self._refined(place) for place in self.coarse([0.0]))

    def turned(self) -> list[Place]:
        """The best places of the piece turned by up to 10 degrees."""
        found = sorted(map(self._refined, self.coarse(_TURNS)[:_TURNED]), key=_logit)
        if found:
            best = found.pop()
            angles = (best.angle - _FINE_TURN, best.angle + _FINE_TURN)
            found.append(max(best, *(self._refined(best, angle) for angle in angles), key=_logit))
        return self.merged(
            Place(place.x, place.y, place.angle, place.logit - _TURN_COST) for place in found
        )

    def coarse(
        self, angles: Sequence[float], *, most: int = PLACES, near: float = _NEAR
    ) -> list[Place]:
        """Peaks of the small grey search over all rows and angles, best first.

        At ``most`` so many, and none whose logit is less than the best one's by more than ``near``.
        """
        factor, piece = self.factor, self.piece
        margin = 4 * factor + self._growth(angles)
        margin = -(-margin // factor) * factor
        scene = Scene(self.small(margin))
        before = self._before
        changed = None if before is None else self._small(before.changed, margin)
        found: list[Place] = []
        for angle in angles:
            colours, cover = piece.drawn(margin, factor, angle)
            grey = (colours @ GREY)[..., None]
            template = Template(grey, cover, inset=inset(factor), glow=piece.glow / factor)
            scores = logits(scene, template, COARSE)
            if changed is not None:
                parts = kernels(cover)
                kernel = np.sum([CHANGE[name] * part for name, part in parts.items()], axis=0)
                share = changed.astype(np.float32) / np.float32(255)
                scores += cv2.matchTemplate(share, kernel.astype(np.float32), cv2.TM_CCORR)
            radius = max(min(piece.width, piece.height) // factor // 6, 2)
            for x, y, logit in _peaks(scores, radius, most):
                place = Place(self.least + x * factor, self.low + y * factor, angle, logit)
                found.append(place)
        found = self.merged(found)
        return [place for place in found if place.logit > found[0].logit - near][:most]

    def _growth(self, angles: Iterable[float]) -> int:
        """Pixels by which a turned piece may stick out on each side."""
        sine = math.sin(math.radians(max(map(abs, angles)) + _FINE_TURN)) if any(angles) else 0.0
        return math.ceil(sine * max(self.piece.width, self.piece.height) / 2)

    def small(self, margin: int) -> UInt8:
        """The part to be searched, grey, with a margin, made ``factor`` times smaller."""
        window = self._small(self.background, margin)
        return np.asarray(cv2.cvtColor(window, cv2.COLOR_RGB2GRAY), np.uint8)[..., None]

    def _small(self, picture: UInt8, margin: int) -> UInt8:
        """That part of a picture of the background's size, with a margin, as much smaller."""
        factor = self.factor
        window = _window(
            picture,
            self.least - margin,
            self.low - margin,
            self.background.shape[1] - self.least + 2 * margin,
            self.high - self.low + self.piece.height + 2 * margin,
            multiple=factor,
        )
        size = (window.shape[1] // factor, window.shape[0] // factor)
        if factor > 1:
            window = np.asarray(cv2.resize(window, size, interpolation=cv2.INTER_AREA), np.uint8)
        return window

    def _refined(self, place: Place, angle: float | None = None) -> Place:
        """The exact place within a few pixels, in full size and colour."""
        angle = place.angle if angle is None else angle
        x, y, kinds = self.close(place, angle)
        logit = sum(FINE[name] * kinds[name] for name in FINE)
        if self._before is not None:
            changes = self.changes(x, y, angle)
            logit += sum(CHANGE[name] * changes[name] for name in CHANGE)
        return Place(x, y, angle, logit)

    def changes(self, x: int, y: int, angle: float) -> dict[str, float]:
        """What CHANGE weighs at a corner that :meth:`close` gave; only where it is known."""
        before = self._before
        assert before is not None
        if angle not in self._kernels:
            area = int(np.count_nonzero(self.piece.mask))
            margin = around(area) + self._growth([angle])
            _, cover = self.piece.drawn(margin, 1, angle)
            self._kernels[angle] = margin, kernels(cover)
        margin, parts = self._kernels[angle]
        rows, columns = parts["filled"].shape
        window = _window(before.changed, x - margin, y - margin, columns, rows).ravel()
        found = {name: float(part.ravel() @ window) / 255 for name, part in parts.items()}
        margin, closeup = self._fine[angle]
        rows, columns = closeup.shape
        window = _window(before.full, x - margin, y - margin, columns, rows)
        return {**found, "before": closeup.core(window, 0, 0)}

    def close(self, place: Place, angle: float) -> tuple[int, int, dict[str, float]]:
        """The exact corner near a place, and the evidence there."""
        reach = self.factor + 1
        if angle not in self._fine:
            margin = 6 + self._growth([angle])
            self._fine[angle] = margin, Closeup(self.piece, angle, margin=margin, reach=reach)
        margin, closeup = self._fine[angle]
        x, y = place.x - reach, place.y - reach
        rows, columns = closeup.shape
        window = _window(self.background, x - margin, y - margin, columns, rows)
        view = closeup.view(window)
        right = self.background.shape[1] - self.piece.width
        rows_allowed = _within(y, self.low, self.high, closeup.places)
        columns_allowed = _within(x, self.least, right, closeup.places)
        allowed = view.scores[rows_allowed, columns_allowed]
        down, across = np.unravel_index(int(allowed.argmax()), allowed.shape)
        down, across = rows_allowed.start + int(down), columns_allowed.start + int(across)
        return x + across, y + down, view.evidence(across, down)

    def merged(self, places: Iterable[Place]) -> list[Place]:
        """Best first, without those within a few pixels of a better one."""
        near = max(min(self.piece.width, self.piece.height) // 8, 3)
        kept: list[Place] = []
        for place in sorted(places, key=_logit, reverse=True):
            if all(max(abs(place.x - k.x), abs(place.y - k.y)) > near for k in kept):
                kept.append(place)
        return kept


def inset(factor: int) -> int:
    """Pixels along the edge of a small piece that are not looked at."""
    return 1 if factor > 1 else 2


def _window(
    picture: UInt8,
    x: int,
    y: int,
    width: int,
    height: int,
    *,
    multiple: int = 1,
) -> UInt8:
    """A part, its sides a multiple long; a picture's edge is continued, beyond a mask's is 0."""
    border = cv2.BORDER_REPLICATE if picture.ndim == 3 else cv2.BORDER_CONSTANT
    width, height = -(-width // multiple) * multiple, -(-height // multiple) * multiple
    rows, columns = picture.shape[:2]
    top, left = max(-y, 0), max(-x, 0)
    bottom, right = max(y + height - rows, 0), max(x + width - columns, 0)
    inner = picture[y + top : y + height - bottom, x + left : x + width - right]
    return np.asarray(cv2.copyMakeBorder(inner, top, bottom, left, right, border), np.uint8)


def _logit(place: Place) -> float:
    return place.logit


def _within(corner: int, low: int, high: int, count: int) -> slice:
    """The part of ``count`` places from a corner on that lies between two bounds, never empty."""
    first = min(max(low - corner, 0), count - 1)
    return slice(first, max(min(high - corner + 1, count), first + 1))


def _peaks(scores: Float32, radius: int, most: int) -> list[tuple[int, int, float]]:
    """(x, y, score) of the best values that are the highest within a radius."""
    side = 2 * radius + 1
    highest = cv2.dilate(scores, np.ones((side, side), np.uint8))
    places = np.flatnonzero(scores >= highest)
    best = places[np.argsort(-scores.ravel()[places], kind="stable")[:most]]
    width = scores.shape[1]
    return [(int(i % width), int(i // width), float(scores.flat[i])) for i in best]
