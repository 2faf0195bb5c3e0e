"""What export writes beside the ONNX file, from small networks, and what it refuses."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras
import onnx
import tensorflow as tf
from PIL import Image

import solver
from solver import images
from solver.preprocess import preprocess
from solver.spec import ModelSpec
from tests.training import conftest as draw
from tests.training.conftest import SETTINGS
from training import cli, config, models
from training.exporting.keras_files import CONTRACT, foreign_layers
from training.exporting.output import CARD_MARK
from training.samples import read_folder

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def exports(trained: Path) -> Path:
    """Everything that export writes for one CTC network."""
    folder = trained / "exports"
    files = ["--saved-model", str(folder / "digits"), "--keras", str(folder / "digits.keras")]
    options = ["-o", str(folder / "digits.onnx"), "--int8", "--calibrate", *files]
    assert cli.main(["export", str(trained / "captcha.toml"), *options]) == 0
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def words(card: Path) -> str:
    """A card without its line breaks."""
    return " ".join(card.read_text("utf-8").split())


def test_all_files_and_nothing_else(exports: Path) -> None:
    expected = ["digits", "digits-int8.onnx", "digits.keras", "digits.md", "digits.onnx"]
    assert names(exports) == expected


def test_int8_reads_at_any_width(exports: Path, digit_folders: Path) -> None:
    whole, small = (
        solver.Solver(str(exports / f"digits{suffix}.onnx")) for suffix in ("", "-int8")
    )
    samples = read_folder(digit_folders / "test")
    right = [small.text(s.path).text == s.label for s in samples]
    assert np.mean(right) >= 0.85
    widths = (60, 97, 300)
    pictures = [
        Image.open(s.path).resize((w, 48)) for s, w in zip(samples[:3], widths, strict=True)
    ]
    for picture, answer in zip(pictures, small.text_many(pictures), strict=True):
        assert small.text(picture) == answer
    assert (exports / "digits-int8.onnx").stat().st_size < (exports / "digits.onnx").stat().st_size
    kinds = {node.op_type for node in onnx.load(exports / "digits-int8.onnx").graph.node}
    assert {"QuantizeLinear", "DequantizeLinear"} <= kinds
    spec, twin = whole.models["text"].spec, small.models["text"].spec
    assert (twin.input, twin.decoder) == (spec.input, spec.decoder)
    assert twin.provenance.metrics["pictures"] == 32
    assert spec.decoder.min_length == 1


def test_saved_model_answers_as_the_onnx_file(exports: Path, digit_folders: Path) -> None:
    served = tf.saved_model.load(str(exports / "digits"))
    reader = solver.Solver(str(exports / "digits.onnx")).models["text"]
    beside = ModelSpec.from_json((exports / "digits" / CONTRACT).read_text("utf-8"))
    assert (beside.input, beside.decoder) == (reader.spec.input, reader.spec.decoder)
    for sample in read_folder(digit_folders / "test")[:4]:
        tensor, _ = preprocess(images.load(sample.path), reader.spec.input)
        ours = served.serve(tensor[None]).numpy()[0]
        assert ours == pytest.approx(reader.run(tensor)[0], abs=1e-3)


def test_keras_file_needs_keras_alone(exports: Path) -> None:
    path = exports / "digits.keras"
    assert foreign_layers(path) == []
    network = keras.saving.load_model(path, compile=False)
    assert network.output_shape == (None, None, 4)


def test_the_card_tells_the_run(exports: Path, trained: Path) -> None:
    whole = (exports / "digits.md").read_text("utf-8")
    assert whole.startswith("# digits\n")
    assert whole.rstrip().endswith(CARD_MARK)
    card = words(exports / "digits.md")
    for said in (
        "Licence CC0-1.0.",
        "3 symbols: `147`.",
        "| train | training | 640 |",
        "| test | validation | 64 |",
        "10 of at most 10 epochs of 640 pictures",
        "fitted on the 64 pictures of the validation part",
        "256/256 equal strings",
        "| SavedModel | Keras |",
        "| .keras | Keras |",
        "32 other pictures of the validation part",
        "It learned texts of 1 to 3 characters",
        "64 pictures measure roughly",
        "-o digits.onnx --calibrate --int8",
        "learning_rate = 0.006",
    ):
        assert said in card, said
    metrics = solver.Solver(str(exports / "digits.onnx")).models["text"].spec.provenance.metrics
    assert f"| test | 64 | {100 * metrics['exact']:.1f} % |" in card
    assert str(trained) not in card


def test_int8_that_loses_too_much_is_refused(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Ranges of activations that a picture without a text has do not hold for one with a text.
    Image.new("RGB", (96, 48), (128, 128, 128)).save(tmp_path / "blank.png")
    output = tmp_path / "out" / "digits.onnx"
    options = ["-o", str(output), "--int8", str(tmp_path), "--int8-loss", "0.02"]
    assert cli.main(["export", str(trained / "captcha.toml"), *options]) == 1
    error = capsys.readouterr().err
    assert "digits-int8.onnx: not written; int8: " in error
    assert "allowed: 2 points (--int8-loss)" in error
    assert names(output.parent) == ["digits.md", "digits.onnx"]
    card = words(output.with_suffix(".md"))
    assert "Calibrated on 1 named pictures" in card
    assert "**It loses more than allowed and was not written.**" in card
    assert "not fitted (temperature 1)" in card


def untrained(folder: Path, settings: str, labels: tuple[str, ...] = ()) -> list[str]:
    """Random weights where a run's best would be; the start of an export command."""
    path = folder / "captcha.toml"
    path.write_text(settings)
    keras.utils.set_random_seed(1)
    network = models.build(config.load(path), labels=labels)
    (folder / "runs" / "digits").mkdir(parents=True)
    network.save_weights(folder / "runs" / "digits" / "best.weights.h5")
    return ["export", str(path), "-o", str(folder / "model.onnx")]


def test_another_backend_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = untrained(tmp_path, SETTINGS)
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    assert cli.main(command) == 1
    error = capsys.readouterr().err
    assert "received 'jax'; run again with KERAS_BACKEND=tensorflow, the weights are" in error


def test_multi_head_files_need_keras_alone(digit_folders: Path, tmp_path: Path) -> None:
    heads = SETTINGS.replace('name = "digits"', 'name = "digits"\ntask = "multi-head"\nlength = 3')
    heads = heads.replace('"147"', '"147Z"')
    heads = heads.replace("max_width = 128", "width = 96\nchannels = 1")
    heads = heads.replace('"train"', f"'{digit_folders / 'train'}'")
    heads = heads.replace('validation = [{path = "test"}]', "")
    command = untrained(tmp_path, heads)
    path = tmp_path / "model.keras"
    assert cli.main([*command, "--keras", str(path)]) == 0
    assert foreign_layers(path) == []
    card = words(tmp_path / "model.md")
    assert "**how often it is right is not known.**" in card
    assert "Never seen in training, so never to be expected: `Z`." in card
    assert "the run left no log" in card
    tensor = np.random.default_rng(1).uniform(-1, 1, (48, 96, 1)).astype(np.float32)
    ours = keras.saving.load_model(path, compile=False)(tensor[None]).numpy()[0]
    theirs = solver.Solver(str(tmp_path / "model.onnx")).models["text"].run(tensor)[0]
    assert ours == pytest.approx(theirs, abs=1e-4)


def test_classes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for side, count in (("train", 4), ("test", 8)):
        for name in ("a|b", "c`d"):
            draw.write(tmp_path / side / name, ["1"] * count, seed=count, width=48)
    classes = SETTINGS.replace('name = "digits"', 'name = "digits"\ntask = "classify"')
    classes = classes.replace("max_width = 128", "height = 48\nwidth = 48")
    for side in ("train", "test"):
        classes = classes.replace(f'path = "{side}"', f'path = "{side}", reader = "classes"')
    command = untrained(tmp_path, classes, labels=("a|b", "c`d"))
    capsys.readouterr()
    options = ["--int8", "--int8-loss", "1", "--calibrate", str(tmp_path / "test")]
    assert cli.main([*command, *options]) == 0
    said = capsys.readouterr().out
    assert "256/256 equal classes, probabilities differ by at most" in said
    assert "temperature: " in said
    assert "from 16 held-back pictures" in said
    reader = solver.Solver(str(tmp_path / "model-int8.onnx"))
    assert reader.classify(next((tmp_path / "test").rglob("*.png"))).label in ("a|b", "c`d")
    card = words(tmp_path / "model.md")
    assert "2 classes: `a|b`, ``c`d``." in card
    assert "| top-5 |" in card
    assert "measured on 8 pictures of the validation part" in card


@pytest.fixture
def bare(digit_folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder one is in: settings without validation, and things in the way."""
    monkeypatch.chdir(tmp_path)
    settings = SETTINGS.replace('"train"', f"'{digit_folders / 'train'}'")
    Path("captcha.toml").write_text(settings.replace('validation = [{path = "test"}]', ""))
    Path("best.weights.h5").write_bytes(b"not looked at")
    Path("folder.onnx").mkdir()
    Path("mine.md").write_text("my own notes")
    return tmp_path


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-o", "exports"], "expected a file name that ends in .onnx"),
        (["-o", "folder.onnx"], "folder.onnx: expected a file name, there is a folder"),
        (["-o", "mine.onnx"], "mine.md: was not written by export and is not overwritten"),
        (["-o", "x.onnx", "--card", "x.txt"], "expected a file name that ends in .md"),
        (["-o", "x.onnx", "--keras", "x.h5"], "expected a file name that ends in .keras"),
        (["-o", "x.onnx", "--saved-model", "folder.onnx"], "a folder that does not exist yet"),
        (["-o", "mine.md/x.onnx"], "mine.md/x.onnx: not exported, it cannot be written there"),
        (["-o", "x.onnx", "--int8"], "--int8: needs data.validation"),
        (["-o", "x.onnx", "--calibrate"], "--calibrate: name folders"),
    ],
)
def test_bad_places_are_refused_before_any_work(
    options: list[str], message: str, bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = names(bare)
    assert cli.main(["export", "captcha.toml", "--weights", "best.weights.h5", *options]) == 1
    assert message in capsys.readouterr().err
    assert names(bare) == before
    assert Path("mine.md").read_text() == "my own notes"


def test_a_full_disk_leaves_what_was_there(
    trained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(onnx, "save", full)
    output = tmp_path / "digits.onnx"
    output.write_bytes(b"the last export")
    assert cli.main(["export", str(trained / "captcha.toml"), "-o", str(output)]) == 1
    error = capsys.readouterr().err
    assert f"{output}: not exported, it cannot be written there: No space left" in error
    assert names(tmp_path) == ["digits.onnx"]
    assert output.read_bytes() == b"the last export"


def test_a_share_is_a_share(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["export", "captcha.toml", "-o", "x.onnx", "--int8", "--int8-loss", "2"])
    assert "expected 0 to 1, received 2" in capsys.readouterr().err
