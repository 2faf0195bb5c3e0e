"""The score from which a box is an answer: the best F1 on held-back pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from solver.model import Model
from tests.training import toys
from training.exporting.score_threshold import best_score, fit_score_threshold
from training.samples import DatasetError


@pytest.mark.parametrize(
    ("boxes", "wanted", "between", "f1"),
    [
        ([(0.9, True), (0.8, True), (0.3, False), (0.2, False)], 2, (0.3, 0.8), 1.0),
        ([(0.9, True), (0.3, True), (0.2, False)], 2, (0.2, 0.3), 1.0),
        # A wrong box is worth two that would be missed without it, and three are not worth one.
        ([(0.9, True), (0.7, False), (0.6, True), (0.5, True)], 3, (0.02, 0.5), 6 / 7),
        (
            [(0.9, True), (0.7, False), (0.6, False), (0.5, False), (0.4, True)],
            2,
            (0.7, 0.9),
            2 / 3,
        ),
        ([(0.5, True)], 4, (0.02, 0.5), 0.4),
    ],
)
def test_it_lies_where_f1_is_best(
    boxes: list[tuple[float, bool]], wanted: int, between: tuple[float, float], f1: float
) -> None:
    scores, right = (np.array(column) for column in zip(*boxes, strict=True))
    threshold, found = best_score(scores, right, wanted)
    assert between[0] < threshold <= between[1]
    assert found == pytest.approx(f1)


def test_boxes_that_are_missing_lower_the_figure(tmp_path: Path) -> None:
    samples = [
        toys.cells(tmp_path / "held", "one.png", [(0, 1), (1, 2)], ["01", "12"]),
        toys.cells(tmp_path / "held", "two.png", [(2, 2)], ["22", "00"]),
    ]
    threshold, f1 = fit_score_threshold(Model.open(toys.detector_model(tmp_path)), samples)
    assert 0 < threshold < 1
    assert f1 == pytest.approx(2 * 3 / (3 + 4))


def test_a_model_that_finds_nothing_gets_none(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="received 0 pictures"):
        fit_score_threshold(Model.open(toys.detector_model(tmp_path)), [])
