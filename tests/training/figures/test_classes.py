"""Class figures against values worked out by hand."""

from __future__ import annotations

import json

import pytest

from training.figures.classes import class_figures
from training.figures.shares import Share

LABELS = tuple("abcdefg")


def test_top_one_top_five_and_the_matrix() -> None:
    answers = [list("abcde"), list("bacde"), list("bcdefa"), list("ccccc")]
    found = class_figures(answers, ["a", "a", "a", "c"], [0.9, 0.5, 0.5, 1.0], labels=LABELS)
    assert found.top1 == Share(2, 4)
    assert found.top5 == Share(3, 4)
    assert found.matrix[0] == (1, 2, 0, 0, 0, 0, 0)
    assert sum(map(sum, found.matrix)) == 4
    by_label = {item.label: item for item in found.classes}
    assert by_label["a"].recall == Share(1, 3)
    assert by_label["a"].precision == Share(1, 1)
    assert by_label["a"].f1 == pytest.approx(2 * 1 / 3 / (4 / 3))
    assert by_label["b"].precision == Share(0, 2)
    assert by_label["g"].f1 == 0.0
    assert json.loads(json.dumps(found.to_dict()))["classes"]["c"]["f1"] == 1.0


@pytest.mark.parametrize(
    ("answers", "truths", "message"),
    [
        ([], [], "as many answers"),
        ([["a"]], [], "as many answers"),
        ([[]], ["a"], "empty one"),
        ([["a"]], ["x"], "'x' is not a class of the model"),
    ],
)
def test_refuses(answers: list[list[str]], truths: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        class_figures(answers, truths, [0.5] * len(truths), labels=LABELS)
