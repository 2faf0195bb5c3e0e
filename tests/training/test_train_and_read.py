"""From a folder of pictures to answers: each decoder through a network trained here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from PIL import Image

import solver
from solver import images
from solver.preprocess import preprocess
from solver.spec import DecoderSpec, InputSpec, ModelSpec
from tests.training import conftest as draw
from training import cli, export
from training.samples import Sample, read_folder

pytestmark = pytest.mark.training

SETTINGS = """
name = "digits"
symbols = "147"
licence = "CC0-1.0"
[data]
workers = 1
augment = false
train = [{path = "train"}]
validation = [{path = "test"}]
[input]
max_width = 128
[model]
width = 8
context = 0
dropout = 0.0
[fit]
batch = 16
epochs = 10
learning_rate = 0.006
warmup = 10
checkpoint_steps = 4
"""


@pytest.fixture(scope="module")
def trained(digit_folders: Path) -> Path:
    settings = digit_folders / "captcha.toml"
    settings.write_text(SETTINGS)
    assert cli.main(["fit", str(settings)]) == 0
    return digit_folders


@pytest.fixture(scope="module")
def exported(trained: Path) -> Path:
    output = trained / "digits.onnx"
    arguments = ["export", str(trained / "captcha.toml"), "-o", str(output)]
    assert cli.main([*arguments, "--calibrate", str(trained / "test")]) == 0
    return output


def test_ctc_reads_what_it_was_trained_on(exported: Path, digit_folders: Path) -> None:
    reader = solver.Solver(str(exported))
    samples = read_folder(digit_folders / "test")
    answers = list(reader.text_many([s.path for s in samples]))
    right = [a.text == s.label for a, s in zip(answers, samples, strict=True)]
    assert np.mean(right) >= 0.9
    assert all(reader.text(s.path) == a for s, a in zip(samples[:20], answers, strict=False))
    sure = [a.confidence for a, ok in zip(answers, right, strict=True) if ok]
    assert np.mean(sure) > 0.8


def test_constraints_mask_the_decoding(exported: Path, digit_folders: Path) -> None:
    reader = solver.Solver(str(exported))
    for sample in read_folder(digit_folders / "test")[:16]:
        assert set(reader.text(sample.path, charset="14").text) <= set("14")
        assert len(reader.text(sample.path, length=2).text) == 2
        assert reader.text(sample.path, pattern="7[14]").text in ("71", "74")
        best = reader.text(sample.path, top_k=3)
        assert len(best.alternatives) == 2
        assert best.text == reader.text(sample.path).text


def test_the_contract_tells_where_the_model_came_from(exported: Path) -> None:
    spec = solver.Solver(str(exported)).models["text"].spec
    assert spec.provenance.samples == {"train": 640}
    assert spec.provenance.licence == "CC0-1.0"
    assert spec.provenance.split_seed == 1
    assert len(spec.provenance.data_sha256) == 64


def test_evaluate_prints_the_runtimes_figures(
    exported: Path, digit_folders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["evaluate", str(exported), str(digit_folders / "test")]) == 0
    assert capsys.readouterr().out.startswith("test\t64 pictures  exact ")


def test_an_export_that_answers_otherwise_is_refused(
    trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    honest = export.write_onnx

    def skewed(network: Any, spec: ModelSpec, path: Path) -> None:
        head = network.get_layer("head")
        kernel, bias = head.get_weights()
        head.set_weights([kernel, bias + 0.01 * np.arange(len(bias), dtype=np.float32)])
        honest(network, spec, path)
        head.set_weights([kernel, bias])

    monkeypatch.setattr(export, "write_onnx", skewed)
    output = trained / "refused.onnx"
    assert cli.main(["export", str(trained / "captcha.toml"), "-o", str(output)]) == 1
    assert "not exported; parity: " in capsys.readouterr().err
    assert not output.exists()


RUNNER = (
    "import sys, keras, tensorflow as tf; tf.config.experimental.enable_op_determinism(); "
    "from training.cli import main; sys.exit(main(sys.argv[1:]))"
)


def test_a_killed_run_goes_on_where_it_stopped(digit_folders: Path, tmp_path: Path) -> None:
    settings = tmp_path / "captcha.toml"
    settings.write_text(SETTINGS.replace("epochs = 10", "epochs = 1"))
    environment = {**os.environ, "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}

    def start(run: Path) -> subprocess.Popen[bytes]:
        arguments = ["fit", str(settings), "--root", str(digit_folders), "--run", str(run)]
        command = [sys.executable, "-c", RUNNER, *arguments]
        return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)

    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert start(whole).wait(timeout=300) == 0
    first = start(killed)
    deadline = time.monotonic() + 300
    while not list((killed / "checkpoints").glob("step-*.ckpt")) and time.monotonic() < deadline:
        os.sched_yield()
    first.send_signal(signal.SIGKILL)
    assert first.wait(timeout=60) == -signal.SIGKILL
    assert not (killed / "best.weights.h5").exists()
    assert start(killed).wait(timeout=300) == 0
    assert weights(killed) == weights(whole)


def weights(run: Path) -> list[bytes]:
    from training import checkpoint

    found = checkpoint.latest(run / "checkpoints")
    assert found is not None
    return [array.tobytes() for array in found[0]]


def tensors(samples: list[Sample], spec: InputSpec) -> np.ndarray:
    return np.stack([preprocess(images.load(s.path), spec)[0] for s in samples])


def small(outputs: Any, head: Any) -> Any:
    """A plain classifier's body over ``(48, 96, 1)``."""
    import keras

    image = keras.Input((48, 96, 1), name="image")
    x = image
    for filters in (8, 16, 32):
        x = keras.layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(x)
    x = keras.layers.Dense(64, activation="relu")(keras.layers.Flatten()(x))
    return keras.Model(image, head(keras.layers.Dense(outputs)(x)))


def test_multi_head_strips_blanks_of_shorter_texts(digit_folders: Path, tmp_path: Path) -> None:
    import keras

    keras.utils.set_random_seed(1)
    rule = InputSpec(height=48, width=96, channels=1, mean=(0.5,), std=(0.5,))
    spec = ModelSpec(
        role="text", input=rule, decoder=DecoderSpec("multi_head", symbols="147", length=3)
    )
    network = small(12, keras.layers.Reshape((3, 4), name="logits"))
    samples = read_folder(digit_folders / "train")
    codes = np.array([spec.decoder.charset.encode_padded(s.label, 3) for s in samples])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile("adam", loss)
    network.fit(tensors(samples, rule), codes, epochs=25, batch_size=32, verbose=0)
    export.write_onnx(network, spec, tmp_path / "heads.onnx")
    reader = solver.Solver(str(tmp_path / "heads.onnx"))
    seen = read_folder(digit_folders / "test")
    answers = [reader.text(s.path) for s in seen]
    assert np.mean([a.text == s.label for a, s in zip(answers, seen, strict=True)]) >= 0.8
    assert {len(a.text) for a in answers} == {1, 2, 3}
    assert reader.text(seen[0].path, length=2).text.strip("_") != ""


def test_softmax_names_classes(digit_folders: Path, tmp_path: Path) -> None:
    import keras

    keras.utils.set_random_seed(1)
    rule = InputSpec(height=48, width=96, channels=1, mean=(0.5,), std=(0.5,))
    names = ("one", "two", "three")
    spec = ModelSpec(role="class", input=rule, decoder=DecoderSpec("softmax", labels=names))
    network = small(3, keras.layers.Activation("linear", name="logits"))
    samples = read_folder(digit_folders / "train")
    lengths = np.array([len(s.label) - 1 for s in samples])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile("adam", loss)
    network.fit(tensors(samples, rule), lengths, epochs=12, batch_size=32, verbose=0)
    export.write_onnx(network, spec, tmp_path / "length.onnx")
    reader = solver.Solver(str(tmp_path / "length.onnx"))
    seen = read_folder(digit_folders / "test")
    answers = [reader.classify(s.path, top_k=3) for s in seen]
    expected = [names[len(s.label) - 1] for s in seen]
    assert np.mean([a.label == e for a, e in zip(answers, expected, strict=True)]) >= 0.9
    assert all({a.label, *(b.text for b in a.alternatives)} == set(names) for a in answers)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fit", "none.toml"], "none.toml"),
        (["fit", "captcha.toml"], "no such folder"),
        (["fit", "captcha.toml", "--from", "nothing"], "neither"),
        (["export", "captcha.toml", "-o", "x.onnx"], "best.weights.h5"),
        (["evaluate", "none.onnx", "empty"], "none.onnx"),
        (["generate", "text", "out", "--length", "0"], "--length"),
        (["generate", "text", "out", "--style", "nothing"], "nothing"),
    ],
)
def test_bad_input_gets_a_sentence(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "captcha.toml").write_text(SETTINGS)
    (tmp_path / "empty").mkdir()
    assert cli.main(arguments) == 1
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_a_label_outside_the_charset_is_named(
    digit_folders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draw.write(tmp_path / "train", ["12"], seed=1)
    draw.write(tmp_path / "test", ["1"], seed=1)
    (tmp_path / "captcha.toml").write_text(SETTINGS)
    assert cli.main(["fit", str(tmp_path / "captcha.toml")]) == 1
    assert "label '12' is outside the charset" in capsys.readouterr().err


def test_same_bytes_same_tensor_in_training_and_in_use(digit_folders: Path) -> None:
    from training.config import load
    from training.data.pipeline import predict_batches

    spec = load_spec(digit_folders, load)
    samples = read_folder(digit_folders / "test")
    for indices, x in predict_batches(samples, spec, batch=8):
        for index, row in zip(indices, x, strict=True):
            data = samples[index].path.read_bytes()
            for source in (data, Image.open(samples[index].path)):
                assert (preprocess(images.load(source), spec)[0] == row).all()


def load_spec(folder: Path, load: Any) -> InputSpec:
    (folder / "other.toml").write_text(SETTINGS)
    return load(folder / "other.toml").input_spec()  # type: ignore[no-any-return]
