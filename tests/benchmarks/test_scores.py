"""The arithmetic behind the published figures, against values worked out by hand."""

from __future__ import annotations

import pytest

from benchmarks import _scores as scores


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", ""), ("aB3", "aB3"), (" a-B 3.", "aB3"), ("体a²", "a"), ("é", "")],
)
def test_only_letters_and_digits_are_compared(text: str, expected: str) -> None:
    assert scores.letters_and_digits(text) == expected


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),
    [
        (0, 0, 0.0, 1.0),
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (1, 2, 0.0945, 0.9055),
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, table I
    ],
)
def test_wilson(right: int, count: int, low: float, high: float) -> None:
    assert scores.wilson(right, count) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize(
    ("confidences", "right", "brier", "error"),
    [
        ([1.0], [True], 0.0, 0.0),
        ([1.0], [False], 1.0, 1.0),
        ([0.5, 0.5], [True, False], 0.25, 0.0),
        ([0.95, 0.15], [True, True], (0.0025 + 0.7225) / 2, 0.45),
    ],
)
def test_calibration(
    confidences: list[float], right: list[bool], brier: float, error: float
) -> None:
    assert scores.brier(confidences, right) == pytest.approx(brier)
    assert scores.expected_calibration_error(confidences, right) == pytest.approx(error)


@pytest.mark.parametrize(
    ("confidences", "right", "risk", "expected"),
    [
        ([0.9], [True], 0.0, (1.0, 0.9)),
        ([0.9], [False], 0.5, (0.0, None)),
        ([0.9, 0.8, 0.7, 0.6], [True, True, False, True], 0.0, (0.5, 0.8)),
        ([0.6, 0.8, 0.7, 0.9], [True, True, False, True], 0.25, (1.0, 0.6)),
        ([0.9, 0.9], [True, False], 0.1, (0.0, None)),  # equal confidences stay together
    ],
)
def test_coverage(
    confidences: list[float],
    right: list[bool],
    risk: float,
    expected: tuple[float, float | None],
) -> None:
    assert scores.coverage_at(confidences, right, risk) == expected
