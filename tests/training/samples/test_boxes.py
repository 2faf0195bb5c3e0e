"""VOC, COCO and YOLO: the same boxes from each, and hostile files refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from training.config import Source
from training.samples import Annotation, DatasetError, read_source

BOXES = (Annotation(10, 5, 30, 25, "cat"), Annotation(50, 10, 100, 50, "猫"))

VOC = """<?xml version="1.0" encoding="utf-8"?>
<annotation><filename>{name}</filename>{size}{objects}</annotation>"""
OBJECT = (
    "<object><name>{label}</name><bndbox><xmin>{x1}</xmin><ymin>{y1}</ymin>"
    "<xmax>{x2}</xmax><ymax>{y2}</ymax></bndbox></object>"
)


def voc(name: str = "a.png", *, boxes: tuple[Any, ...] = BOXES, size: str = "") -> str:
    objects = "".join(
        OBJECT.format(label=b.label, x1=b.x1, y1=b.y1, x2=b.x2, y2=b.y2) for b in boxes
    )
    return VOC.format(name=name, size=size, objects=objects)


def coco(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "images": [{"id": 1, "file_name": "a.png", "width": 100, "height": 50}],
        "categories": [{"id": 3, "name": "cat"}, {"id": 4, "name": "猫"}],
        "annotations": [
            {"image_id": 1, "category_id": 3, "bbox": [10, 5, 20, 20]},
            {"image_id": 1, "category_id": 4, "bbox": [50, 10, 50, 40]},
        ],
    }
    return body | changes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "set"
    folder.mkdir()
    Image.new("RGB", (100, 50), "white").save(folder / "a.png")
    Image.new("RGB", (9, 9), "white").save(tmp_path / "secret.png")
    return folder


def read(folder: Path, reader: str) -> list[tuple[Annotation, ...]]:
    return [s.boxes for s in read_source(Source("set", reader=reader), folder.parent)]


@pytest.mark.parametrize("size", ["", "<size><width>100</width><height>50</height></size>"])
def test_voc(folder: Path, size: str) -> None:
    (folder / "a.xml").write_text(voc(size=size), encoding="utf-8")
    assert read(folder, "voc") == [BOXES]


def test_voc_with_folders_of_its_own(folder: Path) -> None:
    for name in ("Annotations", "JPEGImages"):
        (folder / name).mkdir()
    (folder / "a.png").rename(folder / "JPEGImages" / "a.png")
    (folder / "Annotations" / "a.xml").write_text(voc(boxes=()))
    assert read(folder, "voc") == [()]


LAUGHS = '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]><annotation>&y;</annotation>'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not XML"),
        ("<annotation>", "not XML"),
        ("<annotation/>", "names no picture"),
        (LAUGHS, "DOCTYPE"),
        (LAUGHS.replace("DOCTYPE", "doctype"), "DOCTYPE"),
        ("<annotation>&undefined;</annotation>", "not XML"),
        (voc("none.png"), "no such picture as 'none.png'"),
        (voc("../secret.png"), "expected the name of a picture inside"),
        (voc("/etc/passwd"), "expected the name of a picture inside"),
        (voc(boxes=(Annotation(10, 5, 130, 25, "x"),)), "object 1: .* outside .* 100×50"),
        (voc(boxes=(Annotation(-9, 5, 30, 25, "x"),)), "object 1: .* outside"),
        (voc(boxes=(*BOXES, Annotation(30, 5, 30, 25, "x"))), "object 3: .*x1 < x2"),
        (voc(boxes=(Annotation(float("nan"), 5, 30, 25, "x"),)), "object 1: .*x1 < x2"),
        (voc(boxes=(Annotation(10, 5, 30, 25, " "),)), "object 1: .* no label"),
        (voc().replace("<xmin>10</xmin>", ""), "object 1: expected four numbers"),
        (voc().replace("<xmin>10<", "<xmin>ten<"), "object 1: expected four numbers"),
    ],
)
def test_voc_that_cannot_be_used(folder: Path, text: str, message: str) -> None:
    (folder / "a.xml").write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError, match=message) as caught:
        read(folder, "voc")
    assert "a.xml" in str(caught.value)


def test_coco(folder: Path) -> None:
    (folder / "labels.json").write_text(json.dumps(coco()))
    assert read(folder, "coco") == [BOXES]
    by_file = read_source(Source("set/labels.json", reader="coco"), folder.parent)
    assert [s.boxes for s in by_file] == [BOXES]


ANNOTATION = {"image_id": 1, "category_id": 3, "bbox": [10, 5, 20, 20]}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "line 1: not JSON"),
        ('{"images": [\n', "line 2: not JSON"),
        ("[]", "expected COCO's object"),
        ("[" * 100_000, "not COCO JSON"),
        ("{}", "expected a list 'categories'"),
        (coco(images=[]), r"annotations\[0\]: no image 1"),
        (coco(images=[], annotations=[]), "no images"),
        (coco(images=[{"id": 1}]), r"images\[0\]: expected an object with id, file_name"),
        (coco(images=[{"id": [], "file_name": "a.png"}]), r"images\[0\]: expected a number"),
        (coco(images=coco()["images"] * 2), r"images\[1\]: the id 1 is that of another"),
        (coco(images=[{"id": 1, "file_name": "../secret.png"}]), "picture inside"),
        (coco(images=[{"id": 1, "file_name": "/etc/passwd"}]), "picture inside"),
        (coco(images=[{"id": 1, "file_name": "none.png"}]), "no such picture"),
        (coco(categories=[]), r"annotations\[0\]: .* no category 3"),
        (coco(categories=[{"id": 3, "name": 1}]), r"categories\[0\]: expected a name"),
        (coco(annotations=[ANNOTATION | {"bbox": [1, 2, 3]}]), r"annotations\[0\]: expected bbox"),
        (coco(annotations=[ANNOTATION | {"bbox": 3}]), r"annotations\[0\]: expected bbox"),
        (coco(annotations=[ANNOTATION | {"bbox": [1, 2, 0, 9]}]), r"annotations\[0\]: .*x1 < x2"),
        (coco(annotations=[ANNOTATION | {"bbox": [1, 2, 1e999, 9]}]), "x1 < x2"),
        (coco(annotations=[ANNOTATION | {"bbox": [1, 2, 10**400, 9]}]), "expected bbox"),
        (coco(annotations=[ANNOTATION, ANNOTATION | {"bbox": [90, 5, 30, 9]}]), r"\[1\].* outside"),
    ],
)
def test_coco_that_cannot_be_used(folder: Path, body: object, message: str) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    (folder / "labels.json").write_text(text)
    with pytest.raises(DatasetError, match=message) as caught:
        read(folder, "coco")
    assert "labels.json" in str(caught.value)


YOLO = "0 0.2 0.3 0.2 0.4\n\n1 0.75 0.6 0.5 0.8\n"


def flat(boxes: tuple[Annotation, ...]) -> list[object]:
    return [v for b in boxes for v in (*(round(x, 6) for x in (b.x1, b.y1, b.x2, b.y2)), b.label)]


def test_yolo(folder: Path) -> None:
    (folder / "a.txt").write_text(YOLO)
    (folder / "classes.txt").write_text("cat\n猫\n\n", encoding="utf-8")
    Image.new("RGB", (20, 20)).save(folder / "background.png")
    first, second = read(folder, "yolo")
    assert flat(first) == flat(BOXES)
    assert second == ()


def test_yolo_with_folders_of_its_own(folder: Path) -> None:
    for name in ("images/train", "labels/train"):
        (folder / name).mkdir(parents=True)
    (folder / "a.png").rename(folder / "images" / "train" / "a.png")
    (folder / "labels" / "train" / "a.txt").write_text(YOLO)
    (folder.parent / "names").write_text("cat\n猫", encoding="utf-8")
    source = Source("set", reader="yolo", labels="names")
    assert flat(read_source(source, folder.parent)[0].boxes) == flat(BOXES)


def test_yolo_of_a_damaged_picture_is_left_to_the_check(folder: Path) -> None:
    (folder / "a.txt").write_text(YOLO)
    (folder / "classes.txt").write_text("cat\ndog\n")
    (folder / "a.png").write_bytes(b"not a picture")
    assert read(folder, "yolo") == [()]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 0.2 0.3 0.2\n", "line 1: expected 'class x y width height'"),
        ("0 0.2 0.3 0.2 0.4 0.9\n", "line 1: expected 'class x y width height'"),
        ("\ncat 0.2 0.3 0.2 0.4\n", "line 2: expected 'class x y width height'"),
        ("2 0.2 0.3 0.2 0.4\n", "line 1: no class 2 among the 2"),
        ("-1 0.2 0.3 0.2 0.4\n", "line 1: no class -1"),
        ("0 0.2 0.3 0 0.4\n", "line 1: .*x1 < x2"),
        ("0 0.2 nan 0.2 0.4\n", "line 1: .*x1 < x2"),
        ("0 0.9 0.3 0.5 0.4\n", "line 1: .* outside"),
        ("0 20 30 20 40\n", "line 1: .* outside"),
    ],
)
def test_yolo_that_cannot_be_used(folder: Path, text: str, message: str) -> None:
    (folder / "classes.txt").write_text("cat\ndog\n")
    (folder / "a.txt").write_text(text)
    with pytest.raises(DatasetError, match=message) as caught:
        read(folder, "yolo")
    assert "a.txt" in str(caught.value)


@pytest.mark.parametrize(
    ("reader", "message"),
    [("voc", "no .xml files"), ("coco", "json in it, found 0"), ("yolo", "classes.txt")],
)
def test_pictures_alone(folder: Path, reader: str, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        read(folder, reader)


def test_yolo_without_any_label(folder: Path) -> None:
    (folder / "classes.txt").write_text("cat\n")
    with pytest.raises(DatasetError, match=r"no \.txt file for any of its 1 pictures"):
        read(folder, "yolo")


@pytest.mark.parametrize("reader", ["voc", "coco", "yolo", "csv", "classes", "filename"])
def test_no_folder(tmp_path: Path, reader: str) -> None:
    with pytest.raises(DatasetError, match="no such folder"):
        read_source(Source("none", reader=reader), tmp_path)
