"""solver-train new, clean, preview, summary and pack, with good and bad input."""

from __future__ import annotations

import json
import logging
import tomllib
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from tests.training.data.pictures import save, scene
from training import cli
from training.config import load
from training.data.sources import read_data
from training.samples import fingerprint


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new project with 30 pictures, split; the current folder is its parent."""
    monkeypatch.chdir(tmp_path)
    assert cli.main(["new", "p", "--task", "ctc", "--name", "mine"]) == 0
    for n in range(30):
        save(tmp_path / "p/data", f"{n % 10}{n // 10}_{n}.png", scene(n, width=80, height=32))
    assert cli.main(["split", "p/data", "--out", "p/splits", "--shares", "0.8,0.2"]) == 0
    return tmp_path / "p"


@pytest.mark.parametrize(
    ("name", "level", "said", "is_heard"),
    [
        ("tensorflow", logging.WARNING, "5 out of 6 triggered tf.function retracing.", False),
        ("tensorflow", logging.WARNING, "the GPU was not found", True),
        ("tf2onnx.tfonnx", logging.INFO, "Using opset", False),
        ("tf2onnx.tfonnx", logging.WARNING, "an operator was left out", True),
    ],
)
def test_other_packages_are_heard_where_they_warn(
    name: str, level: int, said: str, is_heard: bool
) -> None:
    assert cli.main(["clean", "nowhere", "--runs"]) == 1
    logger = logging.getLogger(name)
    record = logger.makeRecord(name, level, "", 0, said, (), None)
    assert (logger.isEnabledFor(level) and bool(logger.filter(record))) == is_heard


def test_new_says_what_is_next(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert cli.main(["new", "a b", "--task", "classify"]) == 0
    out = capsys.readouterr().out
    assert "cd 'a b'" in out
    assert "solver-train split data --reader classes --out splits" in out
    assert cli.main(["new", "p", "--task", "ctc"]) == 1
    assert "expected a new or an empty folder" in capsys.readouterr().err
    assert load(project / "captcha.toml").name == "mine"


def test_clean(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "runs" / "mine").mkdir()
    capsys.readouterr()
    assert cli.main(["clean", "p", "--runs"]) == 0
    out = capsys.readouterr().out
    assert "p/runs/mine moved to p/trash/2" in out
    assert "1 moved, nothing deleted" in out
    assert cli.main(["clean", "p"]) == 1
    assert "say what to move" in capsys.readouterr().err


def test_preview(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["preview", "p/captcha.toml", "--out", "p/reports/new/p.png", "--count", "2"]
    assert cli.main(arguments) == 0
    with Image.open(project / "reports/new/p.png") as sheet:
        assert sheet.width > sheet.height
    assert cli.main([*arguments[:-1], "0"]) == 1
    assert "--count: expected 1 or more" in capsys.readouterr().err


def test_pack_of_a_project(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    arguments = ["pack", "p/captcha.toml", "--out", "p/packs", "--shards", "2"]
    assert cli.main(arguments) == 0
    out = capsys.readouterr().out
    assert "p/packs/train/data: 24 pictures in 2 files" in out
    snippet = out.split("sources:\n", 1)[1]
    assert tomllib.loads(snippet)["data"]["train"] == [
        {"path": "packs/train/data", "reader": "pack"}
    ]
    settings = load(project / "captcha.toml")
    (project / "packed.toml").write_text(snippet)
    before = read_data(settings, project)
    after = read_data(load(project / "packed.toml"), project)
    assert fingerprint(after.samples) == fingerprint(before.samples)
    assert list(after.validation) == list(before.validation)
    assert cli.main(arguments) == 1
    assert "there is something already" in capsys.readouterr().err


def test_pack_of_a_folder(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "data" / "11_bad.png").write_bytes(b"no")
    capsys.readouterr()
    assert cli.main(["pack", "p/data", "--out", "one"]) == 0
    out = capsys.readouterr().out
    assert "one: 30 pictures in 1 files" in out
    assert "left out, damaged: p/data/11_bad.png" in out
    assert cli.main(["check", "one", "--reader", "pack", "--strict"]) == 0
    assert "30 pictures" in capsys.readouterr().out


def test_sources_of_one_name_get_a_pack_each(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "two.toml").write_text(
        '[[data.train]]\npath = "data"\nname = "a/b"\nrepeat = 0.5\n'
        '[[data.train]]\npath = "data"\nname = "a_b"\n'
    )
    capsys.readouterr()
    assert cli.main(["pack", "p/two.toml", "--out", "p/packs"]) == 0
    sources = tomllib.loads(capsys.readouterr().out.split("sources:\n", 1)[1])["data"]["train"]
    assert sources == [
        {"path": "packs/train/a_b", "reader": "pack", "name": "a/b", "repeat": 0.5},
        {"path": "packs/train/a_b-2", "reader": "pack", "name": "a_b"},
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["pack", "none", "--out", "o"], "no such folder"),
        (["pack", "none", "--out", "o", "--shards", "0"], "--shards: expected 1 or more"),
        (["preview", "p/captcha.toml", "--out", "o.jpg"], "a name that ends in .png, received"),
        (["pack", "none.toml", "--out", "o"], "none.toml"),
        (["pack", "empty.toml", "--out", "o"], "no sources with files; add one"),
        (["pack", "p/data", "--out", "o", "--shards", "31"], "expected 1 to 30"),
        (["pack", "p/data", "--out", "p/data"], "there is something already"),
        (["pack", "p/data", "--out", "p/captcha.toml/o"], "p/captcha.toml"),
        (["preview", "empty.toml", "--out", "o"], "data.train: no source"),
        (["summary", "none.toml"], "none.toml"),
        (["summary", "p/captcha.toml", "--width", "8"], "expected 48 (input.min_width)"),
        (["clean", "none", "--runs"], "expected a project's folder"),
        (["new", "o", "--task", "ctc", "--name", "a/b"], "--name"),
    ],
)
def test_bad_input(
    project: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if arguments[0] == "summary":
        pytest.importorskip("tensorflow")
    Path("empty.toml").write_text("")
    capsys.readouterr()
    assert cli.main(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"solver-train {arguments[0]}: ")
    assert message in error
    assert not Path("o").exists()
    assert len(list((project / "data").iterdir())) == 30


@pytest.mark.training
def test_summary(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tensorflow")
    small = project / "small.toml"
    small.write_text(
        'symbols = "0123"\n[input]\nheight = 16\nchannels = 1\n[model]\nwidth = 4\ncontext = 0\n'
    )
    files = ["--json", "p/reports/s.json", "--svg", "p/reports/s.svg"]
    capsys.readouterr()
    assert cli.main(["summary", "p/small.toml", "--width", "64", *files]) == 0
    out = capsys.readouterr().out
    assert "for pictures of 64 × 16 pixels" in out
    body = json.loads((project / "reports/s.json").read_text())
    assert f"{body['parameters']:,}" in out
    assert body["layers"][0]["shape"] == [16, 64, 1]
    assert ET.parse(project / "reports/s.svg").getroot().tag.endswith("svg")
    (project / "heads.toml").write_text(
        'task = "multi-head"\nlength = 2\n[input]\nwidth = 64\nheight = 16\n[model]\nwidth = 4\n'
    )
    assert cli.main(["summary", "p/heads.toml", "--width", "64"]) == 1
    assert "--width: only for ctc" in capsys.readouterr().err
    assert cli.main(["summary", "p/heads.toml"]) == 0
