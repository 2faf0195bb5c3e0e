"""Calibration and risk–coverage against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from training.figures.confidence import MAX_POINTS, Target, confidence_figures


@pytest.mark.parametrize(
    ("confidences", "right", "brier", "expected_error"),
    [
        ([1.0], [True], 0.0, 0.0),
        ([0.0], [False], 0.0, 0.0),
        ([1.0], [False], 1.0, 1.0),
        ([0.75, 0.75, 0.75, 0.75], [True, True, True, False], 0.1875, 0.0),
        ([0.95, 0.15], [True, True], (0.05**2 + 0.85**2) / 2, (0.05 + 0.85) / 2),
        ([0.62, 0.68], [True, False], (0.38**2 + 0.68**2) / 2, 0.15),
    ],
)
def test_calibration(
    confidences: list[float], right: list[bool], brier: float, expected_error: float
) -> None:
    figures = confidence_figures(confidences, right)
    assert figures.brier == pytest.approx(brier)
    assert figures.expected_error == pytest.approx(expected_error)


def test_bins_hold_every_answer_once() -> None:
    edges = [index / 10 for index in range(11)]
    figures = confidence_figures(edges, [True] * 11)
    assert sum(one.count for one in figures.bins) == 11
    assert [one.low for one in figures.bins] == pytest.approx(edges[:10])
    assert figures.bins[-1].count == 2
    assert all(one.low <= one.confidence <= one.high for one in figures.bins)


def test_risk_and_coverage_step_by_step() -> None:
    figures = confidence_figures([0.9, 0.8, 0.7, 0.6], [True, True, False, True])
    points = [(point.coverage, point.risk, point.threshold) for point in figures.curve]
    assert points == [
        (0.25, 0, 0.9),
        (0.5, 0, 0.8),
        (0.75, pytest.approx(1 / 3), 0.7),
        (1, 0.25, 0.6),
    ]
    assert figures.area == pytest.approx((0 + 0 + 1 / 3 + 1 / 4) / 4)
    assert figures.targets == tuple(Target(risk, 0.5, 0.8) for risk in (0.01, 0.02, 0.05))


def test_equally_sure_answers_come_in_together() -> None:
    figures = confidence_figures([0.5, 0.5], [True, False])
    assert [(point.coverage, point.risk) for point in figures.curve] == [(1.0, 0.5)]
    assert figures.area == 0.5
    assert figures.targets[0] == Target(0.01, 0.0, None)


def test_a_promise_may_be_kept_again_further_down() -> None:
    """One early mistake among a hundred: everything can be answered at 1 %."""
    figures = confidence_figures(np.linspace(1, 0.5, 100).tolist(), [False] + [True] * 99)
    assert figures.targets[0] == Target(0.01, 1.0, 0.5)


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    figures = confidence_figures(np.linspace(0, 1, 5000).tolist(), [True] * 5000)
    assert len(figures.curve) == MAX_POINTS
    assert figures.curve[0].threshold == 1.0
    assert figures.curve[-1].coverage == 1.0


@pytest.mark.parametrize(
    ("confidences", "right", "message"),
    [
        ([], [], "at least one"),
        ([0.5], [], "as many"),
        ([1.5], [True], "0–1"),
        ([float("nan")], [True], "0–1"),
    ],
)
def test_refuses(confidences: list[float], right: list[bool], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        confidence_figures(confidences, right)
