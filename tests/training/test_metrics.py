"""Figures against values worked out by hand."""

from __future__ import annotations

import pytest

from training.metrics import edit_distance, score_text, wilson_interval


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [
        ("", "", 0),
        ("", "abc", 3),
        ("abc", "", 3),
        ("abc", "abc", 0),
        ("abc", "abd", 1),
        ("abc", "bc", 1),
        ("kitten", "sitting", 3),
        ("龙舟", "龙", 1),
    ],
)
def test_edit_distance(a: str, b: str, distance: int) -> None:
    assert edit_distance(a, b) == distance
    assert edit_distance(b, a) == distance


def test_score_counts_whole_answers() -> None:
    score = score_text(["ab", "AB", "a", ""], ["ab", "ab", "ab", "ab"])
    assert score.count == 4
    assert score.exact == 0.25
    assert score.case_insensitive == 0.5
    assert score.character_error_rate == pytest.approx((0 + 2 + 1 + 2) / 8)


@pytest.mark.parametrize(("answers", "truths"), [([], []), (["a"], []), (["a"], ["a", "b"])])
def test_score_refuses_what_does_not_pair(answers: list[str], truths: list[str]) -> None:
    with pytest.raises(ValueError, match="as many answers"):
        score_text(answers, truths)


@pytest.mark.parametrize(
    ("successes", "count", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (50, 100, 0.4038, 0.5962)],
)
def test_wilson_interval(successes: int, count: int, low: float, high: float) -> None:
    assert wilson_interval(successes, count) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize(("successes", "count"), [(-1, 2), (3, 2), (0, 0)])
def test_wilson_refuses_no_share(successes: int, count: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        wilson_interval(successes, count)
