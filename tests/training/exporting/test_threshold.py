"""The threshold that answers most grids exactly."""

from __future__ import annotations

import numpy as np
import pytest

from training.exporting.threshold import best_threshold

CLASSES = np.repeat(np.arange(4), 6)


def shares(own: float, other: float) -> np.ndarray:
    """Each tile says ``own`` for its class and ``other`` for each of the three others."""
    found = np.full((len(CLASSES), 4), other)
    found[np.arange(len(CLASSES)), CLASSES] = own
    return found


@pytest.mark.parametrize(("own", "other"), [(0.97, 0.01), (0.4, 0.2), (0.16, 0.08)])
def test_it_lies_between_what_is_right_and_what_is_not(own: float, other: float) -> None:
    threshold, right = best_threshold(shares(own, other), CLASSES)
    assert other < threshold <= own
    assert right == 1.0


def test_where_nothing_can_be_told_single_answers_are_left_to_chance() -> None:
    _, right = best_threshold(np.full((len(CLASSES), 4), 0.25), CLASSES)
    assert right == 0.0


def test_a_few_that_are_unsure_do_not_move_it() -> None:
    found = shares(0.9, 0.02)
    found[0, 0] = 0.05
    threshold, right = best_threshold(found, CLASSES)
    assert 0.02 < threshold <= 0.9
    assert 0.8 < right <= 1.0
    assert best_threshold(found, CLASSES) == (threshold, right)
