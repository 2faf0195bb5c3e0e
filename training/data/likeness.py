"""Which pictures are the same, or nearly: digests, difference hashes, and groups of them.

Of each picture only its size, a SHA-256 over its pixels and 256 bits of its looks are kept, so that
memory does not grow with the pictures. The difference hash (N. Krawetz, "Kind of like that", 2013)
says of 16 × 8 cells of the grey picture whether each is brighter than its left neighbour, and
whether it is brighter than the one above: wide pictures need more columns than rows, and a ground
that fades from left to right leaves only the second half of the bits free. Brighter means by more
than ``MARGIN`` levels, so that JPEG's noise in flat places stays out.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from solver import images
from solver.errors import ImageError
from training.samples import Sample, ailment

BITS = 256
MARGIN = 4
# Distances in bits. A copy saved as JPEG lies within 5, and one scaled by 0.9 mostly within 12;
# pictures of other answers, in the plainest fonts on the plainest grounds, are 8 or more apart.
NEAR = 6
BLOCK = 2048
CHUNK = 64

UInt8 = npt.NDArray[np.uint8]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Looks:
    """A picture's size in pixels, the SHA-256 of its pixels, and its hash of 32 bytes."""

    width: int
    height: int
    digest: bytes
    bits: bytes


@dataclass(frozen=True, slots=True)
class Damaged:
    """A file that cannot be read as a picture, and why."""

    sample: Sample
    reason: str


def look(sample: Sample) -> Looks | Damaged:
    """Read one picture."""
    try:
        pixels = images.load(sample.content())
    except ImageError as error:
        return Damaged(sample, ailment(error))
    height, width = pixels.shape[:2]
    digest = hashlib.sha256(f"{width} {height} ".encode() + pixels.tobytes()).digest()
    return Looks(width, height, digest, difference_hash(pixels).tobytes())


def look_at(samples: Sequence[Sample], *, workers: int = 2) -> Iterator[Looks | Damaged]:
    """Read pictures in order, never more than a few at once."""
    with ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(samples), CHUNK):
            yield from pool.map(look, samples[start : start + CHUNK])


def difference_hash(pixels: UInt8) -> UInt8:
    """The 256 bits of an ``(H, W, 3)`` RGB picture, packed into ``(32,) uint8``."""
    grey = Image.fromarray(pixels).convert("L")
    across = np.asarray(grey.resize((17, 8), Image.Resampling.BOX), dtype=np.int16)
    down = np.asarray(grey.resize((16, 9), Image.Resampling.BOX), dtype=np.int16)
    return np.packbits([across[:, 1:] > across[:, :-1] + MARGIN, down[1:] > down[:-1] + MARGIN])


def hashes(looks: Sequence[Looks]) -> UInt8:
    """The hashes of several pictures as ``(N, 32) uint8``."""
    joined = b"".join(one.bits for one in looks)
    return np.frombuffer(joined, dtype=np.uint8).reshape(len(looks), BITS // 8)


def near_groups(
    bits: UInt8, labels: Sequence[str], *, near: int = NEAR, same_label: int | None = None
) -> Int64:
    """For each of ``(N, 32)`` hashes the index of the first of its group.

    A group is what chains of nearness join: at most ``near`` bits apart whatever the labels, or
    at most ``same_label`` bits (default: twice ``near``) with one label.
    """
    same_label = 2 * near if same_label is None else same_label
    count = len(bits)
    roots = np.arange(count, dtype=np.int64)
    known: dict[str, int] = {}
    codes = np.array([known.setdefault(label, len(known)) for label in labels], dtype=np.int64)
    for row, column, alike in _tiles(bits, bits, is_same=True):
        close = alike >= BITS - 2 * max(near, same_label)
        if np.count_nonzero(close) > BLOCK:  # of many copies, those that are joined already
            height, width = close.shape
            close &= roots[row : row + height, None] != roots[column : column + width]
        first, second = np.nonzero(close)
        if not len(first):
            continue
        is_near = alike[first, second] >= BITS - 2 * near
        first, second = first + row, second + column
        joined = is_near | (codes[first] == codes[second])
        roots = _join(roots, first[joined], second[joined])
    return roots


def join_equal(roots: Int64, keys: Sequence[object]) -> Int64:
    """Join, moreover, the groups of equal keys; ``None`` and ``""`` are equal to nothing."""
    places: defaultdict[object, list[int]] = defaultdict(list)
    for index, key in enumerate(keys):
        if key not in (None, ""):
            places[key].append(index)
    pairs = [(found[0], other) for found in places.values() for other in found[1:]]
    if not pairs:
        return roots
    first, second = np.array(pairs, dtype=np.int64).T
    return _join(roots, first, second)


def nearest(wanted: UInt8, among: UInt8) -> tuple[Int64, Int64]:
    """For each of ``(N, 32)`` hashes the index of the nearest in ``(M, 32)``, and its distance.

    ``M`` must be at least 1.
    """
    best = np.full(len(wanted), -BITS - 1, dtype=np.float32)
    index = np.zeros(len(wanted), dtype=np.int64)
    for row, column, alike in _tiles(wanted, among, is_same=False):
        place = alike.argmax(axis=1)
        most = alike[np.arange(len(place)), place]
        part = slice(row, row + len(place))
        is_better = most > best[part]
        best[part] = np.where(is_better, most, best[part])
        index[part] = np.where(is_better, place + column, index[part])
    return index, ((BITS - best) / 2).astype(np.int64)


def members(roots: Int64) -> list[list[int]]:
    """The groups as lists of indices, in the order of their first members."""
    found: defaultdict[int, list[int]] = defaultdict(list)
    for index, root in enumerate(roots.tolist()):
        found[root].append(index)
    return list(found.values())


def _tiles(
    first: UInt8, second: UInt8, *, is_same: bool
) -> Iterator[tuple[int, int, npt.NDArray[np.float32]]]:
    """How alike hashes are, block by block: the first row, the first column, and the likeness.

    Likeness is (bits alike) − (bits apart), the product of vectors of ±1: exact in float32, and
    as fast as BLAS. Where both are the same, what is not above the diagonal is below any other.
    """
    for row in range(0, len(first), BLOCK):
        left = _signs(first[row : row + BLOCK])
        for column in range(row if is_same else 0, len(second), BLOCK):
            alike = left @ _signs(second[column : column + BLOCK]).T
            if is_same and row == column:
                alike[np.tril_indices(len(alike))] = -BITS - 1
            yield row, column, alike


def _signs(bits: UInt8) -> npt.NDArray[np.float32]:
    return np.unpackbits(bits, axis=1).astype(np.float32) * 2 - 1


def _join(roots: Int64, first: Int64, second: Int64) -> Int64:
    """Union-find by hooking and pointer jumping (Shiloach and Vishkin, 1982), on whole arrays."""
    while True:
        low = np.minimum(roots[first], roots[second])
        high = np.maximum(roots[first], roots[second])
        apart = low != high
        if not apart.any():
            return roots
        roots = roots.copy()
        np.minimum.at(roots, high[apart], low[apart])
        while not np.array_equal(roots, roots[roots]):
            roots = roots[roots]
        first, second = first[apart], second[apart]
