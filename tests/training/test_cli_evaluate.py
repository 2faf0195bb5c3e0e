"""``solver-train evaluate`` from folders to files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.training import toys
from training import cli


def folder(path: Path, texts: list[str]) -> Path:
    path.mkdir(parents=True)
    for text in texts:
        Image.fromarray(toys.picture(text)).save(path / f"{text}_0.png")
    return path


def test_folders_with_one_name_stay_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(toys.text_model(tmp_path))
    folders = [folder(tmp_path / name, ["1", "2a"]) for name in ("x/test", "y/test", "z")]
    outputs = [tmp_path / name for name in ("r.json", "r.html", "r.csv", "r.png")]
    options = [
        part
        for name, path in zip(("--json", "--html", "--csv", "--sheet"), outputs, strict=True)
        for part in (name, str(path))
    ]
    assert cli.main(["evaluate", model, *map(str, folders), *options]) == 0
    shown = capsys.readouterr().out.splitlines()
    names = [str(folders[0]), str(folders[1]), "z"]
    assert [line.split("\t")[0] for line in shown[:4]] == [*names, "all together"]
    assert shown[4:] == [str(path) for path in outputs]
    assert list(json.loads(outputs[0].read_text())["sources"]) == names
    assert all(path.stat().st_size for path in outputs)


def test_a_damaged_picture_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pictures = folder(tmp_path / "p", ["1"])
    (pictures / "2_damaged.png").write_bytes(b"nothing")
    assert cli.main(["evaluate", str(toys.text_model(tmp_path)), str(pictures)]) == 0
    shown = capsys.readouterr().out
    assert "1 pictures  exact 1.000" in shown
    assert f"left out: {pictures / '2_damaged.png'}: " in shown
