"""The detect task from drawn pictures to boxes: settings, training, evaluation, export, use."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
pytest.importorskip("keras_cv")

import solver
from solver.model import Model
from training import cli, config
from training.generators import ClickGenerator, write_records
from training.generators.fonts import BUILTIN, FontFace
from training.samples import Sample

pytestmark = pytest.mark.training

SETTINGS = """
task = "detect"
name = "marks"
licence = "CC0-1.0"
[data]
workers = 1
train = [{path = "train", reader = "yolo"}]
validation = [{path = "test", reader = "yolo"}]
[input]
height = 96
width = 96
[detect]
sizes = [12, 24, 48]
scales = [1.0, 1.4]
[fit]
batch = 8
epochs = 2
learning_rate = 0.004
warmup = 5
checkpoint_steps = 5
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Click pictures of letters, and a detector that saw them twice; exported."""
    root = tmp_path_factory.mktemp("detect")
    generator = ClickGenerator(
        "ABCDEFGH",
        fonts=(FontFace(BUILTIN, family="Aileron"),),
        kinds={"chinese": 1.0},
        width=(96, 110),
        asked=(1, 3),
        decoys=(0, 0),
        size=(0.2, 0.3),
        prompt=0.0,
        clutter=0.0,
        photo=0.0,
        formats=("coco", "yolo"),
    )
    for side, count, seed in (("train", 64, 1), ("test", 16, 2)):
        write_records(root / side, generator, count, seed=seed)
    (root / "captcha.toml").write_text(SETTINGS)
    assert cli.main(["fit", str(root / "captcha.toml")]) == 0
    return root


def test_fit_logs_average_precision(project: Path) -> None:
    run = project / "runs" / "marks"
    with (run / "log.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    first = ["epoch", "loss", "validation_loss", "source", "count"]
    assert list(rows[0]) == [*first, "exact", "ap50", "ap"]
    assert 0 < float(rows[1]["validation_loss"]) < 10 * float(rows[1]["loss"])
    assert float(rows[1]["loss"]) < float(rows[0]["loss"])
    assert (run / "log.png").is_file()
    assert (run / "best.weights.h5").is_file()


@pytest.fixture(scope="module")
def exported(project: Path) -> Path:
    arguments = ["export", str(project / "captcha.toml"), "-o", str(project / "marks.onnx")]
    assert cli.main([*arguments, "--card", str(project / "marks.md")]) == 0
    return project / "marks.onnx"


def test_the_exported_file_is_read_at_once(exported: Path, project: Path) -> None:
    detector = solver.Solver(exported)
    spec = detector.models["detector"].spec
    assert spec.decoder.labels == ("mark",)
    assert spec.decoder.anchors is not None
    assert spec.decoder.anchors.sizes == (12.0, 24.0, 48.0)
    assert spec.provenance.metrics["boxes"] > 10
    for path in sorted((project / "test").glob("*.jpg"))[:4]:
        boxes = detector.detect(path, threshold=0.01)
        assert all(0 <= box.x1 < box.x2 and 0 <= box.y1 < box.y2 for box in boxes)
        assert {box.label for box in boxes} <= {"mark"}
    card = (project / "marks.md").read_text(encoding="utf-8")
    assert "AP@.5" in card
    assert "[detect]" in card
    assert "corners in pixels" in card


def test_calibrate_chooses_the_score_threshold(
    project: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The fit itself is told from here: what has learned so little finds next to nothing."""
    seen: list[int] = []

    def fit(model: Model, samples: Sequence[Sample]) -> tuple[float, float]:
        seen.append(sum(len(sample.boxes) for sample in samples))
        return 0.37, 0.9

    monkeypatch.setattr("training.export.fit_score_threshold", fit)
    output = tmp_path / "marks.onnx"
    arguments = ["export", str(project / "captcha.toml"), "-o", str(output), "--calibrate"]
    for folders in ([], [str(project / "test")]):
        assert cli.main([*arguments, *folders]) == 0
        assert "score threshold: 0.37, F1 0.900 on " in capsys.readouterr().out
    assert seen[0] == seen[1] > 16
    anchors = solver.Solver(output).models["detector"].spec.decoder.anchors
    assert anchors is not None
    assert anchors.score_threshold == 0.37


def test_int8_is_held_to_average_precision(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings, output = str(project / "captcha.toml"), tmp_path / "small.onnx"
    assert cli.main(["export", settings, "-o", str(output), "--int8", "--int8-loss", "1"]) == 0
    assert "int8: AP@.5 " in capsys.readouterr().out
    small = solver.Solver(tmp_path / "small-int8.onnx")
    assert "ap50" in small.models["detector"].spec.provenance.metrics
    assert isinstance(small.detect(next((project / "test").glob("*.jpg")), threshold=0.01), list)
    card = output.with_suffix(".md").read_text(encoding="utf-8")
    assert "| source | part | pictures | boxes |" in card
    assert "|  | boxes found | AP@.5 | ms | MB |" in card
    assert "boxes lost" in card


def test_heatmap(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = tmp_path / "captcha.toml"
    settings.write_text(SETTINGS.replace("[detect]", "[detect]\nscore_threshold = 0.01"))
    pictures = [str(path) for path in sorted((project / "test").glob("*.jpg"))[:2]]
    arguments = ["heatmap", str(settings), *pictures, "--root", str(project)]
    arguments += ["--run", str(project / "runs" / "marks"), "--out", str(tmp_path / "out")]
    assert cli.main(arguments) == 0
    assert "\tmark" in capsys.readouterr().out
    sheets = sorted((tmp_path / "out").glob("*.png"))
    assert len(sheets) == 2
    with Image.open(sheets[0]) as sheet:
        assert sheet.width > 300


def test_trainings_are_compared_by_average_precision(project: Path) -> None:
    from training import trials

    settings = config.load(project / "captcha.toml")
    found = trials.best_epoch(project / "runs" / "marks" / "log.csv")
    with (project / "runs" / "marks" / "log.csv").open(newline="") as file:
        best = max(float(row["ap50"]) for row in csv.DictReader(file))
    assert (found.count, found.value) == (16, pytest.approx(best))
    assert trials.measure(settings) == "ap50"
    assert trials.spoken(found, "ap50").startswith("AP@.5 ")


def test_evaluate(exported: Path, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["evaluate", str(exported), str(project / "test"), "--reader", "yolo"]
    files = {kind: project / "reports" / f"marks.{kind}" for kind in ("html", "json", "csv")}
    for kind, path in files.items():
        arguments += [f"--{kind}", str(path)]
    sheet = project / "reports" / "worst.png"
    assert cli.main([*arguments, "--sheet", str(sheet)]) == 0
    assert "16 pictures" in (out := capsys.readouterr().out)
    assert "AP@[.5:.95]" in out
    body = json.loads(files["json"].read_text())
    assert body["pooled"]["kind"] == "detect"
    assert body["pooled"]["classes"]["mark"]["truths"] == body["pooled"]["recall"]["count"]
    with files["csv"].open(newline="") as file:
        rows = list(csv.DictReader(file))
    found = [row for row in rows if row["verdict"] == "right"]
    missed = [row for row in rows if row["verdict"] == "missed"]
    assert len(found) + len(missed) == body["pooled"]["recall"]["count"]
    page = files["html"].read_text(encoding="utf-8")
    assert "Average precision at IoU .5" in page
    assert page.count("<figure") == 16
    assert sheet.stat().st_size > 1000


def test_one_more_epoch_goes_on_from_the_last(project: Path) -> None:
    log = project / "runs" / "marks" / "log.csv"
    before = log.read_text()
    longer = project / "longer.toml"
    longer.write_text(SETTINGS.replace("epochs = 2", "epochs = 3"))
    assert cli.main(["fit", str(longer)]) == 0
    assert log.read_text().startswith(before)
    assert log.read_text().splitlines()[-1].startswith("3,")


def test_preview_and_summary(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet = project / "preview.png"
    settings = str(project / "captcha.toml")
    assert cli.main(["preview", settings, "--out", str(sheet), "--count", "3"]) == 0
    with Image.open(sheet) as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    assert (np.abs(pixels - [0, 0xE0, 0]).sum(axis=2) < 60).sum() > 100
    capsys.readouterr()
    assert cli.main(["summary", settings]) == 0
    assert "class_last" in capsys.readouterr().out


def test_freezing_the_backbone_trains_the_rest(project: Path) -> None:
    from training.models import build, transfer

    network = build(config.load(project / "captcha.toml"), labels=("mark",))
    frozen = transfer.freeze(network, until=transfer.BACKBONE)
    assert any(name.startswith("stage5") for name in frozen)
    assert not any(name.startswith(("level", "bifpn", "class", "box")) for name in frozen)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('name = "marks"', 'labels = ["a"]'), "class 'mark' is not one of the model's 1"),
        (("[input]", '[model]\nweights = "imagenet"\n[input]'), "no ImageNet weights"),
        (("[input]", '[model]\nbackbone = "lenet"\n[input]'), "backbone: expected one of"),
    ],
)
def test_what_does_not_fit_is_named(
    project: Path,
    change: tuple[str, str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "captcha.toml"
    path.write_text(SETTINGS.replace(*change))
    arguments = ["fit", str(path), "--root", str(project), "--run", str(tmp_path / "run")]
    assert cli.main(arguments) == 1
    assert message in capsys.readouterr().err
