"""Files of an export: made beside their place, moved there when all are right, or not at all."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CARD_MARK = "<!-- Written by solver-train export, and again by the next one. -->"


class ExportError(RuntimeError):
    """A file of the export cannot be written; what was there before is as it was."""


@contextmanager
def workshop(output: Path) -> Iterator[Path]:
    """A folder for drafts beside ``output``, on the same disk; it is gone afterwards.

    Raises:
        ExportError: the disk or its rights do not allow it.
    """
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=output.parent, prefix=".export-") as folder:
            yield Path(folder)
    except OSError as error:
        raise ExportError(
            f"{output}: not exported, it cannot be written there: {error.strerror or error}; "
            "make room or name another folder (nothing of this export was left behind)"
        ) from error


def int8_path(output: Path) -> Path:
    """Where the int8 twin of an ONNX file lies."""
    return output.with_name(f"{output.stem}-int8{output.suffix}")


def check_targets(
    output: Path, *, card: Path | None, saved_model: Path | None, keras_file: Path | None
) -> None:
    """Refuse places that cannot take what is exported, before any work.

    Raises:
        ExportError: a wrong name, a folder in a file's place, or something of the user's own.
    """
    for path, suffix in ((output, ".onnx"), (keras_file, ".keras"), (card, ".md")):
        if path is None:
            continue
        if path.suffix != suffix:
            raise ExportError(f"{path}: expected a file name that ends in {suffix}")
        if path.is_dir():
            raise ExportError(f"{path}: expected a file name, there is a folder")
    if card is not None and card.exists() and not is_ours(card):
        raise ExportError(
            f"{card}: was not written by export and is not overwritten; "
            "move it, or name another file with --card"
        )
    if saved_model is not None and saved_model.exists():
        raise ExportError(f"{saved_model}: expected a folder that does not exist yet")


def is_ours(card: Path) -> bool:
    """Whether a card was written by an export."""
    return card.read_text(encoding="utf-8", errors="replace").rstrip().endswith(CARD_MARK)


def move(draft: Path, place: Path) -> None:
    """Put a draft, a file or a folder, where it belongs, also where that is another disk."""
    try:
        draft.replace(place)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=".export-") as folder:
            near = shutil.move(draft, folder)
            Path(near).replace(place)
