"""Multi-head against brute force over every reading."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from solver.charset import ALNUM, Charset
from solver.decoders import multi_head
from solver.decoders.constraints import compile_constraint
from solver.errors import ModelError, TaskError
from solver.results import TextResult

AB1 = Charset("ab1")


def softmax(logits: NDArray[Any]) -> NDArray[np.float64]:
    odds = np.exp(logits.astype(np.float64))
    return np.asarray(odds / odds.sum(axis=-1, keepdims=True))


def every_text(chances: NDArray[np.float64], *, inner: float) -> dict[str, float]:
    """Weight of all texts; `inner` is the factor of a blank that a symbol follows."""
    texts: dict[str, float] = {}
    for path in product(range(4), repeat=len(chances)):
        written = AB1.decode(path)
        weight = inner ** written.rstrip("_").count("_")
        text = written.replace("_", "")
        chance = float(np.prod(chances[np.arange(len(path)), path]))
        texts[text] = texts.get(text, 0.0) + chance * weight
    return texts


def ranked(texts: dict[str, float]) -> list[tuple[str, float]]:
    return sorted(texts.items(), key=lambda item: -item[1])


def answers(result: TextResult) -> list[tuple[str, float]]:
    rest = [(other.text, other.confidence) for other in result.alternatives]
    return [(result.text, result.confidence), *rest]


def assert_same(received: list[tuple[str, float]], expected: list[tuple[str, float]]) -> None:
    assert [text for text, _ in received] == [text for text, _ in expected]
    assert [value for _, value in received] == pytest.approx([value for _, value in expected])


def written(text: str, margin: float = 12.0) -> NDArray[np.float32]:
    """Clear logits over ALNUM, the blanks of `text` included."""
    charset = Charset(ALNUM)
    classes = [charset.blank_index if s == "_" else charset.index(s) for s in text]
    return margin * np.eye(charset.classes, dtype=np.float32)[classes]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("length", [1, 2, 5])
def test_answers_and_confidences_are_exact(draw: Any, seed: int, length: int) -> None:
    logits = draw(length, 4, seed=seed)
    expected = ranked(every_text(softmax(logits), inner=0.5))
    for top_k in (1, 2, 4):
        assert_same(answers(multi_head.decode(logits, charset=AB1, top_k=top_k)), expected[:top_k])


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("length", [3, (1, 2)])
def test_constrained_answers_are_exact(draw: Any, seed: int, length: Any) -> None:
    logits = draw(4, 4, seed=seed)
    lengths = [3] if length == 3 else [1, 2]
    chances = softmax(logits)
    mass = sum(p for t, p in every_text(chances, inner=1.0).items() if len(t) in lengths)
    weighted = every_text(chances, inner=0.5)
    expected = ranked({t: p / mass for t, p in weighted.items() if len(t) in lengths})
    constraint = compile_constraint(charset=AB1, length=length)
    for top_k in (1, 5):
        result = multi_head.decode(logits, charset=AB1, constraint=constraint, top_k=top_k)
        assert_same(answers(result), expected[:top_k])


@pytest.mark.parametrize(
    ("heads", "text"),
    [
        ("____", ""),
        ("ab__", "ab"),
        ("abcd", "abcd"),
        ("a_b_", "ab"),
        ("__ab", "ab"),
        ("aa_a", "aaa"),
    ],
)
def test_blanks_are_stripped(heads: str, text: str) -> None:
    result = multi_head.decode(written(heads), charset=Charset(ALNUM))
    assert result.text == text
    assert [character.text for character in result.characters] == list(text)
    assert all(character.confidence > 0.99 for character in result.characters)


def test_an_inner_blank_lowers_the_confidence() -> None:
    charset = Charset(ALNUM)
    trailing, one, two = (
        multi_head.decode(written(heads), charset=charset).confidence
        for heads in ("abc__", "ab_c_", "a_b_c")
    )
    assert trailing > 0.99
    assert one == pytest.approx(trailing / 2, rel=0.01)
    assert two == pytest.approx(trailing / 4, rel=0.01)


def test_a_constraint_does_not_excuse_an_inner_blank() -> None:
    charset = Charset(ALNUM)
    constraint = compile_constraint(charset=charset, length=2)
    result = multi_head.decode(written("a_b_"), charset=charset, constraint=constraint)
    assert (result.text, result.confidence) == ("ab", pytest.approx(0.5, rel=0.01))


def test_case_and_temperature() -> None:
    charset = Charset("aA")
    logits = np.log(np.array([[0.35, 0.25, 0.4]]))
    assert multi_head.decode(logits, charset=charset).text == ""
    result = multi_head.decode(logits, charset=charset, case="upper")
    assert (result.text, result.confidence) == ("A", pytest.approx(0.6))
    cool = multi_head.decode(logits, charset=charset, temperature=0.5, case="lower")
    assert cool.confidence == pytest.approx((0.35**2 + 0.25**2) / (0.35**2 + 0.25**2 + 0.4**2))


def test_character_confidence_is_its_heads_share() -> None:
    logits = np.log(np.array([[0.5, 0.2, 0.1, 0.2], [0.1, 0.1, 0.1, 0.7]]))
    assert multi_head.decode(logits, charset=AB1).characters[0].confidence == pytest.approx(0.5)
    constraint = compile_constraint(charset=AB1, allowed="a1")
    result = multi_head.decode(logits, charset=AB1, constraint=constraint)
    assert result.characters[0].confidence == pytest.approx(0.5 / 0.8)


@pytest.mark.parametrize("pattern", ["aaaa", "a{4,}"])
def test_no_room_for_the_constraint(draw: Any, pattern: str) -> None:
    constraint = compile_constraint(charset=AB1, pattern=pattern)
    with pytest.raises(TaskError, match=r"fits in this picture.*3 positions"):
        multi_head.decode(draw(3, 4), charset=AB1, constraint=constraint)


def test_a_repeated_symbol_fills_every_head(draw: Any) -> None:
    constraint = compile_constraint(charset=AB1, pattern="aaa")
    result = multi_head.decode(draw(3, 4), charset=AB1, constraint=constraint)
    assert (result.text, result.confidence) == ("aaa", pytest.approx(1.0))


@pytest.mark.parametrize("logits", [np.zeros((3, 5)), np.zeros(4), np.full((2, 4), np.nan)])
def test_logits_are_checked(logits: NDArray[Any]) -> None:
    with pytest.raises(ModelError, match="received"):
        multi_head.decode(logits, charset=AB1)
