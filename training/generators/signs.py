"""Signs out of fonts: arrows, plain shapes, dingbats, pictographs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np

from training.generators.cmap import codepoints
from training.generators.colours import Rng
from training.generators.fonts import FontFace, find_fonts, glyph
from training.generators.text import ALNUM

# Broad arrows, geometric shapes, miscellaneous symbols, dingbats, and more arrows and shapes.
_BLOCKS = ((0x21D0, 0x2200), (0x25A0, 0x2600), (0x2600, 0x27C0), (0x2B00, 0x2B56))
# Circled digits and letters, brackets, and what is as good as a dot or a line.
_NONE = frozenset("▪▫▴▵▸▹▾▿◂◃◦•❘❙❚❛❜❝❞❟❠❨❩❪❫❬❭❮❯❰❱❲❳❴❵⚊⚋⚌⚍⚎⚏⚬") | {
    chr(code) for code in range(0x2776, 0x2794)
}
_FINE = 128  # pixels to the em of the drawing that all sizes are made from
_LEAST = 0.06  # of its square, that a sign's ink covers


@cache
def _faces() -> Mapping[str, tuple[FontFace, ...]]:
    """Which of this machine's fonts draw each sign; signs that none draws are absent."""
    found: dict[str, list[FontFace]] = {}
    wanted = {code for low, high in _BLOCKS for code in range(low, high)} - set(map(ord, _NONE))
    for face in find_fonts(ALNUM, hands=False):
        if Path(face.path).is_file():
            for code in sorted(wanted & codepoints(face.path, face.index)):
                mask = glyph(face, 32, chr(code)).mask
                if np.count_nonzero(mask > 128) > _LEAST * max(mask.shape, default=0) ** 2:
                    found.setdefault(chr(code), []).append(face)
    return MappingProxyType({sign: tuple(faces) for sign, faces in sorted(found.items())})


@cache
def find_signs() -> tuple[str, ...]:
    """The signs that some font of this machine draws, in the order of Unicode."""
    return tuple(_faces())


def sign_mask(sign: str, side: int, rng: Rng) -> np.ndarray:
    """A sign as an ink's coverage: (h, w) uint8, its longer side `side` pixels.

    Raises KeyError for a sign that no font of this machine draws.
    """
    faces = _faces()[sign]
    mask = glyph(faces[int(rng.integers(len(faces)))], _FINE, sign).mask
    scale = side / max(mask.shape)
    size = (max(1, round(mask.shape[1] * scale)), max(1, round(mask.shape[0] * scale)))
    return cv2.resize(mask, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
