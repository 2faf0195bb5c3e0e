"""solver-train check and split, with good and bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.training.data.pictures import save, scene
from training import cli
from training.samples import DatasetError, Sample


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for n in range(30):
        save(tmp_path / "set", f"{n % 10}{n // 10}_{n}.png", scene(n, width=34, height=17))
    return tmp_path / "set"


def test_check_writes_what_it_found(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "11_bad.png").write_bytes(b"no")
    files = [str(folder.parent / name) for name in ("r.json", "r.html")]
    assert cli.main(["check", str(folder), "--json", files[0], "--html", files[1]]) == 0
    assert "PROBLEM 1 damaged files" in capsys.readouterr().out
    assert json.loads(Path(files[0]).read_text())["pictures"] == 31
    assert Path(files[1]).read_text().startswith("<!doctype html>")
    assert cli.main(["check", str(folder), "--strict"]) == 1
    assert capsys.readouterr().err.startswith("solver-train check: 1 damaged files")


def test_split_then_check_by_the_settings(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = folder.parent / "splits"
    arguments = ["split", str(folder), "--out", str(out), "--shares", "0.8,0.2", "--seed", "4"]
    assert cli.main(arguments) == 0
    assert "train\t24" in capsys.readouterr().out
    assert cli.main(arguments) == 1
    assert "there is a split already; write to another folder" in capsys.readouterr().err
    settings = folder.parent / "captcha.toml"
    settings.write_text(
        'symbols = "0123456789"\n[[data.train]]\npath = "set"\nonly = "splits/train.csv"\n'
        '[[data.validation]]\npath = "set"\nonly = "splits/validation.csv"\n'
    )
    assert cli.main(["check", str(settings), "--strict"]) == 0
    text = capsys.readouterr().out
    assert "set (train): 24 pictures" in text
    assert "set (validation): 6 pictures" in text
    drawn = '[[data.train]]\npath = "a.toml"\nreader = "generator"\ncount = 9\n'
    settings.write_text(settings.read_text() + drawn)
    assert cli.main(["check", str(settings), "--strict"]) == 0
    assert "not checked: a.toml is drawn while training" in capsys.readouterr().out
    assert cli.main(["check", str(folder), "--validation", str(folder), "--strict"]) == 1
    assert "30 leaks" in capsys.readouterr().err


def test_other_readers(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "t.csv").write_text("words,where\nab,00_0.png\ncd,10_1.png\n")
    arguments = ["--reader", "csv", "--columns", "where,words"]
    assert cli.main(["check", str(folder), *arguments, "--symbols", "abc"]) == 0
    assert "outside the charset: " in capsys.readouterr().out
    one_class = folder.parent / "classes"
    save(one_class, "cat/1.png", scene(1))
    assert cli.main(["check", str(one_class), "--reader", "classes"]) == 0
    assert "1 class only" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "none"], "no such folder"),
        (["check", "empty"], "no pictures"),
        (["check", "none.toml"], "none.toml"),
        (["check", "set", "--reader", "excel"], "expected one of filename"),
        (["check", "set", "--reader", "none_such:read"], "no module"),
        (["check", "set", "--columns", "file"], "columns: expected"),
        (["check", "set", "--near", "64"], "--near: expected 0 to 63"),
        (["check", "set", "--html", "set/00_0.png/r.html"], "a file of that name is in the way"),
        (["split", "set", "--out", "o", "--shares", "most"], "--shares: expected numbers"),
        (["split", "set", "--out", "o", "--shares", "0.5,0.1"], "add up to 1"),
        (["split", "empty", "--out", "o"], "no pictures"),
        (["split", "set", "--out", "set/00_0.png"], "00_0.png"),
    ],
)
def test_bad_input(
    folder: Path,
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(folder.parent)
    Path("empty").mkdir()
    assert cli.main(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"solver-train {arguments[0]}: ")
    assert message in error
    assert not Path("o").exists()


@pytest.mark.parametrize(
    "arguments", [["check"], ["split", "set"], ["check", "set", "--side", "top"]]
)
def test_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_one_class_and_no_picture_at_all_are_problems(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "one" / "cat").mkdir(parents=True)
    for number in range(3):
        Image.new("RGB", (20, 20), (number * 50, 0, 0)).save(tmp_path / f"one/cat/{number}.png")
    assert cli.main(["check", str(tmp_path / "one"), "--reader", "classes", "--strict"]) == 1
    assert "1 class only: there is nothing to tell apart" in capsys.readouterr().err
    (tmp_path / "empty.toml").write_text("")
    assert cli.main(["check", str(tmp_path / "empty.toml")]) == 1
    assert "no picture to check: name folders, or sources" in capsys.readouterr().err


def test_labels_that_cannot_be_used_are_listed_and_left_out(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("plain.png", "<b>.png"):
        save(folder, name, scene(90, width=34, height=17))
    files = [str(folder.parent / name) for name in ("r.json", "r.html")]
    assert cli.main(["check", str(folder), "--json", files[0], "--html", files[1]]) == 0
    shown = capsys.readouterr().out
    assert "PROBLEM 2 labels that cannot be used" in shown
    assert f"label: {folder / 'plain.png'}: expected a name such as LABEL_hash.png" in shown
    report = json.loads(Path(files[0]).read_text())
    assert [Path(fault["file"]).name for fault in report["faults"]] == ["<b>.png", "plain.png"]
    page = Path(files[1]).read_text()
    assert "plain.png<td>expected a name" in page
    assert "&lt;b&gt;.png" in page
    out = folder.parent / "splits"
    assert cli.main(["split", str(folder), "--out", str(out), "--shares", "0.8,0.2"]) == 0
    assert f"left out, no label: {folder / 'plain.png'}" in capsys.readouterr().out
    assert len(json.loads((out / "split.json").read_text())["faults"]) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["split", "{set}", "--out", "{set}/s", "--seed", "-1"], "--seed: expected 0 or more"),
        (["split", "{toml}", "--out", "{set}/s"], "captcha.toml: is a file; expected a folder"),
    ],
)
def test_what_split_cannot_take(
    arguments: list[str], message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toml = folder.parent / "captcha.toml"
    toml.write_text("")
    assert cli.main([one.format(set=folder, toml=toml) for one in arguments]) == 1
    assert message in capsys.readouterr().err


def test_a_truncated_picture_is_named_by_its_path(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = folder / "00_0.png"
    cut.write_bytes(cut.read_bytes()[:60])
    assert cli.main(["check", str(folder)]) == 0
    shown = capsys.readouterr().out
    assert f"damaged: {cut}: not readable as a picture: " in shown
    with pytest.raises(DatasetError, match=r"00_0\.png: not readable as a picture: ") as caught:
        Sample(cut, "00", "set").pixels()
    assert "Path" not in shown + str(caught.value)
