"""Outlines of slider pieces: jigsaw pieces, rounded squares, discs, polygons, hearts and stars."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from training.generators.colours import Rng

_FINE = 4


def _square(side: int) -> np.ndarray:
    return np.zeros((side, side), np.uint8)


def _jigsaw(side: int, rng: Rng) -> np.ndarray:
    """A square with a knob or a hole in each of two to four sides."""
    canvas = _square(side)
    knob = side * rng.uniform(0.1, 0.15)
    low, high = round(1.5 * knob), round(side - 1.5 * knob)
    cv2.rectangle(canvas, (low, low), (high, high), (255,), -1)
    kinds = rng.choice([1, 1, -1, -1, 0], 4)
    if not kinds.any():
        kinds[0] = 1
    sink = knob * rng.uniform(0.2, 0.7)
    for (dx, dy), kind in zip(((0, -1), (1, 0), (0, 1), (-1, 0)), kinds.tolist(), strict=True):
        if kind:
            reach = (high - low) / 2 + kind * sink
            centre = (round((low + high) / 2 + dx * reach), round((low + high) / 2 + dy * reach))
            cv2.circle(canvas, centre, round(knob), (255 if kind > 0 else 0,), -1)
    return canvas


def _rounded(side: int, rng: Rng) -> np.ndarray:
    canvas = _square(side)
    radius = round(side * float(rng.choice([0.0, rng.uniform(0.05, 0.3)])))
    last = side - 1
    cv2.rectangle(canvas, (radius, 0), (last - radius, last), (255,), -1)
    cv2.rectangle(canvas, (0, radius), (last, last - radius), (255,), -1)
    for x in (radius, last - radius):
        for y in (radius, last - radius):
            cv2.circle(canvas, (x, y), radius, (255,), -1)
    return canvas


def _circle(side: int, rng: Rng) -> np.ndarray:
    canvas = _square(side)
    cv2.circle(canvas, (side // 2, side // 2), side // 2 - 1, (255,), -1)
    return canvas


def _filled(side: int, radius: np.ndarray, angle: np.ndarray) -> np.ndarray:
    canvas = _square(side)
    points = side / 2 + np.stack([np.cos(angle), np.sin(angle)], 1) * radius[:, None] * side / 2
    cv2.fillPoly(canvas, [np.round(points).astype(np.int32)], (255,))
    return canvas


def _polygon(side: int, rng: Rng) -> np.ndarray:
    corners = int(rng.integers(3, 9))
    angle = (np.arange(corners) + rng.random()) * 2 * np.pi / corners
    return _filled(side, rng.uniform(0.8, 1.0, corners), angle)


def _star(side: int, rng: Rng) -> np.ndarray:
    points = int(rng.integers(4, 8))
    angle = np.arange(2 * points) * np.pi / points + rng.random() * 6.3
    return _filled(side, np.where(np.arange(2 * points) % 2, rng.uniform(0.4, 0.75), 1.0), angle)


def _blob(side: int, rng: Rng) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    waves = sum(rng.uniform(0, 0.12) * np.cos(n * angle + rng.uniform(0, 6.3)) for n in range(2, 6))
    return _filled(side, np.minimum(1.0, 0.78 + np.asarray(waves)), angle)


def _heart(side: int, rng: Rng) -> np.ndarray:
    t = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    x = 16 * np.sin(t) ** 3
    y = -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t))
    canvas = _square(side)
    points = side / 2 + np.stack([x, y - 2], axis=1) * side / 34
    cv2.fillPoly(canvas, [np.round(points).astype(np.int32)], (255,))
    return canvas


SHAPES: Mapping[str, Callable[[int, Rng], np.ndarray]] = {
    "blob": _blob,
    "circle": _circle,
    "heart": _heart,
    "jigsaw": _jigsaw,
    "polygon": _polygon,
    "rounded": _rounded,
    "star": _star,
}


def piece_mask(shape: str, side: int, rng: Rng) -> np.ndarray:
    """A piece's coverage, (h, w) uint8, cropped to what it covers, with smooth edges.

    Raises KeyError for a shape that is not in SHAPES.
    """
    fine = SHAPES[shape](side * _FINE, rng)
    mask = cv2.resize(fine, (side, side), interpolation=cv2.INTER_AREA)
    rows = np.flatnonzero((mask >= 128).any(axis=1))
    columns = np.flatnonzero((mask >= 128).any(axis=0))
    return np.ascontiguousarray(mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
