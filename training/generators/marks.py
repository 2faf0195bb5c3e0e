"""One character or icon on a picture: turned, coloured, outlined, shadowed.

A mark is layers to be laid over each other, and the ink that counts for its box: fill and outline,
not the shadow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from training.generators.colours import LUMA, PICKS, Colour, Rng, ink
from training.generators.fonts import FontFace, glyph
from training.generators.glyphs import transformed

INK = 96  # coverage from which a pixel counts as inked
_SOLID = 0.4  # of a mark's ink, that lies inside of its outline
# The drawing itself: millions of glyphs at hundreds of sizes would only fill the cache.
_draw_glyph = glyph.__wrapped__
# Each size of each face stays open and takes memory, so there are few; the rest is resampled.
_SIZES = (16, 22, 32, 44, 64, 88, 128, 176, 256)
_COARSE_SIZES = (12, 14, 16, 20)


@dataclass(frozen=True, slots=True)
class Mark:
    """layers: (coverage (h, w) uint8, paint (h, w, 3) or (3,) float32) from the bottom up.
    ink: (h, w) uint8, the coverage that is seen as the mark itself.
    """

    layers: tuple[tuple[np.ndarray, np.ndarray], ...]
    ink: np.ndarray


@dataclass(frozen=True, slots=True)
class Brush:
    """What marks of one picture have in common: the kinds of colours, and how far they stand out.

    ground: (n, 3) float32, colours of the picture where the mark will lie.
    """

    kind: str
    contrast: float
    ground: np.ndarray

    def colour(self, rng: Rng) -> Colour:
        return ink(rng, self.kind, self.ground, self.contrast)


def symbol_mask(face: FontFace, symbol: str, size: int, rng: Rng, *, degrees: float) -> np.ndarray:
    """One character, `size` pixels to the em, turned: (h, w) uint8 with room around it."""
    drawn = next((fixed for fixed in _SIZES if fixed >= size), _SIZES[-1])
    mask = _draw_glyph(face, drawn, symbol).mask
    if not mask.size:
        raise ValueError(f"{face.family} has no picture of {symbol!r}")
    if rng.random() < 0.25 and size >= 20:
        side = max(2, round(drawn * rng.uniform(0.02, 0.06)))
        mask = cv2.dilate(np.pad(mask, side), np.ones((side, side), np.uint8))
    return turned(mask, size, rng, degrees=degrees, scale=size / drawn)


def coarse_mask(face: FontFace, symbol: str, size: int, rng: Rng, *, degrees: float) -> np.ndarray:
    """The same from a bitmap of few pixels, as old screens show it: stairs, not curves."""
    drawn = _COARSE_SIZES[int(rng.integers(len(_COARSE_SIZES)))]
    mask = _draw_glyph(face, drawn, symbol, crisp=True).mask
    cell = max(1, round(size / drawn))
    mask = np.kron(mask, np.ones((cell, cell), np.uint8)).astype(np.uint8)
    return turned(mask, size, rng, degrees=degrees, scale=size / (drawn * cell))


def turned(
    mask: np.ndarray, size: int, rng: Rng, *, degrees: float, scale: float = 1.0
) -> np.ndarray:
    """A mask turned (degrees, clockwise), scaled, and made a little uneven.

    Around it there is room for the outline of a mark of `size` pixels.
    """
    return transformed(
        mask,
        degrees=degrees,
        shear=float(np.clip(rng.normal(0, 0.06), -0.2, 0.2)),
        scale=scale,
        stretch=rng.uniform(0.85, 1.15),
        room=max(4, round(0.16 * size)),
    )


def outlined(mask: np.ndarray, size: int, rng: Rng) -> np.ndarray:
    """A mask's edge alone, as a line; the mask itself where that leaves it as it is."""
    pen = max(1, round(size * rng.uniform(0.03, 0.06)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pen + 1,) * 2)
    inside = cv2.erode(mask, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=(0,))
    # Of strokes hardly more than twice as broad as the line only dots would be left out.
    solid = np.count_nonzero(inside > INK) >= _SOLID * np.count_nonzero(mask > INK)
    return cv2.subtract(mask, inside) if solid else mask


def _flat(mask: np.ndarray, size: int, brush: Brush, rng: Rng) -> Mark:
    return Mark(((mask, np.array(brush.colour(rng), np.float32)),), mask)


def _gradient(mask: np.ndarray, size: int, brush: Brush, rng: Rng) -> Mark:
    first, second = (np.array(brush.colour(rng), np.float32) for _ in range(2))
    ramp = np.linspace(0, 1, mask.shape[1], dtype=np.float32)[None, :, None]
    if rng.random() < 0.5:
        ramp = np.linspace(0, 1, mask.shape[0], dtype=np.float32)[:, None, None]
    paint = first + (second - first) * ramp + np.zeros((*mask.shape, 1), np.float32)
    return Mark(((mask, paint),), mask)


def _opposite(colour: Colour, rng: Rng) -> np.ndarray:
    light = float(np.asarray(colour) @ LUMA) > 128
    return np.array(PICKS["dark" if light else "pale"](rng), np.float32)


def _grown(mask: np.ndarray, pen: int) -> np.ndarray:
    return cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pen + 1,) * 2))


def _pen(size: int, rng: Rng) -> int:
    return max(1, round(size * rng.uniform(0.015, 0.07)))


def _outlined(mask: np.ndarray, size: int, brush: Brush, rng: Rng) -> Mark:
    fill = PICKS[brush.kind](rng)
    around = _grown(mask, _pen(size, rng))
    return Mark(((around, _opposite(fill, rng)), (mask, np.array(fill, np.float32))), around)


def _hollow(mask: np.ndarray, size: int, brush: Brush, rng: Rng) -> Mark:
    around = _grown(mask, _pen(size, rng))
    edge = cv2.subtract(around, mask)
    colour = np.array(brush.colour(rng), np.float32)
    if rng.random() < 0.4:  # with a thinner second line
        inner = cv2.subtract(mask, cv2.erode(mask, np.ones((3, 3), np.uint8)))
        return Mark(((edge, colour), (inner, np.array(brush.colour(rng), np.float32))), around)
    return Mark(((edge, colour),), edge)


def _shifted(mask: np.ndarray, dx: int, dy: int) -> np.ndarray:
    shift = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
    return cv2.warpAffine(mask, shift, mask.shape[::-1])


def _shadowed(mask: np.ndarray, size: int, brush: Brush, rng: Rng) -> Mark:
    far = max(1, round(size * rng.uniform(0.02, 0.09)))
    fallen = _shifted(mask, far, far if rng.random() < 0.7 else -far)
    if rng.random() < 0.5:
        fallen = cv2.GaussianBlur(fallen, (0, 0), max(0.5, far / 2))
    fill = brush.colour(rng)
    tone = np.zeros(3, np.float32) if rng.random() < 0.6 else _opposite(fill, rng)
    return Mark(((fallen, tone), (mask, np.array(fill, np.float32))), mask)


def _raised(mask: np.ndarray, size: int, brush: Brush, rng: Rng) -> Mark:
    """Lit from one side: a lighter copy on this side, a darker one on that."""
    far = max(1, round(size * rng.uniform(0.015, 0.045)))
    fill = np.array(brush.colour(rng), np.float32)
    light, dark = np.minimum(255, fill * 0.4 + 160), fill * np.float32(rng.uniform(0.1, 0.45))
    below, above = _shifted(mask, far, far), _shifted(mask, -far, -far)
    seen = cv2.max(mask, below)
    if rng.random() < 0.5:
        return Mark(((below, dark), (mask, fill)), seen)
    return Mark(((above, light), (below, dark), (mask, fill)), cv2.max(seen, above))


def _checked(mask: np.ndarray, size: int, brush: Brush, rng: Rng) -> Mark:
    """Two colours in turn along the strokes, with an edge or without."""
    cell = max(2, round(size * rng.uniform(0.03, 0.09)))
    y, x = np.indices(mask.shape) // cell
    first, second = (np.array(PICKS["vivid"](rng), np.float32) for _ in range(2))
    paint = np.where(((x + y) % 2 == 0)[..., None], first, second)
    if rng.random() < 0.7:
        around = _grown(mask, _pen(size, rng))
        return Mark(((around, _opposite(PICKS["vivid"](rng), rng)), (mask, paint)), around)
    return Mark(((mask, paint),), mask)


def _glowing(mask: np.ndarray, size: int, brush: Brush, rng: Rng) -> Mark:
    fill = brush.colour(rng)
    halo = cv2.GaussianBlur(_grown(mask, _pen(size, rng)), (0, 0), max(1.0, size * 0.05))
    return Mark(((halo, _opposite(fill, rng)), (mask, np.array(fill, np.float32))), mask)


def _clear(mask: np.ndarray, size: int, brush: Brush, rng: Rng) -> Mark:
    """The ground shines through."""
    thin = cv2.convertScaleAbs(mask, alpha=rng.uniform(0.6, 0.9))
    return Mark(((thin, np.array(brush.colour(rng), np.float32)),), mask)


def _rimmed(mask: np.ndarray, size: int, brush: Brush, rng: Rng) -> Mark:
    """Fill and rim in two bright colours, the rim sharp or soft; now and then the fill shines in
    the middle, or is left out.
    """
    rim, fill = (np.array(PICKS["vivid"](rng), np.float32) for _ in range(2))
    if rng.random() < 0.3:
        fill = np.array(brush.colour(rng), np.float32)
    pen = _pen(size, rng)
    around = _grown(mask, pen)
    edge = cv2.GaussianBlur(around, (0, 0), 0.6 * pen) if rng.random() < 0.5 else around
    if rng.random() < 0.2:
        inner = cv2.erode(mask, np.ones((3, 3), np.uint8))
        ring = cv2.subtract(around, inner)
        return Mark(((ring, rim), (cv2.subtract(mask, inner), fill)), ring)
    layers: list[tuple[np.ndarray, np.ndarray]] = [(edge, rim), (mask, fill)]
    if rng.random() < 0.3:
        core = cv2.erode(mask, np.ones((2 * pen + 1,) * 2, np.uint8))
        layers.append((core, np.minimum(255, fill + 90)))
    return Mark(tuple(layers), around)


def _dropped(mask: np.ndarray, size: int, brush: Brush, rng: Rng) -> Mark:
    """Any colour, on whatever ground: a hard shadow tells the mark from it."""
    far = max(1, round(size * rng.uniform(0.02, 0.08)))
    fallen = _shifted(mask, far if rng.random() < 0.7 else -far, far)
    fill = PICKS["pale" if rng.random() < 0.5 else brush.kind](rng)
    return Mark(((fallen, _opposite(fill, rng)), (mask, np.array(fill, np.float32))), mask)


Look = Callable[[np.ndarray, int, Brush, Rng], Mark]

# What marks look like unless more is asked for.
LOOKS: Mapping[str, Look] = {
    "checked": _checked,
    "clear": _clear,
    "flat": _flat,
    "glowing": _glowing,
    "gradient": _gradient,
    "hollow": _hollow,
    "outlined": _outlined,
    "raised": _raised,
    "shadowed": _shadowed,
}
ALL_LOOKS: Mapping[str, Look] = {**LOOKS, "dropped": _dropped, "rimmed": _rimmed}
