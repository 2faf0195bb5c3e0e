"""The one rule of class indices, by round trip, and what a charset refuses."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.charset import ALNUM, DIGITS, LOWER, UPPER, Charset
from solver.errors import SpecError, TaskError


def test_constants() -> None:
    assert DIGITS == "0123456789"
    assert (len(LOWER), len(UPPER)) == (26, 26)
    assert ALNUM == DIGITS + LOWER + UPPER


def test_blank_is_the_last_class() -> None:
    charset = Charset("abc")
    assert (len(charset), charset.blank_index, charset.classes) == (3, 3, 4)
    assert charset.encode("cab") == [2, 0, 1]
    assert charset.decode([2, 3, 0]) == "c_a"
    assert "b" in charset
    assert "_" not in charset


@settings(deadline=None)
@given(st.text(alphabet=ALNUM, max_size=8))
def test_round_trips(text: str) -> None:
    charset = Charset(ALNUM)
    assert charset.decode(charset.encode(text)) == text
    padded = charset.encode_padded(text, 8)
    assert len(padded) == 8
    assert charset.decode(padded) == text.ljust(len(padded), charset.blank)


@pytest.mark.parametrize("symbols", ["é中😀", ["é", "中", "😀"], ("é", "中", "😀")])
def test_any_sequence_of_code_points(symbols: Any) -> None:
    charset = Charset(symbols)
    assert charset.symbols == "é中😀"
    assert charset == Charset("é中😀")
    assert hash(charset) == hash(Charset("é中😀"))


@pytest.mark.parametrize(
    ("symbols", "blank", "named"),
    [
        ("", "_", "at least one"),
        ("aba", "_", "'a'"),
        ("a_b", "_", "'_'"),
        (["ab"], "_", "'ab'"),
        (["a", ""], "_", "''"),
        ([1], "_", "1"),
        ("a\n", "_", r"'\\n'"),
        ("a\ud800", "_", "ud800"),
        ("ab", "", "blank"),
        ("ab", "__", "blank"),
        ("ab", "\0", "blank"),
    ],
)
def test_refused(symbols: Any, blank: str, named: str) -> None:
    with pytest.raises(SpecError, match=named):
        Charset(symbols, blank=blank)


def test_unknown_symbol_is_named() -> None:
    with pytest.raises(TaskError, match=r"'я'.*'abc'"):
        Charset("abc").encode("aя")
    with pytest.raises(TaskError, match="class 9"):
        Charset("abc").decode([9])
    with pytest.raises(TaskError, match="at most 2"):
        Charset("abc").encode_padded("abc", 2)


@pytest.mark.parametrize(
    ("symbols", "blank", "case", "merged", "mapping"),
    [
        ("aAbB1", "_", "lower", "ab1", (0, 0, 1, 1, 2, 3)),
        ("aAbB1", "_", "upper", "AB1", (0, 0, 1, 1, 2, 3)),
        ("1AB", "_", "lower", "1ab", (0, 1, 2, 3)),
        ("ßs", "_", "upper", "ßS", (0, 1, 2)),
        ("Ab", "a", "lower", "Ab", (0, 1, 2)),
    ],
)
def test_fold(symbols: str, blank: str, case: Any, merged: str, mapping: tuple[int, ...]) -> None:
    folded, places = Charset(symbols, blank=blank).fold(case)
    assert (folded.symbols, folded.blank, places) == (merged, blank, mapping)


def test_fold_refuses_another_word() -> None:
    with pytest.raises(TaskError, match="'title'"):
        Charset("a").fold("title")  # type: ignore[arg-type]


def test_immutable_and_copyable() -> None:
    charset = Charset("ab", blank="-")
    with pytest.raises(AttributeError):
        charset.symbols = "x"  # type: ignore[misc]
    for twin in (copy.deepcopy(charset), pickle.loads(pickle.dumps(charset))):
        assert twin == charset
        assert twin.encode("ba") == [1, 0]
