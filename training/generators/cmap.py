"""Which characters a TrueType or OpenType font has, from its ``cmap`` table alone.

Drawing thousands of glyphs to see whether they are there takes seconds a font; this takes
milliseconds.  Method: the OpenType specification, table "cmap", formats 4 and 12.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np

_COLLECTION = b"ttcf"


def codepoints(path: str | Path, index: int = 0) -> frozenset[int]:
    """The code points that face `index` of a font file maps to a glyph.

    Raises OSError for a file that is no such font.
    """
    try:
        with Path(path).open("rb") as file:
            return _unicode(_table(file, index))
    except (struct.error, ValueError, IndexError) as error:
        raise OSError(f"{path}: expected a font with a readable cmap table ({error})") from error


def _table(file: BinaryIO, index: int) -> bytes:
    """The bytes of the cmap table of face `index`; nothing else of the file is read."""
    start = 0
    if file.read(4) == _COLLECTION:
        file.seek(12 + 4 * index)
        (start,) = struct.unpack(">I", file.read(4))
    file.seek(start + 4)
    (count,) = struct.unpack(">H", file.read(2))
    file.seek(start + 12)
    for _ in range(count):
        tag, _, offset, length = struct.unpack(">4sIII", file.read(16))
        if tag == b"cmap":
            file.seek(offset)
            return file.read(length)
    raise ValueError("there is none")


def _unicode(data: bytes) -> frozenset[int]:
    (count,) = struct.unpack_from(">H", data, 2)
    places: dict[int, int] = {}
    for entry in range(4, 4 + 8 * count, 8):
        platform, encoding, offset = struct.unpack_from(">HHI", data, entry)
        if platform == 0 or (platform == 3 and encoding in (1, 10)):
            (kind,) = struct.unpack_from(">H", data, offset)
            places[kind] = offset
    # By the specification format 12, where there is one, holds all of format 4 too.
    if 12 in places:
        return frozenset(_groups(data, places[12]))
    return frozenset(_segments(data, places[4])) if 4 in places else frozenset()


def _segments(data: bytes, at: int) -> set[int]:
    """Format 4: ranges of the first 65,536 code points, each with an offset or a list of glyphs."""
    (double,) = struct.unpack_from(">H", data, at + 6)
    segments = double // 2
    ends, starts, deltas, ranges = (
        np.frombuffer(data, ">u2", segments, at + 14 + place).astype(np.int64)
        for place in (0, double + 2, 2 * double + 2, 3 * double + 2)
    )
    octets = np.frombuffer(data, np.uint8).astype(np.int64)
    found: set[int] = set()
    for i in range(segments):
        codes = np.arange(starts[i], ends[i] + 1)
        if ranges[i]:
            place = at + 16 + 3 * double + 2 * i + ranges[i] + 2 * (codes - starts[i])
            glyphs = octets[place] * 256 + octets[place + 1]
        else:
            glyphs = (codes + deltas[i]) & 0xFFFF
        found.update(codes[glyphs != 0].tolist())
    return found - {0xFFFF}


def _groups(data: bytes, at: int) -> set[int]:
    """Format 12: ranges of all code points."""
    (count,) = struct.unpack_from(">I", data, at + 12)
    groups = np.frombuffer(data, ">u4", 3 * count, at + 16).reshape(-1, 3)
    found: set[int] = set()
    for first, last, glyph in groups.tolist():
        found.update(range(first if glyph else first + 1, last + 1))
    return found
