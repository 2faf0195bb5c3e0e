"""What a check finds, as figures, text, JSON and a page."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from solver.anchors import AnchorSpec
from tests.training.data.pictures import resaved, save, scene
from training.data.anchor_fit import Canvas
from training.data.check import Report, check
from training.data.check_page import to_html, to_text
from training.samples import Annotation, Sample, read_folder

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six pictures, one of them damaged; of 12 there are a copy, and a copy said to be 13."""
    folder = tmp_path / "mine"
    for name, picture in {
        "12_a.png": scene(1),
        "12_b.png": scene(1),
        "13_c.png": scene(1),
        "12_d.png": resaved(scene(1)),
        "A4x_e.png": scene(2, width=121, height=44),
    }.items():
        save(folder, name, picture)
    (folder / "99_f.png").write_bytes(b"not a picture")
    return folder


def names(groups: tuple[tuple[Sample, ...], ...]) -> list[list[str]]:
    return [[sample.path.stem[-1] for sample in group] for group in groups]


def test_a_folder_with_everything(folder: Path) -> None:
    report = check({"mine": read_folder(folder)}, symbols="0123456789")
    (source,) = report.sources
    assert (source.pictures, source.damaged) == (6, 1)
    assert (source.widths, source.heights) == ((96, 121), (40, 44))
    assert [item.sample.path.name for item in report.damaged] == ["99_f.png"]
    assert [sample.label for sample in report.outside] == ["A4x"]
    assert report.suggested_symbols == "12349xA"
    assert report.balance == {"1": 4, "2": 3, "9": 2, "3": 1, "4": 1, "A": 1, "x": 1}
    assert report.lengths == {2: 5, 3: 1}
    assert names(report.duplicates) == [["a", "b", "c"]]
    assert names(report.conflicts) == [["a", "b", "c"]]
    assert names(report.near) == [["a", "b", "d", "c"]]
    assert report.leaks == ()
    assert report.suggested_input is not None
    assert report.suggested_input.height == 48
    assert report.suggested_input.max_width == 144
    assert (report.suggested_input.letterbox_width, report.suggested_input.letterbox_height) == (
        128,
        48,
    )
    assert [sentence.partition(" ")[0] for sentence in report.problems] == ["1", "1", "1"]
    assert (folder / "99_f.png").read_bytes() == b"not a picture"


def test_leaks(tmp_path: Path) -> None:
    save(tmp_path, "train/12_a.png", scene(1))
    save(tmp_path, "train/34_b.png", scene(2))
    save(tmp_path, "val/12_c.png", resaved(scene(1)))
    save(tmp_path, "val/56_d.png", scene(3))
    train, validation = (read_folder(tmp_path / side) for side in ("train", "val"))
    report = check({"train": train}, {"val": validation})
    assert names(report.leaks) == [["a", "c"]]
    assert any("leaks" in sentence for sentence in report.problems)
    assert [source.side for source in report.sources] == ["train", "validation"]


def test_classes_and_boxes(tmp_path: Path) -> None:
    path = save(tmp_path, "a.png", scene(1))
    other = save(tmp_path, "b.png", scene(2))
    classes = check({"s": [Sample(path, "猫", "s"), Sample(other, "猫", "s")]}, kind="classes")
    assert classes.balance == {"猫": 2}
    assert classes.suggested_symbols == ""
    assert any("1 class only" in sentence for sentence in classes.problems)
    inner = Annotation(1, 1, 9, 9, "x")
    boxes = (Sample(path, "", "s", (inner, inner)), Sample(other, "", "s", (inner,)))
    assert check({"s": boxes}).balance == {"x": 3}
    wide = Sample(path, "", "s", (Annotation(1, 1, 99, 9, "x"),))
    report = check({"s": [wide, Sample(path, "", "s", (inner,))]})
    assert report.boxes_outside == (wide,)
    assert len(report.conflicts) == 1


def test_the_page_frames_boxes(tmp_path: Path) -> None:
    """On the small picture, where the box is on the large one."""
    grey = np.full((200, 360, 3), 90, np.uint8)
    path = save(tmp_path, "a.png", Image.fromarray(grey))
    page = to_html(check({"s": [Sample(path, "", "s", (Annotation(100, 40, 200, 160, "x"),))]}))
    found = re.search(r'src="data:image/png;base64,([^"]+)"', page)
    assert found is not None
    small = np.asarray(Image.open(io.BytesIO(base64.b64decode(found[1]))).convert("RGB"))
    rows, columns = np.nonzero((small == (0, 224, 0)).all(axis=2))
    assert small.shape == (100, 180, 3)
    assert (columns.min(), rows.min(), columns.max(), rows.max()) == (50, 20, 99, 79)
    far = Sample(path, "", "s", (Annotation(-9e12, 40, 9e12, 160, "a b"),) * 2)
    assert "a b ×2" in to_html(check({"s": [far]}))  # in no time, though Pillow walks along a side


def test_nothing() -> None:
    report = check({})
    assert report.pictures == 0
    assert report.suggested_input is None
    assert to_text(report).endswith("no problems found")
    assert "No problems found" in to_html(report)


def test_only_damaged_files(tmp_path: Path) -> None:
    (tmp_path / "1_a.png").write_bytes(b"")
    report = check({"s": read_folder(tmp_path)})
    assert len(report.damaged) == 1
    assert "damaged" in to_text(report)


def hostile(tmp_path: Path) -> Report:
    path = save(tmp_path, "a'<b>&.png", scene(1))
    labels = [HOSTILE, "\x1b[2J", "\udcff", "\u202eabc"]
    return check({"<i>s</i>": [Sample(path, label, "<i>s</i>") for label in labels]}, symbols="1")


def test_the_page_is_harmless_and_complete_in_itself(tmp_path: Path) -> None:
    page = to_html(hostile(tmp_path))
    assert "<script" not in page
    assert "<i>s" not in page
    assert "onerror=alert" in page  # as text, whose brackets are escaped
    assert "&lt;script&gt;" in page
    assert not re.search(r"<img(?! alt=\"\" src=\"data:)", page)
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert "default-src 'none'" in page
    page.encode()
    assert "\x1b" not in page


def test_the_text_moves_no_cursor(tmp_path: Path) -> None:
    text = to_text(hostile(tmp_path))
    text.encode()
    assert all(symbol.isprintable() or symbol == "\n" for symbol in text)


def test_json_goes_there_and_back(tmp_path: Path, folder: Path) -> None:
    for report in (hostile(tmp_path), check({"mine": read_folder(folder)})):
        body = report.to_dict()
        assert json.loads(json.dumps(body)) == json.loads(json.dumps(body).encode())
    body = check({"mine": read_folder(folder)}).to_dict()
    assert body["damaged"][0]["file"].endswith("99_f.png")
    assert body["suggested_input"]["height"] == 48
    assert [len(group) for group in body["conflicts"]] == [3]


def test_long_lists_are_cut(tmp_path: Path) -> None:
    path = save(tmp_path, "a.png", Image.new("RGB", (9, 9)))
    report = check({"s": [Sample(path, f"{n:04}", "s") for n in range(200)]}, symbols="x")
    assert "outside the charset: and 190 more" in to_text(report)
    page = to_html(report)
    assert page.count("<figure>") < 200
    assert "and 120 more" in page


@pytest.mark.parametrize(
    ("canvas", "size", "said"),
    [
        (None, 24.0, []),
        (Canvas(96, 96), 200.0, ["the anchors of the settings reach 0.0 %"]),
        (Canvas(32, 32), 8.0, ["small boxes have sides of 8 pixels on an input of 32×32"]),
    ],
)
def test_anchors(tmp_path: Path, canvas: Canvas | None, size: float, said: list[str]) -> None:
    path = save(tmp_path, "a.png", scene(1, width=96, height=96))
    boxes = tuple(Annotation(x, x, x + 24, x + 24, "x") for x in (0, 10, 40))
    sizes = (size, 2 * size, 4 * size)
    anchors = AnchorSpec(sizes=sizes, aspect_ratios=(1.0,)) if canvas else None
    sample = Sample(path, "", "s", boxes)
    report = check({"s": [sample]}, canvas=canvas, anchors=anchors)
    found = [one for one in report.warnings if "fewer than" not in one]
    assert [one[: len(start)] for one, start in zip(found, said, strict=True)] == said
    assert report.suggested_detect is not None
    assert report.to_dict()["suggested_detect"]["boxes"] == 3
    for text in (to_text(report), to_html(report)):
        assert str(report.suggested_detect) in text
