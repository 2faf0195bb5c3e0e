"""The data of a detector: classes from its boxes, and what does not fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.training.data.pictures import save, scene
from training.config import Config, Data, Input, Source
from training.data.sources import read_data
from training.samples import DatasetError


def coco(folder: Path, boxes: dict[int, list[str]]) -> Source:
    """Pictures with boxes of these classes, as a COCO source called like the folder."""
    names = sorted({name for part in boxes.values() for name in part})
    body: dict[str, Any] = {
        "images": [{"id": n, "file_name": f"{n}.png"} for n in boxes],
        "categories": [{"id": number, "name": name} for number, name in enumerate(names)],
        "annotations": [
            {"image_id": n, "category_id": names.index(name), "bbox": [4 + place, 5, 10, 8]}
            for n, part in boxes.items()
            for place, name in enumerate(part)
        ],
    }
    for n in boxes:
        save(folder, f"{n}.png", scene(n, width=80, height=32))
    (folder / "coco.json").write_text(json.dumps(body), encoding="utf-8")
    return Source(folder.name, reader="coco")


def config(train: Source, validation: Source | None = None, **options: Any) -> Config:
    data = Data(train=(train,), validation=(validation,) if validation else ())
    return Config(task="detect", input=Input(height=96, width=96), data=data, **options)


def test_classes_are_those_of_the_training_boxes(tmp_path: Path) -> None:
    train = coco(tmp_path / "a", {1: ["虎", "龙"], 2: [], 3: ["龙"]})
    held_back = coco(tmp_path / "b", {1: ["龙"], 2: []})
    data = read_data(config(train, held_back), tmp_path)
    assert data.labels == tuple(sorted(("虎", "龙")))
    assert [len(sample.boxes) for sample in data.samples] == [2, 0, 1]
    one = read_data(config(held_back), tmp_path)
    assert one.labels == ("龙",)
    named = read_data(config(train, labels=("龙", "虎", "马")), tmp_path)
    assert named.labels == ("龙", "虎", "马")


def test_what_does_not_fit_is_named(tmp_path: Path) -> None:
    full, empty = coco(tmp_path / "a", {1: ["x", "y"]}), coco(tmp_path / "b", {1: [], 2: []})
    for settings, message in (
        (config(empty), "b: no boxes; a detector learns from labelled boxes"),
        (config(full, empty), "data.validation: b has no boxes"),
        (config(full, labels=("x",)), "class 'y' is not one of the model's 1 .1 such pictures"),
    ):
        with pytest.raises(DatasetError, match=message):
            read_data(settings, tmp_path)


def test_folders_of_one_name_are_two_sources(tmp_path: Path) -> None:
    """Each is shown as often as it says, and scored apart; a name that is given is kept."""
    parts = {"a/data": 1, "b/data": 2, "c": 1, "d": 1}
    for folder, count in parts.items():
        for number in range(count):
            save(tmp_path / folder, f"1_{number}.png", scene(number, width=80, height=32))
    sources = (
        Source("a/data"),
        Source("c", repeat=0.5, name="both"),
        Source("b/data", repeat=3),
        Source("d", repeat=2, name="both"),
    )
    side = Data(train=sources, validation=sources[:3])
    data = read_data(Config(symbols="1", data=side), tmp_path)
    assert {name: len(part) for name, part in data.train.items()} == {
        "a/data": 1,
        "both": 2,
        "b/data": 2,
    }
    assert data.repeats == (1, 0.5, 2, 3, 3)
    assert [sample.source for sample in data.samples] == [
        name for name, part in data.train.items() for _ in part
    ]
    assert list(data.validation) == ["a/data", "both", "b/data"]
    alone = read_data(Config(symbols="1", data=Data(train=sources[:1])), tmp_path)
    assert list(alone.train) == ["data"]
