"""The scores of matching: of a perfect reader, of one that guesses, of one that is always wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FOLDER = str(Path(__file__).parents[2] / "benchmarks" / "click_models")
NAMES = [f"#{trial % 20}" for trial in range(60)]
SAME = np.equal.outer(NAMES, NAMES).astype(float)


@pytest.fixture(scope="module")
def matching() -> Iterator[Any]:
    """The module, imported as the commands beside it do."""
    before = list(sys.path)
    sys.path.insert(0, FOLDER)
    import icon_matching

    yield icon_matching
    sys.path[:] = before


@pytest.mark.parametrize(
    ("alike", "right", "area"), [(SAME, 60, 1.0), (0 * SAME, 0, 0.5), (-SAME, 0, 0.0)]
)
def test_matching(matching: Any, alike: np.ndarray, right: int, area: float) -> None:
    assert matching.best_of(alike, NAMES, 8) == right
    assert matching.auc(alike, NAMES) == (area, 0.0)


def test_one_that_guesses_is_right_as_often_as_there_are_candidates(matching: Any) -> None:
    alike = np.random.default_rng(4).random((60, 60))
    counts = [matching.best_of(alike, NAMES, candidates) for candidates in (2, 4, 16)]
    assert 20 < counts[0] < 42
    assert 5 < counts[1] < 27
    assert counts[2] < 12
    area, half = matching.auc(alike, NAMES)
    assert area - half < 0.5 < area + half
