"""The glyphs of a prompt's picture: marks that stand in a row, of like size and evenly spaced.

Where glyphs touch, two are found as one as well as each by itself, a line drawn across them looks
like a mark, and a glyph that the picture's edge cuts off hardly does. So there is a best row of one
glyph, of two, of three …; their weights, and the ink that they leave over, say which is likely, and
the picture that is asked about may say more. The numbers were chosen on 400 prompts that
``training.generators`` drew, some of them crowded or cut off; those of marks that hold little ink,
or are small, on 600 others, a quarter of them with lines between glyphs that stand far apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from solver.results import Box

UInt8 = npt.NDArray[np.uint8]
Float64 = npt.NDArray[np.float64]

# From this score marks take part, the best of them where they are too many; marks that overlap by
# more than OVERLAP are one.
LEAST_SCORE = 0.05
OVERLAP = 0.75
MOST_MARKS = 40
MOST_GLYPHS = 12
# Pixels of a prompt: a dozen glyphs of 180 pixels a side. A larger one is made smaller.
MOST_PIXELS = 400_000
# A row that is so much lighter than the heaviest is none.
FAR = 8.0
_EVEN = -2.25  # log odds of a score that says nothing
_CLEAREST = 1e-3  # no score says more than this one, or one less it
# Log odds that a row loses: by the squared log ratio of two steps that follow each other (a gap
# costs no more than _GAP) and of two sides, by the square of a step up or down in sides, and by
# that of what a step is shorter than _APART sides. Nearer than _NEAREST are no two glyphs.
_STEPS, _GAP = 15.0, 4.0
_SIDES = 4.0
_LEVEL = 6.0
_CLOSE, _APART = 4.0, 0.9
_NEAREST = 0.45
# What a mark loses by each share that it lacks of _COVERED: of its columns, or of its rows, those
# with more ink than a line has. And by how much smaller (log) it is than this share of the height
# that the prompt would have without wide margins: so much more than its ink has.
_EMPTY, _COVERED = 5.0, 0.5
_SMALL, _SMALLEST = 6.0, 0.4
_MARGINS = 1.35
# What it loses by columns of ink that it leaves over, in sides. Ink is what differs from the ground
# by this share of what nearly the most does, and by so many levels; a line drawn across has less of
# it in a column than this share of a side.
_LEFT_OVER = 3.0
_INK, _CLEAR, _FAINTEST = 0.35, 98.0, 40.0
_LINE = 0.22


@dataclass(frozen=True, slots=True)
class Row:
    """Glyphs from left to right, and the log odds that just these are the prompt's."""

    boxes: tuple[Box, ...]
    weight: float


def fitted(prompt: UInt8) -> UInt8:
    """An ``(h, w, 3)`` RGB prompt of no more than MOST_PIXELS: a larger one's are averaged."""
    factor = math.ceil(math.sqrt(prompt.shape[0] * prompt.shape[1] / MOST_PIXELS))
    return prompt if factor <= 1 else np.asarray(Image.fromarray(prompt).reduce(factor))


def rows(prompt: UInt8, marks: Sequence[Box]) -> list[Row]:
    """The best row of each length, heaviest first, of the marks in an ``(h, w, 3)`` RGB prompt.

    Viterbi's method over pairs of neighbours: a row's weight is a sum over marks, over pairs, and
    over triples, whose steps should be alike.
    """
    boxes = sorted((m for m in marks if m.score >= LEAST_SCORE), key=lambda m: -m.score)
    boxes = sorted(boxes[:MOST_MARKS], key=_middle)
    if not boxes:
        return []
    ink = _ink(prompt)
    own, pairs, steps = _weights(boxes)
    own -= _unlike(ink, boxes)
    first = int(own.argmax())
    found = [Row((boxes[first],), float(own[first]))]
    ends = own[:, None] + pairs + own[None, :]  # of the rows that end in marks (i, j)
    bends = -np.minimum(_GAP, _STEPS * (steps[None, :, :] - steps[:, :, None]) ** 2)
    came: list[npt.NDArray[np.intp]] = []
    while np.isfinite(ends.max()) and len(found) < MOST_GLYPHS:
        i, j = (int(k) for k in np.unravel_index(int(ends.argmax()), ends.shape))
        weight, chain = float(ends[i, j]), [j, i]
        for before in reversed(came):
            i, j = int(before[i, j]), i
            chain.append(i)
        found.append(Row(tuple(boxes[k] for k in reversed(chain)), weight))
        longer = ends[:, :, None] + bends
        came.append(longer.argmax(axis=0))
        ends = longer.max(axis=0) + pairs + own[None, :]
    found = [Row(row.boxes, row.weight - _LEFT_OVER * _left_over(ink, row.boxes)) for row in found]
    found.sort(key=lambda row: -row.weight)
    return [row for row in found if row.weight >= found[0].weight - FAR]


def _weights(boxes: Sequence[Box]) -> tuple[Float64, Float64, Float64]:
    """Log odds of marks ``(N,)`` and of neighbours ``(N, N)``, and their steps' logarithms."""
    scores = np.clip([box.score for box in boxes], _CLEAREST, 1 - _CLEAREST)
    corners = np.array([box.xyxy for box in boxes])
    sides = np.sqrt(np.prod(corners[:, 2:] - corners[:, :2], axis=1))
    across, down = ((corners[:, k] + corners[:, k + 2]) / 2 for k in (0, 1))
    side = np.sqrt(np.outer(sides, sides))
    step = (across[None, :] - across[:, None]) / side
    level = (down[None, :] - down[:, None]) / side
    turn = np.log(sides[None, :] / sides[:, None])
    pairs = -_SIDES * turn**2 - _LEVEL * level**2 - _CLOSE * np.maximum(0, _APART - step) ** 2
    apart = step >= _NEAREST
    steps = np.log(np.where(apart, step * side, 1.0))
    own = np.log(scores / (1 - scores)) - _EVEN
    return own, np.where(apart, pairs, -np.inf), steps


def _ink(prompt: UInt8) -> npt.NDArray[np.bool_]:
    """Where the prompt differs from its ground, the median colour: ``(h, w)``."""
    ground = np.median(prompt.reshape(-1, 3), axis=0)
    apart = np.abs(prompt - ground).max(axis=2)
    most = float(np.percentile(apart, _CLEAR))
    return np.asarray(apart > max(_FAINTEST, _INK * most))


def _unlike(ink: npt.NDArray[np.bool_], boxes: Sequence[Box]) -> Float64:
    """Log odds ``(N,)`` that marks lose which hold little but lines, or are specks.

    ``ink`` ``(h, w)`` is the prompt's; where it is faint and none is seen, they lose nothing.
    """
    inked = np.flatnonzero(ink.any(axis=1))
    lost = np.zeros(len(boxes))
    if not inked.size:
        return lost
    height = min(len(ink), _MARGINS * float(inked[-1] + 1 - inked[0]))
    for number, box in enumerate(boxes):
        x1, y1, x2, y2 = (max(0, round(value)) for value in box.xyxy)
        part = ink[y1:y2, x1:x2]
        shares = [
            (part.sum(axis=axis) > _LINE * part.shape[axis]).mean() if part.size else 0.0
            for axis in (0, 1)
        ]
        smaller = math.log(_SMALLEST * height / max(1.0, box.x2 - box.x1, box.y2 - box.y1))
        lost[number] = _EMPTY * max(0.0, _COVERED - min(shares)) + _SMALL * max(0.0, smaller)
    return lost


def _left_over(ink: npt.NDArray[np.bool_], boxes: Sequence[Box]) -> float:
    """The columns beside a row's boxes that hold more ink than a line does, in sides."""
    corners = np.array([box.xyxy for box in boxes])
    side = float(np.median(np.sqrt(np.prod(corners[:, 2:] - corners[:, :2], axis=1))))
    top, bottom = np.floor(np.median(corners[:, 1])), np.ceil(np.median(corners[:, 3]))
    left = ink[max(0, int(top)) : int(bottom)].sum(axis=0) > _LINE * side
    for x1, x2 in np.rint(corners[:, [0, 2]]).astype(int).tolist():
        left[x1:x2] = False
    return float(left.sum()) / side


def _middle(box: Box) -> float:
    return box.x1 + box.x2
