"""The quick search for likely texts, against the beam search in logarithms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from solver.charset import ALNUM, Charset
from solver.decoders import ctc
from solver.decoders import scores as common
from solver.decoders.beam import search
from solver.decoders.constraints import unconstrained
from solver.decoders.ctc_likely import LEAST, Columns, likeliest

CHARSET = Charset(ALNUM)
BLANK = CHARSET.blank_index


def written(*frames: str | dict[str, float], sure: float = 0.999) -> NDArray[np.float64]:
    """Chances (T, C) of frames that say a symbol ("_" is the blank), or several with their odds."""
    chances = np.empty((len(frames), CHARSET.classes))
    for row, frame in zip(chances, frames, strict=True):
        odds = frame if isinstance(frame, dict) else {frame: sure}
        row[:] = (1 - sum(odds.values())) / CHARSET.classes
        for symbol, value in odds.items():
            row[BLANK if symbol == "_" else CHARSET.index(symbol)] += value
    return chances


def by_beam(chances: NDArray[np.float64], top_k: int = 1) -> list[tuple[list[int], float]]:
    automaton = unconstrained(CHARSET)
    lattice = ctc.CtcLattice(common.logarithms(chances), automaton)
    return search(lattice, automaton, top_k=top_k)


def unsure(seed: int) -> NDArray[np.float64]:
    """A text of eight characters, some of them ambiguous."""
    rng = np.random.default_rng(seed)
    frames: list[str | dict[str, float]] = []
    for first, second in rng.choice(list(ALNUM), (8, 2), replace=False):
        share = rng.uniform(0.4, 1.0)
        frames += ["_", {first: 0.99 * share, second: 0.99 * (1 - share)}, first]
    return written(*frames, sure=rng.uniform(0.95, 0.999))


@pytest.mark.parametrize("seed", range(30))
def test_finds_what_the_beam_finds(seed: int) -> None:
    chances = unsure(seed)
    columns = Columns(chances)
    found = likeliest(columns, columns.greedy()[0])
    [(classes, value)] = by_beam(chances)
    if found is None:
        assert ctc.text_log_probability(common.logarithms(chances), columns.greedy()[0]) <= (
            math.log(LEAST)
        )
    else:
        assert found == [(classes, pytest.approx(value, abs=1e-12))]


@pytest.mark.parametrize("count", [2, 3])
def test_finds_several_that_the_beam_finds(count: int) -> None:
    quick = 0
    for seed in range(30):
        columns = Columns(unsure(seed))
        found = likeliest(columns, columns.greedy()[0], count=count)
        if found is None:
            continue
        quick += 1
        wanted = by_beam(columns.chances, count)
        assert [classes for classes, _ in found] == [classes for classes, _ in wanted]
        values = [value for _, value in wanted]
        assert [value for _, value in found] == pytest.approx(values, abs=1e-9)
    assert quick >= 15


def test_faint_texts_and_long_searches_are_left_to_the_beam() -> None:
    sure = Columns(written("a", "_", "b", sure=0.99999))
    greedy = sure.greedy()[0]
    assert likeliest(sure, greedy) is not None
    assert likeliest(sure, greedy, count=2) is None
    many = dict.fromkeys(ALNUM[:40], 1 / 40)
    wavering = Columns(written({"a": 0.4, **dict.fromkeys(ALNUM[20:60], 0.01)}, "_", many))
    assert likeliest(wavering, wavering.greedy()[0], count=2) is None


@pytest.mark.parametrize("top_k", [1, 2, 3, 4])
def test_answers_do_not_depend_on_how_they_were_found(top_k: int) -> None:
    for seed in range(12):
        logits = np.log(unsure(seed))
        result = ctc.decode(logits, charset=CHARSET, top_k=top_k)
        many = ctc.decode(logits, charset=CHARSET, top_k=8)
        assert result.text == many.text
        assert result.confidence == pytest.approx(many.confidence, abs=1e-9)
        assert [one.text for one in result.alternatives] == [
            one.text for one in many.alternatives[: top_k - 1]
        ]


def test_most_of_those_pictures_are_likely() -> None:
    pictures = [Columns(unsure(seed)) for seed in range(30)]
    assert sum(likeliest(one, one.greedy()[0]) is not None for one in pictures) >= 20


@pytest.mark.parametrize(
    ("frames", "greedy", "best"),
    [
        (["_"], "", ""),
        (["a"], "a", "a"),
        (["a", "a"], "a", "a"),
        (["a", "_", "a"], "aa", "aa"),
        # The best path says a blank twice, but an "a" in either frame is more probable.
        ([{"_": 0.6, "a": 0.4}, {"_": 0.6, "a": 0.4}], "", "a"),
        ([{"a": 0.4, "b": 0.5}, {"a": 0.45, "_": 0.5}], "b", "a"),
        # A run of "a" that is more probably two, or one.
        (["a", {"_": 0.55, "a": 0.45}, "a"], "aa", "aa"),
        (["a", {"_": 0.45, "a": 0.55}, "a"], "a", "a"),
    ],
)
def test_small_pictures(frames: list[Any], greedy: str, best: str) -> None:
    columns = Columns(written(*frames, sure=0.97))
    classes, _ = columns.greedy()
    assert CHARSET.decode(classes) == greedy
    found = likeliest(columns, classes)
    assert found is not None
    [(text, value)] = found
    assert CHARSET.decode(text) == best
    assert value == pytest.approx(by_beam(columns.chances)[0][1], abs=1e-12)


def test_frames_are_the_strongest_of_their_runs() -> None:
    columns = Columns(
        written("_", {"a": 0.6}, {"a": 0.9}, {"a": 0.7}, "_", {"b": 0.8}, {"b": 0.8}, {"a": 0.5})
    )
    assert columns.greedy() == (CHARSET.encode("aba"), [2, 5, 7])


def test_flat_outputs_are_left_to_the_beam() -> None:
    columns = Columns(np.full((400, CHARSET.classes), 1 / CHARSET.classes))
    assert likeliest(columns, columns.greedy()[0]) is None


@pytest.mark.parametrize("blank", [0.0, 0.3, 0.6, 1 - 1e-9])
def test_shares_are_among_the_symbols(blank: float) -> None:
    rest = 1 - blank
    columns = Columns(written({"_": blank, "a": 0.75 * rest, "b": 0.25 * rest}))
    share = columns.shares(CHARSET.encode("a"), [0])
    assert share == pytest.approx([0.75], rel=1e-6)
    assert share == pytest.approx(
        common.character_confidences(
            columns.chances,
            CHARSET.encode("a"),
            [0],
            automaton=unconstrained(CHARSET),
            with_blank=False,
        ),
        rel=1e-12,
    )


@pytest.mark.parametrize("seed", range(6))
def test_alternatives_do_not_change_the_best_answer(seed: int) -> None:
    logits = np.log(unsure(seed))
    alone, first = (ctc.decode(logits, charset=CHARSET, top_k=k) for k in (1, 5))
    assert (alone.text, alone.confidence, alone.characters) == (
        first.text,
        first.confidence,
        first.characters,
    )
    assert len(first.alternatives) == 4
