"""Pictures whose labels cannot be used: noted one by one, so that the first does not hide the rest.

A reader notes what ails one picture; whatever ails its source as a whole it raises at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from training.samples.sample import DatasetError


@dataclass(frozen=True, slots=True)
class Fault:
    """One picture (``path``; of what names no picture, its file of labels), and what ails it."""

    path: Path
    error: DatasetError
    source: str

    @property
    def reason(self) -> str:
        """A sentence that names the file, or the line of it."""
        return str(self.error)


@contextmanager
def noted(faults: list[Fault], path: Path, source: str) -> Iterator[None]:
    """Note a DatasetError about this picture in ``faults``, and go on behind the block."""
    try:
        yield
    except DatasetError as error:
        faults.append(Fault(path, error, source))


def refuse(faults: Sequence[Fault], *, are_all: bool) -> None:
    """Raise a DatasetError with the first fault, and how many there are.

    ``are_all`` says that nothing else was found: then the reader is likely the wrong one.
    """
    first, count = faults[0].error, len(faults)
    if count == 1:
        raise first
    more = (
        f"none of {count} can be used; is the reader the right one?"
        if are_all
        else (f"{count} such in all, which solver-train check lists")
    )
    raise DatasetError(f"{first} ({more})") from first.__cause__
