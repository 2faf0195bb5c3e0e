"""How likely a text is as a code, before it is seen."""

from __future__ import annotations

import math

import pytest

from solver import ALNUM, DIGITS, LOWER
from solver.tasks.alphabets import Alphabets, alphabets_of


@pytest.mark.parametrize(
    ("likelier", "text"),
    [
        ("1000", "10O0"),
        ("ABCD", "ABcD"),
        ("ab12", "aB12"),
        ("abcd", "ab0d"),
        ("7", "x"),
    ],
)
def test_one_alphabet_is_likelier_than_two(likelier: str, text: str) -> None:
    alphabets = Alphabets(ALNUM)
    assert alphabets.log_odds(likelier) > alphabets.log_odds(text)


def test_odds_are_those_of_the_mean_alphabet() -> None:
    alphabets = Alphabets(DIGITS + LOWER)  # digits, letters, both
    assert alphabets.log_odds("12") == pytest.approx(math.log((3.6**2 + 1) / 3))
    assert alphabets.log_odds("a1") == pytest.approx(math.log(1 / 3))
    assert alphabets.log_odds("") == 0.0


def test_over_all_texts_they_are_a_distribution() -> None:
    symbols = "01abX一"
    alphabets = Alphabets(symbols)
    texts = [a + b for a in symbols for b in symbols]
    mean = sum(math.exp(alphabets.log_odds(text)) for text in texts) / len(texts)
    assert mean == pytest.approx(1.0)


def test_nothing_overflows_and_what_is_foreign_is_impossible() -> None:
    many = "".join(map(chr, range(0x4E00, 0x4E00 + 7000))) + DIGITS
    assert 2000 < Alphabets(many).log_odds("7" * 400) < 3000
    assert Alphabets(DIGITS).log_odds("1a") == -math.inf


def test_one_kind_alone_says_nothing() -> None:
    assert Alphabets(DIGITS).log_odds("123") == 0.0
    assert alphabets_of(DIGITS) is alphabets_of(DIGITS)
