"""Checkpoints: arrays and a little state in one file, written beside and renamed.

The two newest are kept. A damaged newest one (power cut, full disk) is passed over for the one
before.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

_log = logging.getLogger(__name__)

KEEP = 2


class CheckpointError(RuntimeError):
    """A checkpoint does not belong to this run, or cannot be written."""


def save(folder: Path, arrays: Sequence[npt.NDArray[Any]], state: dict[str, Any]) -> Path:
    """Write a checkpoint durably; ``state`` is anything that JSON holds.

    Raises:
        CheckpointError: it cannot be written, as on a full disk; those before are left whole.
    """
    buffer = io.BytesIO()
    numbered = {f"a{i:05d}": np.asarray(array) for i, array in enumerate(arrays)}
    np.savez(buffer, state=np.array(json.dumps(state)), **numbered)  # type: ignore[arg-type]
    body = buffer.getvalue()
    numbers = [_number(path) for path in _files(folder)]
    path = folder / f"step-{max(numbers, default=0) + 1:08d}.ckpt"

    def write(partial: Path) -> None:
        with partial.open("wb") as file:
            file.write(hashlib.sha256(body).digest())
            file.write(body)
            file.flush()
            os.fsync(file.fileno())

    replace(path, write)
    for old in _files(folder)[:-KEEP]:
        old.unlink()
    return path


def replace(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` make a file beside, then give it its name; the old one stays until then.

    Raises:
        CheckpointError: it cannot be written; what there was of it is taken away.
    """
    partial = path.with_name(f"partial-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(partial)
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        why = os.strerror(error.errno) if error.errno else str(error)
        raise CheckpointError(
            f"{path}: cannot be written: {why}. What was saved before is whole: make room, and "
            "the same command goes on from there"
        ) from error


def latest(folder: Path) -> tuple[list[npt.NDArray[Any]], dict[str, Any]] | None:
    """The newest checkpoint that is whole, or None where there is none.

    Raises:
        CheckpointError: there are checkpoints, all of them damaged.
    """
    files = _files(folder)
    for path in reversed(files):
        raw = path.read_bytes()
        digest, body = raw[:32], raw[32:]
        if hashlib.sha256(body).digest() != digest:
            _log.warning("%s is damaged; trying the one before", path)
            continue
        with np.load(io.BytesIO(body), allow_pickle=False) as stored:
            state = json.loads(str(stored["state"]))
            arrays = [stored[name] for name in sorted(stored.files) if name != "state"]
        return arrays, state
    if files:
        raise CheckpointError(f"{folder}: every checkpoint is damaged; train in a new run folder")
    return None


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("step-*.ckpt"), key=_number)


def _number(path: Path) -> int:
    return int(path.stem.removeprefix("step-"))
