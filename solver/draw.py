"""Results drawn on their picture, with Pillow.

Pillow's own font has ASCII. Other labels need a font of the system; where there is none that has
them, they are written as escapes, so that a drawing never fails for want of a font.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from solver.results import Box

UInt8 = npt.NDArray[np.uint8]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

# Dark enough for white letters on them, and apart from each other.
_COLOURS = (
    (214, 39, 40),
    (31, 119, 180),
    (44, 130, 44),
    (148, 103, 189),
    (190, 90, 10),
    (140, 86, 75),
    (197, 60, 150),
    (20, 130, 140),
)
# File names that Pillow finds in the font folders of Linux, Windows and macOS.
_CJK_FONTS = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKsc-Regular.otf",
    "SourceHanSansSC-Regular.otf",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
    "DroidSansFallbackFull.ttf",
    "uming.ttc",
    "ukai.ttc",
    "msyh.ttc",
    "simhei.ttf",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    "Arial Unicode.ttf",
)
_OTHER_FONTS = ("DejaVuSans.ttf", "Arial.ttf", "LiberationSans-Regular.ttf", *_CJK_FONTS)
_FIRST_CJK = 0x2E80
_PADDING = 2


def draw_boxes(image: UInt8, boxes: Sequence[Box]) -> UInt8:
    """A copy of an ``(H, W, 3)`` RGB picture with each box, its label and its score.

    A colour stands for a label. The best box is drawn last, on top of the others.
    """
    canvas = Image.fromarray(image)
    pen = ImageDraw.Draw(canvas)
    height, width = image.shape[:2]
    line = max(1, round(min(height, width) / 150))
    size = max(10, round(height / 20))
    labels = sorted({box.label for box in boxes})
    for box in sorted(boxes, key=lambda item: item.score):
        colour = _COLOURS[labels.index(box.label) % len(_COLOURS)]
        pen.rectangle(_inside(box, width, height), outline=colour, width=line)
        _write_tag(pen, box, colour, size=size, width=width)
    return np.asarray(canvas, dtype=np.uint8)


def _inside(box: Box, width: int, height: int) -> tuple[float, float, float, float]:
    """The corners as Pillow counts them: the last pixel included, and inside the picture."""
    x1, y1 = min(max(box.x1, 0), width - 1), min(max(box.y1, 0), height - 1)
    x2, y2 = min(max(box.x2 - 1, x1), width - 1), min(max(box.y2 - 1, y1), height - 1)
    return x1, y1, x2, y2


def _write_tag(
    pen: ImageDraw.ImageDraw, box: Box, colour: tuple[int, int, int], *, size: int, width: int
) -> None:
    """Label and score on a ground of the box's colour, above the box where there is room."""
    text, font = _written(" ".join(box.label.split()), size)
    text = f"{text} {box.score:.2f}"
    left, top, right, bottom = pen.textbbox((0, 0), text, font=font)
    wide, high = right - left + 2 * _PADDING, bottom - top + 2 * _PADDING
    x = max(0.0, min(box.x1, width - wide))
    y = box.y1 - high if box.y1 >= high else max(0.0, box.y1)
    pen.rectangle((x, y, x + wide, y + high), fill=colour)
    pen.text((x + _PADDING - left, y + _PADDING - top), text, font=font, fill=(255, 255, 255))


def _written(text: str, size: int) -> tuple[str, Font]:
    """The text as it can be written, and the font for it."""
    if not text.isascii():
        is_cjk = any(ord(symbol) >= _FIRST_CJK for symbol in text)
        font = _system_font(_CJK_FONTS if is_cjk else _OTHER_FONTS, size)
        if font is not None:
            return text, font
    return text.encode("ascii", "backslashreplace").decode("ascii"), _default_font(size)


@functools.lru_cache(maxsize=16)
def _system_font(names: tuple[str, ...], size: int) -> ImageFont.FreeTypeFont | None:
    for name in names:
        try:
            return ImageFont.truetype(name, size)
        except (OSError, ImportError):  # not installed, or a Pillow built without FreeType
            continue
    return None


@functools.lru_cache(maxsize=16)
def _default_font(size: int) -> Font:
    return ImageFont.load_default(size)
