"""Grids to test with: each tile a grey level, the header's word a dark block of a level."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from solver.layouts import LAYOUTS, Layout

UInt8 = npt.NDArray[np.uint8]
NATIVE = LAYOUTS["12306"]
LEVELS = (0, 60, 120)  # of the three classes, in their order


def draw_grid(
    levels: Sequence[int] = (0, 60, 120, 0, 60, 120, 0, 60),
    *words: int,
    layout: Layout = NATIVE,
    ground: int = 255,
) -> UInt8:
    """An ``(H, W, 3)`` picture: a level a tile, and in the header a block of 30 pixels a word."""
    width, height = layout.size
    picture = np.full((height, width, 3), ground, dtype=np.uint8)
    for (x1, y1, x2, y2), level in zip(layout.boxes(), levels, strict=True):
        picture[y1:y2, x1:x2] = level
    if layout.word is not None:
        for place, level in enumerate(words):
            x = layout.word[0] + 4 + 40 * place
            picture[6:22, x : x + 30] = level
    return picture
