"""Rows of marks, and which of them are glyphs."""

from __future__ import annotations

import numpy as np
import pytest

from solver.results import Box
from solver.tasks.prompt import in_row


def mark(middle: float, score: float, side: float = 20.0) -> Box:
    half = side / 2
    return Box(middle - half, 20 - half, middle + half, 20 + half, "mark", score)


EVEN = tuple(mark(x, 0.9) for x in (20, 50, 80, 110))


@pytest.mark.parametrize(
    ("marks", "middles"),
    [
        ((), ()),
        ((mark(20, 0.1),), ()),
        ((mark(20, 0.4),), (20,)),
        (EVEN, (20, 50, 80, 110)),
        (EVEN[::-1], (20, 50, 80, 110)),
        # A pale glyph in a gap of the row is one, between two glyphs it is none.
        ((*EVEN[:2], mark(80, 0.2), EVEN[3]), (20, 50, 80, 110)),
        ((*EVEN, mark(35, 0.4)), (20, 50, 80, 110)),
        # What stands on a glyph, or is much smaller than the others, is none.
        ((*EVEN, mark(85, 0.6)), (20, 50, 80, 110)),
        ((*EVEN, mark(140, 0.4, side=5.0)), (20, 50, 80, 110)),
        # Surely a glyph, wherever it stands.
        ((*EVEN, mark(200, 0.95)), (20, 50, 80, 110, 200)),
    ],
)
def test_which_marks_are_glyphs(marks: tuple[Box, ...], middles: tuple[float, ...]) -> None:
    assert tuple((box.x1 + box.x2) / 2 for box in in_row(marks)) == middles


def test_many_marks_take_no_time_to_speak_of() -> None:
    rng = np.random.default_rng(0)
    places = rng.uniform((20, 0), (300, 1), (100, 2)).tolist()
    marks = [mark(middle, score) for middle, score in places]
    assert set(in_row(marks)) >= {box for box in marks if box.score >= 0.8}
