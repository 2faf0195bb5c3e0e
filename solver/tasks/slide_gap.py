"""Gaps without a piece: closed outlines in one picture.

Outlines are found small first, as rounded squares of several sizes whose edges are compared by
doubled angles; then each is followed around its middle by dynamic programming over the radius, as
active contours are (Amini et al., "Using dynamic programming for solving variational problems in
vision", 1990).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from solver.errors import TaskError
from solver.tasks.slide_match import Scene, Template, directions, evidence
from solver.tasks.slide_piece import SMALLEST, Float32, UInt8, size_of

_SHARES = (0.16, 0.2, 0.25, 0.31, 0.38, 0.46)  # a gap's side, of the picture's height
_SMALL_HEIGHT = 90  # pixels of the picture in which outlines are looked for first
_FULL_HEIGHT = 240  # and in which they are followed
_RAYS, _STIFF = 72, 0.12  # around a middle; the cost of a pixel's step between neighbours
_OUTLINES = 5


@dataclass(frozen=True, slots=True)
class Gap:
    """Its box on the background, xyxy in pixels, and the logit of being the one."""

    box: tuple[float, float, float, float]
    logit: float


def alone(background: UInt8) -> list[Gap]:
    """Closed outlines of a gap's size in one picture, the likeliest first.

    Raises:
        TaskError: the picture is too small, or nothing in it is outlined.
    """
    height, width = background.shape[:2]
    if min(height, width) < 4 * SMALLEST:
        raise TaskError(
            f"background: expected at least {4 * SMALLEST}×{4 * SMALLEST} pixels, received "
            f"{size_of(background)}"
        )
    scale = min(1.0, _SMALL_HEIGHT / height)
    seeds = _seeds(_resized(background, scale))
    scale_full = min(1.0, _FULL_HEIGHT / height)
    lines = _directions(_resized(background, scale_full))
    ratio = scale_full / scale
    followed = [
        _followed(lines, (x + 0.5) * ratio, (y + 0.5) * ratio, side * ratio) for x, y, side in seeds
    ]
    kept: list[Gap] = []
    for gap in sorted(followed, key=lambda gap: -gap.logit):
        x1, y1, x2, y2 = (value / scale_full for value in gap.box)
        box = (max(x1, 0.0), max(y1, 0.0), min(x2, float(width)), min(y2, float(height)))
        if all(_apart(box, other.box) for other in kept):
            kept.append(Gap(box, gap.logit))
    if not kept:
        raise TaskError("background: expected a picture with a gap, received one without an edge")
    return kept


def _resized(picture: UInt8, scale: float) -> UInt8:
    if scale == 1.0:
        return picture
    size = (max(round(picture.shape[1] * scale), 8), max(round(picture.shape[0] * scale), 8))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _apart(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether neither middle lies in the other box."""

    def within(inner: tuple[float, ...], outer: tuple[float, ...]) -> bool:
        x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
        return outer[0] < x < outer[2] and outer[1] < y < outer[3]

    return not within(one, other) and not within(other, one)


def _seeds(small: UInt8) -> list[tuple[float, float, float]]:
    """Middles (x, y) and sides of what looks like a rounded square, best first."""
    scene = Scene(small)
    rows, columns = scene.shape
    found: list[tuple[float, float, float, float]] = []
    for share in _SHARES:
        side = max(round(share * rows), 6)
        margin = 4
        if side + 2 * margin >= min(rows, columns):
            continue
        cover = np.zeros((side + 2 * margin,) * 2, np.float32)
        corner = side // 3
        cover[margin:-margin, margin + corner : -margin - corner] = 1
        cover[margin + corner : -margin - corner, margin:-margin] = 1
        for x in (margin + corner, margin + side - 1 - corner):
            for y in (margin + corner, margin + side - 1 - corner):
                cv2.circle(cover, (x, y), corner, (1,), -1)
        cover = np.asarray(cv2.GaussianBlur(cover, (0, 0), max(side / 16, 0.8)), np.float32)
        template = Template(np.zeros((*cover.shape, 3), np.float32), cover, inset=1)
        scores = evidence(scene, template)["outline"]
        highest = cv2.dilate(scores, np.ones((5, 5), np.uint8))
        places = np.flatnonzero(scores >= highest)
        middle = margin + side / 2
        for place in places[np.argsort(-scores.ravel()[places])][:_OUTLINES]:
            y, x = divmod(int(place), scores.shape[1])
            found.append((float(scores.flat[place]), x + middle, y + middle, float(side)))
    found.sort(reverse=True)
    return [(x, y, side) for _, x, y, side in found[: 2 * _OUTLINES]]


def _directions(picture: UInt8) -> Float32:
    """Doubled directions of the edges, ``(H, W, 2)``; of length 1 where an edge is clear."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.dstack(directions(grey))


def _followed(lines: Float32, x: float, y: float, side: float) -> Gap:
    """The closed path around a middle along which edges run, as a box and its logit."""
    angle = np.arange(_RAYS, dtype=np.float32) * np.float32(2 * math.pi / _RAYS)
    least, most = max(0.3 * side, 3.0), 0.8 * side
    radius = np.arange(least, most, 1.0, dtype=np.float32)
    map_x = np.float32(x - 0.5) + radius[None] * np.cos(angle)[:, None]
    map_y = np.float32(y - 0.5) + radius[None] * np.sin(angle)[:, None]
    seen = cv2.remap(lines, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    double = 2 * angle[:, None]
    gain = seen[..., 0] * np.cos(double) + seen[..., 1] * np.sin(double)
    path = _closed_path(np.asarray(gain, np.float32))
    mean = float(gain[np.arange(_RAYS), path].mean())
    px, py = x + radius[path] * np.cos(angle), y + radius[path] * np.sin(angle)
    box = (float(px.min()), float(py.min()), float(px.max()), float(py.max()))
    return Gap(box, 12 * mean)


def _closed_path(gain: Float32) -> np.ndarray:
    """Indices ``(rays,)`` of the radii of the best path around, twice round so that it closes."""
    rays, radii = gain.shape
    steps = range(-2, 3)
    total = np.zeros(radii, np.float32)
    back = np.zeros((2 * rays, radii), np.int64)
    for row in range(2 * rays):
        options = np.full((len(steps), radii), -np.inf, np.float32)
        for index, step in enumerate(steps):
            source = slice(max(step, 0), radii + min(step, 0))
            target = slice(max(-step, 0), radii + min(-step, 0))
            options[index, target] = total[source] - np.float32(_STIFF * abs(step))
        choice = options.argmax(axis=0)
        back[row] = np.arange(radii) + choice - 2
        total = options[choice, np.arange(radii)] + gain[row % rays]
    path = np.zeros(2 * rays, np.int64)
    path[-1] = int(total.argmax())
    for row in range(2 * rays - 1, 0, -1):
        path[row - 1] = back[row, path[row]]
    # The middle of the two rounds is free of both ends.
    half = rays // 2
    return np.roll(path[half : half + rays], half)
