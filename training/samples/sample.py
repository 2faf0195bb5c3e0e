"""What a labelled picture is, and what a set of them is called by."""

from __future__ import annotations

import hashlib
import math
import os
import re
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path, PureWindowsPath

import numpy as np
import numpy.typing as npt

from solver import images
from solver.errors import ImageError, SolverError
from training.samples.tfrecord import Record, RecordError

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff"})
# Formats count pixels from 0 or from 1 and round in their own ways.
OVERHANG = 1.0


class DatasetError(ValueError):
    """A folder of training pictures cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """A box in pixels of its picture, from the top left, and what it shows."""

    x1: float
    y1: float
    x2: float
    y2: float
    label: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture file, the exact text or class that it shows, and the name of its source.

    A picture with boxes has the label ``""``. Samples of one ``group`` (drawn from one picture,
    taken in one session) stay on one side of a split; ``""`` is no group. With a ``record`` the
    picture lies in a pack, with ``data`` (the encoded picture) in no file at all, and ``path``
    only says what it is called: read :meth:`content`.
    """

    path: Path
    label: str
    source: str
    boxes: tuple[Annotation, ...] = ()
    group: str = ""
    record: Record | None = None
    data: bytes | None = field(default=None, repr=False)

    def content(self) -> Path | bytes:
        """The picture as :func:`solver.images.load` takes it: its file, or its encoded bytes.

        Raises:
            DatasetError: the pack is damaged there; the message names the file and the record.
        """
        record = self.record
        if self.data is not None:
            return self.data
        if record is None:
            return self.path
        try:
            return record.read()
        except (RecordError, OSError) as error:
            raise DatasetError(
                f"{record.file}: record {record.number} ({shown(self.path.name)}) is damaged: "
                f"{error}; make the pack again: solver-train pack"
            ) from error

    def pixels(self, content: Path | bytes | None = None) -> npt.NDArray[np.uint8]:
        """The picture, ``(H, W, 3)`` RGB; ``content`` is :meth:`content` where it is at hand.

        Raises:
            DatasetError: it is no picture that can be read; the message names it.
        """
        try:
            return images.load(self.content() if content is None else content)
        except ImageError as error:
            raise DatasetError(
                f"{shown(self.path)}: {ailment(error)}; leave it out: solver-train check lists "
                "such files, and the lists of solver-train split do without them"
            ) from error

    def size(self) -> int:
        """The encoded picture's size in bytes."""
        if self.data is not None:
            return len(self.data)
        return self.path.stat().st_size if self.record is None else self.record.size


def ailment(error: SolverError) -> str:
    """What ails a picture file, to stand behind its path: the error calls it by its type."""
    return re.sub(r"^could not read (a \w+|[\d,]+ bytes) as", "not readable as", str(error))


def labels_outside(samples: Iterable[Sample], symbols: str) -> list[Sample]:
    """The samples whose label holds a symbol that the charset lacks."""
    known = set(symbols)
    return [sample for sample in samples if not known.issuperset(sample.label)]


def fingerprint(samples: Sequence[Sample]) -> str:
    """SHA-256 over labels, boxes, file names and sizes in bytes: tells data sets apart."""
    digest = hashlib.sha256()
    for sample in samples:
        line = f"{sample.source}\0{sample.path.name}\0{sample.label}\0{sample.size()}"
        if sample.boxes:
            line += f"\0{sample.boxes}"
        digest.update(line.encode(errors="surrogateescape") + b"\n")
    return digest.hexdigest()


def shown(text: object) -> str:
    """A path or label for printing: control characters and what is not Unicode are escaped."""
    return "".join(c if c.isprintable() else _escaped(c) for c in str(text))


def in_a_row(labels: Iterable[str], *, between: str = " ") -> str:
    """Labels of boxes in their order, one that repeats once: ``mark ×3 star``."""
    runs = [(label, len(list(run))) for label, run in groupby(labels)]
    return between.join(label if count == 1 else f"{label} ×{count}" for label, count in runs)


def _escaped(symbol: str) -> str:
    return symbol.encode("unicode_escape", "backslashreplace").decode()


def picture_files(folder: Path) -> list[Path]:
    """The picture files below a folder, sorted.

    Raises:
        DatasetError: no such folder, or no pictures in it.
    """
    need_folder(folder)
    found = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in SUFFIXES]
    if not found:
        raise DatasetError(f"{folder}: no pictures ({', '.join(sorted(SUFFIXES))}) below it")
    return found


def need_folder(path: Path) -> None:
    """Raise a DatasetError where there is no such folder: a file is named as one."""
    if path.is_file():
        raise DatasetError(
            f"{path}: is a file; expected a folder of pictures "
            "(a table of labels wants the reader csv, tsv or coco)"
        )
    if not path.is_dir():
        raise DatasetError(f"{path}: no such folder")


def inside(folder: Path, name: str, where: str, *, packed: Container[Path] = ()) -> Path:
    """The file of a relative name that a labels file gives, which must lie below the folder.

    ``packed`` are the names of what is not a file of its own.

    Raises:
        DatasetError: the name is empty, absolute or leads out of the folder, or is no file.
    """
    plain = name.strip().replace("\\", "/")
    relative = Path(os.path.normpath(plain))
    is_odd = relative.is_absolute() or PureWindowsPath(plain).anchor or "\0" in plain
    if not plain or is_odd or relative.parts[:1] in ((), ("..",)):
        raise DatasetError(
            f"{where}: expected the name of a picture inside {folder}, received {name!r}"
        )
    path = folder / relative
    if path not in packed and not is_file(path):
        raise DatasetError(f"{where}: no such picture as {name!r} in {folder}")
    return path


def is_file(path: Path) -> bool:
    """Whether there is such a file; a name that no file can have is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def box(
    corners: Sequence[object], label: str, *, where: str, size: tuple[int, int] | None
) -> Annotation:
    """A box from ``x1, y1, x2, y2`` in pixels, checked against the picture's (width, height).

    What overhangs by up to a pixel is clipped.

    Raises:
        DatasetError: no four finite numbers, no area, no label, or outside of the picture.
    """
    try:
        x1, y1, x2, y2 = (float(value) for value in corners)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise DatasetError(f"{where}: expected four numbers, received {list(corners)!r}") from None
    text = f"({x1:g}, {y1:g}, {x2:g}, {y2:g})"
    if not all(map(math.isfinite, (x1, y1, x2, y2))) or x1 >= x2 or y1 >= y2:
        raise DatasetError(f"{where}: expected a box with x1 < x2 and y1 < y2, received {text}")
    if size is not None:
        width, height = size
        if min(x1, y1) < -OVERHANG or x2 > width + OVERHANG or y2 > height + OVERHANG:
            raise DatasetError(
                f"{where}: the box {text} lies outside of its picture of {width}×{height} pixels"
            )
        x1, y1, x2, y2 = max(0.0, x1), max(0.0, y1), min(x2, width), min(y2, height)
        if x1 >= x2 or y1 >= y2:
            raise DatasetError(f"{where}: the box {text} lies outside of its picture")
    if not label:
        raise DatasetError(f"{where}: the box {text} has no label")
    return Annotation(x1, y1, x2, y2, label)


def read_text(path: Path) -> str:
    """A labels file as text; a byte-order mark is dropped.

    Raises:
        DatasetError: no such file, or a line is not UTF-8.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror}") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DatasetError(f"{path}: line {line} is not UTF-8; save the file as UTF-8") from error
