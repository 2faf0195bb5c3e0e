"""solver-train label, search and curve, with good and bad input."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

from tests.training import toys
from tests.training.conftest import labels, write
from training import cli

SETTINGS = """
name = "tiny"
symbols = "14"
data = {workers = 1, augment = false, train = [{path = "train"}], validation = [{path = "test"}]}
input = {max_width = 64}
model = {width = 4, context = 0}
fit = {batch = 8, epochs = 1, warmup = 2}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for seed, (name, count) in enumerate((("train", 24), ("test", 4))):
        found = labels(count, symbols="14", lengths=(1, 2), seed=seed)
        write(tmp_path / name, found, seed=seed, width=48)
    (tmp_path / "captcha.toml").write_text(SETTINGS)
    (tmp_path / "mine.csv").write_text("my,own\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.training
def test_search_trains(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["search", "captcha.toml", "--trials", "3", "--seed", "2"]
    assert cli.main(arguments) == 0
    first = capsys.readouterr().out
    out = folder / "runs" / "tiny-search"
    assert re.search(r"^  3  final   epochs   1  learning_rate .* \d\.\d{3} \[", first, re.M)
    assert first.endswith(f"{out / 'search.csv'}\n{out / 'best.toml'}\n")
    assert (out / "trial-002" / "best.weights.h5").exists()
    assert cli.main(arguments) == 0
    assert capsys.readouterr().out == first
    assert cli.main([*arguments, "--epochs", "2"]) == 1
    assert "(epochs); give the same ones to go on" in capsys.readouterr().err


@pytest.mark.training
def test_curve_trains(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["curve", "captcha.toml", "--sizes", "6,24", "--out", "found"]) == 0
    assert "With 24 pictures " in capsys.readouterr().out
    with Image.open(folder / "found" / "curve.png") as picture:
        assert picture.format == "PNG"


def test_label_serves_until_it_is_stopped(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(server: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("training.label.LabelServer.serve_forever", stop)
    model = toys.text_model(folder)
    assert cli.main(["label", "train", "--out", "new.csv", "--model", str(model)]) == 0
    text = capsys.readouterr().out
    assert re.search(r"^open http://127\.0\.0\.1:\d+/[\w-]{32}/$", text, re.M)
    assert "0 of 24 pictures have a label, 0 are unusable: new.csv" in text
    assert not Path("new.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["label", "none", "--out", "l.csv"], "no such folder"),
        (["label", "train", "--out", "none/l.csv"], "--out: no such folder as"),
        (["label", "train", "--out", "mine.csv"], "write to another file with --out"),
        (["label", "train", "--out", "l.csv", "--port", "70000"], "--port: expected 0 to 65535"),
        (["label", "train", "--out", "l.csv", "--model", "none.onnx"], "none.onnx"),
        (["search", "none.toml"], "none.toml"),
        (["search", "captcha.toml", "--trials", "1"], "expected at least 3 trials"),
        (["search", "captcha.toml", "--epochs", "0"], "--epochs: expected 1 or more"),
        (["curve", "captcha.toml", "--sizes", "many"], "--sizes: expected numbers such as"),
        (["curve", "captcha.toml", "--sizes", "10,25"], "expected 1 to 24"),
        (["curve", "captcha.toml", "--target", "95,200"], "less than 100 %, received 200"),
        (["curve", "captcha.toml", "--target", "0"], "--target: expected shares of more than 0"),
        (["curve", "captcha.toml", "--repeats", "0"], "--repeats: expected 1 or more, received 0"),
        (["curve", "captcha.toml", "--root", "none"], "none"),
    ],
)
def test_bad_input(
    folder: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"solver-train {arguments[0]}: ")
    assert message in error
    assert (folder / "mine.csv").read_text() == "my,own\n"
    assert not (folder / "runs").exists()
