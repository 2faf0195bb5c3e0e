"""Rows of marks, and which of them are glyphs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from solver.results import Box
from solver.tasks.prompt import MOST_GLYPHS, rows


def mark(middle: float, score: float, side: float = 20.0) -> Box:
    half = side / 2
    return Box(middle - half, 20 - half, middle + half, 20 + half, "mark", score)


def prompt(*inked: tuple[int, int]) -> np.ndarray[Any, Any]:
    """White, with ink from column to column."""
    pixels = np.full((40, 240, 3), 255, dtype=np.uint8)
    for x1, x2 in inked:
        pixels[12:28, x1:x2] = 0
    return pixels


def holding(marks: tuple[Box, ...]) -> np.ndarray[Any, Any]:
    """A prompt with ink in all marks."""
    return prompt(*((round(box.x1) + 2, round(box.x2) - 2) for box in marks))


def middles(boxes: tuple[Box, ...]) -> tuple[float, ...]:
    return tuple((box.x1 + box.x2) / 2 for box in boxes)


EVEN = tuple(mark(x, 0.9) for x in (20, 50, 80, 110))


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
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
        # Two that touch are found as one, and each by itself.
        ((*EVEN[:2], mark(95, 0.9, side=45), mark(80, 0.5), mark(110, 0.5)), (20, 50, 80, 110)),
    ],
)
def test_which_marks_are_glyphs(marks: tuple[Box, ...], expected: tuple[float, ...]) -> None:
    assert middles(rows(holding(marks), marks)[0].boxes) == expected


@pytest.mark.parametrize("marks", [(), (mark(20, 0.04),)])
def test_without_marks_there_is_no_row(marks: tuple[Box, ...]) -> None:
    assert rows(prompt(), marks) == []


def test_there_is_a_row_of_each_length_that_is_likely() -> None:
    marks = (*EVEN, mark(140, 0.05))
    found = rows(holding(EVEN), marks)
    assert [len(row.boxes) for row in found] == [4, 5, 3]
    assert [row.weight for row in found] == sorted((row.weight for row in found), reverse=True)


def test_ink_that_a_row_leaves_over_speaks_for_a_longer_one() -> None:
    marks = (*EVEN, mark(150, 0.12))
    assert len(rows(holding(EVEN), marks)[0].boxes) == 4
    assert len(rows(holding(marks), marks)[0].boxes) == 5
    # A line across the prompt is no glyph's ink.
    lined = holding(EVEN)
    lined[20:22] = 0
    assert len(rows(lined, marks)[0].boxes) == 4


def flat(middle: float, wide: float, high: float) -> Box:
    return Box(middle - wide / 2, 20 - high / 2, middle + wide / 2, 20 + high / 2, "mark", 0.6)


@pytest.mark.parametrize(("wide", "high"), [(26.0, 6.0), (6.0, 22.0)])
def test_a_stroke_by_itself_may_be_a_glyph(wide: float, high: float) -> None:
    """As 一 and 1 are."""
    marks = (EVEN[0], flat(50, wide, high), EVEN[2])
    pixels = holding((EVEN[0], EVEN[2]))
    box = marks[1]
    pixels[round(box.y1) + 1 : round(box.y2) - 1, round(box.x1) + 1 : round(box.x2) - 1] = 0
    assert middles(rows(pixels, marks)[0].boxes) == (20, 50, 80)


@pytest.mark.parametrize("margin", [0, 40, 200])
def test_margins_make_no_specks_of_glyphs(margin: int) -> None:
    pixels = np.pad(holding(EVEN), ((margin, margin), (0, 0), (0, 0)), constant_values=255)
    marks = tuple(
        Box(box.x1, box.y1 + margin, box.x2, box.y2 + margin, "mark", 0.5) for box in EVEN
    )
    assert middles(rows(pixels, marks)[0].boxes) == (20, 50, 80, 110)


def test_a_speck_is_no_glyph_however_surely_it_is_a_mark() -> None:
    speck = mark(140, 0.9, side=3.0)
    pixels = holding(EVEN)
    pixels[18:22, 138:142] = 0
    assert middles(rows(pixels, (*EVEN, speck))[0].boxes) == (20, 50, 80, 110)


def test_faint_ink_tells_nothing_of_marks() -> None:
    pale = np.full((40, 240, 3), 235, dtype=np.uint8)
    marks = tuple(mark(x, 0.5) for x in (20, 50, 80, 110))
    assert middles(rows(pale, marks)[0].boxes) == (20, 50, 80, 110)


def test_a_mark_that_holds_little_but_lines_is_no_glyph() -> None:
    marks = (EVEN[0], mark(50, 0.4), EVEN[2])
    lined = holding((EVEN[0], EVEN[2]))
    lined[17:18] = lined[24:25] = 0
    assert middles(rows(lined, marks)[0].boxes) == (20, 80)
    lined[12:28, 45:55] = 0
    assert middles(rows(lined, marks)[0].boxes) == (20, 50, 80)


def test_many_marks_are_no_more_than_the_longest_row() -> None:
    rng = np.random.default_rng(0)
    marks = [mark(middle, score) for middle, score in rng.uniform((20, 0), (300, 1), (100, 2))]
    assert all(len(row.boxes) <= MOST_GLYPHS for row in rows(prompt(), marks))
