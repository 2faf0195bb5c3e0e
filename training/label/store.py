"""Labels on the disk: one CSV that training reads, and a list of pictures that are unusable.

After every answer the whole file is written beside its place, flushed to the disk and renamed: it
is the old one or the new one, never half of one.
"""

from __future__ import annotations

import csv
import io
import os
import threading
from dataclasses import dataclass
from pathlib import Path

from training.samples import shown
from training.whole import beside

COLUMNS = ("file", "label", "guess", "confidence")
LONGEST = 200


class LabelError(ValueError):
    """An answer or a file of answers cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """One answered picture: its name below the folder, and what the model had guessed."""

    file: str
    label: str
    guess: str = ""
    confidence: str = ""


class Store:
    """The answers so far, in the order in which they came; thread-safe.

    Raises:
        LabelError: the files are there and are not of this kind.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.unusable_path = path.with_name(f"{path.stem}.unusable{path.suffix}")
        self._lock = threading.Lock()
        self._rows = {cells[0]: Row(*cells) for cells in _read(path, COLUMNS)}
        self._unusable = {cells[0]: True for cells in _read(self.unusable_path, COLUMNS[:1])}
        self._stamps = {file: _stamp(file) for file in (path, self.unusable_path)}

    def label(self, file: str) -> str | None:
        """What a picture was called, or None."""
        row = self._rows.get(file)
        return row.label if row else None

    def is_unusable(self, file: str) -> bool:
        """Whether a picture was marked as one that nobody can read."""
        return file in self._unusable

    def is_done(self, file: str) -> bool:
        """Whether a picture needs no answer any more."""
        return file in self._rows or file in self._unusable

    def put(
        self, file: str, label: str, *, guess: str = "", confidence: float | None = None
    ) -> None:
        """Keep a label; a later one takes an earlier one's place.

        Raises:
            LabelError: the label cannot be kept, or the file was changed by someone else.
            OSError: it cannot be written; what was there stays.
        """
        kept = check_label(label)
        shown_confidence = "" if confidence is None else f"{confidence:.4f}"
        with self._lock:
            rows = {**self._rows, file: Row(file, kept, guess, shown_confidence)}
            self._write(rows, {name: True for name in self._unusable if name != file})

    def mark_unusable(self, file: str) -> None:
        """Keep that a picture cannot be read; a label that it had goes.

        Raises:
            LabelError: the file was changed by someone else.
            OSError: it cannot be written; what was there stays.
        """
        with self._lock:
            rows = {name: row for name, row in self._rows.items() if name != file}
            self._write(rows, {**self._unusable, file: True})

    def _write(self, rows: dict[str, Row], unusable: dict[str, bool]) -> None:
        if rows != self._rows:
            body = [[row.file, row.label, row.guess, row.confidence] for row in rows.values()]
            self._replace(self.path, [list(COLUMNS), *body])
            self._rows = rows
        if unusable != self._unusable:
            self._replace(self.unusable_path, [[COLUMNS[0]], *([name] for name in unusable)])
            self._unusable = unusable

    def _replace(self, path: Path, table: list[list[str]]) -> None:
        if _stamp(path) != self._stamps[path]:
            raise LabelError(
                f"{shown(path)}: was changed by another program since; nothing was written: "
                "stop, and start solver-train label again"
            )
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(table)
        with beside(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
            file.write(text.getvalue())
            file.flush()
            os.fsync(file.fileno())
        self._stamps[path] = _stamp(path)


def check_label(label: str) -> str:
    """The label without blanks at its ends.

    Raises:
        LabelError: nothing is left, it is too long, or it holds what no label can.
    """
    kept = label.strip()
    if not kept:
        raise LabelError("the label is empty; mark a picture that nobody can read as unusable")
    if len(kept) > LONGEST:
        raise LabelError(f"expected a label of at most {LONGEST} characters, got {len(kept)}")
    if not kept.isprintable():
        raise LabelError(f"expected a label of visible characters, got {shown(kept)}")
    return kept


def _read(path: Path, columns: tuple[str, ...]) -> list[list[str]]:
    if not path.exists():
        return []
    try:
        text = path.read_text(encoding="utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise LabelError(f"{shown(path)}: {error}; write to another file with --out") from error
    if not rows:
        return []
    is_ours = rows[0] == list(columns) and all(len(row) == len(columns) for row in rows if row)
    if not is_ours:
        raise LabelError(
            f"{shown(path)}: expected a file of solver-train label, with the columns "
            f"{','.join(columns)}; write to another file with --out"
        )
    return [row for row in rows[1:] if row]


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size
