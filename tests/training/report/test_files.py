"""JSON, CSV and the picture sheet hold what the evaluation does."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from solver import images
from training.evaluate import Evaluation
from training.report.files import (
    BOX_COLUMNS,
    COLUMNS,
    pixels,
    worst,
    write_csv,
    write_json,
    write_sheet,
)
from training.report.html import write_html
from training.samples import Sample


def test_wrong_and_sure_comes_first(texts: Evaluation) -> None:
    order = worst(texts)
    assert [item.is_right for item in order] == [False, False, True, True, True]
    wrong, right = [i.confidence for i in order[:2]], [i.confidence for i in order[2:]]
    assert wrong == sorted(wrong, reverse=True)
    assert right == sorted(right)
    assert worst(texts, count=1) == order[:1]


def test_json(texts: Evaluation, tmp_path: Path) -> None:
    body = json.loads(write_json(texts, tmp_path / "new" / "r.json").read_text(encoding="utf-8"))
    assert body["pooled"]["exact"] == {
        "right": 3,
        "count": 5,
        "share": 0.6,
        "low": pytest.approx(0.2307, abs=1e-4),
        "high": pytest.approx(0.8824, abs=1e-4),
    }
    assert set(body["sources"]) == {"good", '<script>"bad"'}
    assert len(body["unreadable"]) == 1


def test_csv_has_a_row_a_picture(texts: Evaluation, tmp_path: Path) -> None:
    with write_csv(texts, tmp_path / "r.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [row["label"] for row in rows] == ["12", "a", "3B", "<i>&", '"1']
    assert [row["answer"] for row in rows] == ["12", "a", "3B", "aB", "12"]
    assert [row["right"] for row in rows] == ["1", "1", "1", "0", "0"]
    assert len(rows[0]["character_confidences"].split()) == 2


def test_csv_of_classes(classes: Evaluation, tmp_path: Path) -> None:
    with write_csv(classes, tmp_path / "r.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["answer"] for row in rows] == ["cat", "dog", "owl", "dog"]
    assert rows[0]["character_confidences"] == ""


@pytest.mark.parametrize(("count", "width"), [(1, 240), (50, 1200)])
def test_sheet(texts: Evaluation, tmp_path: Path, count: int, width: int) -> None:
    with Image.open(write_sheet(texts, tmp_path / "r.png", count=count)) as sheet:
        assert sheet.width == width


def test_names_that_are_not_utf8(texts: Evaluation, tmp_path: Path) -> None:
    source = texts.predictions[0].sample.path
    odd = tmp_path / "\udcff.png"
    odd.write_bytes(source.read_bytes())
    prediction = replace(texts.predictions[0], sample=Sample(odd, "12", "odd"))
    evaluation = replace(texts, predictions=(prediction,))
    for write in (write_json, write_csv, write_html):
        body = write(evaluation, tmp_path / "out").read_text(encoding="utf-8")
        assert r"\udcff" in body or write is write_json


def test_csv_of_boxes_has_a_row_a_box(boxes: Evaluation, tmp_path: Path) -> None:
    with write_csv(boxes, tmp_path / "r.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == BOX_COLUMNS
    verdicts = [(Path(row["path"]).name, row["verdict"]) for row in rows]
    assert verdicts == [
        ("all.png", "right"),
        ("all.png", "right"),
        ("missed.png", "right"),
        ("missed.png", "missed"),
        ("wrong.png", "wrong"),
        ("wrong.png", "missed"),
    ]
    assert {row["label"] for row in rows} == {"墨"}
    assert [rows[0][name] for name in ("x1", "y1", "x2", "y2")] == [
        "16.00",
        "0.00",
        "32.00",
        "16.00",
    ]
    assert rows[3]["score"] == ""


def test_boxes_are_drawn_and_missed_ones_framed(boxes: Evaluation, tmp_path: Path) -> None:
    before = images.load(boxes.predictions[1].sample.path)
    drawn = pixels(boxes.predictions[1])
    changed = np.abs(drawn.astype(int) - before).sum(axis=2) > 60
    assert changed[16:32, 16:32].any()  # found
    frame = np.zeros((16, 16), dtype=bool)
    frame[0] = frame[-1] = frame[:, 0] = frame[:, -1] = True
    assert (changed[48:64, 48:64] == frame).all()  # missed
    with Image.open(write_sheet(boxes, tmp_path / "r.png")) as sheet:
        assert sheet.width == 3 * 320
