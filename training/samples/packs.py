"""Packs: encoded pictures in TFRecord files, with one index of their names, labels and places.

``pack.json`` is the index; ``solver-train pack`` writes it (:mod:`training.data.pack`). A row of
its ``records`` has the values of ``COLUMNS``, then, where there are some, a group and boxes
``[x1, y1, x2, y2, label]``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.config import Source
from training.samples.sample import Annotation, DatasetError, Sample, box, read_text, shown
from training.samples.tfrecord import Record

INDEX = "pack.json"
VERSION = 1
COLUMNS = ("file", "label", "shard", "offset", "bytes")


@dataclass(frozen=True, slots=True)
class Shard:
    """One TFRecord file of a pack: its name, size in bytes, SHA-256, and number of records."""

    file: str
    bytes: int
    sha256: str
    records: int


def read_pack(path: Path, options: Source) -> list[Sample]:
    """The samples of a pack's folder, in its order; their pictures stay in the shards.

    ``path / name`` is what a sample is called, as if the folder held the pictures themselves.

    Raises:
        DatasetError: no pack there, its index does not fit, or a shard is missing or cut short.
    """
    index = path / INDEX
    if not index.is_file():
        raise DatasetError(f"{path}: expected a pack ({INDEX} in it); make one: solver-train pack")
    body = _parsed(index)
    try:
        shards = [Shard(**item) for item in body["shards"]]
        files = [path / _plain(shard.file) for shard in shards]
        held: list[list[Sample]] = [[] for _ in shards]
        samples = []
        for row in body["records"]:
            place = _natural(row[2])
            record = Record(files[place], len(held[place]), _natural(row[3]), _natural(row[4]))
            sample = _sample(row, record, path, options.name)
            held[place].append(sample)
            samples.append(sample)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise DatasetError(f"{index}: not the index of a pack: {error!r}") from error
    if not samples:
        raise DatasetError(f"{index}: no pictures in the pack")
    for shard, file, part in zip(shards, files, held, strict=True):
        _check_size(shard, file, part)
    return samples


def write_index(folder: Path, shards: Sequence[Shard], rows: Sequence[Sequence[Any]]) -> Path:
    """Write ``pack.json``, a row a line."""
    head = {
        "version": VERSION,
        "shards": [
            {"file": s.file, "bytes": s.bytes, "sha256": s.sha256, "records": s.records}
            for s in shards
        ],
        "columns": COLUMNS,
    }
    path = folder / INDEX
    with path.open("w", encoding="ascii") as file:
        file.write(json.dumps(head)[:-1] + ', "records": [\n')
        for number, row in enumerate(rows):
            file.write((",\n" if number else "") + json.dumps(row, separators=(",", ":")))
        file.write("\n]}\n")
    return path


def row(sample: Sample, name: str, record: tuple[int, int, int]) -> list[Any]:
    """One row of the index; ``record`` is its shard's number, offset and size in bytes."""
    found: list[Any] = [name, sample.label, *record]
    if sample.group or sample.boxes:
        found.append(sample.group)
    if sample.boxes:
        found.append([[b.x1, b.y1, b.x2, b.y2, b.label] for b in sample.boxes])
    return found


def _parsed(index: Path) -> dict[str, Any]:
    try:
        body = json.loads(read_text(index))
    except DatasetError:
        raise
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{index}: not JSON: {error}") from error
    if not isinstance(body, dict) or body.get("version") != VERSION:
        found = body.get("version") if isinstance(body, dict) else type(body).__name__
        raise DatasetError(f"{index}: expected a pack of version {VERSION}, received {found!r}")
    return body


def _sample(row: Any, record: Record, folder: Path, source: str) -> Sample:
    name, label = row[:2]
    group = row[5] if len(row) > 5 else ""
    if not all(isinstance(text, str) for text in (name, label, group)) or not name:
        raise ValueError(f"record {row!r}")
    boxes: tuple[Annotation, ...] = ()
    if len(row) > 6:
        where = f"record {shown(name)}"
        boxes = tuple(box(item[:4], item[4], where=where, size=None) for item in row[6])
    return Sample(folder / name, label, source, boxes, group, record)


def _check_size(shard: Shard, file: Path, samples: Sequence[Sample]) -> None:
    try:
        size = file.stat().st_size
    except OSError as error:
        raise DatasetError(f"{file}: {error.strerror}; make the pack again") from error
    if size == shard.bytes:
        return
    cut = [s.path.name for s in samples if s.record is not None and s.record.end > size]
    what = "it was changed"
    if cut:
        what = f"from record {len(samples) - len(cut)} ({shown(cut[0])}) on it is missing"
    raise DatasetError(
        f"{file}: expected {shard.bytes} bytes, it has {size}: {what}; make the pack again: "
        "solver-train pack"
    )


def _plain(name: str) -> str:
    if Path(name).name != name or "\\" in name or "\0" in name:
        raise ValueError(f"shard {name!r}")
    return name


def _natural(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"expected a number ≥ 0, received {value!r}")
    return value
