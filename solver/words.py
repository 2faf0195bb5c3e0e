"""The words of a grid's header, found by their ink and cut out: training and use cut alike."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

from solver.errors import TaskError
from solver.layouts import Bounds

UInt8 = npt.NDArray[np.uint8]

MAX_WORDS = 2
_FAINTEST = 24.0  # levels off the ground: less is JPEG's noise
_INK = 0.25  # share of the darkest ink's distance from the ground
# Shares of the ink's height. On 12306's headers, gaps inside of a word are at most 0.2, and those
# between two words at least 0.35.
_SPACE = 0.28
_SPECK = 0.3  # narrower than this and apart: no word
_MARGIN = 0.12


def find_words(strip: UInt8, *, most: int = MAX_WORDS) -> tuple[Bounds, ...]:
    """Boxes of the words in an ``(h, w, 3)`` RGB strip, from left to right, with a small margin.

    The strip holds nothing but words on an even ground. Where there seem to be more than
    ``most``, only the widest spaces part them. No box: there is no ink.
    """
    ink = _ink(strip)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not len(columns):
        return ()
    tall = float(rows[-1] - rows[0] + 1)
    ends = np.flatnonzero(np.diff(columns) - 1 >= _SPACE * tall)
    runs = [(int(run[0]), int(run[-1]) + 1) for run in np.split(columns, ends + 1)]
    runs = [run for run in runs if run[1] - run[0] >= _SPECK * tall] or runs
    while len(runs) > most:
        spaces = [after[0] - before[1] for before, after in itertools.pairwise(runs)]
        place = int(np.argmin(spaces))
        runs[place : place + 2] = [(runs[place][0], runs[place + 1][1])]
    height, width = ink.shape
    margin = max(1, round(_MARGIN * tall))
    boxes = []
    for x1, x2 in runs:
        lines = np.flatnonzero(ink[:, x1:x2].any(axis=1))
        y1, y2 = int(lines[0]) - margin, int(lines[-1]) + 1 + margin
        boxes.append((max(0, x1 - margin), max(0, y1), min(width, x2 + margin), min(height, y2)))
    return tuple(boxes)


def cut_words(header: UInt8, word: Bounds | None = None) -> tuple[UInt8, ...]:
    """The words' pictures, ``(h, w, 3)`` each, from the part ``word`` of a header's picture.

    Raises:
        TaskError: there is no ink.
    """
    x1, y1, x2, y2 = word or (0, 0, header.shape[1], header.shape[0])
    strip = header[y1:y2, x1:x2]
    boxes = find_words(strip)
    if not boxes:
        raise TaskError("the header names no word: there is no ink where it should stand")
    return tuple(
        np.ascontiguousarray(strip[top:low, left:right]) for left, top, right, low in boxes
    )


def _ink(strip: UInt8) -> npt.NDArray[np.bool_]:
    """Where the strip differs from its ground, the median colour: (h, w)."""
    if not strip.size:
        return np.zeros(strip.shape[:2], dtype=bool)
    ground = np.median(strip.reshape(-1, 3), axis=0)
    distance = np.abs(strip.mean(axis=2) - ground.mean())
    ink: npt.NDArray[np.bool_] = distance > max(_FAINTEST, _INK * float(distance.max()))
    return ink
