"""Each fault of the guide, provoked through ``fit``, and what becomes of the run."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("tensorflow")

from tests.training import tiny
from tests.training.tiny import CLASSES, SETTINGS, digits, fit, kept
from training import watch
from training.models import LossModel
from training.watch import STEPS, TrainingFault, Watch

pytestmark = pytest.mark.training


def grey(path: Path, level: int, *, noise: int = 2) -> None:
    """A nearly even square; each name has its own noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(list(str(path.relative_to(path.parents[2])).encode()))
    pixels = level + rng.integers(-noise, noise + 1, (16, 16, 3))
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return tiny.project(tmp_path)


def test_nothing_is_said_of_a_run_in_order(
    project: Path, said: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(project, SETTINGS) == 0
    assert not [line for line in said.messages if "-" in line.split(":")[0]]
    assert capsys.readouterr().err == ""


def test_a_label_outside_the_charset(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    digits(project / "other", ["12"], seed=3)
    source = '{path = "train"}, {path = "other"}'
    assert fit(project, SETTINGS.replace('{path = "train"}', source)) == 1
    error = capsys.readouterr().err
    assert "label-outside-charset: 1 of 1 labels hold 1 symbols that the charset lacks: " in error
    assert "'2' (U+0032) in 1. Add the symbols to the charset" in error
    assert "12_" in error
    assert not (project / "run").exists()


def test_a_label_with_more_characters_than_heads(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    heads = SETTINGS.replace('name = "digits"', 'task = "multi-head"\nlength = 1')
    assert fit(project, heads.replace("max_width = 64", "width = 64")) == 1
    error = capsys.readouterr().err
    assert "labels-too-long: 6 of 24 labels cannot be emitted; the worst, '14', needs 2" in error


def test_labels_with_too_few_steps_are_left_out_and_named(
    project: Path, said: pytest.LogCaptureFixture
) -> None:
    digits(project / "long", ["1" * 9, "147" * 4 + "1"], seed=3)
    source = '{path = "train"}, {path = "long"}'
    assert fit(project, SETTINGS.replace('{path = "train"}', source)) == 0
    assert "labels-too-long: 2 of 26 labels cannot be emitted; the worst, '111111111'" in said.text
    assert "1 pictures are left out: " in said.text
    assert "111111111_" in said.text


def test_no_label_fits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    digits(tmp_path / "train", ["1" * 20], seed=1)
    digits(tmp_path / "test", ["1"], seed=1)
    assert fit(tmp_path, SETTINGS) == 1
    assert "No picture is left to train on." in capsys.readouterr().err


def test_pictures_on_both_sides(project: Path, said: pytest.LogCaptureFixture) -> None:
    picture = next((project / "train").iterdir())
    (project / "test" / picture.name).write_bytes(picture.read_bytes())
    assert fit(project, SETTINGS) == 0
    assert (
        "same-pictures-on-both-sides: 1 of 13 validation pictures are training pictures too. "
        "Validation is too kind" in said.text
    )


def test_tensors_that_the_contract_cannot_have_made(
    project: Path, said: pytest.LogCaptureFixture
) -> None:
    white = SETTINGS.replace(
        "max_width = 64", "max_width = 64\nchannels = 1\nfill = 255\nthreshold = 0"
    )
    assert fit(project, white) == 0
    assert "input-scaling: tensors span 1 to 1, where the contract makes -1 to 1" in said.text


def test_a_loss_of_nan_stops_within_the_epoch(
    project: Path,
    said: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    step, count = LossModel.train_on_batch, iter(range(100))

    def train(model: Any, x: Any, y: Any) -> float:
        loss = step(model, x, y)
        return float("nan") if next(count) == 3 else float(loss)

    monkeypatch.setattr(LossModel, "train_on_batch", train)
    assert fit(project, SETTINGS) == 1
    error = capsys.readouterr().err
    assert "loss-not-finite: the loss of epoch 1, step 4 is nan. Divide fit.learning_rate" in error
    assert "its last good checkpoint kept" in error
    assert kept(project)["step"] == 2
    assert fit(project, SETTINGS) == 0, "it goes on from there"
    assert kept(project)["epoch"] == 1


def test_a_learning_rate_that_is_far_too_high(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wild = SETTINGS.replace("learning_rate = 0.001", "learning_rate = 1e30\nclip_norm = 0.0")
    assert fit(project, wild) == 1
    assert "loss-not-finite: " in capsys.readouterr().err
    assert not list((project / "run").rglob("best*"))


def test_weights_that_are_not_finite_are_not_kept(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    step, count = LossModel.train_on_batch, iter(range(100))

    def train(model: Any, x: Any, y: Any) -> float:
        loss = step(model, x, y)
        if next(count) == 3:
            model.trainable_variables[0].assign(model.trainable_variables[0] * np.nan)
        return float(loss)

    monkeypatch.setattr(LossModel, "train_on_batch", train)
    assert fit(project, SETTINGS) == 1
    assert "after epoch 1, step 4 there are weights that are not finite" in capsys.readouterr().err
    assert kept(project)["step"] == 2


def test_an_exploding_loss_stops_within_the_epoch(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    step, count = LossModel.train_on_batch, iter(range(1000))

    def train(model: Any, x: Any, y: Any) -> float:
        step(model, x, y)
        number = next(count)
        return 10.0 if number < STEPS else 10.0 * 1.2 ** (number - STEPS)

    monkeypatch.setattr(LossModel, "train_on_batch", train)
    settings = SETTINGS.replace("batch = 4", "batch = 1").replace("epochs = 1", "epochs = 4")
    assert fit(project, settings) == 1
    error = capsys.readouterr().err
    assert "loss-exploding: at epoch 2, step " in error
    assert f"the mean loss of {STEPS} steps is " in error
    state = kept(project)
    assert (state["epoch"], state["step"]) < (1, 14), "what came after the rise is not kept"


def test_memory_that_runs_out_names_the_largest_batch(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tensorflow.errors import ResourceExhaustedError

    step, tried = LossModel.train_on_batch, []

    def train(model: Any, x: Any, y: Any) -> float:
        tried.append(len(x))
        if len(x) > 2:
            raise ResourceExhaustedError(
                None, None, "OOM when allocating tensor with shape[8,96,24,160]"
            )
        return float(step(model, x, y))

    monkeypatch.setattr(LossModel, "train_on_batch", train)
    assert fit(project, SETTINGS.replace("batch = 4", "batch = 8")) == 1
    error = capsys.readouterr().err
    assert "out-of-memory: memory ran out with fit.batch = 8 (shape[8,96,24,160]). " in error
    assert "The largest batch that fits is fit.batch = 2. Halve fit.batch until it fits" in error
    assert tried == [8, 4, 2]


def test_no_memory_for_decoded_pictures(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(*_: Any, **__: Any) -> None:
        raise MemoryError("Unable to allocate 1.2 GiB for an array")

    monkeypatch.setattr("solver.images.load", load)
    assert fit(project, SETTINGS) == 1
    error = capsys.readouterr().err
    assert "out-of-memory: memory ran out with fit.batch = 4 (1.2 GiB). Try fit.batch = 2." in error


def test_another_error_stays_what_it_is(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def train(*_: Any) -> float:
        raise KeyError("something else")

    monkeypatch.setattr(LossModel, "train_on_batch", train)
    with pytest.raises(KeyError, match="something else"):
        fit(project, SETTINGS)


def shades(folder: Path, side: str, name: str, level: int) -> None:
    for number in range(16):
        grey(folder / side / name / f"{number}.png", level)


LEARNING = CLASSES.replace("batch = 4", "batch = 16").replace("0.001", "0.01")


def test_one_answer_for_everything_while_validation_stands(
    tmp_path: Path, said: pytest.LogCaptureFixture
) -> None:
    """Training pictures are told apart with ease, those of validation are all the same."""
    for name, level in (("dark", 30), ("light", 220)):
        shades(tmp_path, "train", name, level)
        shades(tmp_path, "test", name, 128)
    assert fit(tmp_path, LEARNING.replace("epochs = 1", "epochs = 6")) == 0
    start = "one-answer-for-everything: 32 of 32 pictures are read as '"
    full = [line for line in said.messages if line.startswith(start)]
    assert len(full) == 1, "in full once"
    assert "In the first epochs this is usual" in full[0]
    assert "one-answer-for-everything, still: 32 of 32 pictures are read as" in said.text
    assert "validation-standing-still: from epoch 1 to 6 the training loss fell from" in said.text
    assert "The network learns its pictures by heart" in said.text


def test_accuracy_that_falls_with_the_loss(tmp_path: Path, said: pytest.LogCaptureFixture) -> None:
    """Validation has the two classes the wrong way round."""
    for train, test, level in (("dark", "light", 30), ("light", "dark", 220)):
        shades(tmp_path, "train", train, level)
        shades(tmp_path, "test", test, level)
    assert fit(tmp_path, LEARNING.replace("epochs = 1", "epochs = 6")) == 0
    assert "accuracy-falling-with-loss: from epoch 1 to 5 the loss fell from" in said.text
    assert "The loss rewards something else than whole answers." in said.text


@pytest.mark.parametrize(
    ("losses", "is_sound", "fault"),
    [
        ([], True, ""),
        ([5.0] * STEPS, True, ""),
        ([5.0] * 30 + [1.0] * 30, True, ""),
        ([5.0] * 30 + [1.0] * 30 + [4.0] * 30, False, ""),
        ([5.0] * 30 + [0.01] * 30 + [0.1] * 30, True, ""),
        ([5.0] * 30 + [11.0] * 30, True, ""),
        ([5.0] * 30 + [16.0] * 30, False, "loss-exploding"),
        ([5.0, float("inf")], True, "loss-not-finite"),
        ([float("nan")], True, "loss-not-finite"),
    ],
)
def test_losses_within_an_epoch(losses: list[float], is_sound: bool, fault: str) -> None:
    seen = Watch(lambda _: None)
    found = ""
    for number, loss in enumerate(losses, 1):
        try:
            seen.step(loss, epoch=1, step=number)
        except TrainingFault as error:
            found = error.diagnosis.name
            break
    assert found == fault
    assert seen.is_sound == is_sound


def test_each_fault_has_a_sentence(tmp_path: Path) -> None:
    error = TrainingFault(watch.Diagnosis("a", "b", "c."), "d.")
    assert str(error) == "a: b. c. d."
