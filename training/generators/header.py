"""The header of a grid picture: a printed request, and the word to look for, written by hand as
it were: each character in a face, weight, slant and ink of its own, with stray marks about it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources

import cv2
import numpy as np
from PIL import Image

from training.generators.cjk import find_cjk_fonts
from training.generators.colours import Rng
from training.generators.fonts import FontFace, glyph
from training.generators.glyphs import transformed
from training.generators.paste import meeting

Bounds = tuple[int, int, int, int]

REQUEST = "请点击下图中"
REQUEST_RED = "所有的"
STRIP = (293, 30)  # width, height in pixels
WORD_BOX: Bounds = (116, 0, 216, 30)
_FINE = 4  # the word is drawn this many times larger
_BRUSH = re.compile(r"kai|楷|行|xing", re.IGNORECASE)
_SONG = re.compile(r"serif|song|sung|ming|han\b", re.IGNORECASE)
_MARKS = "\"'~*-、.·^`,"


@lru_cache(maxsize=1)
def words80() -> tuple[str, ...]:
    """The usual list of 12306's 80 classes, in its order."""
    text = resources.files("training.generators").joinpath("words80.txt").read_text("utf-8")
    return tuple(text.split())


def header_symbols(words: Sequence[str]) -> str:
    """All that a header with these words has to draw, each symbol once."""
    return "".join(sorted({*"".join(words), *REQUEST, *REQUEST_RED} - {" "}))


class HeaderGenerator:
    """Draws header words.

    Options: `words` to draw from (default: the 80 of 12306); `fonts`, Chinese faces (default: all
    of this machine that cover the words); `two`, how often a second word follows; `box`, the part
    of the strip (x1, y1, x2, y2 in pixels) that `sample` gives: with two words it reaches to the
    strip's right end.
    Raises ValueError when there is no word, or no font that covers them.
    """

    def __init__(
        self,
        words: Sequence[str] | None = None,
        fonts: Sequence[FontFace] | None = None,
        *,
        two: float = 0.0,
        box: Bounds = WORD_BOX,
    ) -> None:
        self.words = words80() if words is None else tuple(words)
        if not self.words or not all(word.strip() == word and word for word in self.words):
            raise ValueError(f"expected words without spaces around. Received: {self.words}")
        if not 0 <= two <= 1:
            raise ValueError(f"expected two from 0 to 1. Received: two={two}")
        found = find_cjk_fonts(header_symbols(self.words)) if fonts is None else fonts
        self.fonts = tuple(found)
        if not self.fonts:
            raise ValueError("expected at least one font. Received: fonts=()")
        self.two = two
        self.box = box
        groups: tuple[list[FontFace], ...] = ([], [], [])
        for face in self.fonts:
            brush = _BRUSH.search(face.family)
            groups[0 if brush else 2 if _SONG.search(face.family) else 1].append(face)
        # Most are brush or plain hands; faces with serifs are rare.
        shares = (0.45, 0.45, 0.1)
        self._groups = [g for g in groups if g]
        kept = np.array([share for g, share in zip(groups, shares, strict=True) if g])
        self._shares = kept / kept.sum()

    def sample(self, rng: Rng) -> tuple[Image.Image, str]:
        """The word's part of a header, RGB, and the word, or two with a space between."""
        count = 2 if rng.random() < self.two else 1
        label = " ".join(rng.choice(self.words, count).tolist())
        return self.render(label, rng)

    def render(self, label: str | None, rng: Rng) -> tuple[Image.Image, str]:
        """The word's part of the header that asks for `label`; None: for a random word."""
        if label is None:
            return self.sample(rng)
        x1, y1, x2, y2 = self.box
        if " " in label:
            x2 = STRIP[0]
        strip = self.strip(label, rng)[y1:y2, x1:x2]
        quality = int(rng.integers(68, 92))
        return Image.fromarray(jpeg(strip, quality)), label

    def strip(self, label: str, rng: Rng, size: tuple[int, int] = STRIP) -> np.ndarray:
        """The whole header before compression: (h, w, 3) uint8 for `size` (w, h)."""
        width, height = size
        ground = np.full((height, width, 3), 255, np.uint8)
        face = self.fonts[int(rng.integers(len(self.fonts)))]
        _request(ground, face, int(rng.integers(12, 15)), self.box[0])
        if rng.random() < 0.9:
            ground[height - 1] = int(rng.integers(195, 222))
        dark = self._word(label, rng, width, height)
        out = ground.astype(np.float32) * (1 - dark[..., None])
        if rng.random() < 0.3:
            out += rng.standard_normal(out.shape, np.float32) * np.float32(rng.uniform(0.5, 3))
        return np.clip(np.round(out), 0, 255).astype(np.uint8)

    def _word(self, label: str, rng: Rng, width: int, height: int) -> np.ndarray:
        """How dark the word makes each pixel: (h, w) float32, 0 to 1."""
        fine: np.ndarray = np.zeros((height * _FINE, width * _FINE), np.float32)
        marked = rng.random() < 0.35
        marks = {int(rng.integers(-1, len(label)))} if marked else set()
        slope = rng.normal(-0.03, 0.05)  # most words rise towards the right
        pen = self.box[0] + rng.uniform(2, 12)
        size = rng.uniform(14.5, 18.5)
        middle = rng.uniform(11.5, 14.5)
        start, same = pen, rng.random() < 0.3
        hand = self._hand(rng)
        if -1 in marks:
            pen += self._mark(fine, rng, pen, middle)
        for place, symbol in enumerate(label):
            if symbol == " ":
                pen += rng.uniform(7, 18)
                continue
            hand = hand if same else self._hand(rng)
            y = middle + slope * (pen - start) + rng.normal(0, 0.7)
            pen += self._symbol(
                fine, rng, symbol, hand=hand, size=size * rng.uniform(0.88, 1.1), place=(pen, y)
            )
            if place in marks:
                pen += self._mark(fine, rng, pen, y)
        fine = _wavy(fine, rng, rng.uniform(0, 1.1) * _FINE)
        if rng.random() < 0.8:
            fine = cv2.GaussianBlur(fine, (0, 0), _FINE * rng.uniform(0.12, 0.5))
        dark: np.ndarray = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA)
        if rng.random() < 0.25:
            _smear(dark, rng, round(pen), round(middle))
        if rng.random() < 0.4:  # sharpened, as a picture that was made smaller is
            dark = dark + rng.uniform(0.2, 0.8) * (dark - cv2.GaussianBlur(dark, (0, 0), 1.0))
        return np.clip(dark, 0, 1)

    def _hand(self, rng: Rng) -> tuple[FontFace, float, float]:
        """A face, how much bolder or thinner in fine pixels, and how dark its ink is."""
        group = self._groups[int(rng.choice(len(self._groups), p=self._shares))]
        face = group[int(rng.integers(len(group)))]
        weight = 0.0 if face.bold else max(-0.5, rng.normal(1.0, 1.6))
        return face, weight, float(np.clip(rng.normal(0.88, 0.12), 0.5, 1.0))

    def _symbol(
        self,
        fine: np.ndarray,
        rng: Rng,
        symbol: str,
        *,
        hand: tuple[FontFace, float, float],
        size: float,
        place: tuple[float, float],
    ) -> float:
        """Draw one character from x, about y (pixels); how far the pen goes on."""
        face, weight, dark = hand
        drawn = 16 if size <= 16 else 20  # few sizes: the glyphs are soon all at hand
        mask = glyph(face, drawn * _FINE, symbol).mask
        if weight > 1:
            side = round(weight)
            mask = cv2.dilate(mask, np.ones((side, side), np.uint8))
        mask = transformed(
            mask,
            degrees=rng.normal(-3, 3.5),
            shear=-max(-0.05, rng.normal(0.24, 0.09)),
            scale=size / drawn,
            stretch=rng.uniform(0.85, 1.08),
            room=2,
        )
        _lay(fine, mask, dark, place[0] * _FINE, place[1] * _FINE - mask.shape[0] / 2)
        lean = 0.12 * mask.shape[0]
        overlap = rng.uniform(-0.2, 0.07) * size
        return max(5.0, (mask.shape[1] - lean) / _FINE + overlap)

    def _mark(self, fine: np.ndarray, rng: Rng, x: float, y: float) -> float:
        sign = _MARKS[int(rng.integers(len(_MARKS)))]
        face = self.fonts[int(rng.integers(len(self.fonts)))]
        mask = glyph(face, round(rng.uniform(9, 16) * _FINE), sign).mask
        if not mask.size:
            return 0.0
        mask = transformed(
            mask, degrees=rng.uniform(-15, 15), shear=-0.2, scale=1, stretch=1, room=1
        )
        high = rng.choice([-6.0, -4.0, 0.0, 4.0]) * _FINE
        _lay(fine, mask, rng.uniform(0.4, 1), x * _FINE, y * _FINE + high - mask.shape[0] / 2)
        return mask.shape[1] / _FINE * rng.uniform(0.6, 1.1)


def jpeg(picture: np.ndarray, quality: int) -> np.ndarray:
    """RGB uint8 through JPEG of this quality."""
    flags = [cv2.IMWRITE_JPEG_QUALITY, quality]
    done, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), flags)
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR) if done else None
    if decoded is None:
        raise RuntimeError("OpenCV could not encode and decode a JPEG")
    return cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB)


def _lay(fine: np.ndarray, mask: np.ndarray, dark: float, x: float, y: float) -> None:
    """Put a mask into the fine coverage at its top left corner (fine pixels), where it fits."""
    there, own = meeting(fine, mask, round(x), round(y))
    fine[there] = np.maximum(fine[there], mask[own].astype(np.float32) * (dark / 255))


def _wavy(fine: np.ndarray, rng: Rng, amount: float) -> np.ndarray:
    rows, columns = fine.shape
    y = np.arange(rows, dtype=np.float32)[:, None]
    x = np.arange(columns, dtype=np.float32)[None, :]
    period = rng.uniform(14, 40) * _FINE
    across = x + amount * np.sin(2 * np.pi * y / period + rng.uniform(0, 6.3)) + 0 * y
    down = y + amount * np.sin(2 * np.pi * x / period + rng.uniform(0, 6.3)) + 0 * x
    return cv2.remap(fine, across.astype(np.float32), down.astype(np.float32), cv2.INTER_LINEAR)


def _smear(dark: np.ndarray, rng: Rng, x: int, y: int) -> None:
    """A faint streak behind the word."""
    rows = slice(max(0, y + int(rng.integers(0, 6))), y + 8)
    part = dark[rows, x : x + int(rng.integers(3, 9))]
    part += (rng.random(part.shape) * rng.uniform(0.03, 0.2)).astype(np.float32)


def _request(ground: np.ndarray, face: FontFace, size: int, end: int) -> None:
    """The printed request, black and then red, so that it stops just before `end`."""
    text = REQUEST + REQUEST_RED
    pen = end - len(text) * size
    for place, symbol in enumerate(text):
        drawn = glyph(face, size, symbol)
        red = place >= len(REQUEST)
        x, y = pen + drawn.left, round(15 + 0.38 * size) - drawn.top
        there, own = meeting(ground, drawn.mask, x, y)
        tone = np.array([225, 10, 20] if red else [10, 10, 10], np.float32)
        share = drawn.mask[own][..., None] / np.float32(255)
        ground[there] = (ground[there] * (1 - share) + tone * share).astype(np.uint8)
        pen += size
