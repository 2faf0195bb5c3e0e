"""Fonts for drawn text: which ones this machine has, and one glyph as a mask.

A face is taken only when it has a picture for every symbol asked for, and draws upper and lower
case differently (small-capital and capitals-only fonts would give wrong labels).  Two sources need
no installed font: the face that Pillow carries, and our own single-stroke writing.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from training.generators import strokes

BUILTIN = "builtin:pillow"
STROKE_PREFIX = "builtin:strokes:"
FONT_SUFFIXES = frozenset({".otf", ".ttc", ".ttf"})

_SERIF = re.compile(
    r"serif|roman|times|schola|pagella|bonum|termes|libertine|gentium|garamond|charis|caladea"
    r"|bookman|palladio|c059|p052|tinos|didot|old ?standard|vollkorn|tribun|romande|accanthis",
    re.IGNORECASE,
)
_SANS = re.compile(r"sans|gothic", re.IGNORECASE)
_SCRIPT = re.compile(
    r"script|chancery|z003|kristi|breip|rufscript|humor|comic|femke|isabella|ecolier|pecita"
    r"|domestic|dustismo roman|wiggly|hand|lobster|tomson|staypuft|radis|summersby|beteckna",
    re.IGNORECASE,
)
_BOLD = re.compile(r"bold|black|heavy|demi", re.IGNORECASE)
_ITALIC = re.compile(r"italic|oblique|slant", re.IGNORECASE)
# Dingbats and mathematics, faces that are outlines of another kind of writing, and old-style
# letters that a reader of today takes for others.
_UNREADABLE = re.compile(
    r"symbol|dingbat|math|emoji|music|braille|mono ?caps|\bcaps\b|\bSC\b|small ?cap|barcode|fraktur"
    r"|dunhill|blankenburg|radis|aoyagi|funny|kristi|it?sadzoke|balker|wiggly|lignes|initials"
    r"|keyboard|flowers|unslanted|semaphore|signwriting|d050000l|adf style|isabella|breip|penguin"
    r"|femke",
    re.IGNORECASE,
)
# Letters whose two cases have different shapes, not only different sizes.
_CASED = "abdeghnqrt"


@dataclass(frozen=True, slots=True, order=True)
class FontFace:
    """One face of one font file, or a built-in one (``path`` is then one of the names above)."""

    path: str
    index: int = 0
    family: str = ""
    bold: bool = False
    italic: bool = False

    @property
    def stroke(self) -> bool:
        return self.path.startswith(STROKE_PREFIX)

    @property
    def serif(self) -> bool:
        return bool(_SERIF.search(self.family)) and not _SANS.search(self.family)

    @property
    def script(self) -> bool:
        return bool(_SCRIPT.search(self.family))


@dataclass(frozen=True, slots=True)
class Glyph:
    """One drawn symbol.

    mask: (h, w) uint8, cropped to its ink, 255 where covered (may be 0 x 0: a blank).
    left: pixels from the pen to the first column; top: from the first row down to the baseline.
    advance: pixels from this pen position to the next.
    """

    mask: np.ndarray
    left: int
    top: int
    advance: float


def stroke_faces() -> tuple[FontFace, ...]:
    """Our single-stroke writing, one family a hand: ASCII letters and digits only."""
    return tuple(
        FontFace(f"{STROKE_PREFIX}{hand}", family=f"Hand {hand:02}")
        for hand in range(strokes.HANDS)
    )


def fontconfig(pattern: str) -> list[tuple[str, int, str, str]]:
    """(path, index, family, style) of the scalable faces that fontconfig lists for a pattern.

    Empty where there is no fontconfig.
    """
    tool = shutil.which("fc-list")
    if tool is None:
        return []
    form = "%{file}\t%{index}\t%{family[0]}\t%{style[0]}\n"
    answer = subprocess.run(
        [tool, "-f", form, pattern], capture_output=True, text=True, check=True, timeout=60
    )
    rows = (line.split("\t") for line in answer.stdout.splitlines() if line.count("\t") == 3)
    return [
        (path, int(index), family, style)
        for path, index, family, style in rows
        # The high half of fontconfig's index numbers a variable font's named instance.
        if Path(path).suffix.lower() in FONT_SUFFIXES and int(index) <= 0xFFFF
    ]


def _listed() -> list[FontFace]:
    """What fontconfig lists for Latin writing."""
    return [
        FontFace(path, index, family, bool(_BOLD.search(style)), bool(_ITALIC.search(style)))
        for path, index, family, style in fontconfig(":lang=en")
        if not _UNREADABLE.search(f"{family} {style}")
    ]


def _in_folders(folders: Iterable[str | Path]) -> list[FontFace]:
    faces = []
    for folder in folders:
        for path in sorted(Path(folder).rglob("*")):
            if path.suffix.lower() in FONT_SUFFIXES:
                family, style = ImageFont.truetype(str(path), 16).getname()
                name = style or ""
                bold, italic = bool(_BOLD.search(name)), bool(_ITALIC.search(name))
                faces.append(FontFace(str(path), 0, family or path.stem, bold, italic))
    return faces


def covers(face: FontFace, symbols: str) -> bool:
    """Whether the face has a picture of its own for every symbol, one that can be told apart.

    Small capitals fail (both cases look alike), and so do old-style figures (0 looks like o).
    """
    if face.stroke:
        return strokes.SYMBOLS.issuperset(symbols)
    try:
        missing = glyph(face, 24, "\U0010fffd").mask
        masks = {symbol: glyph(face, 24, symbol).mask for symbol in symbols}
    except OSError:
        return False
    if any(mask.size == 0 or np.array_equal(mask, missing) for mask in masks.values()):
        return False
    if {"0", "8"} <= masks.keys() and masks["0"].shape[0] < 0.84 * masks["8"].shape[0]:
        return False
    pairs = [(masks[a], masks[a.upper()]) for a in _CASED if a in masks and a.upper() in masks]
    return sum(_same_shape(lower, upper) for lower, upper in pairs) <= len(pairs) // 4


def _same_shape(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether two masks are one drawing at two sizes."""
    square = (16, 16)
    a = cv2.resize(first, square, interpolation=cv2.INTER_AREA).astype(int)
    b = cv2.resize(second, square, interpolation=cv2.INTER_AREA).astype(int)
    return float(np.abs(a - b).mean()) < 28.0


@lru_cache(maxsize=8)
def _installed(symbols: str) -> tuple[FontFace, ...]:
    found: dict[tuple[str, bool, bool], FontFace] = {}
    for face in sorted([*_listed(), FontFace(BUILTIN, family="Aileron")]):
        # One file for each family and look: the same font often comes in several packages.
        key = (face.family, face.bold, face.italic)
        if key not in found and covers(face, symbols):
            found[key] = face
    return tuple(sorted(found.values()))


def find_fonts(
    symbols: str, *, folders: Sequence[str | Path] | None = None, hands: bool | None = None
) -> tuple[FontFace, ...]:
    """The faces that can draw `symbols`: of these folders, or else of the whole machine.

    `hands`: :func:`stroke_faces` too; None: unless folders are named, which are meant as they are.
    Raises ValueError when none can.
    """
    if folders is None:
        faces = _installed(symbols)
    else:
        faces = tuple(face for face in sorted(_in_folders(folders)) if covers(face, symbols))
    with_hands = folders is None if hands is None else hands
    if with_hands:
        faces += tuple(face for face in stroke_faces() if covers(face, symbols))
    if not faces:
        raise ValueError(
            "expected a font that covers the symbols and has two cases, found none in "
            f"{'the system' if folders is None else list(map(str, folders))}: install one "
            f"(Debian: fonts-dejavu-core) or name a folder. Received: symbols={symbols!r}"
        )
    return faces


@lru_cache(maxsize=512)
def _opened(path: str, index: int, size: int) -> ImageFont.FreeTypeFont:
    if path == BUILTIN:
        font = ImageFont.load_default(size)
        if not isinstance(font, ImageFont.FreeTypeFont):
            raise OSError("Pillow was built without FreeType: it draws no scalable text")
        return font
    return ImageFont.truetype(path, size, index=index, layout_engine=ImageFont.Layout.BASIC)


def _cropped(canvas: np.ndarray, pen: int, baseline: int, advance: float) -> Glyph:
    columns, rows = np.flatnonzero(canvas.any(axis=0)), np.flatnonzero(canvas.any(axis=1))
    if not len(columns):
        return Glyph(np.zeros((0, 0), np.uint8), 0, 0, advance)
    x, y = int(columns[0]), int(rows[0])
    mask = canvas[y : rows[-1] + 1, x : columns[-1] + 1].copy()
    mask.setflags(write=False)
    return Glyph(mask, x - pen, baseline - y, advance)


@lru_cache(maxsize=16384)
def glyph(face: FontFace, size: int, symbol: str, *, crisp: bool = False, pen: int = 2) -> Glyph:
    """Draw one symbol, `size` pixels to the em; `crisp`: no grey edges.

    `pen` is the width in pixels of the stroke of a stroke font; others have their own.
    """
    if face.stroke:
        return _stroke_glyph(face, size, symbol, crisp, pen)
    font = _opened(face.path, face.index, size)
    mode = "1" if crisp else "L"
    left, top, right, bottom = font.getbbox(symbol, mode, anchor="ls")
    x, y = int(left) - 1, int(top) - 1
    canvas = Image.new("L", (int(right) - x + 2, int(bottom) - y + 2))
    draw = ImageDraw.Draw(canvas)
    draw.fontmode = mode
    draw.text((-x, -y), symbol, fill=255, font=font, anchor="ls")
    return _cropped(np.asarray(canvas), -x, -y, float(font.getlength(symbol)))


def _stroke_glyph(face: FontFace, size: int, symbol: str, crisp: bool, pen: int) -> Glyph:
    hand = int(face.path.removeprefix(STROKE_PREFIX))
    unit = 0.7 * size / strokes.BASELINE
    mask, (x, y), advance = strokes.write(
        symbol, hand=hand, unit=unit, pen=max(1, pen), crisp=crisp
    )
    return _cropped(mask, x, y, advance)


class FontSet:
    """Faces in groups by kind ("any", "bold", …), to be drawn from at random."""

    def __init__(self, faces: Sequence[FontFace]) -> None:
        if not faces:
            raise ValueError("expected at least one font. Received: fonts=[]")
        kinds: dict[str, dict[str, list[FontFace]]] = {}
        for face in sorted(faces):
            for kind in _kinds(face):
                kinds.setdefault(kind, {}).setdefault(face.family, []).append(face)
        self._kinds = {kind: list(families.values()) for kind, families in kinds.items()}
        self._families = kinds["any"]

    def draw(self, rng: np.random.Generator, kind: str) -> FontFace:
        """A face of this kind, or of any where there is none.

        The family comes first, each as likely, so that one with many faces does not prevail.
        """
        families = self._kinds.get(kind) or self._kinds["any"]
        family = families[int(rng.integers(len(families)))]
        return family[int(rng.integers(len(family)))]

    def sibling(self, rng: np.random.Generator, face: FontFace) -> FontFace:
        """A face of the same family, perhaps the same."""
        family = self._families[face.family]
        return family[int(rng.integers(len(family)))]


def _kinds(face: FontFace) -> list[str]:
    kinds = ["any"]
    kinds += ["stroke"] * face.stroke + ["script"] * face.script + ["serif"] * face.serif
    if not face.stroke:
        kinds += ["bold"] * face.bold + ["italic"] * face.italic + ["plain"] * (not face.script)
        kinds += ["regular"] * (not (face.script or face.bold or face.italic))
    return kinds
