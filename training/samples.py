"""Labelled pictures: where they lie and what they say. Pictures stay encoded files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp"})


class DatasetError(ValueError):
    """A folder of training pictures cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture file, the exact text that it shows, and the name of its source."""

    path: Path
    label: str
    source: str


def read_folder(folder: Path, *, source: str | None = None) -> list[Sample]:
    """Read ``LABEL_anything.png`` files below a folder, sorted by path.

    Raises:
        DatasetError: no such folder, no pictures in it, or a name without a label.
    """
    if not folder.is_dir():
        raise DatasetError(f"{folder}: no such folder")
    name = source or folder.name
    samples = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in SUFFIXES:
            continue
        label, separator, _ = path.stem.rpartition("_")
        if not separator or not label:
            raise DatasetError(
                f"{path}: expected a name such as LABEL_hash.png, received {path.name}"
            )
        samples.append(Sample(path, label, name))
    if not samples:
        raise DatasetError(f"{folder}: no pictures ({', '.join(sorted(SUFFIXES))}) below it")
    return samples


def labels_outside(samples: Iterable[Sample], symbols: str) -> list[Sample]:
    """The samples whose label holds a symbol that the charset lacks."""
    known = set(symbols)
    return [sample for sample in samples if not known.issuperset(sample.label)]


def fingerprint(samples: Sequence[Sample]) -> str:
    """SHA-256 over labels, file names and sizes in bytes: tells one data set from another."""
    digest = hashlib.sha256()
    for sample in samples:
        line = f"{sample.source}\0{sample.path.name}\0{sample.label}\0{sample.path.stat().st_size}"
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()
