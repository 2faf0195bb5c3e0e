"""Words in a header's strip, by their ink."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from solver.errors import TaskError
from solver.words import cut_words, find_words


def strip(*runs: tuple[int, int], scale: int = 1, ground: int = 255, ink: int = 20) -> Any:
    """A strip of 28 × 177 with blocks of ink between columns, in rows 6 to 22."""
    picture = np.full((28, 177, 3), ground, dtype=np.uint8)
    for start, end in runs:
        picture[6:22, start:end] = ink
    return picture.repeat(scale, axis=0).repeat(scale, axis=1)


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([], []),
        ([(5, 35)], [(3, 37)]),
        ([(5, 20), (23, 40)], [(3, 42)]),  # two characters of a word
        ([(5, 40), (48, 80)], [(3, 42), (46, 82)]),
        ([(5, 40), (48, 80), (100, 130)], [(3, 82), (98, 132)]),
        ([(5, 40), (60, 62)], [(3, 42)]),  # a speck
        ([(5, 7)], [(3, 9)]),  # all that there is
        ([(0, 85)], [(0, 87)]),
    ],
)
def test_words(runs: list[tuple[int, int]], expected: list[tuple[int, int]]) -> None:
    found = find_words(strip(*runs))
    assert [(x1, x2) for x1, _, x2, _ in found] == expected
    assert all((y1, y2) == (4, 24) for _, y1, _, y2 in found)


@pytest.mark.parametrize("scale", [2, 5])
@pytest.mark.parametrize("colours", [(255, 20), (0, 220)])
def test_scale_and_colour_do_not_matter(scale: int, colours: tuple[int, int]) -> None:
    ground, ink = colours
    found = find_words(strip((5, 40), (48, 80), scale=scale, ground=ground, ink=ink))
    plain = np.array(find_words(strip((5, 40), (48, 80)))) * scale
    assert np.abs(np.array(found) - plain).max() <= scale


@pytest.mark.parametrize("size", [(0, 10), (10, 0), (1, 1), (1, 300)])
def test_strips_without_ink(size: tuple[int, int]) -> None:
    assert find_words(np.zeros((*size, 3), dtype=np.uint8)) == ()


def test_pieces_are_cut_from_the_part() -> None:
    header = np.full((30, 293, 3), 255, dtype=np.uint8)
    header[6:22, :116] = 0  # what is printed everywhere
    header[29] = 200
    header[6:22, 120:150] = 30
    (word,) = cut_words(header, (116, 0, 293, 28))
    assert word.shape == (20, 34, 3)
    assert len(cut_words(header)) == 1
    with pytest.raises(TaskError, match="no ink"):
        cut_words(header[:29, 155:])
