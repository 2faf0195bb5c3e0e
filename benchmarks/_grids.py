"""Real 12306 pictures and tiles of the shared data, and which of them a training set holds."""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from solver import images

Pixels = npt.NDArray[np.uint8]

TRAINED, WHOLE, OTHER = "tiles_gavin_db2", "whole_gavin", "tiles_wudinaonao"
SIDE = 67
# Pixels by which two cuts of a photograph may lie apart.
SHIFT = 5
# Copies correlate by .98 and more, different photographs of like things by .94 at most.
ALIKE = 0.93


@dataclass(frozen=True)
class Picture:
    """A whole picture, the word of its header and its answer tiles (from 0, row by row)."""

    name: str
    data: bytes
    word: str
    answers: tuple[int, ...]

    @property
    def pixels(self) -> Pixels:
        return images.load(self.data)


@dataclass(frozen=True)
class Tile:
    """A tile of 67 × 67 pixels and what it shows."""

    name: str
    label: str
    pixels: Pixels


def open_set(data: Path, name: str) -> zipfile.ZipFile:
    """The zip of a set."""
    path = data / f"grid12306-{name}.zip"
    if not path.exists():
        raise SystemExit(f"{path}: not there; name the folder with --data")
    return zipfile.ZipFile(path)


def read_whole(data: Path) -> list[Picture]:
    """The whole pictures, in the order of their table."""
    with open_set(data, WHOLE) as archive:
        found = []
        for line in archive.read(f"{WHOLE}/labels.tsv").decode().splitlines():
            name, word, answers = line.split("\t")
            body = archive.read(f"{WHOLE}/{name}")
            found.append(Picture(name, body, word, tuple(map(int, answers.split()))))
        return found


def read_tiles(data: Path, name: str) -> list[Tile]:
    """The tiles of a set of class folders, sorted by name, without what is around them."""
    with open_set(data, name) as archive:
        names = sorted(n for n in archive.namelist() if n.endswith(".jpg"))
        return [
            Tile(n, PurePosixPath(n).parent.name, trimmed(images.load(archive.read(n))))
            for n in names
        ]


def trimmed(tile: Pixels) -> Pixels:
    """The 67 × 67 pixels of a tile that was cut with some of the white gap around it.

    Of the places where the tile may lie, the one that leaves the least ink outside.
    """
    height, width = tile.shape[:2]
    if (height, width) == (SIDE, SIDE):
        return tile
    ink = 255.0 - tile.mean(axis=2)
    rows, columns = ink.sum(axis=1), ink.sum(axis=0)

    def place(sums: npt.NDArray[np.float64]) -> int:
        inside = np.convolve(sums, np.ones(SIDE), "valid")
        # Of equally good places the middle one: white tiles show no edge.
        best = np.flatnonzero(inside >= inside.max() - 1e-6)
        return int(best[len(best) // 2])

    y, x = place(rows), place(columns)
    return np.ascontiguousarray(tile[y : y + SIDE, x : x + SIDE])


def overlapping(tiles: Sequence[Pixels], trained: Sequence[Pixels]) -> npt.NDArray[np.bool_]:
    """Which of the tiles show a photograph that trained, ``(N,)``: their score would be none."""
    return likeness(tiles, trained) >= ALIKE


def likeness(tiles: Sequence[Pixels], trained: Sequence[Pixels]) -> npt.NDArray[np.float32]:
    """How alike each tile is to the most alike one that trained, ``(N,)`` from -1 to 1.

    A perceptual hash whose bits are numbers: the levels of a tile's inside, 15 × 15 in colour,
    about their mean; two of them are compared by their correlation, the second cut at each of
    11 × 11 places, as other people cut at other pixels. 12306's white grounds leave hashes of bits
    too little to tell photographs apart by.
    """
    best = np.full(len(tiles), -1.0, np.float32)
    if not tiles or not trained:
        return best
    wanted = _hashes(tiles, SHIFT, SHIFT)
    for y in range(2 * SHIFT + 1):
        for x in range(2 * SHIFT + 1):
            best = np.maximum(best, (wanted @ _hashes(trained, y, x).T).max(axis=1))
    return best


def groups(tiles: Sequence[Pixels]) -> list[list[int]]:
    """Indices of tiles that show one photograph, as :func:`overlapping` compares them."""
    owner = list(range(len(tiles)))
    wanted = _hashes(tiles, SHIFT, SHIFT)
    best = np.full((len(tiles), len(tiles)), -1.0, np.float32)
    for y in range(2 * SHIFT + 1):
        for x in range(2 * SHIFT + 1):
            np.maximum(best, wanted @ _hashes(tiles, y, x).T, out=best)
    for first, second in np.argwhere(np.triu(best >= ALIKE, 1)).tolist():
        old, new = owner[second], owner[first]
        owner = [new if one == old else one for one in owner]
    found: dict[int, list[int]] = {}
    for index, one in enumerate(owner):
        found.setdefault(one, []).append(index)
    return list(found.values())


def _hashes(tiles: Sequence[Pixels], y: int, x: int) -> npt.NDArray[np.float32]:
    """``(N, 675)`` of length 1, of the inside that begins at (x, y)."""
    side = SIDE - 2 * SHIFT
    rows = np.stack(
        [
            cv2.resize(tile[y : y + side, x : x + side], (15, 15), interpolation=cv2.INTER_AREA)
            for tile in tiles
        ]
    )
    rows = rows.reshape(len(tiles), -1).astype(np.float32)
    rows -= rows.mean(axis=1, keepdims=True)
    # A plain tile has no pattern to compare: it stays short, and unlike anything.
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 20.0), np.float32)


def png(pixels: Pixels) -> bytes:
    """A picture as a PNG file."""
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    return data.getvalue()
