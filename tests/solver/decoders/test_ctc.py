"""CTC against brute force over every alignment."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby, product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from solver.charset import ALNUM, Charset
from solver.decoders import ctc
from solver.decoders.constraints import compile_constraint
from solver.decoders.scores import log_probabilities
from solver.errors import ModelError, TaskError
from solver.results import TextResult

AB1 = Charset("ab1")


def softmax(logits: NDArray[Any], temperature: float = 1.0) -> NDArray[np.float64]:
    odds = np.exp(logits.astype(np.float64) / temperature)
    return np.asarray(odds / odds.sum(axis=-1, keepdims=True))


def every_text(probabilities: NDArray[np.float64], charset: Charset) -> dict[str, float]:
    """P(text) of all texts, by enumeration of all alignments."""
    texts: dict[str, float] = {}
    for path in product(range(charset.classes), repeat=len(probabilities)):
        kept = [symbol for symbol, _ in groupby(path) if symbol != charset.blank_index]
        text = charset.decode(kept)
        chance = float(np.prod(probabilities[np.arange(len(path)), path]))
        texts[text] = texts.get(text, 0.0) + chance
    return texts


def ranked(texts: dict[str, float]) -> list[tuple[str, float]]:
    return sorted(texts.items(), key=lambda item: -item[1])


def answers(result: TextResult) -> list[tuple[str, float]]:
    rest = [(other.text, other.confidence) for other in result.alternatives]
    return [(result.text, result.confidence), *rest]


def assert_same(received: list[tuple[str, float]], expected: list[tuple[str, float]]) -> None:
    assert [text for text, _ in received] == [text for text, _ in expected]
    assert [value for _, value in received] == pytest.approx([value for _, value in expected])


def written(text: str, frames: int = 48, margin: float = 14.0) -> NDArray[np.float32]:
    """Clear logits that say `text`, over ALNUM."""
    charset = Charset(ALNUM)
    logits = np.zeros((frames, charset.classes), np.float32)
    logits[:, -1] = margin
    for place, symbol in enumerate(text):
        logits[2 + 5 * place : 4 + 5 * place, charset.index(symbol)] = 2 * margin
    return logits


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("frames", [1, 2, 5])
def test_answers_and_confidences_are_exact(draw: Any, seed: int, frames: int) -> None:
    logits = draw(frames, 4, seed=seed)
    expected = ranked(every_text(softmax(logits), AB1))
    for top_k in (1, 2, 4):
        assert_same(answers(ctc.decode(logits, charset=AB1, top_k=top_k)), expected[:top_k])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "options",
    [
        {"allowed": "b"},
        {"length": 3},
        {"length": (1, 2)},
        {"pattern": "a+b?"},
        {"pattern": "aa|bb1"},
        {"pattern": r"\w*1\w*", "allowed": "a1", "length": range(1, 4)},
    ],
)
def test_constrained_answers_are_exact(draw: Any, seed: int, options: dict[str, Any]) -> None:
    logits = draw(5, 4, seed=seed)
    lengths = options.get("length", range(6))
    lengths = [lengths] if isinstance(lengths, int) else lengths
    lengths = range(1, 3) if isinstance(lengths, tuple) else lengths
    texts = {
        text: chance
        for text, chance in every_text(softmax(logits), AB1).items()
        if set(text) <= set(options.get("allowed", "ab1"))
        and len(text) in lengths
        and re.fullmatch(options.get("pattern", ".*"), text)
    }
    mass = sum(texts.values())
    expected = [(text, chance / mass) for text, chance in ranked(texts)]
    constraint = compile_constraint(charset=AB1, **options)
    for top_k in (1, 5):
        result = ctc.decode(logits, charset=AB1, constraint=constraint, top_k=top_k)
        assert_same(answers(result), expected[:top_k])


def test_temperature(draw: Any) -> None:
    logits = draw(4, 4)
    expected = ranked(every_text(softmax(logits, 2.5), AB1))[:3]
    assert_same(answers(ctc.decode(logits, charset=AB1, temperature=2.5, top_k=3)), expected)


def test_case_adds_probabilities(draw: Any) -> None:
    charset, folded = Charset("aAb"), Charset("ab")
    logits = draw(5, 4, seed=3)
    chances = softmax(logits)
    merged = np.stack([chances[:, 0] + chances[:, 1], chances[:, 2], chances[:, 3]], axis=1)
    texts = every_text(merged, folded)
    assert_same(
        answers(ctc.decode(logits, charset=charset, case="lower", top_k=3)), ranked(texts)[:3]
    )
    constraint = compile_constraint(charset=charset, length=1, case="lower")
    result = ctc.decode(logits, charset=charset, case="lower", constraint=constraint)
    assert result.text in {"a", "b"}
    assert result.confidence == pytest.approx(texts[result.text] / (texts["a"] + texts["b"]))


@pytest.mark.parametrize("text", ["", "a", "aA", "aab", "0O0O0O", "aaaaaaaa"])
def test_clear_pictures(text: str) -> None:
    charset = Charset(ALNUM)
    for top_k in (1, 3):
        result = ctc.decode(written(text), charset=charset, top_k=top_k)
        assert result.text == text
        assert result.confidence > 0.99
        assert "".join(character.text for character in result.characters) == text
        assert all(character.confidence > 0.99 for character in result.characters)
        assert len(result.alternatives) == top_k - 1


def test_best_answer_does_not_depend_on_top_k(draw: Any) -> None:
    charset = Charset(ALNUM)
    for seed in range(5):
        logits = draw(12, 63, seed=seed, spread=3.0)
        results = [ctc.decode(logits, charset=charset, top_k=k) for k in (1, 2, 10)]
        assert len({result.text for result in results}) == 1
        assert len({result.characters for result in results}) == 1
        values = [value for _, value in answers(results[-1])]
        assert values == sorted(values, reverse=True)


def test_character_confidence_is_the_share_at_its_strongest_frame() -> None:
    logits = np.log(
        np.array([[0.1, 0.1, 0.1, 0.7], [0.6, 0.2, 0.0001, 0.1999], [0.5, 0.3, 0.1, 0.1]])
    )
    free = ctc.decode(logits, charset=AB1)
    assert free.text == "a"
    assert free.characters[0].confidence == pytest.approx(0.6 / 0.8001)
    constraint = compile_constraint(charset=AB1, allowed="a1", length=1)
    masked = ctc.decode(logits, charset=AB1, constraint=constraint)
    assert masked.characters[0].confidence == pytest.approx(0.6 / 0.6001)


@pytest.mark.parametrize("seed", range(10))
def test_alignment_is_the_most_probable_one(draw: Any, seed: int) -> None:
    scores = log_probabilities(draw(6, 4, seed=seed), shape=("T", "C"), classes=4, temperature=1.0)
    for text in ("", "a", "ab", "aa", "a1a", "bb1"):
        classes = AB1.encode(text)
        paths = [
            path
            for path in product(range(4), repeat=6)
            if [symbol for symbol, _ in groupby(path) if symbol != 3] == classes
        ]
        best = max(paths, key=lambda path: sum(scores[t, c] for t, c in enumerate(path)))
        expected, start = [], 0
        for symbol, run in groupby(best):
            end = start + len(list(run))
            if symbol != 3:
                expected.append(start + int(scores[start:end, symbol].argmax()))
            start = end
        assert ctc.align(scores, classes) == expected


@pytest.mark.parametrize("options", [{"length": 4}, {"pattern": "aaa"}, {"allowed": "b"}])
def test_a_constraint_far_from_the_picture_is_still_met(options: dict[str, Any]) -> None:
    logits = np.zeros((5, 4), np.float32)
    logits[:, 2] = 1000.0
    result = ctc.decode(
        logits, charset=AB1, constraint=compile_constraint(charset=AB1, **options), top_k=3
    )
    assert re.fullmatch("[ab1]{4}|aaa|b*", result.text)
    assert 0 <= result.confidence <= 1


@pytest.mark.parametrize("pattern", ["a{6}", "aaaa", "(ab){3}a"])
def test_no_room_for_the_constraint(draw: Any, pattern: str) -> None:
    constraint = compile_constraint(charset=AB1, pattern=pattern)
    with pytest.raises(TaskError, match=r"fits in this picture.*6 frames"):
        ctc.decode(draw(6, 4), charset=AB1, constraint=constraint)


def test_constraint_of_another_charset_is_refused(draw: Any) -> None:
    constraint = compile_constraint(charset=Charset("xyz"), length=2)
    with pytest.raises(TaskError, match=r"'xyz'.*'ab1'"):
        ctc.decode(draw(6, 4), charset=AB1, constraint=constraint)


@pytest.mark.parametrize("top_k", [0, -1, 33, True, 1.0, None])
def test_top_k_is_checked(draw: Any, top_k: Any) -> None:
    with pytest.raises(TaskError, match="top_k"):
        ctc.decode(draw(3, 4), charset=AB1, top_k=top_k)


@pytest.mark.parametrize(
    ("logits", "temperature", "named"),
    [
        (np.zeros((3, 5)), 1.0, r"\(T, C=4\); received \(3, 5\)"),
        (np.zeros((1, 3, 4)), 1.0, r"received \(1, 3, 4\)"),
        (np.zeros((0, 4)), 1.0, r"received \(0, 4\)"),
        (np.zeros((3, 4), int), 1.0, "float"),
        (np.full((3, 4), np.nan), 1.0, "finite"),
        (np.full((3, 4), np.inf), 1.0, "finite"),
        (np.array([[0.0, 0.0, 0.0, -np.inf]]), 1.0, "finite"),
        (np.zeros((3, 4)), 0.0, "temperature"),
        (np.zeros((3, 4)), np.nan, "temperature"),
    ],
)
def test_logits_are_checked(logits: NDArray[Any], temperature: float, named: str) -> None:
    with pytest.raises(ModelError, match=named):
        ctc.decode(logits, charset=AB1, temperature=temperature)


def test_extreme_and_half_precision_logits() -> None:
    huge = np.full((4, 4), -3e38, np.float32)
    huge[:, 0] = 3e38
    assert ctc.decode(huge, charset=AB1).text == "a"
    wide = np.array([[1e308, -1e308, 0.0, 0.0]])
    assert ctc.decode(wide, charset=AB1, temperature=1e-3).confidence == 1.0
    small = np.array([[1.0, 0.0, -1.0, 0.0]], np.float32)
    assert ctc.decode(small, charset=AB1, temperature=1e-300).confidence == 1.0
    half = written("xY9").astype(np.float16)
    assert ctc.decode(half, charset=Charset(ALNUM)).text == "xY9"


def test_flat_logits_end_soon() -> None:
    charset = Charset(ALNUM)
    constraint = compile_constraint(charset=charset, length=(0, 48))
    start = time.process_time()
    result = ctc.decode(np.zeros((48, 63)), charset=charset, constraint=constraint, top_k=32)
    assert len(result.alternatives) == 31
    assert time.process_time() - start < 2


def test_threads_agree(draw: Any) -> None:
    charset = Charset(ALNUM)
    constraint = compile_constraint(charset=charset, length=(3, 5))
    pictures = [draw(12, 63, seed=seed) for seed in range(8)]

    def read(logits: NDArray[Any]) -> TextResult:
        return ctc.decode(logits, charset=charset, constraint=constraint, top_k=3)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(read, pictures * 2)) == [read(logits) for logits in pictures] * 2
