"""Click pictures with labels, read from the zips of the shared data folder."""

from __future__ import annotations

import json
import random
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import _common as common

from solver import images

Corners = tuple[float, float, float, float]


@dataclass(frozen=True)
class Mark:
    """``text`` is its character, or "" for an icon."""

    box: Corners
    text: str


@dataclass(frozen=True)
class ClickPicture:
    """``marks`` are those asked for, in their order; ``whole`` says that there are no others.

    ``prompt`` is the picture that asks for them, where there is one.
    """

    group: str
    name: str
    data: bytes
    marks: tuple[Mark, ...]
    whole: bool
    prompt: bytes | None = None


def _dots(group: str, archive: zipfile.ZipFile) -> list[ClickPicture]:
    """go-captcha's: characters or shapes, with a thumbnail that asks for them."""
    pictures = []
    for folder, label in _lines(archive):
        marks = tuple(
            Mark(_corners(d["x"], d["y"], d["width"], d["height"]), d["text"])
            for d in sorted(label["dots"], key=lambda d: int(d["index"]))
        )
        pictures.append(
            ClickPicture(
                group,
                label["file"],
                archive.read(str(folder / label["file"])),
                marks,
                bool(label["all_objects_listed"]),
                archive.read(str(folder / label["thumb"])),
            )
        )
    return pictures


def _words(group: str, archive: zipfile.ZipFile) -> list[ClickPicture]:
    pictures = []
    for folder, label in _lines(archive):
        marks = tuple(
            Mark(_corners(w["x"], w["y"], w["w"], w["h"]), w["value"])
            for w in label["words"]["word"]
        )
        data = archive.read(str(folder / label["file"]))
        pictures.append(ClickPicture(group, label["file"], data, marks, True))
    return pictures


def _yolo(group: str, archive: zipfile.ZipFile) -> list[ClickPicture]:
    """Boxes of one class, and no characters."""
    names = {name for name in archive.namelist() if "/images/" in name and name.endswith(".jpg")}
    pictures = []
    for name in sorted(names):
        data = archive.read(name)
        height, width = images.load(data).shape[:2]
        label = str(PurePosixPath(name.replace("/images/", "/labels/")).with_suffix(".txt"))
        marks = []
        for line in archive.read(label).decode("utf-8").splitlines():
            x, y, w, h = (float(value) for value in line.split()[1:5])
            corners = _corners((x - w / 2) * width, (y - h / 2) * height, w * width, h * height)
            marks.append(Mark(corners, ""))
        pictures.append(ClickPicture(group, PurePosixPath(name).name, data, tuple(marks), True))
    return pictures


def _lines(archive: zipfile.ZipFile) -> list[tuple[PurePosixPath, dict[str, Any]]]:
    table = next(name for name in archive.namelist() if name.endswith("labels.jsonl"))
    lines = archive.read(table).decode("utf-8").splitlines()
    return [(PurePosixPath(table).parent, json.loads(line)) for line in lines]


def _corners(x: float, y: float, width: float, height: float) -> Corners:
    return float(x), float(y), float(x + width), float(y + height)


READERS: Mapping[str, Callable[[str, zipfile.ZipFile], list[ClickPicture]]] = {
    "click_gen-gocaptcha": _dots,
    "click_gen-gocaptcha_shape": _dots,
    "click_gen-nickliqian": _words,
    "click_geetest": _yolo,
}


def read_set(data: Path, group: str, *, count: int | None = None) -> list[ClickPicture]:
    """A set, or a seeded sample of it."""
    path = data / f"{group}.zip"
    if not path.exists():
        raise SystemExit(f"{path}: not there; name the folder with --data")
    with zipfile.ZipFile(path) as archive:
        pictures = sorted(READERS[group](group, archive), key=lambda one: one.name)
    random.Random(common.SEED).shuffle(pictures)
    return pictures[:count]
