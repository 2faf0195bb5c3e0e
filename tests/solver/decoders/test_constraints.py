"""Constraints against Python's own re, and what they refuse."""

from __future__ import annotations

import re
import time
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.charset import ALNUM, DIGITS, Charset
from solver.decoders.constraints import Constraint, compile_constraint, unconstrained
from solver.errors import TaskError

SMALL = Charset("ab1")
WORDS = ["".join(word) for size in range(5) for word in product(SMALL.symbols, repeat=size)]


def language(constraint: Constraint, charset: Charset = SMALL) -> list[str]:
    return [word for word in WORDS if constraint.accepts(charset.encode(word))]


def compiled_language(**options: Any) -> list[str]:
    """The words that the compiled options allow; none when they are refused as empty."""
    try:
        constraint = compile_constraint(charset=SMALL, **options)
    except TaskError:
        return []
    return language(constraint or unconstrained(SMALL))


@pytest.mark.parametrize(
    ("length", "lengths"),
    [
        (2, {2}),
        ((0, 2), {0, 1, 2}),
        ((3, 3), {3}),
        (range(1, 3), {1, 2}),
        (range(4, 0, -2), {2, 4}),
    ],
)
def test_lengths(length: Any, lengths: set[int]) -> None:
    received = compiled_language(length=length)
    assert received == [word for word in WORDS if len(word) in lengths]


def patterns() -> st.SearchStrategy[str]:
    atom = st.sampled_from(["a", "b", "1", ".", "[ab]", "[^a]", "[a-b1]", r"\d", r"\w", r"[\d]"])
    many = st.sampled_from(["", "", "?", "*", "+", "{2}", "{1,2}", "{0}", "{1,}"])
    return st.recursive(
        st.builds(str.__add__, atom, many),
        lambda inner: st.one_of(
            st.builds(str.__add__, inner, inner),
            st.builds(lambda x, y, m: f"({x}|{y}){m}", inner, inner, many),
            st.builds(lambda x, m: f"(?:{x}|){m}", inner, many),
        ),
        max_leaves=5,
    )


@settings(max_examples=150, deadline=None)
@given(
    patterns(),
    st.none() | st.sampled_from(["a", "b1", "a1"]),
    st.none() | st.sampled_from([range(3), range(2, 4), range(1, 4, 2), range(4, 5)]),
)
def test_same_language_as_re(pattern: str, allowed: str | None, length: range | None) -> None:
    expected = [
        word
        for word in WORDS
        if re.fullmatch(pattern, word)
        and (length is None or len(word) in length)
        and (allowed is None or set(word) <= set(allowed))
    ]
    received = compiled_language(allowed=allowed, length=length, pattern=pattern)
    if any(expected):
        assert received == expected
    else:
        assert not any(received)


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        (r"[A-Z]{2}\d{4}", ["AB1234"], ["ab1234", "AB123", "AB12345", ""]),
        (r"\w+", ["aZ9"], [""]),
        (r"(ab|cd)?x", ["x", "abx", "cdx"], ["ab", "abcdx"]),
        (r"[^0O]*", ["", "1l"], ["0", "aO"]),
        (r"[a\-c]", ["a", "c"], ["b"]),
        (r"[ac-]", ["a", "c"], ["b"]),
        (r"a{0,2}", ["", "aa"], ["aaa"]),
        (r".{3}", ["a0Z"], ["ab", "abcd"]),
    ],
)
def test_pattern_examples(pattern: str, yes: list[str], no: list[str]) -> None:
    charset = Charset(ALNUM)
    constraint = compile_constraint(charset=charset, pattern=pattern)
    assert constraint is not None
    assert [word for word in yes + no if constraint.accepts(charset.encode(word))] == yes


def test_punctuation_is_escaped() -> None:
    charset = Charset("+*.a")
    constraint = compile_constraint(charset=charset, pattern=r"\+\*\.[\].+]")
    assert constraint is not None
    assert constraint.accepts(charset.encode("+*.+"))
    assert not constraint.accepts(charset.encode("+*a+"))


def test_nothing_restricted_is_no_constraint() -> None:
    assert compile_constraint(charset=SMALL) is None
    assert compile_constraint(charset=SMALL, allowed="1ab") is None
    assert compile_constraint(charset=SMALL, pattern=".*") is None


def test_compiled_once_and_read_only() -> None:
    first = compile_constraint(charset=SMALL, allowed="ab", length=2, pattern="..")
    again = compile_constraint(charset=Charset("ab1"), allowed="bab", length=(2, 2), pattern="..")
    assert first is not None
    assert first is again
    with pytest.raises(ValueError, match="read-only"):
        first.steps[0, 0] = 1


def test_symbols_and_states_without_use_are_trimmed() -> None:
    constraint = compile_constraint(charset=Charset(ALNUM), allowed=DIGITS, length=4)
    assert constraint is not None
    assert constraint.steps.shape == (6, 10)
    assert constraint.classes.tolist() == list(range(10))


@pytest.mark.parametrize("case", ["lower", "upper"])
@pytest.mark.parametrize(
    ("options", "yes", "no"),
    [
        ({"pattern": "[a-z]{2}"}, ["ab", "ba"], ["a1", "a"]),
        ({"pattern": "[A-Z]{2}"}, ["ab"], ["a1", "a"]),
        ({"pattern": "A[^B]"}, ["aa", "a1"], ["ab", "ba"]),
        ({"pattern": "Ab|bA"}, ["ab", "ba"], ["aa"]),
        ({"pattern": r"Ö\w"}, ["öa", "ö1"], ["aa"]),
        ({"allowed": "aB"}, ["ab", "b"], ["a1"]),
        ({"allowed": "AÖ1"}, ["a1ö"], ["b"]),
        ({"allowed": "aA1", "pattern": "B?[aA]1"}, ["a1"], ["ba1"]),
    ],
)
def test_letters_stand_for_both_cases_where_case_is_merged(
    case: Any, options: Any, yes: list[str], no: list[str]
) -> None:
    constraint = compile_constraint(charset=Charset("aAbB1öÖ"), case=case, **options)
    assert constraint is not None
    change = {"lower": str.lower, "upper": str.upper}[case]
    assert constraint.charset.symbols == change("ab1ö")
    words = [change(word) for word in yes + no]
    accepted = [word for word in words if constraint.accepts(constraint.charset.encode(word))]
    assert accepted == words[: len(yes)]


def test_a_model_of_one_case_knows_the_other_where_case_is_merged() -> None:
    charset = Charset("ab1")
    assert compile_constraint(charset=charset, allowed="AB1", case="upper") is None
    with pytest.raises(TaskError, match="cannot write 'AB'; its symbols are 'ab1'"):
        compile_constraint(charset=charset, allowed="AB1")


@pytest.mark.parametrize("pattern", ["^ab?$", "^ab?", "ab?$", "^(ab?)$"])
def test_anchors_around_a_pattern_change_nothing(pattern: str) -> None:
    assert compiled_language(pattern=pattern) == compiled_language(pattern="ab?") == ["a", "ab"]


@pytest.mark.parametrize(
    ("length", "plain"), [(np.int64(2), 2), ((np.int32(1), np.uint8(2)), (1, 2))]
)
def test_lengths_of_numpy(length: Any, plain: Any) -> None:
    assert compiled_language(length=length) == compiled_language(length=plain)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"allowed": "я"}, "cannot write 'я'; its symbols are 'ab1'"),
        ({"allowed": "a1яж"}, "cannot write 'жя'; its symbols are 'ab1'"),
        ({"length": 2, "case": []}, r"received \[\]"),
        ({"pattern": "[я]+"}, "pattern='.я.+' allows no text"),
        ({"pattern": r"\d", "allowed": "ab"}, "with charset='ab' allows no text"),
        ({"pattern": "a{3}", "length": 2}, "with length=2 allows no text"),
        ({"length": 0}, "length=0 allows no text"),
        ({"allowed": ""}, "received ''"),
        ({"allowed": ["a"]}, "characters allowed"),
        ({"length": -1}, "-1"),
        ({"length": (3, 2)}, r"\(3, 2\)"),
        ({"length": range(0)}, r"range\(0, 0\)"),
        ({"length": range(10**12)}, "0 to 200"),
        ({"length": True}, "True"),
        ({"length": 2.0}, "2.0"),
        ({"length": (1, 2, 3)}, "pair"),
        ({"length": "4"}, "'4'"),
        ({"pattern": ""}, "not empty"),
        ({"pattern": 4}, "string"),
        ({"pattern": "a" * 1001}, "at most 1000"),
        ({"length": 2, "case": "title"}, "'title'"),
    ],
)
def test_options_refused(options: Any, named: str) -> None:
    with pytest.raises(TaskError, match=named):
        compile_constraint(charset=SMALL, **options)


@pytest.mark.parametrize(
    ("pattern", "at"),
    [
        ("*a", 0),
        ("a**", 2),
        ("a+?", 2),
        ("a{2}{2}", 4),
        ("(a", 0),
        ("a)", 1),
        ("a[", 1),
        ("[]", 0),
        ("[^]", 0),
        ("[b-a]", 1),
        (r"[\d-a]", 1),
        ("[[a]]", 1),
        ("a]", 1),
        ("a}", 1),
        ("a{", 1),
        ("a{,2}", 1),
        ("a{2,1}", 1),
        ("a{999}", 1),
        ("a^", 1),
        ("a$b", 1),
        ("(a$)", 2),
        ("a|^b", 2),
        ("^^a", 1),
        (r"\s", 0),
        (r"\D", 0),
        (r"\1", 0),
        ("\\", 0),
        ("[a\\", 2),
        ("(?=a)", 1),
        ("(?P<n>a)", 1),
        ("(" * 60 + "a" + ")" * 60, 51),
    ],
)
def test_mistakes_name_their_position(pattern: str, at: int) -> None:
    with pytest.raises(TaskError, match=f"at position {at}; supported are"):
        compile_constraint(charset=SMALL, pattern=pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "(a|b)*a" + "(a|b)" * 20,  # 2^21 DFA states
        "((a{200}){200}){200}",
        "((((((){200}){200}){200}){200}){200}){200}a",
        "(a?){200}" * 10,
    ],
)
def test_hostile_patterns_are_refused_soon(pattern: str) -> None:
    start = time.process_time()
    with pytest.raises(TaskError, match=r"too (complex|long|large)"):
        compile_constraint(charset=Charset(ALNUM), pattern=pattern)
    assert time.process_time() - start < 3


@pytest.mark.parametrize(
    ("pattern", "states"),
    [("(((a*)*)*)*" * 90, 1), ("(.*a.*b.*1){30}", 91), ("(a?){200}", 201), ("(a*)*" * 90 + "b", 2)],
)
def test_what_makes_backtracking_explode_is_small(pattern: str, states: int) -> None:
    start = time.process_time()
    constraint = compile_constraint(charset=Charset(ALNUM), pattern=pattern)
    assert constraint is not None
    assert constraint.dead == states
    assert time.process_time() - start < 3


def test_product_is_bounded() -> None:
    with pytest.raises(TaskError, match="too large"):
        compile_constraint(
            charset=SMALL, pattern="(a{9}|b{8}|1{7}|(a1b)|(1b1ab))*", length=(1, 200)
        )
