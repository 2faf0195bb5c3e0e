"""Where the letters stand, and how large the picture around them is."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from training.generators.colours import Rng
from training.generators.fonts import Glyph
from training.generators.glyphs import ROOM, TREATMENTS, transformed
from training.generators.styles import TextStyle, within

LARGEST = (400, 150)  # width, height in pixels
SMALLEST = (40, 18)


@dataclass(slots=True)
class Letter:
    """A drawn letter: its coverage, and where its middle lies, from pen and baseline, in pixels."""

    mask: np.ndarray
    width: float
    height: float
    middle: float
    x: float = 0.0
    y: float = 0.0


def make_letter(
    drawn: Glyph,
    treatment: str,
    rng: Rng,
    *,
    unit: float,
    degrees: float,
    shear: float,
    scale: float,
    stretch: float,
    lift: float,
    smooth: bool,
) -> Letter:
    if not drawn.mask.size:
        return Letter(np.zeros((1, 1), np.uint8), drawn.advance, 1.0, 0.0)
    room = round(ROOM * unit) + 1
    if max(abs(degrees) / 25, abs(shear), abs(scale - 1), abs(stretch - 1)) < 0.02:
        mask = cv2.copyMakeBorder(drawn.mask, room, room, room, room, cv2.BORDER_CONSTANT)
    else:
        mask = transformed(
            drawn.mask,
            degrees=degrees,
            shear=shear,
            scale=scale,
            stretch=stretch,
            room=room,
            smooth=smooth,
        )
    mask = TREATMENTS[treatment](mask, rng, unit)
    height, width = mask.shape
    middle = (drawn.mask.shape[0] / 2 - drawn.top) * scale + lift
    return Letter(mask, width - 2.0 * room, height - 2.0 * room, middle)


def arrange(
    letters: list[Letter], style: TextStyle, size: int, amount: float, rng: Rng
) -> tuple[int, int]:
    """Give each letter's top left corner its place; the picture's height and width in pixels."""
    gap = size * within(rng, style.gap)
    wobble = rng.uniform(0, 0.08) * size
    cell = max(letter.width for letter in letters) + gap if rng.random() < style.even else None
    pen = 0.0
    for letter in letters:
        jitter = rng.uniform(-wobble, wobble)
        letter.x = pen if cell is None else max(0.0, pen + (cell - letter.width) / 2 + jitter)
        pen += cell or letter.width + max(gap + jitter, -0.3 * letter.width, -0.2 * size)
    last = letters[-1]
    wide = last.x + last.width + 2 * amount
    # From the capitals' height at least, so that how large small letters come out tells their case.
    top = min([-0.7 * size, *(letter.middle - letter.height / 2 for letter in letters)]) - amount
    bottom = max([0.0, *(letter.middle + letter.height / 2 for letter in letters)]) + amount
    width = max(SMALLEST[0], int(np.ceil(wide / within(rng, style.fill_x))))
    height = max(SMALLEST[1], int(np.ceil((bottom - top) / within(rng, style.fill_y))))
    free_x, free_y = width - wide, height - (bottom - top)
    if rng.random() < style.centred:
        left, above = free_x / 2, free_y / 2
    else:
        left, above = free_x * rng.random(), free_y * rng.random()
    for letter in letters:
        rows, columns = letter.mask.shape
        letter.x = left + amount + letter.x + (letter.width - columns) / 2
        letter.y = above - top + letter.middle - rows / 2
    return height, width


def box(letter: Letter, height: int, width: int) -> tuple[int, int, int, int]:
    rows, columns = letter.mask.shape
    x, y = round(letter.x), round(letter.y)
    return max(0, y), min(height, y + rows), max(0, x), min(width, x + columns)


def fitted(picture: np.ndarray) -> np.ndarray:
    """No larger than the largest picture, in proportion."""
    height, width = picture.shape[:2]
    factor = min(1.0, LARGEST[0] / width, LARGEST[1] / height)
    if factor == 1.0:
        return picture
    shape = (max(1, round(width * factor)), max(1, round(height * factor)))
    return cv2.resize(picture, shape, interpolation=cv2.INTER_AREA)
