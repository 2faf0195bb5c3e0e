"""Text figures against values worked out by hand."""

from __future__ import annotations

import json

import pytest

from training.figures.shares import Share, share
from training.figures.text import Confusion, TextFigures, text_figures


def figures(pairs: list[tuple[str, str]], *, aligned: bool = True) -> TextFigures:
    """From (label, answer) pairs."""
    truths, answers = [t for t, _ in pairs], [a for _, a in pairs]
    return text_figures(answers, truths, [0.5] * len(pairs), aligned=aligned)


def test_shares_bring_their_interval() -> None:
    assert share([]) == Share(0, 0)
    assert share([]).value == 0.0
    assert share([]).interval == (0.0, 1.0)
    half = share([True, False] * 50)
    assert half.value == 0.5
    assert half.interval == pytest.approx((0.4038, 0.5962), abs=1e-4)


def test_whole_answers_and_characters() -> None:
    found = figures([("ab", "ab"), ("ab", "AB"), ("ab", "b"), ("ab", "")])
    assert found.exact == Share(1, 4)
    assert found.case_insensitive == Share(2, 4)
    assert found.characters == Share(3, 8)
    assert found.character_error_rate == pytest.approx(5 / 8)


def test_places_are_those_of_the_label() -> None:
    found = figures([("abc", "bc"), ("a", "xa"), ("abcd", "abcx")])
    assert found.positions == (Share(2, 3), Share(2, 2), Share(2, 2), Share(0, 1))
    by_head = figures([("abc", "bc")], aligned=False)
    assert by_head.positions == (Share(0, 1), Share(0, 1), Share(0, 1))
    assert by_head.character_error_rate == pytest.approx(1 / 3)


def test_mix_ups_are_counted_by_character_and_by_picture() -> None:
    found = figures([("0a0", "OaO"), ("0", "O"), ("1", "l")])
    assert found.confusions == (Confusion("0", "O", 3, 2), Confusion("1", "l", 1, 1))
    assert [(item.symbol, item.share) for item in found.symbols] == [
        ("0", Share(0, 3)),
        ("1", Share(0, 1)),
        ("a", Share(1, 1)),
    ]


def test_what_is_missing_and_what_is_too_much() -> None:
    found = figures([("abc", "ac"), ("ab", "abb"), ("b", "c"), ("", "")])
    assert (found.edits.substitutions, found.edits.insertions, found.edits.deletions) == (1, 1, 1)
    assert found.edits.deleted == (("b", 1),)
    assert found.edits.inserted == (("b", 1),)
    assert found.lengths.right == Share(2, 4)
    assert (found.lengths.shorter, found.lengths.longer) == (1, 1)
    assert found.lengths.pairs == ((0, 0, 1), (1, 1, 1), (2, 3, 1), (3, 2, 1))


def test_turns_into_json() -> None:
    body = json.loads(json.dumps(figures([("<b>&", "龙"), ("a", "a")]).to_dict()))
    assert body["kind"] == "text"
    assert body["exact"]["count"] == 2
    assert body["symbols"]["a"]["share"] == 1.0


@pytest.mark.parametrize(
    ("answers", "truths", "confidences"),
    [([], [], []), (["a"], [], []), (["a"], ["a"], []), ([], ["a"], [0.5])],
)
def test_refuses_what_does_not_pair(
    answers: list[str], truths: list[str], confidences: list[float]
) -> None:
    with pytest.raises(ValueError, match="as many answers"):
        text_figures(answers, truths, confidences)
