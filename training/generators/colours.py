"""Colours and backgrounds for drawn pictures.

A colour is three floats, 0 to 255, RGB; a background is (H, W, 3) float32 in the same range.
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Mapping

import cv2
import numpy as np

Rng = np.random.Generator
Colour = tuple[float, float, float]

# How much each primary adds to brightness (ITU-R BT.601).
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def hsv(hue: float, saturation: float, value: float) -> Colour:
    """A colour from hue, saturation, value, each 0 to 1."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return red * 255, green * 255, blue * 255


def _dark(rng: Rng) -> Colour:
    return hsv(rng.random(), rng.uniform(0.3, 1), rng.uniform(0.15, 0.6))


def _vivid(rng: Rng) -> Colour:
    return hsv(rng.random(), rng.uniform(0.7, 1), rng.uniform(0.6, 1))


def _pale(rng: Rng) -> Colour:
    return hsv(rng.random(), rng.uniform(0.02, 0.3), rng.uniform(0.82, 1))


def _grey(rng: Rng) -> Colour:
    value = rng.uniform(0, 255)
    return value, value, value


def _black(rng: Rng) -> Colour:
    value = max(0.0, rng.uniform(-45, 45))
    return value, value, value


def _white(rng: Rng) -> Colour:
    value = min(255.0, rng.uniform(232, 290))
    return value, value, value


def _any(rng: Rng) -> Colour:
    return float(rng.uniform(0, 255)), float(rng.uniform(0, 255)), float(rng.uniform(0, 255))


def _primary(rng: Rng) -> Colour:
    """Colours that old programs name: full or half primaries, black, white, a few mixed ones."""
    named = (
        (255, 0, 0),
        (0, 255, 0),
        (0, 0, 255),
        (255, 255, 0),
        (255, 0, 255),
        (0, 255, 255),
        (255, 200, 0),
        (255, 175, 175),
        (64, 64, 64),
        (0, 0, 0),
        (255, 255, 255),
        (128, 0, 0),
        (0, 128, 0),
        (0, 0, 128),
        (128, 0, 128),
        (192, 192, 192),
        (255, 165, 0),
    )
    red, green, blue = named[int(rng.integers(len(named)))]
    return float(red), float(green), float(blue)


PICKS: Mapping[str, Callable[[Rng], Colour]] = {
    "any": _any,
    "black": _black,
    "dark": _dark,
    "grey": _grey,
    "pale": _pale,
    "primary": _primary,
    "vivid": _vivid,
    "white": _white,
}


def contrast(colour: Colour, ground: np.ndarray) -> np.ndarray:
    """How far a colour is from each of (n, 3), for the eye: brightness fully, hue for a third."""
    difference = ground - np.asarray(colour, np.float32)
    return np.abs(difference @ LUMA) + np.abs(difference).max(axis=1) / 3


def ink(rng: Rng, kind: str, ground: np.ndarray, floor: float) -> Colour:
    """A colour of this kind that stands out from every one of the `ground` colours.

    ground: (n, 3) float32.  When twenty tries find none, black or white, whichever is farther.
    """
    for _ in range(20):
        colour = PICKS[kind](rng)
        if contrast(colour, ground).min() >= floor:
            return colour
    black, white = (0.0, 0.0, 0.0), (255.0, 255.0, 255.0)
    return max(black, white, key=lambda extreme: float(contrast(extreme, ground).min()))


def _plain(height: int, width: int, rng: Rng, kind: str) -> np.ndarray:
    return np.full((height, width, 3), PICKS[kind](rng), np.float32)


def _smooth(height: int, width: int, rng: Rng, cells: int, channels: int) -> np.ndarray:
    """(H, W, channels) float32 of random blobs, 0 to 1, `cells` of them along the height."""
    shape = (max(2, cells), max(2, round(cells * width / height)), channels)
    field = cv2.resize(
        rng.random(shape, np.float32), (width, height), interpolation=cv2.INTER_CUBIC
    )
    return np.clip(field.reshape(height, width, channels), 0, 1)


def _gradient(height: int, width: int, rng: Rng, kind: str) -> np.ndarray:
    first, second = (np.array(PICKS[kind](rng), np.float32) for _ in range(2))
    angle = rng.choice([0.0, 0.0, 0.5, rng.uniform(0, 2)]) * np.pi
    ramp = (
        np.cos(angle) * np.linspace(0, 1, width)[None, :]
        + np.sin(angle) * np.linspace(0, 1, height)[:, None]
    )
    ramp = (ramp - ramp.min()) / (np.ptp(ramp) + 1e-6)
    return (first + (second - first) * ramp[..., None]).astype(np.float32)


def _bar(height: int, width: int, rng: Rng, kind: str) -> np.ndarray:
    """A grey bar, dark at one end and light at the other."""
    start, end = rng.uniform(20, 110), rng.uniform(190, 255)
    ramp = np.linspace(start, end, width, dtype=np.float32)
    if rng.random() < 0.25:
        ramp = ramp[::-1]
    return np.repeat(np.tile(ramp, (height, 1))[..., None], 3, axis=2)


def _tiles(height: int, width: int, rng: Rng, kind: str) -> np.ndarray:
    count = int(rng.integers(3, 7))
    out = np.empty((height, width, 3), np.float32)
    for edge in np.linspace(0, width, count + 1)[:-1].astype(int):
        out[:, edge:] = PICKS[kind](rng)
    return out


def _blobs(height: int, width: int, rng: Rng, kind: str) -> np.ndarray:
    field = _smooth(height, width, rng, int(rng.integers(2, 6)), 3)
    base = np.array(PICKS[kind](rng), np.float32)
    return np.clip(base + (field - 0.5) * rng.uniform(40, 160), 0, 255)


def _photo(height: int, width: int, rng: Rng, kind: str) -> np.ndarray:
    """Something like a photograph: a gradient, large blobs, stripes, and fine grain."""
    out = _gradient(height, width, rng, kind)
    large = _smooth(height, width, rng, int(rng.integers(2, 5)), 3) - 0.5
    out = out + large * rng.uniform(30, 150)
    if rng.random() < 0.5:
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        angle, period = rng.uniform(0, np.pi), rng.uniform(6, 40)
        bend = rng.uniform(0, 8) * np.sin(x / rng.uniform(15, 60))
        wave = np.sin((x * np.cos(angle) + (y + bend) * np.sin(angle)) * 2 * np.pi / period)
        out = out + wave[..., None] * rng.uniform(8, 38)
    if rng.random() < 0.6:
        fine = _smooth(height, width, rng, int(rng.integers(8, 22)), 1) - 0.5
        out = out + fine * rng.uniform(10, 60)
    return np.clip(out, 0, 255).astype(np.float32)


def _grain(height: int, width: int, rng: Rng, kind: str) -> np.ndarray:
    out = _plain(height, width, rng, kind)
    channels = int(rng.choice([1, 3]))
    noise = rng.standard_normal((height, width, channels), np.float32)
    return np.clip(out + noise * np.float32(rng.uniform(8, 45)), 0, 255)


def _stripes(height: int, width: int, rng: Rng, kind: str) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    angle, period = rng.uniform(0, np.pi), rng.uniform(4, 24)
    wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / period)
    wave = wave > rng.uniform(-0.5, 0.8)
    base = _plain(height, width, rng, kind)
    return np.clip(base + wave[..., None] * rng.uniform(-45, 45), 0, 255).astype(np.float32)


BACKGROUNDS: Mapping[str, Callable[[int, int, Rng, str], np.ndarray]] = {
    "bar": _bar,
    "blobs": _blobs,
    "gradient": _gradient,
    "grain": _grain,
    "photo": _photo,
    "plain": _plain,
    "stripes": _stripes,
    "tiles": _tiles,
}
