"""Pictures of a labelled set, and which of them look nearly the same: those stay together."""

from __future__ import annotations

import random
import sys
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
from _rows import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "benchmarks" / "text_general"))

from split_real import difference_hash, groups

PICTURES = (".png", ".jpg")


def read_zip(path: Path) -> dict[str, bytes]:
    """The pictures of a set by their names below its folder, sorted."""
    if not path.is_file():
        raise SystemExit(f"{path}: no such set; name the folder of the zips with --data")
    with zipfile.ZipFile(path) as archive:
        names = sorted(n for n in archive.namelist() if n.lower().endswith(PICTURES))
        return {str(PurePosixPath(*PurePosixPath(n).parts[1:])): archive.read(n) for n in names}


def together(pictures: dict[str, bytes], labels: list[str], *, seed: int) -> list[list[str]]:
    """Names that stay on one side of a split, in an order drawn by chance.

    Pictures with one label are joined, and pictures that look nearly the same (difference hash,
    at most 8 of 256 bits apart).
    """
    hashes = np.stack([difference_hash(data) for data in pictures.values()])
    names = list(pictures)
    joined = [[names[index] for index in group] for group in groups(labels, hashes)]
    random.Random(seed).shuffle(joined)
    return joined


def write(folder: Path, pictures: dict[str, bytes], names: list[str]) -> Path:
    """Pictures into a folder, as files; what is there already stays."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_bytes(pictures[name])
    found = sum(path.suffix in PICTURES for path in folder.rglob("*"))
    if found != len(names):
        raise SystemExit(f"{folder}: expected {len(names)} pictures, found {found}; take a new one")
    return folder
