"""Icons out of icon fonts: thousands of drawings that have one glyph each.

An icon is named by its font and code point, ``mdi-f2dc``: the same on every machine that has that
font. What is no more than a line, or too faint to be told when small, is none; and one drawing is
one icon, in whichever font and however turned by quarters it comes again. Filled and in outline it
is two.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import cv2
import numpy as np

from training.generators.cmap import codepoints
from training.generators.fonts import FontFace, fontconfig, glyph
from training.generators.icon_shapes import ICONS
from training.generators.icons import icon_mask

_PRIVATE = ((0xE000, 0xF900),)


@dataclass(frozen=True, slots=True)
class IconFont:
    """A font as fontconfig names its family, Debian's package of it, and where its icons lie."""

    family: str
    package: str
    blocks: tuple[tuple[int, int], ...] = _PRIVATE


# The first of two that have the same drawing keeps it.
ICON_FONTS: Mapping[str, IconFont] = MappingProxyType(
    {
        "fa": IconFont("FontAwesome", "fonts-font-awesome"),
        "fork": IconFont("forkawesome", "fonts-fork-awesome"),
        "elusive": IconFont("elusiveicons", "fonts-elusive-icons"),
        "material": IconFont("Material Icons", "fonts-material-design-icons-iconfont"),
        "mdi": IconFont("Material Design Icons", "fonts-materialdesignicons-webfont"),
        "symbola": IconFont(
            "Symbola",
            "fonts-symbola",
            # Without brackets and circled digits.
            (
                *((0x2600, 0x2768), (0x2794, 0x27C0), (0x1F300, 0x1F650)),
                *((0x1F680, 0x1F700), (0x1F900, 0x1FA00)),
            ),
        ),
        "entypo": IconFont("fontello", "fonts-entypo", ((0x2000, 0x1F800),)),
        "halflings": IconFont("GLYPHICONS Halflings", "fonts-glyphicons-halflings"),
    }
)
# Plain letters, and with them all that looks the same: a reader has classes for those.
_LETTERS: Mapping[str, frozenset[int]] = MappingProxyType(
    {
        "fa": frozenset((0xF09A, 0xF129, 0xF19E, 0xF1A0, 0xF1DC, 0xF266, 0xF2D7))
        | {*range(0xF031, 0xF034)},
        "fork": frozenset((0xF23A,)),
        "elusive": frozenset((0xF167,)),
        "material": frozenset((0xE238, 0xE264, 0xE54F, 0xF002, 0xF010, 0xF04D)),
        "mdi": frozenset((0xF264, 0xF27D, 0xF284, 0xF3DB, 0xF3E3, 0xF506, 0xF649, 0xF64E, 0xF671)),
        "halflings": frozenset(range(0xE047, 0xE04A)),
    }
)
_FINE = 128  # pixels to the em of the drawing that all sizes are made from
_LOOK = 64  # and of the one that is looked at
# A picture of what is looked at: inked to so large a share, sides no further apart than this.
_SMALL = 24
_INKED = 128
_LEAST = 0.08
_SLIMMEST = 0.3
# Drawings whose smallest pictures have this correlation are the same.
_TINY = 12
_ALIKE = 0.9
_BLOCK = 128


@cache
def installed() -> Mapping[str, FontFace]:
    """The icon fonts of this machine, in the order of ICON_FONTS."""
    families = {font.family: name for name, font in ICON_FONTS.items()}
    rows = sorted(fontconfig(""), reverse=True)
    found = {families[r[2]]: FontFace(r[0], r[1], r[2]) for r in rows if r[2] in families}
    return MappingProxyType({name: found[name] for name in ICON_FONTS if name in found})


def is_font_icon(name: str) -> bool:
    """Whether a name is that of an icon in a font, installed or not."""
    font, dash, code = name.rpartition("-")
    return font in ICON_FONTS and bool(dash) and bool(code) and set(code) <= set("0123456789abcdef")


@cache
def _icons() -> tuple[str, ...]:
    """Those of all fonts, font by font, no two alike, nor like one of ICONS."""
    names, pictures = [], []
    for font, face in installed().items():
        have = codepoints(face.path, face.index)
        blocks = ICON_FONTS[font].blocks
        for code in sorted(c for c in have if any(low <= c < high for low, high in blocks)):
            name = f"{font}-{code:x}"
            mask = glyph.__wrapped__(face, _LOOK, chr(code)).mask
            if min(mask.shape) < max(1, _SLIMMEST * max(mask.shape)):
                continue
            picture = _fitted(mask, _SMALL)
            if (picture > _INKED).mean() >= _LEAST:
                names.append(name)
                pictures.append(picture)
    known = [icon_mask(name, _LOOK, np.random.default_rng(0)) for name in ICONS]
    # What the project draws itself comes first, so that fonts have none of it.
    first = [_fitted(_tight(mask), _SMALL) for mask in known]
    kept = _unlike([*first, *pictures])
    found = (names[i - len(first)] for i in kept if i >= len(first))
    letters = {f"{font}-{code:x}" for font, codes in _LETTERS.items() for code in codes}
    return tuple(name for name in found if name not in letters)


def find_icons(fonts: Sequence[str] | None = None, *, least: int = 0) -> tuple[str, ...]:
    """The icons of these fonts (default: all), no two alike, nor like one of any other font.

    Raises ValueError for a font that ICON_FONTS lacks, and where there are less than `least`.
    """
    wanted = tuple(ICON_FONTS if fonts is None else fonts)
    if not wanted or set(wanted) - set(ICON_FONTS):
        raise ValueError(f"icon_families: expected of {list(ICON_FONTS)}. Received: {fonts}")
    found = tuple(name for name in _icons() if name.rpartition("-")[0] in wanted)
    if len(found) < least:
        packages = " ".join(ICON_FONTS[font].package for font in wanted)
        raise ValueError(
            f"icon_fonts: expected {least} icons or more in fonts, found {len(found)}: ask for "
            f"fewer, or install them (Debian: apt-get install --no-install-recommends {packages})"
        )
    return found


def choose_icons(count: int, fonts: Sequence[str] | None = None) -> tuple[str, ...]:
    """So many of `find_icons`, in its order; fewer are a part of more.

    Which ones depends on their names alone: they are spread evenly over the fonts.
    Raises ValueError as `find_icons`, and where there are fewer.
    """
    icons = find_icons(fonts, least=count)
    ranked = sorted(icons, key=lambda name: hashlib.sha256(name.encode()).digest())
    chosen = set(ranked[:count])
    return tuple(name for name in icons if name in chosen)


def font_icon_mask(name: str, side: int) -> np.ndarray:
    """An icon as an ink's coverage: (h, w) uint8, its longer side `side` pixels.

    Raises ValueError where its font is not installed.
    """
    font, _, code = name.rpartition("-")
    face = installed().get(font)
    if face is None:
        raise ValueError(
            f"{name}: its font is not installed (Debian: apt-get install "
            f"--no-install-recommends {ICON_FONTS[font].package})"
        )
    return _scaled(glyph(face, _FINE, chr(int(code, 16))).mask, side)


def _scaled(mask: np.ndarray, side: int) -> np.ndarray:
    scale = side / max(mask.shape)
    size = (max(1, round(mask.shape[1] * scale)), max(1, round(mask.shape[0] * scale)))
    return cv2.resize(mask, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)


def _tight(mask: np.ndarray) -> np.ndarray:
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _fitted(mask: np.ndarray, side: int) -> np.ndarray:
    """A mask in the middle of a square that it fills: (side, side) uint8."""
    small = _scaled(mask, side)
    down, right = side - small.shape[0], side - small.shape[1]
    return cv2.copyMakeBorder(
        small, down // 2, down - down // 2, right // 2, right - right // 2, cv2.BORDER_CONSTANT
    )


def _unlike(pictures: Sequence[np.ndarray]) -> list[int]:
    """The places of those pictures that are like none before, turned by any quarter."""
    count, pixels = len(pictures), _TINY**2
    tiny = np.stack(
        [
            cv2.resize(
                cv2.GaussianBlur(one, (0, 0), 1.0), (_TINY,) * 2, interpolation=cv2.INTER_AREA
            )
            for one in pictures
        ]
    ).astype(np.float32)
    tiny -= tiny.mean(axis=(1, 2), keepdims=True)
    tiny /= np.maximum(np.linalg.norm(tiny, axis=(1, 2), keepdims=True), 1e-6)
    turned = np.stack([np.rot90(tiny, k, axes=(1, 2)).reshape(count, pixels) for k in range(4)])
    flat = turned[0]
    kept: list[int] = []
    for start in range(0, count, _BLOCK):
        block = range(start, min(start + _BLOCK, count))
        # Each against all that may have been kept before: those of earlier blocks, and of its own.
        before = np.array([*kept, *block])
        alike = (turned[:, block] @ flat[before].T).max(axis=0) > _ALIKE
        rivals = len(kept)
        new: list[int] = []
        for row in range(len(block)):
            own = [rivals + other for other in new]
            if not (alike[row, :rivals].any() or alike[row, own].any()):
                new.append(row)
        kept += [start + row for row in new]
    return kept
