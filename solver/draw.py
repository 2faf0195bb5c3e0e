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

from solver.grids import Grid
from solver.results import Box, ClickResult, SlideResult, TilesResult

UInt8 = npt.NDArray[np.uint8]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
Corners = tuple[float, float, float, float]

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
_CHOSEN, _OTHER, _HEADER = (214, 39, 40), (110, 110, 110), (31, 119, 180)
_FIRST_CJK = 0x2E80
_PADDING = 2
_WORTH_A_TAG = 0.05


def draw_boxes(image: UInt8, boxes: Sequence[Box], *, named: bool = True) -> UInt8:
    """A copy of an ``(H, W, 3)`` RGB picture with each box, its label and its score.

    A colour stands for a label. The best box is drawn last, on top of the others; its tag, first of
    all, stands where it hides least of boxes and other tags. With ``named=False`` a tag has the
    score alone: what is to be seen in a picture of one class.
    """
    canvas = Image.fromarray(image)
    pen = ImageDraw.Draw(canvas)
    height, width = image.shape[:2]
    line = max(1, round(min(height, width) / 150))
    size = max(10, round(height / 20))
    labels = sorted({box.label for box in boxes})
    colours = {label: _COLOURS[n % len(_COLOURS)] for n, label in enumerate(labels)}
    ranked = sorted(boxes, key=lambda item: item.score)
    for box in ranked:
        outline = colours[box.label]
        pen.rectangle(_inside(box.xyxy, width, height), outline=outline, width=line)
    taken = np.array([box.xyxy for box in ranked]).reshape(-1, 4)
    tags = []
    for box in reversed(ranked):
        text = f"{_one_line(box.label)} {box.score:.2f}" if named else f"{box.score:.2f}"
        tag = _Tag(pen, text, size)
        x, y = tag.beside(box.xyxy, taken, (width, height))
        taken = np.vstack([taken, (x, y, x + tag.width, y + tag.height)])
        tags.append((tag, (x, y), colours[box.label]))
    for tag, place, colour in reversed(tags):
        tag.write(place, colour)
    return np.asarray(canvas, dtype=np.uint8)


def draw_tiles(image: UInt8, result: TilesResult) -> UInt8:
    """A copy of an ``(H, W, 3)`` RGB picture with the answer of its grid.

    Each tile has its label and the probability that it is wanted; those to click have a thick
    outline and a dot at their point. What is wanted stands in the top right corner.
    """
    canvas = Image.fromarray(image)
    pen = ImageDraw.Draw(canvas)
    height, width = image.shape[:2]
    line = max(1, round(min(height, width) / 100))
    size = max(9, round(height / 20))
    for index, tile in enumerate(result.tiles):
        chosen = index in result.indices
        colour = _CHOSEN if chosen else _OTHER
        corners = _inside(tile.xyxy, width, height)
        pen.rectangle(corners, outline=colour, width=2 * line if chosen else 1)
        text = f"{_one_line(tile.label)} {tile.match:.2f}"
        # Inside of the tile: above it there may be another one.
        _write_tag(pen, (tile.xyxy[0], corners[3] + 1), text, colour, size=size, width=width)
        if chosen:
            x, y = tile.point
            pen.ellipse((x - 2 * line, y - 2 * line, x + 2 * line, y + 2 * line), fill=colour)
    asked = " + ".join(_one_line(word.label) for word in result.prompt)
    tag = f"{asked} {result.confidence:.2f}"
    _write_tag(pen, (width, 0), tag, _HEADER, size=size, width=width)
    return np.asarray(canvas, dtype=np.uint8)


def draw_click(image: UInt8, result: ClickResult) -> UInt8:
    """A copy of an ``(H, W, 3)`` RGB picture with the points to click.

    Each box has its target, numbered from 1 in the order of the clicks, and its probability; those
    that might be another mark have a question mark. Targets that are missing stand in the top right
    corner.
    """
    canvas = Image.fromarray(image)
    pen = ImageDraw.Draw(canvas)
    height, width = image.shape[:2]
    line = max(1, round(min(height, width) / 150))
    size = max(10, round(height / 18))
    for number, target in enumerate(result.targets, start=1):
        if target.box is None or target.point is None:
            continue
        colour = _COLOURS[(number - 1) % len(_COLOURS)]
        pen.rectangle(_inside(target.box.xyxy, width, height), outline=colour, width=line)
        x, y = target.point
        pen.ellipse((x - 2 * line, y - 2 * line, x + 2 * line, y + 2 * line), fill=colour)
        doubt = "?" if number - 1 in result.ambiguous else ""
        text = f"{number} {_one_line(target.text)}{doubt} {target.confidence:.2f}"
        _write_tag(pen, (target.box.x1, target.box.y1), text, colour, size=size, width=width)
    if result.missing:
        absent = " ".join(f"{n + 1} {_one_line(result.targets[n].text)}" for n in result.missing)
        _write_tag(pen, (width, 0), f"missing: {absent}", _OTHER, size=size, width=width)
    return np.asarray(canvas, dtype=np.uint8)


def draw_slide(image: UInt8, result: SlideResult) -> UInt8:
    """A copy of an ``(H, W, 3)`` RGB background with the place of the piece, on top of the others.

    Those are thin and grey, and have their score where there is more than little in it.
    """
    canvas = Image.fromarray(image)
    pen = ImageDraw.Draw(canvas)
    height, width = image.shape[:2]
    size = max(10, round(height / 20))
    for other in reversed(result.alternatives):
        corners = other.box.xyxy
        pen.rectangle(_inside(corners, width, height), outline=_OTHER)
        if other.confidence >= _WORTH_A_TAG:
            tag = f"{other.confidence:.2f}"
            _write_tag(pen, corners[:2], tag, _OTHER, size=size, width=width)
    return draw_boxes(np.asarray(canvas, dtype=np.uint8), [result.box])


def draw_grid(image: UInt8, grid: Grid) -> UInt8:
    """A copy of an ``(H, W, 3)`` RGB picture with the outlines of its header and tiles.

    Tiles are numbered from 1, row by row, as their files are.
    """
    canvas = Image.fromarray(image)
    pen = ImageDraw.Draw(canvas)
    height, width = image.shape[:2]
    size = max(9, round(height / 20))
    if grid.header_box is not None:
        pen.rectangle(_inside(grid.header_box, width, height), outline=_HEADER)
    for number, box in enumerate(grid.boxes, start=1):
        corners = _inside(box, width, height)
        pen.rectangle(corners, outline=_CHOSEN)
        at = (corners[0], corners[3] + 1)
        _write_tag(pen, at, str(number), _CHOSEN, size=size, width=width)
    return np.asarray(canvas, dtype=np.uint8)


def _inside(corners: Corners, width: int, height: int) -> Corners:
    """The corners as Pillow counts them: the last pixel included, and inside the picture."""
    x1, y1 = min(max(corners[0], 0), width - 1), min(max(corners[1], 0), height - 1)
    x2, y2 = min(max(corners[2] - 1, x1), width - 1), min(max(corners[3] - 1, y1), height - 1)
    return x1, y1, x2, y2


def _one_line(label: str) -> str:
    return " ".join(label.split())


class _Tag:
    """A text on a ground of its colour."""

    def __init__(self, pen: ImageDraw.ImageDraw, text: str, size: int) -> None:
        self._pen = pen
        self._text, self._font = _written(text, size)
        left, top, right, bottom = pen.textbbox((0, 0), self._text, font=self._font)
        self._shift = _PADDING - left, _PADDING - top
        self.width, self.height = right - left + 2 * _PADDING, bottom - top + 2 * _PADDING

    def write(self, place: tuple[float, float], colour: tuple[int, int, int]) -> None:
        """With its top left corner at ``place``."""
        x, y = place
        self._pen.rectangle((x, y, x + self.width - 1, y + self.height - 1), fill=colour)
        at = x + self._shift[0], y + self._shift[1]
        self._pen.text(at, self._text, font=self._font, fill=(255, 255, 255))

    def beside(
        self, box: Corners, taken: npt.NDArray[np.float64], room: tuple[int, int]
    ) -> tuple[float, float]:
        """Where it hides least of what is taken, ``(N, 4)``: above the box, below, or at a side."""
        x1, y1, x2, y2 = box
        right, low = x2 - self.width, y2 - self.height
        above, below, before = y1 - self.height, y2, x1 - self.width
        wanted = [(x1, above), (right, above), (x1, below), (right, below)]
        wanted += [(before, y1), (x2, y1), (before, low), (x2, low)]
        size = np.array([self.width, self.height])
        places = np.clip(wanted, 0, np.maximum(0, room - size))
        starts = np.maximum(places[:, None], taken[None, :, :2])
        ends = np.minimum((places + size)[:, None], taken[None, :, 2:])
        hidden = np.maximum(0, ends - starts).prod(axis=2).sum(axis=1)
        x, y = places[int(hidden.argmin())].tolist()
        return x, y


def _write_tag(
    pen: ImageDraw.ImageDraw,
    corner: tuple[float, float],
    text: str,
    colour: tuple[int, int, int],
    *,
    size: int,
    width: int,
) -> None:
    """Text on a ground of its colour, above the corner where there is room, else below."""
    tag = _Tag(pen, text, size)
    x = max(0.0, min(corner[0], width - tag.width))
    y = corner[1] - tag.height if corner[1] >= tag.height else max(0.0, corner[1])
    tag.write((x, y), colour)


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
