"""The little picture that says what to click: characters or icons in a row."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from training.generators.colours import PICKS, Rng
from training.generators.effects import CLUTTER
from training.generators.fonts import FontSet
from training.generators.icons import icon_mask
from training.generators.marks import symbol_mask, turned
from training.generators.paste import meeting

_OVER = ("curves", "slim_lines", "dots", "specks")


def draw_prompt(marks: Sequence[tuple[str, str]], faces: FontSet, rng: Rng) -> np.ndarray:
    """(text, shape) of each, left to right, on a light ground: (H, W, 3) uint8 RGB."""
    height = int(rng.integers(28, 62))
    size = round(height * rng.uniform(0.55, 0.8))
    cell = size * rng.uniform(1.1, 1.5)
    margin = rng.uniform(2, 12)
    width = round(2 * margin + cell * len(marks) + float(rng.choice([0, 0, rng.uniform(0, 80)])))
    picture: np.ndarray = np.empty((height, width, 3), np.uint8)
    picture[:] = (255, 255, 255) if rng.random() < 0.7 else PICKS["pale"](rng)
    if rng.random() < 0.35:
        CLUTTER["curves"](picture, rng, lambda: PICKS["pale"](rng), 2)
    face = faces.draw(rng, "any")
    turn = float(rng.choice([0.0, 10.0, 35.0]))
    tone = PICKS["dark"](rng)
    for place, (text, shape) in enumerate(marks):
        degrees = rng.uniform(-turn, turn)
        if text:
            mask = symbol_mask(face, text, size, rng, degrees=degrees)
        else:
            drawn = icon_mask(shape, size, rng, outline=rng.random() < 0.4)
            mask = turned(drawn, size, rng, degrees=degrees)
        if rng.random() < 0.6:
            tone = PICKS["dark"](rng)
        x = round(margin + cell * (place + 0.5) - mask.shape[1] / 2)
        y = round(height / 2 + rng.uniform(-0.06, 0.06) * height - mask.shape[0] / 2)
        _ink(picture, mask, tone, x, y)
    unit = size * 0.06
    if rng.random() < 0.5:
        CLUTTER[_OVER[int(rng.integers(len(_OVER)))]](
            picture, rng, lambda: PICKS["dark"](rng), unit
        )
    if rng.random() < 0.2:
        picture = cv2.GaussianBlur(picture, (0, 0), 0.5)
    return picture


def _ink(picture: np.ndarray, mask: np.ndarray, tone: Sequence[float], x: int, y: int) -> None:
    there, own = meeting(picture, mask, x, y)
    share = mask[own][..., None].astype(np.float32) / 255
    mixed = picture[there] * (1 - share) + np.asarray(tone, np.float32) * share
    picture[there] = mixed.astype(np.uint8)
