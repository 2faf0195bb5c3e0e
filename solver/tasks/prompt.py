"""The glyphs of a prompt's picture: marks that stand in a row, of like size and evenly spaced.

A line drawn across a prompt looks like a mark now and then, and a pale glyph hardly does; where the
others stand tells them apart. The weights were chosen on prompts that ``training.generators`` drew.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from solver.results import Box

Float64 = npt.NDArray[np.float64]

# From this score marks take part; from the second they are glyphs, wherever they stand; between
# them the best few are tried in and out.
LEAST_SCORE = 0.15
SURE = 0.8
_TRIED = 6
_EVEN = 0.3  # the score of a mark that is as likely none
_UNEVEN = 5.0  # log odds that a row loses by the squares of its relative differences
_CLOSE = 0.5  # of a glyph's side: nearer centres are one glyph seen twice,
_TWICE = 4.0  # which costs so much


def in_row(boxes: Sequence[Box]) -> list[Box]:
    """Those of a prompt's marks that are glyphs, from left to right."""
    sure = [box for box in boxes if box.score >= SURE]
    doubtful = [box for box in boxes if LEAST_SCORE <= box.score < SURE]
    doubtful = sorted(doubtful, key=lambda box: -box.score)[:_TRIED]
    best, found = -np.inf, sure
    for chosen in itertools.product((True, False), repeat=len(doubtful)):
        row = sure + list(itertools.compress(doubtful, chosen))
        weight = _weight(sorted(row, key=_middle))
        if weight > best:
            best, found = weight, row
    return sorted(found, key=_middle)


def _middle(box: Box) -> float:
    return (box.x1 + box.x2) / 2


def _weight(row: Sequence[Box]) -> float:
    """Log odds that just these are the glyphs, up to a constant."""
    scores = np.clip([box.score for box in row], 1e-3, 1 - 1e-3)
    weight = float((_logit(scores) - _logit(np.array(_EVEN))).sum())
    if len(row) < 2:
        return weight
    centres = np.array([_middle(box) for box in row])
    sides = np.sqrt([(box.x2 - box.x1) * (box.y2 - box.y1) for box in row])
    steps = np.diff(centres)
    weight -= _TWICE * int((steps < _CLOSE * (sides[:-1] + sides[1:]) / 2).sum())
    return weight - _UNEVEN * (_spread(steps) + _spread(sides) / 2)


def _logit(shares: Float64) -> Float64:
    return np.asarray(np.log(shares / (1 - shares)))


def _spread(values: Float64) -> float:
    """The sum of squared differences from the mean, relative to it."""
    mean = max(float(values.mean()), 1e-6)
    return float(((values / mean - 1) ** 2).sum())
