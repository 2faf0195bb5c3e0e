"""Chinese characters: which there are, and which fonts of this machine draw them.

GB 2312 lists 6,763 of them in two levels: 3,755 in common use, by sound, and 3,008 rarer ones, by
radical.  Both lists come out of Python's own codec.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import ImageFont

from training.generators.cmap import codepoints
from training.generators.fonts import FONT_SUFFIXES, FontFace, find_fonts, fontconfig, glyph

# Rows of GB 2312's table that hold each level.
_ROWS = {1: range(0xB0, 0xD8), 2: range(0xD8, 0xF8)}
# Cuts of one design for other regions, whose shapes of many characters differ, and fixed-width
# doubles of a face that is there anyway.
_ELSEWHERE = re.compile(r"\b(?:JP|KR|TC|HK|TW|MBE)\b|\bMono\b|^TW-|Unifont|Fixed", re.IGNORECASE)
_BOLD = re.compile(r"bold|black|heavy", re.IGNORECASE)
_FAINT = re.compile(r"\bthin\b|extra ?light", re.IGNORECASE)
_LOOKED_AT = 24
_NOWHERE = "\U0010fffd"  # a code point that no font has: what it draws instead is its empty box
DEBIAN = (
    "fonts-noto-cjk fonts-wqy-zenhei fonts-wqy-microhei fonts-arphic-uming fonts-arphic-ukai "
    "fonts-arphic-gbsn00lp fonts-arphic-gkai00mp fonts-lxgw-wenkai fonts-smiley-sans"
)


@lru_cache(maxsize=4)
def gb2312(levels: tuple[int, ...] = (1, 2)) -> str:
    """The characters of these levels, in the standard's order.

    Raises ValueError for a level that is neither 1 nor 2.
    """
    if not levels or any(level not in _ROWS for level in levels):
        raise ValueError(f"expected levels of 1 and 2. Received: {levels}")
    cells = (
        bytes((row, cell)).decode("gb2312", errors="ignore")
        for level in levels
        for row in _ROWS[level]
        for cell in range(0xA1, 0xFF)
    )
    return "".join(cells)


def is_chinese(symbol: str) -> bool:
    return unicodedata.name(symbol, "").startswith("CJK")


def _listed() -> list[FontFace]:
    """What fontconfig lists for simplified Chinese."""
    return [
        FontFace(path, index, family, bool(_BOLD.search(style)))
        for path, index, family, style in fontconfig(":lang=zh-cn")
        if not _ELSEWHERE.search(family) and not _FAINT.search(style)
    ]


def _in_folders(folders: Iterable[str | Path]) -> list[FontFace]:
    paths = (path for folder in folders for path in sorted(Path(folder).rglob("*")))
    faces = []
    for path in paths:
        if path.suffix.lower() in FONT_SUFFIXES:
            family, style = ImageFont.truetype(str(path), 16).getname()
            faces.append(
                FontFace(str(path), 0, family or path.stem, bool(_BOLD.search(style or "")))
            )
    return faces


def lacking(face: FontFace, symbols: str) -> str:
    """Those of the symbols that the face has no picture for, in order.

    Raises OSError for a file that is no font.
    """
    have = codepoints(face.path, face.index)
    missing = glyph(face, 16, _NOWHERE).mask
    lacks = {symbol for symbol in symbols if ord(symbol) not in have}
    # A table may promise what is not drawn: a few are looked at.
    for symbol in symbols[:: len(symbols) // _LOOKED_AT + 1]:
        drawn = glyph(face, 16, symbol).mask
        if not drawn.size or np.array_equal(drawn, missing):
            lacks.add(symbol)
    return "".join(symbol for symbol in symbols if symbol in lacks)


@lru_cache(maxsize=4)
def _installed(symbols: str) -> tuple[FontFace, ...]:
    return _covering(_listed(), symbols)


def _covering(faces: Sequence[FontFace], symbols: str) -> tuple[FontFace, ...]:
    found: dict[tuple[str, int], FontFace] = {}
    for face in sorted(faces):
        try:
            if not lacking(face, symbols):
                found.setdefault((face.path, face.index), face)
        except OSError:
            continue  # a file that FreeType cannot draw with is no font for us
    return tuple(found.values())


def find_cjk_fonts(
    symbols: str, *, folders: Sequence[str | Path] | None = None
) -> tuple[FontFace, ...]:
    """Chinese faces that can draw all of `symbols`: of these folders, or of the whole machine.

    Raises ValueError when there is none.
    """
    faces = _installed(symbols) if folders is None else _covering(_in_folders(folders), symbols)
    if not faces:
        place = "the system" if folders is None else ", ".join(map(str, folders))
        raise ValueError(
            f"expected a Chinese font that covers {len(symbols)} symbols "
            f"({symbols[:12]}{'…' * (len(symbols) > 12)}), found none in {place}. Install some "
            f"(Debian: apt-get install --no-install-recommends {DEBIAN}) or name a folder"
        )
    return faces


def fonts_for(symbols: str, *, folders: Sequence[str | Path] | None = None) -> tuple[FontFace, ...]:
    """Faces for any symbols: Chinese ones where a Chinese character is among them, else all."""
    if any(is_chinese(symbol) for symbol in symbols):
        return find_cjk_fonts(symbols, folders=folders)
    return find_fonts(symbols, folders=folders)
