"""What several looks say together, and when a text reader takes them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from solver import DIGITS, UPPER, Solver
from solver.model import Model
from solver.results import Alternative, Character, TextResult
from solver.spec import VIEWS, ModelSpec, TtaSpec
from solver.tasks.text import FINEST, TextReader
from solver.tasks.tta import agree, agree_by

Draw = Callable[..., Any]


def look(text: str, confidence: float, **others: float) -> TextResult:
    return TextResult(
        text,
        confidence,
        tuple(Character(symbol, confidence) for symbol in text),
        tuple(Alternative(other, share) for other, share in others.items()),
    )


@pytest.mark.parametrize(
    ("looks", "text", "confidence"),
    [
        ([look("a", 0.6)], "a", 0.6),
        ([look("a", 0.6), look("b", 0.4)], "a", 0.3),
        ([look("a", 0.6), look("b", 0.4), look("b", 0.4)], "b", 0.8 / 3),
        ([look("a", 0.4, b=0.4), look("b", 0.5, a=0.1)], "b", 0.25),
        ([look("a", 0.5, b=0.5)], "a", 0.5),  # of equal ones the first look's own
        ([look("", 0.0), look("", 0.0)], "", 0.0),
        ([look("a", 1.0), look("a", 1.0)], "a", 1.0),
        # What is nobody's answer is none, however probable, so that `top_k` changes no answer.
        ([look("a", 0.4, c=0.3), look("b", 0.35, c=0.3)], "a", 0.2),
    ],
)
def test_the_most_probable_on_average_is_the_answer(
    looks: list[TextResult], text: str, confidence: float
) -> None:
    result = agree(looks)
    assert (result.text, result.confidence) == (text, pytest.approx(confidence))


def test_characters_are_as_sure_as_those_who_read_them() -> None:
    result = agree([look("ab", 0.6), look("cd", 0.3), look("ab", 0.8)])
    assert [one.confidence for one in result.characters] == pytest.approx([0.7, 0.7])


def test_calibration_moves_the_answer_and_leaves_the_rest_to_the_others() -> None:
    looks = [look("a", 0.4, b=0.2, c=0.1)]
    result = agree(looks, slope=2.0, offset=0.5, top_k=3)
    odds = 2 * math.log(0.4 / 0.6) + 0.5
    assert result.confidence == pytest.approx(1 / (1 + math.exp(-odds)))
    shares = [one.confidence for one in result.alternatives]
    assert shares == pytest.approx([s * (1 - result.confidence) / 0.6 for s in (0.2, 0.1)])


@pytest.mark.parametrize("slope", [0.1, 1.0, 5.0, 1e6])
@pytest.mark.parametrize("offset", [-1e6, -3.0, 0.0, 3.0, 1e6])
def test_whatever_the_calibration_the_answer_is_the_likeliest(slope: float, offset: float) -> None:
    looks = [look("a", 0.5, b=0.45), look("a", 0.5, c=0.45)]
    result = agree(looks, slope=slope, offset=offset, top_k=4)
    shares = [result.confidence, *(one.confidence for one in result.alternatives)]
    assert shares == sorted(shares, reverse=True)
    assert 0 <= sum(shares) <= 1 + 1e-9 or result.confidence < 0.5


@pytest.mark.parametrize(("top_k", "others"), [(1, ""), (2, "b"), (3, "bc"), (9, "bc")])
def test_alternatives_are_as_many_as_asked_for(top_k: int, others: str) -> None:
    result = agree([look("a", 0.5, b=0.2, c=0.1, d=0.0)], top_k=top_k)
    assert "".join(one.text for one in result.alternatives) == others


def test_second_texts_count_where_they_are_asked_for() -> None:
    looks = [look("a", 0.4, b=0.35), look("b", 0.3, a=0.0), look("c", 0.3, a=0.1)]
    assert agree(looks).text == "a"
    result = agree(looks, answers=2)
    assert (result.text, result.confidence) == ("b", pytest.approx(0.65 / 3))


def test_odds_decide_between_texts_and_count_for_those_that_nobody_gave() -> None:
    looks = [look("a", 0.5, b=0.1), look("b", 0.4)]
    odds = {"a": 1.0, "b": 3.0}.__getitem__
    assert agree(looks).text == "a"
    result = agree(looks, odds=odds)
    # 0.25 and 0.2 for a and b; 0.55 for all others, twice as likely as a.
    assert (result.text, result.confidence) == ("b", pytest.approx(0.6 / (0.25 + 0.6 + 1.1)))
    shares = agree(looks, odds=odds, top_k=2).alternatives
    assert [one.text for one in shares] == ["a"]
    assert shares[0].confidence < result.confidence


def test_alphabets_are_weighted_as_the_contract_says() -> None:
    looks = [look("10O0", 0.4), look("1000", 0.3)]
    rule = TtaSpec(("slim",))
    symbols = DIGITS + UPPER
    assert agree_by(rule, looks, symbols=symbols).text == "10O0"
    weighted = agree_by(replace(rule, alphabets=0.5), looks, symbols=symbols)
    assert weighted.text == "1000"
    once = math.sqrt(1 / 3)  # of digits, capitals and both, only the last has 10O0
    often = math.sqrt((3.6**4 + 1) / 3)
    whole = 0.2 * once + 0.15 * often + 0.65 * (once + often) / 2
    assert weighted.confidence == pytest.approx(0.15 * often / whole)
    assert agree_by(replace(rule, alphabets=1.0), [look("", 0.0)], symbols="1").text == ""


@pytest.fixture(scope="module")
def files(
    tmp_path_factory: pytest.TempPathFactory, ctc_spec: ModelSpec, write_model: Draw
) -> dict[str, Path]:
    """The toy network, which looks again: at what is in doubt, at everything, or never."""
    folder = tmp_path_factory.mktemp("models")
    rules = {
        "doubtful": TtaSpec(VIEWS, below=0.9),
        "always": TtaSpec(("wide", "grey"), below=1.0),
        "weighing": TtaSpec(("wide", "grey"), below=1.0, answers=2, alphabets=0.3),
        "never": None,
    }
    return {
        name: write_model(folder / f"{name}.onnx", replace(ctc_spec, tta=rule))
        for name, rule in rules.items()
    }


def test_what_is_sure_costs_one_look(
    files: dict[str, Path], draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = TextReader(Model.open(files["doubtful"]))
    monkeypatch.setattr(reader, "views", lambda *_: pytest.fail("looked again"))
    result = reader.read(draw("12ab"), reader.options())
    assert (result.text, result.confidence > 0.9) == ("12ab", True)


@pytest.mark.parametrize("tta", [True, False])
def test_what_is_in_doubt_is_looked_at_again(
    files: dict[str, Path], stripes: Draw, tta: bool
) -> None:
    # A level half-way between "1" (18) and "2" (36).
    picture = stripes(255, 27, 255)
    once = Solver(files["never"]).text(picture, top_k=2)
    result = Solver(files["doubtful"], tta=tta).text(picture, top_k=2)
    assert once.confidence < 0.9
    assert (result == once) is not tta
    assert result.text in "12"
    assert result.characters[0].text == result.text


def test_one_and_many_are_answered_alike(files: dict[str, Path], draw: Draw, stripes: Draw) -> None:
    pictures = [draw("12"), stripes(255, 25, 255), draw("9aB"), stripes(255, 24, 255, 243, 255)]
    # Larger by so much that views are made of less of it.
    pictures.append(np.repeat(np.repeat(pictures[1], 40, axis=0), 40, axis=1))
    for name in ("doubtful", "always", "weighing"):
        solver = Solver(files[name])
        one = [solver.text(picture, top_k=3) for picture in pictures]
        many = list(solver.text_many(pictures, top_k=3, batch_size=2))
        assert [each.text for each in many] == [each.text for each in one]
        # Sums of a batch may be rounded otherwise.
        expected = pytest.approx([each.confidence for each in one], abs=1e-5)
        assert [each.confidence for each in many] == expected


def test_alternatives_are_as_sure_however_many_are_asked_for(
    files: dict[str, Path], stripes: Draw
) -> None:
    picture = stripes(255, 27, 255, 241, 255)
    for name in ("doubtful", "weighing"):
        solver = Solver(files[name])
        few, many = (solver.text(picture, top_k=top_k) for top_k in (2, 6))
        for result in (few, many):
            assert result.confidence == pytest.approx(solver.text(picture).confidence, abs=1e-9)
        [one], [same, *_] = few.alternatives, many.alternatives
        assert (one.text, one.confidence) == (same.text, pytest.approx(same.confidence))


def test_options_hold_for_every_look(files: dict[str, Path], draw: Draw) -> None:
    solver = Solver(files["weighing"])
    for options in ({"length": 3}, {"charset": "19"}, {"pattern": "[0-9]{2,9}"}):
        result = solver.text(draw("12ab"), top_k=5, **options)
        for text in (result.text, *(one.text for one in result.alternatives)):
            assert len(text) >= 2
            assert len(text) == 3 or "length" not in options
            assert set(text) <= set("0123456789") or "length" in options


def test_a_buffer_that_is_used_again_changes_no_answer(
    files: dict[str, Path], stripes: Draw
) -> None:
    solver = Solver(files["always"])
    pictures = [stripes(255, 25, 255), stripes(255, 80, 255), stripes(255, 130, 255)]
    buffer = np.empty_like(pictures[0])

    def frames() -> Iterator[np.ndarray]:
        for picture in pictures:
            buffer[:] = picture
            yield buffer

    read = [one.text for one in solver.text_many(frames(), batch_size=3)]
    assert read == [solver.text(picture).text for picture in pictures]


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (64, 448), (700, 2000), (3000, 9), (9, 3000)])
def test_of_a_large_picture_no_more_is_kept_than_views_need(
    files: dict[str, Path], shape: tuple[int, int]
) -> None:
    reader = TextReader(Model.open(files["doubtful"]))
    kept = reader.keep(np.zeros((*shape, 3), np.uint8))
    rule = reader.model.spec.input
    assert kept is not None
    assert kept.shape[0] * kept.shape[1] <= FINEST**2 * rule.height * rule.max_width
    again = reader.keep(kept)
    assert again is not None
    assert np.array_equal(again, kept)
    assert TextReader(reader.model, tta=False).keep(kept) is None


def test_the_switch_is_a_switch(files: dict[str, Path]) -> None:
    with pytest.raises(ValueError, match="tta: expected True or False, received 3"):
        Solver(files["doubtful"], tta=3)  # type: ignore[arg-type]
    assert repr(Solver(tta=False)) == "Solver(tta=False)"
