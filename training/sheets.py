"""Picture sheets: many pictures with a caption each, in one PNG.

A caption in a writing that Pillow's own face lacks (Chinese, say) is drawn with a font that
fontconfig finds; where there is none, such symbols are written as their code points.
"""

from __future__ import annotations

import math
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from training.generators.fonts import BUILTIN, FontFace, covers
from training.samples import Annotation

PAPER, INK, FRAME = "#ffffff", "#202124", "#d5d8dc"
TRUTH = "#00e000"
MARGIN = 10
LINE = 20
FONT_SIZE = 15


@dataclass(frozen=True, slots=True)
class Cell:
    """An ``(H, W, 3) uint8`` RGB picture, and the lines below it with their colours."""

    picture: npt.NDArray[np.uint8]
    lines: tuple[tuple[str, str], ...]


def contact_sheet(
    cells: Sequence[Cell], *, columns: int = 5, size: tuple[int, int] = (220, 90)
) -> Image.Image:
    """The cells row by row, each picture fitted into ``size`` (width, height) pixels.

    Raises:
        ValueError: there are no cells.
    """
    if not cells:
        raise ValueError("expected at least one picture for a sheet; received none")
    columns = min(columns, len(cells))
    lines = max(len(cell.lines) for cell in cells)
    width, height = size[0] + 2 * MARGIN, size[1] + 2 * MARGIN + LINE * lines
    rows = math.ceil(len(cells) / columns)
    sheet = Image.new("RGB", (columns * width, rows * height), PAPER)
    pen = ImageDraw.Draw(sheet)
    writer = Writer(text for cell in cells for text, _ in cell.lines)
    for index, cell in enumerate(cells):
        left, top = index % columns * width, index // columns * height
        pen.rectangle((left, top, left + width, top + height), outline=FRAME)
        picture = fitted(cell.picture, size)
        place = (
            left + MARGIN + (size[0] - picture.width) // 2,
            top + MARGIN + (size[1] - picture.height) // 2,
        )
        sheet.paste(picture, place)
        for row, (text, colour) in enumerate(cell.lines):
            at = (left + MARGIN, top + size[1] + 1.5 * MARGIN + LINE * row)
            writer.write(pen, at, text, colour, width=size[0])
    return sheet


def fitted(picture: npt.NDArray[np.uint8], size: tuple[int, int]) -> Image.Image:
    """The picture scaled to fit ``size`` (width, height), small ones by at most three."""
    image = Image.fromarray(picture)
    ratio = min(size[0] / image.width, size[1] / image.height, 3.0)
    wanted = max(1, round(image.width * ratio)), max(1, round(image.height * ratio))
    return image.resize(wanted, Image.Resampling.BICUBIC)


def framed(
    picture: npt.NDArray[np.uint8], boxes: Sequence[Annotation], *, colour: str = TRUTH
) -> npt.NDArray[np.uint8]:
    """A copy of an ``(H, W, 3)`` RGB picture with a frame one pixel wide around each box."""
    if not boxes:
        return picture
    image = Image.fromarray(picture)
    pen = ImageDraw.Draw(image)
    for box in boxes:
        x1, y1 = min(max(box.x1, 0), image.width - 1), min(max(box.y1, 0), image.height - 1)
        x2, y2 = min(max(box.x2 - 1, x1), image.width), min(max(box.y2 - 1, y1), image.height)
        pen.rectangle((x1, y1, x2, y2), outline=colour)
    return np.asarray(image, dtype=np.uint8)


class Writer:
    """Draws captions with one font that has all of their symbols, where the machine has one."""

    def __init__(self, texts: Iterable[str], *, size: int = FONT_SIZE) -> None:
        symbols = "".join(sorted({symbol for text in texts for symbol in text if symbol.strip()}))
        self._font: ImageFont.FreeTypeFont | ImageFont.ImageFont = ImageFont.load_default(size)
        self._lacking: frozenset[str] = frozenset()
        plain = FontFace(BUILTIN)
        missing = [symbol for symbol in symbols if not covers(plain, symbol)]
        if missing:
            face = _matching("".join(missing))
            if face is not None:
                self._font = ImageFont.truetype(face.path, size, index=face.index)
            self._lacking = frozenset(
                symbol for symbol in symbols if not covers(face or plain, symbol)
            )

    def write(
        self,
        pen: ImageDraw.ImageDraw,
        at: tuple[float, float],
        text: str,
        colour: str = INK,
        *,
        width: float = math.inf,
    ) -> None:
        """One line from the top left corner ``at``, cut short where it passes ``width`` pixels."""
        shown = "".join(f"U+{ord(c):04X}" if c in self._lacking else c for c in text)
        shown = " ".join(shown.splitlines())
        if self._font.getlength(shown) > width:
            while shown and self._font.getlength(f"{shown}...") > width:
                shown = shown[:-1]
            shown += "..."
        pen.text(at, shown, font=self._font, fill=colour)


def _matching(symbols: str) -> FontFace | None:
    """The installed face that fontconfig finds nearest to having these symbols."""
    tool = shutil.which("fc-match")
    if tool is None:
        return None
    codes = " ".join(f"{ord(symbol):x}" for symbol in symbols[:200])
    answer = subprocess.run(
        [tool, "-f", "%{file}\t%{index}", f":charset={codes}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    path, _, index = answer.stdout.partition("\t")
    if answer.returncode or not path or not index.isdigit():
        return None
    # The high half of the number names a variable font's instance.
    return FontFace(path, int(index) & 0xFFFF)
