"""A piece beside one place of a background, in full size and colour: the evidence, as numbers.

The exact place within a few pixels is where outline and texture agree best. There the gap is held
against the piece, without what only depends on how far a pixel lies from the edge (glows of the
piece and shadows in the gap do); its hue against the piece's; and the colour around against how the
piece would go on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from solver.tasks.slide_match import (
    FLOOR,
    GREY,
    correlation,
    depths,
    dft_size,
    directions,
    doubled_outline,
    spectrum,
    trust,
)
from solver.tasks.slide_piece import Float32, Piece, UInt8, rings

# Weights of a conditional logit, as COARSE of slide_match.
FINE = {"core": 5.41, "seam": -0.84, "tint": -0.33, "outline": 10.1, "shift": 0.61}
_NOISE_SEEN, _NOISE_PIECE = 2.0, 3.0  # grey levels that count as no texture
_INSET = 2  # pixels along the edge that are not looked at
_NEAR, _REACH = 1, 4  # pixels beyond the edge between which lies what is around
_SPREAD = 11  # pixels a side over which a piece goes on beyond its edge
_MOST = 3000  # pixels of a piece, or around it, that are looked at
_OUTLINE, _INSIDE = 16.0, 17.0  # what the exact place is found by


class Closeup:
    """A piece turned by ``angle`` degrees, to be held against windows of one size.

    A window ``(H, W, 3) uint8`` is ``reach`` pixels larger on each side than the piece's canvas,
    which has ``margin`` pixels around the piece: ``shape`` says how large.
    """

    def __init__(self, piece: Piece, angle: float, *, margin: int, reach: int) -> None:
        colours, cover = piece.drawn(margin, 1, angle)
        depth = depths(cover)
        self.shape = cover.shape[0] + 2 * reach, cover.shape[1] + 2 * reach
        self.places = 2 * reach + 1
        self._size = dft_size(self.shape)
        weights = trust(depth, _INSET, piece.glow)
        inner = depth > _INSET
        if np.count_nonzero(inner) < 12:
            inner = depth > 0
        self._inner, rows, columns = self._listed(inner)
        pixels = colours[rows, columns]
        self._weight = weights[rows, columns] + np.float32(1e-6)
        self._weight /= self._weight.sum()
        ring = rings((depth > 0).astype(np.uint8) * np.uint8(255), depth)
        self._prepare_inside(pixels, ring[rows, columns])
        self._prepare_around(colours, inner, depth > 0)
        lines = doubled_outline(cover)
        strength = np.abs(lines[0]) + np.abs(lines[1])
        self._edge, rows, columns = self._listed(strength > 0.02 * strength.max())
        self._doubled = np.stack([plane[rows, columns] for plane in lines])
        grey = _without_rings(colours @ GREY, weights, ring)
        weights = weights / weights.sum()
        self._contrast = math.sqrt(float((grey * grey * weights).sum()) + _NOISE_PIECE**2)
        self._lines_wanted = [spectrum(plane, self._size) for plane in lines]
        self._grey_wanted = spectrum(grey * weights, self._size)
        self._weights_wanted = spectrum(weights, self._size)

    def _listed(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Indices into a flat window, rows and columns of pixels of the canvas; not too many."""
        rows, columns = np.nonzero(chosen)
        step = -(-rows.size // _MOST)
        rows, columns = rows[::step], columns[::step]
        return rows * self.shape[1] + columns, rows, columns

    def _prepare_inside(self, pixels: Float32, ring: npt.NDArray[np.intp]) -> None:
        """What makes the means of rings, and the piece without its own."""
        weight = self._weight[:, None]
        self._mean = (weight * pixels).sum(axis=0)
        tint = self._mean - self._mean.mean()
        self._tint = tint / max(float(np.linalg.norm(tint)), 1.0)
        parts = (ring == np.unique(ring)[:, None]).astype(np.float32) * self._weight
        self._ring_weight = parts.sum(axis=1)
        self._rings = parts / np.maximum(self._ring_weight, 1e-9)[:, None]
        ringless = pixels - (parts > 0).astype(np.float32).T @ (self._rings @ pixels)
        self._kernel = (ringless * weight / 3).ravel()
        self._texture = float((ringless.ravel() * self._kernel).sum()) + _NOISE_PIECE**2

    def _prepare_around(self, colours: Float32, inner: np.ndarray, hard: np.ndarray) -> None:
        known = inner.astype(np.float32)
        spread = np.dstack([colours * known[..., None], known])
        for _ in range(2):
            spread = np.asarray(cv2.blur(spread, (_SPREAD, _SPREAD)), np.float32)
        solid = hard.astype(np.uint8)
        ring = cv2.dilate(solid, _disc(_REACH)) - cv2.dilate(solid, _disc(_NEAR))
        self._around, rows, columns = self._listed((ring > 0) & (spread[..., 3] > 1e-4))
        beyond = spread[rows, columns]
        self._beyond = (beyond[:, :3] / beyond[:, 3:]).mean(axis=0)

    def core(self, window: UInt8, x: int, y: int) -> float:
        """How the piece agrees with a window, its canvas's corner at (x, y): the evidence ``core``.

        For a place that is known; a view finds it, and has the other kinds.
        """
        seen = window.reshape(-1, 3)[self._inner + y * self.shape[1] + x].astype(np.float32)
        return self._agreement(seen - self._weight @ seen)

    def _agreement(self, seen: Float32) -> float:
        """Of the pixels inside, less their mean."""
        means = self._rings @ seen
        energy = self._weight @ (seen * seen) - self._ring_weight @ (means * means)
        textured = max(float(energy.sum()) / 3, 0.0)
        core = float(self._kernel @ seen.ravel())
        core /= math.sqrt((textured + _NOISE_SEEN**2) * self._texture)
        return math.atanh(min(max(core, -0.99), 0.99))

    def view(self, window: UInt8) -> View:
        """The window's part of the work, once for all places in it."""
        return View(self, window)


class View:
    """One window as a piece looks at it."""

    def __init__(self, closeup: Closeup, window: UInt8) -> None:
        self._closeup = closeup
        values = window.astype(np.float32)
        grey = values @ GREY
        self._lines = directions(grey)
        grey -= np.float32(grey.mean())
        # How well each corner of the canvas in the window fits, (2 reach + 1) each way.
        self.scores = self._fit(grey)
        self._values = values.reshape(-1, 3)

    def _fit(self, grey: Float32) -> Float32:
        own, places = self._closeup, self._closeup.places

        def correlated(seen: Sequence[Float32], wanted: Sequence[Float32]) -> Float32:
            return correlation(seen, wanted)[:places, :places]

        first, second = ([spectrum(plane, own._size)] for plane in (grey, grey * grey))
        mean = correlated(first, [own._weights_wanted])
        variance = correlated(second, [own._weights_wanted]) - mean * mean
        common = correlated(first, [own._grey_wanted])
        inside = common / np.sqrt(np.maximum(variance, 0) + np.float32(_NOISE_SEEN**2))
        lines = [spectrum(plane, own._size) for plane in self._lines]
        scores = np.float32(_INSIDE / own._contrast) * inside
        scores += np.float32(_OUTLINE) * correlated(lines, own._lines_wanted)
        return np.asarray(scores, np.float32)

    def evidence(self, x: int, y: int) -> dict[str, float]:
        """Every kind of evidence that has a weight, with the canvas's corner at (x, y)."""
        own = self._closeup
        shift = y * own.shape[1] + x
        seen = self._values[own._inner + shift]
        mean = own._weight @ seen
        core = own._agreement(seen - mean)
        # A veil leaves the hue as it was, and makes it paler: what is left of another hue.
        tint = mean - mean.mean()
        tint = tint - own._tint * max(float(tint @ own._tint), 0.0)
        away = mean - own._mean
        edge = own._edge + shift
        outline = sum(
            float(wanted @ plane.ravel()[edge])
            for wanted, plane in zip(own._doubled, self._lines, strict=True)
        )
        return {
            "core": core,
            "seam": math.log(self._seam(shift) + FLOOR),
            "tint": math.log(float(tint @ tint) / 3 + FLOOR),
            "outline": outline,
            "shift": math.log(float(away @ away) / 3 + FLOOR),
        }

    def _seam(self, shift: int) -> float:
        """Squared distance of the mean colour around from how the piece goes on."""
        own = self._closeup
        away = self._values[own._around + shift].mean(axis=0) - own._beyond
        return float(away @ away) / 3


def _without_rings(plane: Float32, weights: Float32, ring: npt.NDArray[np.intp]) -> Float32:
    """A plane, its weighted mean in each ring taken away."""
    share = np.bincount(ring.ravel(), weights.ravel())
    means = np.bincount(ring.ravel(), (plane * weights).ravel()) / np.maximum(share, 1e-9)
    return plane - means.astype(np.float32)[ring]


def _disc(radius: int) -> UInt8:
    side = 2 * radius + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)
