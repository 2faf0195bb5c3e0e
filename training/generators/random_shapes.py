"""Simple shapes without a name, as many as are asked for: shape n is the same on every machine.

Stars, flowers, cogs, rings and heaps of discs and bars: what generators of click pictures use as
icons.  A network that tells hundreds of them apart can compare two that it never met.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import cv2
import numpy as np

from training.generators.colours import Rng

PREFIX = "#"
_FINE = 192  # pixels of the drawing that all sizes are made from
_SEED = 20_251
_ROUND = np.linspace(0, 2 * np.pi, 144, endpoint=False)


def shape_name(number: int) -> str:
    return f"{PREFIX}{number}"


def is_shape(name: str) -> bool:
    """Whether a name is that of a shape by its number."""
    return name.startswith(PREFIX) and name[1:].isdecimal()


def _fill(canvas: np.ndarray, radius: np.ndarray, level: int = 255) -> None:
    """What lies within `radius` (of half the canvas), one value an angle of `_ROUND`."""
    half = canvas.shape[0] / 2
    points = half + half * np.stack([radius * np.cos(_ROUND), radius * np.sin(_ROUND)], axis=1)
    cv2.fillPoly(canvas, [np.round(points * 8).astype(np.int32)], (level,), cv2.LINE_8, 3)


def _polygon_radius(corners: int, rng: Rng) -> np.ndarray:
    step = 2 * np.pi / corners
    angle = (_ROUND + rng.uniform(0, step)) % step - step / 2
    return 0.9 * np.cos(step / 2) / np.cos(angle)


def _star(canvas: np.ndarray, rng: Rng) -> None:
    points, inner = int(rng.integers(3, 15)), rng.uniform(0.35, 0.88)
    phase = (_ROUND * points / (2 * np.pi)) % 1
    _fill(canvas, 0.92 * (inner + (1 - inner) * np.abs(2 * phase - 1)))


def _flower(canvas: np.ndarray, rng: Rng) -> None:
    petals, depth = int(rng.integers(3, 13)), rng.uniform(0.06, 0.4)
    wave = np.abs(np.cos(_ROUND * petals / 2)) if rng.random() < 0.6 else np.cos(_ROUND * petals)
    _fill(canvas, 0.92 * (1 - depth * (1 - wave) / (1 if wave.min() >= 0 else 2)))


def _cog(canvas: np.ndarray, rng: Rng) -> None:
    teeth, depth, wide = int(rng.integers(5, 17)), rng.uniform(0.08, 0.3), rng.uniform(0.3, 0.7)
    phase = (_ROUND * teeth / (2 * np.pi)) % 1
    _fill(canvas, np.where(phase < wide, 0.92, 0.92 * (1 - depth)))


def _polygon(canvas: np.ndarray, rng: Rng) -> None:
    """Dented on one side, so that hardly two are the same."""
    bump = np.exp(-((_ROUND - rng.uniform(0, 6.3)) ** 2) / rng.uniform(0.02, 0.6))
    radius = _polygon_radius(int(rng.integers(3, 9)), rng)
    _fill(canvas, np.clip(radius * (1 - rng.uniform(0.1, 0.6) * bump), 0.1, 0.98))


def _blob(canvas: np.ndarray, rng: Rng) -> None:
    radius = np.ones_like(_ROUND)
    for wave in range(1, 6):
        radius += rng.normal(0, 0.28 / wave) * np.cos(wave * _ROUND + rng.uniform(0, 6.3))
    radius = np.clip(radius, 0.25, None)
    _fill(canvas, 0.92 * radius / radius.max())


def _petals(canvas: np.ndarray, rng: Rng) -> None:
    """Parts that stand apart, in a circle."""
    count = int(rng.integers(3, 11))
    side = canvas.shape[0]
    away, long = rng.uniform(0.24, 0.34) * side, rng.uniform(0.08, 0.17) * side
    slim, lean = rng.uniform(0.35, 1.0), rng.uniform(0, 180)
    square = rng.random() < 0.35
    for place in range(count):
        angle = 2 * np.pi * place / count
        centre = (side / 2 + away * np.cos(angle), side / 2 + away * np.sin(angle))
        axes = (2 * long, 2 * long * slim)
        part = (centre, axes, float(np.degrees(angle) + lean))
        if square:
            cv2.fillPoly(canvas, [np.round(cv2.boxPoints(part)).astype(np.int32)], (255,))
        else:
            cv2.ellipse(canvas, part, (255,), -1)


def _heap(canvas: np.ndarray, rng: Rng) -> None:
    """Discs, bars and triangles over each other, some of them cut away: like a thing's outline."""
    side = canvas.shape[0]
    for part in range(int(rng.integers(2, 6))):
        level = 255 if part < 2 or rng.random() < 0.65 else 0
        x, y = (rng.uniform(0.3, 0.7, 2) * side).tolist()
        long, slim = rng.uniform(0.12, 0.36) * side, rng.uniform(0.2, 1.0)
        shape = ((x, y), (2 * long, 2 * long * slim), float(rng.choice([0.0, 90.0, 45.0, -30.0])))
        kind = int(rng.integers(3))
        if kind == 0:
            cv2.ellipse(canvas, shape, (level,), -1)
        else:
            corners = cv2.boxPoints(shape)[: 5 - kind]
            cv2.fillPoly(canvas, [np.round(corners).astype(np.int32)], (level,))


_BODIES: Sequence[Callable[[np.ndarray, Rng], None]] = (
    _star,
    _flower,
    _cog,
    _polygon,
    _blob,
    _petals,
    _heap,
    _heap,
    _heap,
)


def _hollowed(canvas: np.ndarray, rng: Rng) -> np.ndarray:
    """The shape with a hole: a rim of its own outline, or another shape cut out of the middle."""
    choice = rng.random()
    if choice < 0.3:
        pen = round(canvas.shape[0] * rng.uniform(0.05, 0.12))
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pen + 1,) * 2)
        return cv2.subtract(canvas, cv2.erode(canvas, kernel))
    if choice < 0.6:
        hole = np.zeros_like(canvas)
        radius = rng.uniform(0.2, 0.55)
        _fill(hole, radius * _polygon_radius(int(rng.choice([3, 4, 6, 60])), rng))
        return cv2.subtract(canvas, hole)
    return canvas


@lru_cache(maxsize=1024)
def _drawing(number: int) -> np.ndarray:
    rng = np.random.default_rng([_SEED, number])
    for _ in range(8):  # what came out empty, or split to nothing, is drawn anew
        canvas = np.zeros((_FINE, _FINE), np.uint8)
        _BODIES[int(rng.integers(len(_BODIES)))](canvas, rng)
        canvas = _hollowed(canvas, rng)
        if np.count_nonzero(canvas) > 0.06 * _FINE**2:
            break
    columns, rows = np.flatnonzero(canvas.any(axis=0)), np.flatnonzero(canvas.any(axis=1))
    tight = canvas[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = _FINE / max(tight.shape)
    size = (max(2, round(tight.shape[1] * scale)), max(2, round(tight.shape[0] * scale)))
    fitted = cv2.resize(tight, size, interpolation=cv2.INTER_LINEAR)
    down, right = _FINE - size[1], _FINE - size[0]
    mask = cv2.copyMakeBorder(
        fitted, down // 2, down - down // 2, right // 2, right - right // 2, cv2.BORDER_CONSTANT
    )
    mask.setflags(write=False)
    return mask


def shape_mask(number: int, side: int) -> np.ndarray:
    """Shape `number` as an ink's coverage, (side, side) uint8."""
    return cv2.resize(_drawing(number), (side, side), interpolation=cv2.INTER_AREA)
