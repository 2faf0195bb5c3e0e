"""Whole grids to pieces in class folders, and confirmed answers to new ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from solver.layouts import LAYOUTS
from tests.solver.grids import draw_grid
from training.cli import main
from training.pieces import Known, cut_answers, read_answers, read_confirmed
from training.samples import DatasetError

LAYOUT = LAYOUTS["12306"]


def save(path: Path, *, seed: int = 0, words: int = 1, plain: bool = False) -> Path:
    """A grid whose tiles have patterns of their own, and a header of one or two blocks."""
    picture = draw_grid((0, 60, 120, 0, 60, 120, 0, 60), *[20] * words)
    rng = np.random.default_rng(seed)
    for x1, y1, x2, y2 in LAYOUT.boxes() if not plain else ():
        coarse = rng.integers(0, 220, (5, 5, 3), np.uint8)
        tile = Image.fromarray(coarse).resize((x2 - x1, y2 - y1), Image.Resampling.BICUBIC)
        picture[y1:y2, x1:x2] = np.asarray(tile)
    Image.fromarray(picture).save(path)
    return path


def files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*.png"))


def test_answers_words_and_the_rest(tmp_path: Path) -> None:
    save(tmp_path / "a.png", seed=1)
    save(tmp_path / "b.png", seed=2, words=2)
    (tmp_path / "labels.tsv").write_text("a.png\t电线\t1 5\n\nb.png\tcat dog\t0\n", "utf-8")
    report = cut_answers(read_answers(tmp_path), tmp_path / "out", LAYOUT)
    assert (report.tiles, report.words, report.unlabelled, report.left_out) == (2, 3, 14, [])
    found = files(tmp_path / "out")
    assert [name for name in found if name.startswith("tiles/")] == [
        "tiles/电线/a_1.png",
        "tiles/电线/a_5.png",
    ]
    assert [name for name in found if name.startswith("words/")] == [
        "words/cat/b_0.png",
        "words/dog/b_1.png",
        "words/电线/a_0.png",
    ]
    # Which of two words a tile shows is not known.
    assert "unlabelled/b_0.png" in found
    with Image.open(tmp_path / "out/tiles/电线/a_1.png") as piece:
        assert piece.size == (67, 67)


def test_again_changes_nothing_and_another_picture_is_no_overwriting(tmp_path: Path) -> None:
    save(tmp_path / "a.png", seed=1)
    (tmp_path / "labels.tsv").write_text("a.png\tcat\t1\n", "utf-8")
    command = ["cut", str(tmp_path), "-o", str(tmp_path / "out")]
    assert main(command) == 0
    before = {name: (tmp_path / "out" / name).read_bytes() for name in files(tmp_path / "out")}
    assert main(command) == 0
    save(tmp_path / "a.png", seed=2)
    assert main(command) == 1
    after = {name: (tmp_path / "out" / name).read_bytes() for name in files(tmp_path / "out")}
    assert before == after


def test_a_picture_that_is_no_grid_is_left_out(tmp_path: Path) -> None:
    save(tmp_path / "a.png", seed=1)
    Image.new("RGB", (40, 40)).save(tmp_path / "b.png")
    (tmp_path / "labels.tsv").write_text("a.png\tcat\t9\nb.png\tcat\t0\n", "utf-8")
    report = cut_answers(read_answers(tmp_path), tmp_path / "out", LAYOUT)
    assert (report.tiles, len(report.left_out)) == (0, 2)
    assert "has no tile 9" in report.left_out[0]


@pytest.mark.parametrize(
    ("table", "named"),
    [
        ("", "no rows"),
        ("a.png\tcat\n", "expected file, word and answers"),
        ("a.png\tcat\tx\n", "numbers of tiles"),
        ("a.png\t..\t1\n", "name a folder"),
        ("a.png\ta/b\t1\n", "name a folder"),
        ("a.png\t\t1\n", "name a folder"),
        ("../a.png\tcat\t1\n", "inside"),
        ("none.png\tcat\t1\n", "no such picture"),
    ],
)
def test_tables_that_cannot_be_used(tmp_path: Path, table: str, named: str) -> None:
    save(tmp_path / "a.png")
    (tmp_path / "labels.tsv").write_text(table, "utf-8")
    with pytest.raises(DatasetError, match=named):
        read_answers(tmp_path)


def answer(path: str, indices: list[int], **more: Any) -> str:
    labels = ["cat", "dog"] * 4
    body = {
        "path": path,
        "prompt": [{"label": "cat"}],
        "tiles": [{"label": label} for label in labels],
        "indices": indices,
        **more,
    }
    return json.dumps(body) + "\n"


def test_harvest_takes_what_was_confirmed_and_is_new(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 2), ("c", 1), ("d", 3)):
        save(tmp_path / f"{name}.png", seed=seed)
    lines = [
        answer("a.png", [0, 2], confirmed=True),
        answer("b.png", [1], confirmed=False),
        answer("b.png", [1]),
        # The tiles of a again, one under another name.
        answer("c.png", [0], confirmed=True, prompt=[{"label": "dog"}]),
        answer("c.png", [2], confirmed=True),
        answer("d.png", [3], confirmed=True, prompt=[{"label": "cat"}, {"label": "dog"}]),
    ]
    (tmp_path / "answers.jsonl").write_text("".join(lines), "utf-8")
    found = read_confirmed(tmp_path / "answers.jsonl", tmp_path)
    assert [one.stem for one in found] == ["a", "c", "c", "d"]
    assert found[3].word_of(3) == "dog"
    out = tmp_path / "out"
    report = cut_answers(found, out, LAYOUT, known=Known(out / "tiles"))
    assert (report.tiles, report.known) == (3, 2)
    assert any("looks like one that is 'cat'" in line for line in report.left_out)
    # The next harvest knows what is there.
    again = cut_answers(found, out, LAYOUT, known=Known(out / "tiles"))
    assert (again.tiles, again.known) == (0, 5)


def test_pictures_of_one_name_in_other_folders_are_told_apart(tmp_path: Path) -> None:
    here, first, second = (tmp_path / name for name in ("here", "first", "second"))
    for seed, folder in enumerate((here, first, second)):
        folder.mkdir()
        save(folder / "a.png", seed=seed)
    paths = ["a.png", str(first / "a.png"), "../second/a.png"]
    lines = [answer(path, [0], confirmed=True) for path in paths]
    (here / "answers.jsonl").write_text("".join(lines), "utf-8")
    found = read_confirmed(here / "answers.jsonl", here)
    stems = [one.stem for one in found]
    assert stems[0] == "a"
    assert len(set(stems)) == 3
    assert all(stem.startswith("a-") and "." not in stem for stem in stems[1:])
    assert cut_answers(found, tmp_path / "out", LAYOUT).tiles == 3


def test_harvest_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(tmp_path / "a.png", seed=1)
    (tmp_path / "answers.jsonl").write_text(answer("a.png", [0], confirmed=True), "utf-8")
    out = str(tmp_path / "out")
    assert (
        main(["harvest", str(tmp_path / "answers.jsonl"), "--pictures", str(tmp_path), "-o", out])
        == 0
    )
    assert capsys.readouterr().out.startswith("1 tiles, 1 words, 7 unlabelled")


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("{", "not JSON"),
        ("[1]", "expected an object"),
        ('{"confirmed": true}', "not an answer of solver tiles"),
        (answer("none.png", [0], confirmed=True), "no such picture"),
    ],
)
def test_lines_that_are_no_answers(tmp_path: Path, line: str, named: str) -> None:
    (tmp_path / "answers.jsonl").write_text(line, "utf-8")
    with pytest.raises(DatasetError, match=named):
        read_confirmed(tmp_path / "answers.jsonl", tmp_path)
