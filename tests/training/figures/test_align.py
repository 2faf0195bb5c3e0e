"""Pairs of characters, worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.figures.align import Pair, by_edits, by_place
from training.metrics import edit_distance


@pytest.mark.parametrize(
    ("truth", "answer", "pairs"),
    [
        ("", "", []),
        ("", "a", [(None, "a")]),
        ("a", "", [("a", None)]),
        ("ab", "ab", [("a", "a"), ("b", "b")]),
        ("ab", "ac", [("a", "a"), ("b", "c")]),
        ("abc", "bc", [("a", None), ("b", "b"), ("c", "c")]),
        ("abc", "ac", [("a", "a"), ("b", None), ("c", "c")]),
        ("aab", "ab", [("a", None), ("a", "a"), ("b", "b")]),
        ("ab", "axb", [("a", "a"), (None, "x"), ("b", "b")]),
        ("龙舟", "舟", [("龙", None), ("舟", "舟")]),
    ],
)
def test_by_edits(truth: str, answer: str, pairs: list[Pair]) -> None:
    assert by_edits(truth, answer) == pairs


@pytest.mark.parametrize(
    ("truth", "answer", "pairs"),
    [
        ("", "", []),
        ("abc", "bc", [("a", "b"), ("b", "c"), ("c", None)]),
        ("a", "ab", [("a", "a"), (None, "b")]),
    ],
)
def test_by_place(truth: str, answer: str, pairs: list[Pair]) -> None:
    assert by_place(truth, answer) == pairs


@given(st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_no_pairing_has_fewer_edits(truth: str, answer: str) -> None:
    pairs = by_edits(truth, answer)
    assert "".join(left or "" for left, _ in pairs) == truth
    assert "".join(right or "" for _, right in pairs) == answer
    assert sum(left != right for left, right in pairs) == edit_distance(truth, answer)
