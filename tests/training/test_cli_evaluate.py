"""``solver-train evaluate`` from folders to files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from tests.training import toys
from training import cli, evaluate


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


def test_labels_that_the_model_cannot_write_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = folder(tmp_path / "p", ["1", "2"])
    for name in ("x#_1.png", "1#_1.png"):
        (pictures / name).write_bytes((pictures / "1_0.png").read_bytes())
    assert cli.main(["evaluate", str(toys.text_model(tmp_path)), str(pictures)]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert "4 pictures  exact 0.500" in first
    assert second == (
        "2 of 4 labels hold symbols that the model cannot write, and so count as wrong: "
        "'#' in 2, 'x' in 1"
    )


def test_classes_that_a_detector_lacks_are_said(tmp_path: Path) -> None:
    reader = evaluate.open_reader(str(toys.detector_model(tmp_path)))
    one = toys.cells(tmp_path / "s", "a.png", [(1, 1)], ["11", "00"])
    other = replace(one, boxes=tuple(replace(box, label="ink") for box in one.boxes))
    mixed = replace(one, boxes=(*one.boxes, replace(one.boxes[0], label="dot")))
    assert evaluate.strange(reader, [one, one]) == []
    (said,) = evaluate.strange(reader, [one, other, mixed, other])
    assert said == (
        "3 of 4 pictures have boxes of classes that the model lacks, and so count as wrong: "
        "'ink' in 2, 'dot' in 1; it knows '墨'"
    )


def test_a_classifier_takes_class_folders(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for label, level in (("cat", 0), ("dog", 127), ("owl", 127)):
        toys.save(tmp_path / "p" / label, [(label, toys.grey(level))], source="p")
    model = str(toys.class_model(tmp_path))
    assert cli.main(["evaluate", model, str(tmp_path / "p")]) == 0
    assert capsys.readouterr().out.startswith("p\t3 pictures  top-1 0.667")
    assert cli.main(["evaluate", model, str(tmp_path / "p"), "--reader", "filename"]) == 1
    assert "expected a name such as" in capsys.readouterr().err


def test_a_table_of_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pictures = folder(tmp_path / "p", ["1", "2a"])
    (pictures / "labels.csv").write_text("file,label\n1_0.png,1\n2a_0.png,2b\n")
    model = str(toys.text_model(tmp_path))
    assert cli.main(["evaluate", model, str(pictures / "labels.csv"), "--reader", "csv"]) == 0
    assert "2 pictures  exact 0.500" in capsys.readouterr().out


def test_a_list_and_a_pack_of_it_give_the_same_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = str(toys.text_model(tmp_path))
    folder(tmp_path / "a" / "p", ["1", "2a", "2"])
    Path("test.csv").write_text("file,label\n1_0.png,1\n2a_0.png,2a\n")
    assert cli.main(["evaluate", model, "a/p", "--only", "test.csv", "--csv", "files.csv"]) == 0
    assert capsys.readouterr().out.startswith("p\t2 pictures  exact 1.000")
    assert cli.main(["pack", "a/p", "--out", "b/p"]) == 0
    outputs = ["--csv", "pack.csv", "--html", "pack.html", "--sheet", "pack.png"]
    arguments = ["evaluate", model, "b/p", "--reader", "pack", "--only", "test.csv", *outputs]
    assert cli.main(arguments) == 0
    files = Path("files.csv").read_text().replace("a/p/", "b/p/")
    assert Path("pack.csv").read_text() == files
    assert all(Path(name).stat().st_size for name in outputs[1::2])


@pytest.mark.parametrize(
    ("named", "options"),
    [
        ("0_{}.png", ["--side", "right"]),
        ("{}-0.png", ["--separator", "-"]),
        ("{}", ["--reader", "csv", "--labels", "{}.csv", "--columns", "file,says"]),
    ],
)
def test_labels_are_where_the_options_say(
    named: str, options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, place = str(toys.text_model(tmp_path)), tmp_path / "p"
    place.mkdir()
    lines = ["file,says"]
    for number, text in enumerate(("1", "2a")):
        name = named.format(text) if "." in named else f"{number}.png"
        Image.fromarray(toys.picture(text)).save(place / name)
        lines.append(f"{name},{text}")
    table = tmp_path / "answers.csv"
    table.write_text("\n".join(lines) + "\n")
    filled = [str(table) if option == "{}.csv" else option for option in options]
    assert cli.main(["evaluate", model, str(place), *filled]) == 0
    assert "2 pictures  exact 1.000" in capsys.readouterr().out
