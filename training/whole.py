"""Files that are whole or not there: written beside their place, then renamed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def write_whole(path: Path, body: bytes) -> Path:
    """Write a file, whole or not at all, and return its path; folders are made.

    Raises:
        OSError: it cannot be written; what was there stays, and nothing is left beside it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with beside(path) as partial:
        partial.write_bytes(body)
    return path


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """A path to write to, which takes the name of ``path`` when the block ends well.

    Otherwise what was written is taken away. An error that knows no name, or this one, gets that
    of ``path``: a full disk is noticed where no name is at hand.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield partial
        partial.replace(path)
    except BaseException as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno and error.filename in (None, str(partial)):
            error.filename, error.filename2 = str(path), None
        raise
