"""Corpora whose labels do not fit into a file's name: pictures, and tables that name them.

Picture i of a seed depends on (seed, i) alone, so any number of workers writes the same bytes.
What is there already is kept when it is the same, and is an error when it is not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import cv2
import numpy as np

from training.whole import write_whole

_CHUNK = 32
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Item:
    """One drawn sample: its files by path below the corpus, and its line in the tables."""

    files: Mapping[str, bytes]
    record: Record


@runtime_checkable
class RecordGenerator(Protocol):
    """Draws samples of several files with a structured label."""

    def item(self, rng: np.random.Generator, stem: str) -> Item: ...

    def tables(self, records: Sequence[Record]) -> Mapping[str, bytes]:
        """The files that tell of all samples, by path below the corpus."""


def put(path: Path, data: bytes) -> None:
    """Write a file that is not there; leave one that holds the same.

    Raises FileExistsError for one that holds something else.
    """
    if path.exists():
        if path.read_bytes() != data:
            raise FileExistsError(
                f"{path} is there and holds something else: nothing is overwritten, so name "
                "another folder (or another seed's corpus is in this one)"
            )
        return
    write_whole(path, data)


def _write(out: Path, generator: RecordGenerator, seed: int, numbers: range) -> list[Record]:
    cv2.setNumThreads(1)
    records = []
    for number in numbers:
        drawn = generator.item(np.random.default_rng((seed, number)), f"{number:06d}")
        for name, data in drawn.files.items():
            put(out / name, data)
        records.append(drawn.record)
    return records


def write_records(
    out: str | Path,
    generator: RecordGenerator,
    count: int,
    *,
    seed: int,
    workers: int = 1,
    start: int = 0,
) -> int:
    """Write samples `start` to `start + count - 1` of this seed's endless row; how many.

    Raises ValueError for a count, start or number of workers that is out of range, and
    FileExistsError where something else stands under a name that is needed.
    """
    if count < 0 or start < 0 or seed < 0 or workers < 1:
        raise ValueError(
            "expected count, start, seed >= 0 and workers >= 1. Received: "
            f"count={count}, start={start}, seed={seed}, workers={workers}"
        )
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    if workers == 1:
        records = _write(folder, generator, seed, range(start, start + count))
    else:
        chunks = [
            range(first, min(first + _CHUNK, start + count))
            for first in range(start, start + count, _CHUNK)
        ]
        # A fresh process each: a fork would copy locks that OpenCV's threads hold.
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            done = [pool.submit(_write, folder, generator, seed, chunk) for chunk in chunks]
            records = [record for future in done for record in future.result()]
    for name, data in generator.tables(records).items():
        put(folder / name, data)
    return count


def encoded(picture: np.ndarray, suffix: str, *, quality: int = 90) -> bytes:
    """(H, W, 3) RGB or (H, W, 4) RGBA uint8 as a file; suffix: ``.png`` or ``.jpg``."""
    code = cv2.COLOR_RGBA2BGRA if picture.shape[2] == 4 else cv2.COLOR_RGB2BGR
    flags = {
        ".jpg": [cv2.IMWRITE_JPEG_QUALITY, quality],
        ".png": [cv2.IMWRITE_PNG_COMPRESSION, 4],
    }[suffix]
    done, data = cv2.imencode(suffix, cv2.cvtColor(picture, code), flags)
    if not done:
        raise RuntimeError(f"OpenCV could not encode a {suffix}")
    return data.tobytes()


def decoded(data: bytes) -> np.ndarray:
    """A file's pixels: (H, W, 3) uint8 RGB."""
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise RuntimeError("OpenCV could not decode its own picture")
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def json_lines(records: Sequence[Record]) -> bytes:
    return "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records).encode()
