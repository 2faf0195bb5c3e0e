"""Pictures to classes through a real ONNX file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from solver.errors import SpecError, TaskError
from solver.model import Model
from solver.tasks.classify import Classifier


@pytest.mark.parametrize(("level", "label"), [(0, "cat"), (127, "dog"), (255, "owl")])
def test_the_class_of_a_grey_level(
    class_file: Path, stripes: Callable[..., Any], level: int, label: str
) -> None:
    result = Classifier(Model.open(class_file)).classify(stripes(level, level))
    assert (result.label, result.alternatives) == (label, ())
    assert result.confidence > 0.99


def test_alternatives_in_falling_order(class_file: Path, stripes: Callable[..., Any]) -> None:
    result = Classifier(Model.open(class_file)).classify(stripes(100, 100), top_k=9)
    assert result.label == "dog"
    assert [item.text for item in result.alternatives] == ["cat", "owl"]


def test_top_k_is_checked(class_file: Path, stripes: Callable[..., Any]) -> None:
    with pytest.raises(TaskError):
        Classifier(Model.open(class_file)).classify(stripes(0, 0), top_k=0)


def test_a_network_for_another_role_is_refused(ctc_file: Path) -> None:
    with pytest.raises(SpecError, match="expected role 'class' with a softmax decoder"):
        Classifier(Model.open(ctc_file))
