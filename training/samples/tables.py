"""Labels from CSV and TSV files."""

from __future__ import annotations

import csv
import io
from collections.abc import Container, Iterator
from pathlib import Path

from training.config import Source
from training.samples.faults import Fault, noted
from training.samples.sample import DatasetError, Sample, inside, read_text, shown

FILE_NAMES = ("file", "filename", "file_name", "image", "path", "picture")
LABEL_NAMES = ("label", "text", "answer", "class")
GROUP_NAMES = ("group",)


def read_csv(path: Path, options: Source, faults: list[Fault]) -> list[Sample]:
    """Read a table with commas; see :func:`read_tsv`."""
    return _read(path, options, faults, delimiter=",", suffix=".csv")


def read_tsv(path: Path, options: Source, faults: list[Fault]) -> list[Sample]:
    """Read a table of file names and labels; names are relative to the folder.

    ``path`` is the table, or a folder whose table is ``options.labels`` (empty: the only one of
    its suffix there). Columns are ``options.columns`` (file, label and, if given, group), else
    those of a header line, else the first two. A row that cannot be used, such as one whose
    picture is not there, is noted in ``faults``.

    Raises:
        DatasetError: the table cannot be used.
    """
    return _read(path, options, faults, delimiter="\t", suffix=".tsv")


def listed_files(path: Path, folder: Path, *, packed: Container[Path] = ()) -> set[Path]:
    """The pictures that a CSV list (``solver-train split`` writes such) names in its file column.

    Raises:
        DatasetError: the list cannot be read, or names a picture that is not in the folder.
    """
    rows = _rows(path, ",")
    columns = _header(next(rows, (1, []))[1], ())
    if columns is None:
        raise DatasetError(f"{path}: expected a list with a header line such as file,label")
    return {
        inside(folder, _cell(row, columns[0]), f"{path}: line {line}", packed=packed)
        for line, row in rows
    }


def listed_name(path: Path, folder: Path) -> str:
    """A picture's name as a list below ``folder`` holds it: what :func:`listed_files` reads back.

    Raises:
        DatasetError: the picture lies outside of the folder, or no list can hold its name.
    """
    if not path.is_relative_to(folder):
        raise DatasetError(
            f"{shown(path)}: lies outside of {folder}, where the names of a list start"
        )
    name = path.relative_to(folder).as_posix()
    # What a list would not give back as it is: odd bytes, and blanks at an end of the name.
    if shown(name) != name or name != name.strip() or "\\" in name:
        raise DatasetError(
            f"{shown(path)}: a list cannot hold this name; "
            "make a copy of the picture under a plain name, and leave this one out"
        )
    return name


def _read(
    path: Path, options: Source, faults: list[Fault], *, delimiter: str, suffix: str
) -> list[Sample]:
    table, folder = locate(path, options.labels, [f"*{suffix}"])
    columns: tuple[int, int, int | None] | None = None
    samples = []
    for line, row in _rows(table, delimiter):
        where = f"{table}: line {line}"
        if columns is None:
            columns = _header(row, options.columns)
            if columns is not None:
                continue
            if options.columns:
                raise DatasetError(
                    f"{where}: expected a header with {', '.join(options.columns)}, "
                    f"received {', '.join(row)}"
                )
            columns = (0, 1, None)
        file, label = _cell(row, columns[0]), _cell(row, columns[1])
        group = _cell(row, columns[2]) if columns[2] is not None else ""
        with noted(faults, _named(folder, file) or table, options.name):
            if not label:
                raise DatasetError(f"{where}: expected a file and a label, received {row}")
            samples.append(Sample(inside(folder, file, where), label, options.name, group=group))
    if not samples and not faults:
        raise DatasetError(f"{table}: no rows of file and label")
    return sorted(samples, key=lambda sample: (sample.path, sample.label))


def _named(folder: Path, file: str) -> Path | None:
    try:
        return inside(folder, file, "")
    except DatasetError:
        return None


def locate(path: Path, labels: str, patterns: list[str]) -> tuple[Path, Path]:
    """The labels file, and the folder that its file names start from.

    Raises:
        DatasetError: neither exists, or there is not exactly one labels file to choose from.
    """
    if path.is_file():
        return (Path(labels) if labels else path), path.parent
    if not path.is_dir():
        raise DatasetError(f"{path}: no such folder or file")
    if labels:
        return Path(labels), path
    found = sorted({file for pattern in patterns for file in path.glob(pattern)})
    if len(found) != 1:
        raise DatasetError(
            f"{path}: expected one of {' or '.join(patterns)} in it, found {len(found)}; "
            "name the file with `labels`"
        )
    return found[0], path


def _rows(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and stripped cells of each row that is not blank."""
    reader = csv.reader(io.StringIO(read_text(path), newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise DatasetError(f"{path}: line {reader.line_num}: {error}") from error


def _header(row: list[str], wanted: tuple[str, ...]) -> tuple[int, int, int | None] | None:
    names = [cell.lower() for cell in row]
    given: list[tuple[str, ...]] = [(name.lower(),) for name in wanted]
    choices = [*(given or [FILE_NAMES, LABEL_NAMES]), GROUP_NAMES][:3]
    places = [next((names.index(n) for n in choice if n in names), None) for choice in choices]
    if places[0] is None or places[1] is None:
        return None
    if len(wanted) > 2 and places[2] is None:
        return None
    return places[0], places[1], places[2]


def _cell(row: list[str], place: int) -> str:
    return row[place] if place < len(row) else ""
