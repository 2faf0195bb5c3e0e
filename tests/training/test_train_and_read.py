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
from solver.spec import InputSpec, ModelSpec
from tests.training import conftest as draw
from tests.training.conftest import SETTINGS
from training import cli, export
from training.samples import read_folder

pytestmark = pytest.mark.training


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


def train(folder: Path, settings: str) -> solver.Solver:
    """Fit and export by the commands; a solver on what came out."""
    path = folder / "captcha.toml"
    path.write_text(settings)
    assert cli.main(["fit", str(path)]) == 0
    assert cli.main(["export", str(path), "-o", str(folder / "model.onnx")]) == 0
    return solver.Solver(str(folder / "model.onnx"))


def test_multi_head_strips_blanks_of_shorter_texts(digit_folders: Path, tmp_path: Path) -> None:
    heads = SETTINGS.replace('name = "digits"', 'task = "multi-head"\nlength = 3')
    heads = heads.replace("max_width = 128", "width = 96\nchannels = 1")
    heads = heads.replace('"train"', f"'{digit_folders / 'train'}'")
    heads = heads.replace('"test"', f"'{digit_folders / 'test'}'")
    reader = train(tmp_path, heads)
    seen = read_folder(digit_folders / "test")
    answers = [reader.text(s.path) for s in seen]
    assert np.mean([a.text == s.label for a, s in zip(answers, seen, strict=True)]) >= 0.8
    assert {len(a.text) for a in answers} == {1, 2, 3}
    assert len(reader.text(seen[0].path, length=2).text) == 2


def test_classify_names_classes(tmp_path: Path) -> None:
    for side, count in (("train", 160), ("test", 20)):
        for name in ("1", "4", "77"):
            draw.write(tmp_path / side / name, [name] * count, seed=len(side), width=48)
    classes = SETTINGS.replace('name = "digits"', 'task = "classify"\nname = "signs"')
    classes = classes.replace("max_width = 128", "height = 48\nwidth = 48")
    for side in ("train", "test"):
        classes = classes.replace(f'path = "{side}"', f'path = "{side}", reader = "classes"')
    reader = train(tmp_path, classes)
    for name in ("1", "4", "77"):
        for path in sorted((tmp_path / "test" / name).iterdir()):
            answer = reader.classify(path, top_k=3)
            assert {answer.label, *(b.text for b in answer.alternatives)} == {"1", "4", "77"}
    right = [
        reader.classify(path).label == path.parent.name
        for path in sorted((tmp_path / "test").rglob("*.png"))
    ]
    assert np.mean(right) >= 0.9


def test_without_validation_the_last_weights_are_kept(digit_folders: Path, tmp_path: Path) -> None:
    from training.layers import read_layers

    path, run = tmp_path / "captcha.toml", tmp_path / "run"
    blind = SETTINGS.replace('validation = [{path = "test"}]', "")
    heads = []
    for epochs in (1, 2):
        path.write_text(blind.replace("epochs = 10", f"epochs = {epochs}"))
        assert cli.main(["fit", str(path), "--root", str(digit_folders), "--run", str(run)]) == 0
        heads.append(read_layers(run / "best.weights.h5")["head"][0])
    assert (heads[0] != heads[1]).any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("ctc", "multi-head"), "input.width: expected a width in pixels"),
        (("ctc", "classify"), "input.width: expected a width in pixels"),
    ],
)
def test_settings_that_do_not_fit_the_task(
    change: tuple[str, str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "captcha.toml"
    path.write_text(f'task = "{change[1]}"\n' + SETTINGS)
    assert cli.main(["fit", str(path)]) == 1
    assert message in capsys.readouterr().err


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
    for indices, x, _ in predict_batches(samples, spec, batch=8):
        for index, row in zip(indices, x, strict=True):
            data = samples[index].path.read_bytes()
            for source in (data, Image.open(samples[index].path)):
                assert (preprocess(images.load(source), spec)[0] == row).all()


def load_spec(folder: Path, load: Any) -> InputSpec:
    (folder / "other.toml").write_text(SETTINGS)
    return load(folder / "other.toml").input_spec()  # type: ignore[no-any-return]
