"""Many small pictures → a few TFRecord files of their encoded bytes, and an index.

Nothing is decoded into the pack and nothing is encoded anew: what :mod:`solver.images` reads from
it is what it reads from the files. One picture is in memory at a time. No TensorFlow here; its
``TFRecordDataset`` reads the files.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solver import images
from solver.errors import ImageError
from training.data.likeness import Damaged
from training.samples import DatasetError, Sample, ailment
from training.samples.packs import INDEX, Shard, row, write_index
from training.samples.tfrecord import OVERHEAD, write_record

SHARD_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Packed:
    """What was written: ``bytes`` counts the shards and the index, ``picture_bytes`` the files."""

    folder: Path
    pictures: int
    bytes: int
    picture_bytes: int
    shards: int
    damaged: tuple[Damaged, ...]


def pack(samples: Sequence[Sample], folder: Path, out: Path, *, shards: int = 0) -> Packed:
    """Write the samples, in their order, as a pack in ``out``, which is made.

    A picture's name is its path from ``folder``, where it lies below that. Files that are no
    pictures are left out. ``shards`` of 0 makes files of about 256 MiB.

    Raises:
        DatasetError: there is something in ``out`` already, or no picture to pack.
        OSError: the disk is full, say; ``out`` is as it was before.
    """
    refuse_filled(out)
    if shards < 0 or shards > max(1, len(samples)):
        raise DatasetError(f"shards: expected 1 to {len(samples)} (pictures), received {shards}")
    if not shards:
        shards = max(1, -(-sum(sample.size() for sample in samples) // SHARD_BYTES))
    damaged: list[Damaged] = []
    written: list[Shard] = []
    rows: list[list[Any]] = []
    with _beside(out) as draft:
        for number in range(shards):
            first, end = (len(samples) * place // shards for place in (number, number + 1))
            name = f"{number:05d}-of-{shards:05d}.tfrecord"
            part = samples[first:end]
            written.append(
                _write_shard(draft / name, number, part, folder, rows=rows, damaged=damaged)
            )
        if not rows:
            reason = f"; the first: {damaged[0].reason}" if damaged else ""
            raise DatasetError(f"{out}: none of {len(samples)} files is a picture{reason}")
        write_index(draft, written, rows)
        index_bytes = (draft / INDEX).stat().st_size
        draft.replace(out)
    return Packed(
        folder=out,
        pictures=len(rows),
        bytes=sum(shard.bytes for shard in written) + index_bytes,
        picture_bytes=sum(shard.bytes - OVERHEAD * shard.records for shard in written),
        shards=shards,
        damaged=tuple(damaged),
    )


def refuse_filled(out: Path) -> None:
    """Raise a DatasetError where there is anything at ``out`` already."""
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise DatasetError(f"{out}: there is something already; pack to another folder")


def _write_shard(
    path: Path,
    number: int,
    samples: Sequence[Sample],
    folder: Path,
    *,
    rows: list[list[Any]],
    damaged: list[Damaged],
) -> Shard:
    """Append the samples' rows to ``rows``, and to ``damaged`` those that are left out."""
    digest, offset, records = hashlib.sha256(), 0, 0
    with path.open("xb") as file:
        for sample in samples:
            try:
                data = _content(sample)
                images.load(data)
            except (ImageError, OSError) as error:
                reason = ailment(error) if isinstance(error, ImageError) else str(error)
                damaged.append(Damaged(sample, reason))
                continue
            body = write_record(file, data)
            digest.update(body)
            below = sample.path.is_relative_to(folder)
            name = sample.path.relative_to(folder).as_posix() if below else sample.path.name
            rows.append(row(sample, name, (number, offset, len(data))))
            offset += len(body)
            records += 1
        file.flush()
        os.fsync(file.fileno())
    return Shard(path.name, offset, digest.hexdigest(), records)


def _content(sample: Sample) -> bytes:
    content = sample.content()
    if isinstance(content, bytes):
        return content
    with content.open("rb") as file:
        # One byte more than a picture may have: images.load then says so.
        return file.read(images.DEFAULT_LIMITS.max_bytes + 1)


@contextmanager
def _beside(out: Path) -> Iterator[Path]:
    """A new folder beside ``out``; what was not renamed by the end is gone."""
    draft = out.with_name(f".{out.name}.{os.getpid()}.new")
    draft.parent.mkdir(parents=True, exist_ok=True)
    draft.mkdir()
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)
