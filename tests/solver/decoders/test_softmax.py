"""One label for a picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from solver.decoders import softmax
from solver.errors import ModelError, TaskError

LABELS = ("bus", "car", "bicycle")
LOGITS = np.log(np.array([0.2, 0.7, 0.1], dtype=np.float32))


@pytest.mark.parametrize("top_k", [1, 2, 3, 9])
def test_most_probable_first(top_k: int) -> None:
    result = softmax.decode(LOGITS, labels=LABELS, top_k=top_k)
    assert (result.label, result.confidence) == ("car", pytest.approx(0.7))
    others = [("bus", pytest.approx(0.2)), ("bicycle", pytest.approx(0.1))]
    received = [(other.text, other.confidence) for other in result.alternatives]
    assert received == others[: top_k - 1]


def test_temperature() -> None:
    result = softmax.decode(LOGITS, labels=LABELS, temperature=2.0)
    odds = np.sqrt([0.2, 0.7, 0.1])
    assert result.confidence == pytest.approx(odds[1] / odds.sum())


def test_one_label_and_equal_labels() -> None:
    assert softmax.decode(np.zeros(1), labels=("a",), top_k=2).confidence == 1.0
    result = softmax.decode(np.zeros(2), labels=("a", "b"), top_k=2)
    assert (result.label, result.alternatives[0].text) == ("a", "b")
    assert result.confidence == result.alternatives[0].confidence == pytest.approx(0.5)


def test_what_is_none_of_them_is_no_answer_and_keeps_its_share() -> None:
    result = softmax.decode(LOGITS, labels=LABELS, top_k=3, background="car")
    assert (result.label, result.confidence) == ("bus", pytest.approx(0.2))
    assert [other.text for other in result.alternatives] == ["bicycle"]


@pytest.mark.parametrize(
    ("logits", "named"),
    [
        (np.zeros(2), r"\(C=3\); received \(2,\)"),
        (np.zeros((1, 3)), r"received \(1, 3\)"),
        (np.array([0.0, np.nan, 0.0]), "finite"),
        (np.array([0.0, np.inf, 0.0]), "finite"),
    ],
)
def test_logits_are_checked(logits: Any, named: str) -> None:
    with pytest.raises(ModelError, match=named):
        softmax.decode(logits, labels=LABELS)


def test_top_k_is_checked() -> None:
    with pytest.raises(TaskError, match="top_k"):
        softmax.decode(LOGITS, labels=LABELS, top_k=0)
