"""The little picture that says what to click: characters or icons in a row."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from training.generators.colours import PICKS, Rng
from training.generators.effects import CLUTTER
from training.generators.fonts import FontSet
from training.generators.marks import INK
from training.generators.paste import meeting
from training.generators.strew import Box, mark_mask, seen

# From one glyph to the next in ems: at least and at most, by whether they are crowded and sparse.
_CELLS = {
    (False, False): (1.1, 1.5),
    (True, False): (0.8, 1.2),
    (False, True): (1.5, 4.5),
    (True, True): (0.8, 4.5),
}
_OVER = ("curves", "slim_lines", "dots", "specks")


def draw_prompt(
    marks: Sequence[tuple[str, str]],
    faces: FontSet,
    rng: Rng,
    *,
    crowded: bool = False,
    sparse: bool = False,
    cut: bool = False,
    lined: float = 0.0,
) -> tuple[np.ndarray, list[Box | None]]:
    """(text, shape) of each, left to right, on a light ground: (H, W, 3) uint8 RGB; their boxes.

    None for one that is hidden by others, or left no ink.

    `crowded`: they may touch and overlap, and lines run through them; `sparse`: they stand far
    apart, with lines between them too; `cut`: the picture ends near the middle of the last one, of
    which a narrow one may be missed or whole. `lined`: as of `mark_mask`.
    """
    height = int(rng.integers(28, 62))
    size = round(height * rng.uniform(0.55, 0.8))
    cell = size * rng.uniform(*_CELLS[crowded, sparse])
    margin = rng.uniform(2, 12)
    width = round(2 * margin + cell * len(marks) + float(rng.choice([0, 0, rng.uniform(0, 80)])))
    if cut and marks:
        width = round(margin + cell * (len(marks) - 0.5) + size * rng.uniform(-0.2, 0.3))
    picture: np.ndarray = np.empty((height, width, 3), np.uint8)
    picture[:] = (255, 255, 255) if rng.random() < 0.7 else PICKS["pale"](rng)
    if rng.random() < 0.35:
        CLUTTER["curves"](picture, rng, lambda: PICKS["pale"](rng), 2)
    face = faces.draw(rng, "any")
    owner = np.zeros((height, width), np.uint8)
    turn = float(rng.choice([0.0, 10.0, 35.0, 50.0] if crowded else [0.0, 10.0, 35.0]))
    tone = PICKS["dark"](rng)
    for place, (text, shape) in enumerate(marks):
        degrees = rng.uniform(-turn, turn)
        mask = mark_mask(
            (text, shape), size, rng, face=face, coarse=False, degrees=degrees, lined=lined
        )
        if rng.random() < 0.6:
            tone = PICKS["dark"](rng)
        x = round(margin + cell * (place + 0.5) - mask.shape[1] / 2)
        y = round(height / 2 + rng.uniform(-0.06, 0.06) * height - mask.shape[0] / 2)
        there, own = meeting(picture, mask, x, y)
        owner[there][mask[own] > INK] = place + 1
        _ink(picture[there], mask[own], tone)
    unit = size * 0.06
    for _ in range(int(rng.integers(1, 4)) if crowded or sparse else int(rng.random() < 0.5)):
        CLUTTER[_OVER[int(rng.integers(len(_OVER)))]](
            picture, rng, lambda: PICKS["dark"](rng), unit
        )
    if rng.random() < 0.2:
        picture = cv2.GaussianBlur(picture, (0, 0), 0.5)
    numbers = range(1, len(marks) + 1)
    return picture, [seen(owner, number) for number in numbers]


def _ink(part: np.ndarray, mask: np.ndarray, tone: Sequence[float]) -> None:
    share = mask[..., None].astype(np.float32) / 255
    part[:] = (part * (1 - share) + np.asarray(tone, np.float32) * share).astype(np.uint8)
