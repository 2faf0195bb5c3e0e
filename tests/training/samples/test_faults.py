"""Labels that cannot be used: every one is noted, and the rest is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.training.samples.test_boxes import BOXES, coco, voc
from training.config import Source
from training.samples import Annotation, DatasetError, Fault, read_source

FAR = (Annotation(90, 5, 190, 25, "cat"),)


def _filename(folder: Path) -> Source:
    for name in ("7_a", "plain", "other", "8_a"):
        (folder / f"{name}.png").write_bytes(b"x")
    return Source(str(folder))


def _classes(folder: Path) -> Source:
    for name in ("cat/1", "loose", "free", "dog/1"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / f"{name}.png").write_bytes(b"x")
    return Source(str(folder), reader="classes")


def _table(folder: Path) -> Source:
    for name in ("a", "b", "c"):
        (folder / f"{name}.png").write_bytes(b"x")
    (folder / "t.csv").write_text("file,label\na.png,1\nabsent.png,2\nb.png,\nc.png,3\n")
    return Source(str(folder), reader="csv")


def _voc(folder: Path) -> Source:
    for name in ("a", "b", "c", "d"):
        Image.new("RGB", (100, 50)).save(folder / f"{name}.png")
        boxes = FAR if name == "c" else BOXES
        (folder / f"{name}.xml").write_text(voc(f"{name}.png", boxes=boxes))
    (folder / "d.xml").write_text("<annotation>")
    return Source(str(folder), reader="voc")


def _coco(folder: Path) -> Source:
    body = coco()
    for number, name in enumerate("bcd", start=2):
        body["images"].append({"id": number, "file_name": f"{name}.png", "width": 9, "height": 9})
        box = [0, 0, 99 if name == "c" else 5, 5]
        body["annotations"] += [{"image_id": number, "category_id": 3, "bbox": box}] * 2
    for name in "abc":
        Image.new("RGB", (100, 50)).save(folder / f"{name}.png")
    (folder / "boxes.json").write_text(json.dumps(body))
    return Source(str(folder), reader="coco")


def _yolo(folder: Path) -> Source:
    (folder / "classes.txt").write_text("cat\n")
    for name, line in {"a": "0 .5 .5 .2 .2", "b": "0 .5 .5", "c": "7 .5 .5 .2 .2", "d": ""}.items():
        Image.new("RGB", (100, 50)).save(folder / f"{name}.png")
        (folder / f"{name}.txt").write_text(line)
    return Source(str(folder), reader="yolo")


def _own(folder: Path) -> Source:
    (folder.parent / "theirs.py").write_text(
        "def read(folder):\n"
        "    return [('a.png', '1'), ('z.png', '2'), ('b.png', ''), ('b.png', '3')]\n"
    )
    for name in "ab":
        (folder / f"{name}.png").write_bytes(b"x")
    return Source(str(folder), reader="theirs:read")


@pytest.mark.parametrize("made", [_filename, _classes, _table, _voc, _coco, _yolo, _own])
def test_two_faults_are_noted_and_two_pictures_read(
    made: Callable[[Path], Source], tmp_path: Path
) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    source = made(folder)
    faults: list[Fault] = []
    samples = read_source(source, tmp_path, faults=faults)
    assert (len(samples), len(faults)) == (2, 2)
    assert all(fault.source == "set" and fault.reason for fault in faults)
    with pytest.raises(DatasetError, match="2 such in all, which solver-train check lists"):
        read_source(source, tmp_path)


def test_where_nothing_can_be_used_the_reader_may_be_wrong(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.png").write_bytes(b"x")
    message = r"a\.png: expected a name .*none of 3 can be used; is the reader the right one"
    with pytest.raises(DatasetError, match=message):
        read_source(Source(str(tmp_path)), tmp_path, faults=[])


def test_a_list_without_them_reads(tmp_path: Path) -> None:
    source = _filename(tmp_path)
    (tmp_path / "good.csv").write_text("file,label\n7_a.png,7\n")
    (tmp_path / "bad.csv").write_text("file,label\n7_a.png,7\nplain.png,p\n")
    listed = Source(source.path, only="good.csv")
    assert [sample.label for sample in read_source(listed, tmp_path)] == ["7"]
    with pytest.raises(DatasetError, match=r"plain\.png: expected a name such as"):
        read_source(Source(source.path, only="bad.csv"), tmp_path)


@pytest.mark.parametrize("suffix", [".tif", ".TIFF"])
def test_tiff_is_read(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"7_a{suffix}"
    Image.new("RGB", (20, 10), "red").save(path, "TIFF")
    (sample,) = read_source(Source(str(tmp_path)), tmp_path)
    assert sample.pixels().shape == (10, 20, 3)


@pytest.mark.parametrize("reader", ["filename", "classes", "voc", "yolo"])
def test_a_file_is_no_folder(reader: str, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    with pytest.raises(DatasetError, match=r"a\.png: is a file; expected a folder of pictures"):
        read_source(Source(str(tmp_path / "a.png"), reader=reader), tmp_path)
