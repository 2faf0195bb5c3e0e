"""How one letter's mask is treated: hollow, dotted, hatched, worn.

Every treatment takes and gives a (h, w) uint8 coverage; `unit` is the stroke's width in pixels.
The mask comes with room around it, so a treatment may grow it by `ROOM` units.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from training.generators.colours import Rng

ROOM = 1.0  # in units


def _disc(size: float) -> np.ndarray:
    side = max(2, round(size))
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))


def _fill(mask: np.ndarray, rng: Rng, unit: float) -> np.ndarray:
    return mask


def _hollow(mask: np.ndarray, rng: Rng, unit: float) -> np.ndarray:
    """The contour alone, drawn around the letter."""
    pen = max(2.0, unit * rng.uniform(0.25, 0.5))
    return cv2.subtract(cv2.dilate(mask, _disc(pen + 1)), cv2.erode(mask, _disc(2)))


def _bold(mask: np.ndarray, rng: Rng, unit: float) -> np.ndarray:
    return cv2.dilate(mask, _disc(unit * rng.uniform(0.3, 0.6)))


def _slim(mask: np.ndarray, rng: Rng, unit: float) -> np.ndarray:
    """Thinner where the strokes can bear it."""
    thin = cv2.erode(mask, _disc(max(2, unit * 0.3)))
    return thin if np.count_nonzero(thin > 96) > 0.4 * np.count_nonzero(mask > 96) else mask


def _dots(mask: np.ndarray, rng: Rng, unit: float) -> np.ndarray:
    """Round dots of differing size on a grid, where the letter has ink."""
    step = max(1, round(unit * rng.uniform(0.38, 0.58)))
    out = np.zeros_like(mask)
    held = cv2.resize(mask, None, fx=1 / step, fy=1 / step, interpolation=cv2.INTER_AREA)
    small, large = step * rng.uniform(0.35, 0.5), step * rng.uniform(0.55, 0.8)
    for y, x in np.argwhere(held > 95).tolist():
        centre = (int((x + 0.5) * step), int((y + 0.5) * step))
        cv2.circle(out, centre, max(int(step > 1), round(rng.uniform(small, large))), (255,), -1)
    return out


def _hatch(mask: np.ndarray, rng: Rng, unit: float) -> np.ndarray:
    """Contour and stripes inside."""
    y, x = np.mgrid[0 : mask.shape[0], 0 : mask.shape[1]]
    slope = rng.choice([0.0, 1.0, -1.0])
    stripes = ((y + slope * x) % max(3, round(unit * 0.6))) < max(1, round(unit * 0.3))
    inside = mask * stripes.astype(np.uint8)
    return cv2.max(inside, _hollow(mask, rng, unit))


def _block(mask: np.ndarray, rng: Rng, unit: float) -> np.ndarray:
    """An outlined letter with depth: its outline, and a solid side to the right and below."""
    depth = max(2, round(unit * rng.uniform(0.4, 0.9)))
    side = np.zeros_like(mask)
    for shift in range(1, depth + 1):
        side[shift:, shift:] = cv2.max(side[shift:, shift:], mask[:-shift, :-shift])
    return cv2.max(cv2.subtract(side, mask), cv2.subtract(mask, cv2.erode(mask, _disc(3))))


def _scratches(mask: np.ndarray, rng: Rng, unit: float) -> np.ndarray:
    """White scratches through the ink."""
    height, width = mask.shape
    out = mask.copy()
    for _ in range(int(rng.integers(3, 10))):
        x0, x1 = rng.integers(-5, width + 5, 2).tolist()
        y0, y1 = rng.integers(-5, height + 5, 2).tolist()
        thickness = max(1, round(unit * rng.uniform(0.08, 0.25)))
        cv2.line(out, (x0, y0), (x1, y1), (0,), thickness, cv2.LINE_AA)
    return out


def _crumbled(mask: np.ndarray, rng: Rng, unit: float) -> np.ndarray:
    """Ink that has come off in spots."""
    cells = (
        max(2, round(mask.shape[1] / max(1.5, unit * 0.3))),
        max(2, round(mask.shape[0] / max(1.5, unit * 0.3))),
    )
    field = cv2.resize(
        rng.random((cells[1], cells[0]), np.float32),
        mask.shape[::-1],
        interpolation=cv2.INTER_LINEAR,
    )
    return np.where(field > rng.uniform(0.22, 0.4), mask, 0).astype(np.uint8)


TREATMENTS: Mapping[str, Callable[[np.ndarray, Rng, float], np.ndarray]] = {
    "block": _block,
    "bold": _bold,
    "crumbled": _crumbled,
    "dots": _dots,
    "fill": _fill,
    "hatch": _hatch,
    "hollow": _hollow,
    "scratches": _scratches,
    "slim": _slim,
}


def transformed(
    mask: np.ndarray,
    *,
    degrees: float,
    shear: float,
    scale: float,
    stretch: float,
    room: int,
    smooth: bool = True,
) -> np.ndarray:
    """Turn, slant and scale a mask about its centre; (h, w) grows so that all of it fits."""
    height, width = mask.shape
    turn = np.deg2rad(degrees)
    cosine, sine = np.cos(turn), np.sin(turn)
    rotation = np.array([[cosine, -sine], [sine, cosine]])
    linear = rotation @ np.array([[scale * stretch, shear * scale], [0.0, scale]])
    extent = np.abs(linear) @ np.array([width, height])
    out = (int(np.ceil(extent[0])) + 2 * room, int(np.ceil(extent[1])) + 2 * room)
    shift = np.array(out) / 2 - linear @ (np.array([width, height]) / 2)
    matrix = np.concatenate([linear, shift[:, None]], axis=1)
    flags = cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST
    return cv2.warpAffine(mask, matrix, out, flags=flags)
