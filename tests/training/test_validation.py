"""Validation reads every picture once, and its loss is the one that is trained."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras

from tests.training import conftest as draw
from training import scoring
from training.config import Config, Data, Input, Source
from training.data.sources import read_data
from training.losses import ctc_loss
from training.models import TASKS
from training.validation import in_scalars, in_words, mean_loss, mean_score, validate

pytestmark = pytest.mark.training
SIZE = Input(height=16, width=32)


def read(folder: Path, settings: Config) -> Any:
    return read_data(settings, folder)


def sources(*names: str, reader: str = "filename") -> Data:
    found = tuple(Source(name, reader=reader) for name in names)
    return Data(train=found[:1], validation=found)


def fixed(logits: np.ndarray, loss: Any) -> Any:
    """A network that answers the same of every picture: ``logits`` of one."""

    class Network(SimpleNamespace):
        def __call__(self, x: np.ndarray, *, training: bool) -> Any:
            assert not training
            return keras.ops.convert_to_tensor(np.repeat(logits[None], len(x), axis=0))

    return Network(loss_function=loss)


def test_the_loss_of_heads_is_that_of_all_their_places(tmp_path: Path) -> None:
    for name, labels in (("a", ["14", "47", "7"]), ("b", ["11"])):
        draw.write(tmp_path / name, labels, seed=1)
    settings = Config(
        task="multi-head", symbols="147", length=2, input=SIZE, data=sources("a", "b")
    )
    data = read(tmp_path, settings)
    logits = np.array([[2.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]], np.float32)
    network = fixed(logits, TASKS["multi-head"].loss(settings))
    scores, answers = validate(network, settings, data)
    chances = np.log(np.exp(logits) / np.exp(logits).sum(-1, keepdims=True))

    def expected(*rows: tuple[int, int]) -> float:
        return float(-np.mean([chances[place, c] for row in rows for place, c in enumerate(row)]))

    assert answers == ["14"] * 4
    assert scores["a"].values["exact"] == pytest.approx(1 / 3)
    assert scores["a"].loss == pytest.approx(expected((0, 1), (1, 2), (2, 3)), rel=1e-5)
    assert scores["b"].loss == pytest.approx(expected((0, 0)), rel=1e-5)
    assert mean_loss(scores) == pytest.approx((scores["a"].loss + scores["b"].loss) / 2)


def test_labels_that_have_too_few_steps_have_no_part_in_the_loss(tmp_path: Path) -> None:
    draw.write(tmp_path / "a", ["1", "11"], seed=1)
    draw.write(tmp_path / "b", ["147"], seed=1)
    settings = Config(symbols="147", data=sources("a", "b"))
    steps = np.log(np.array([[0.7, 0.1, 0.1, 0.1], [0.2, 0.1, 0.1, 0.6]], np.float32))
    scores, answers = validate(fixed(steps, ctc_loss), settings, read(tmp_path, settings))
    assert answers == ["1"] * 3
    # "1" of two steps: 1 and blank, blank and 1, or 1 twice. "11" takes three steps.
    alone = 0.7 * 0.6 + 0.1 * 0.2 + 0.7 * 0.2
    assert scores["a"].loss == pytest.approx(-np.log(alone), rel=1e-4)
    assert scores["b"].loss is None
    assert mean_loss(scores) == scores["a"].loss


@pytest.mark.parametrize("mix", [0.0, 0.5])
def test_classes_are_not_mixed_in_validation(tmp_path: Path, mix: float) -> None:
    from training.classify_settings import Classify

    for label in ("cat", "dog"):
        draw.write(tmp_path / "a" / label, ["1", "4"], seed=1)
    settings = Config(
        task="classify",
        input=SIZE,
        data=sources("a", reader="classes"),
        classify=Classify(mix=mix),
    )
    network = fixed(np.array([2.0, 0.0], np.float32), TASKS["classify"].loss(settings))
    scores, answers = validate(network, settings, read(tmp_path, settings))
    assert answers == ["cat"] * 4
    assert scores["a"].loss == pytest.approx(np.log(1 + np.exp(2)) - 1, rel=1e-5)


SCORES = {
    "easy": scoring.Score(4, "exact", {"exact": 0.75, "case_insensitive": 1.0}, 0.5),
    "hard": scoring.Score(4, "exact", {"exact": 0.25, "case_insensitive": 0.25}, 1.5),
}


def test_an_epoch_in_words_and_scalars() -> None:
    assert in_words(0.2, SCORES) == (
        "mean exact 0.5000; weakest hard 0.25, easy 0.75; loss 0.2000, on validation 1.0000"
    )
    assert in_words(0.2, {}) == "no validation pictures; loss 0.2000"
    shown = in_scalars(0.2, SCORES)
    assert (shown["epoch/loss"], shown["validation/loss"], shown["validation/exact"]) == (
        0.2,
        1,
        0.5,
    )
    assert shown["case_insensitive/hard"] == 0.25
    assert in_scalars(0.2, {}) == {"epoch/loss": 0.2}


@pytest.mark.parametrize(("losses", "mean"), [((), None), ((None,), None), ((2.0, np.inf), None)])
def test_a_loss_that_is_no_number_is_none(losses: tuple[float | None, ...], mean: None) -> None:
    scores = {
        str(place): scoring.Score(1, "exact", {"exact": 1.0}, loss)
        for place, loss in enumerate(losses)
    }
    assert mean_loss(scores) is mean
    assert mean_score(scores) == (1.0 if losses else 0.0)
