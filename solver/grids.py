"""A declared grid found on a picture, and cut out of it: no model is asked.

A picture of the layout's shape is taken for the layout scaled (a device pixel ratio, CSS), and the
lines are then fitted to what it shows. Pieces are copies; boxes are whole pixels of the picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from solver import images
from solver._gridfit import fit
from solver.images import ImageSource
from solver.layouts import Bounds, Layout, LayoutSource, find_layout

UInt8 = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """A picture cut up: ``(h, w, 3)`` RGB pieces, tiles row by row, and where they were.

    Boxes are xyxy in pixels of the picture of ``size`` (width, height). ``word`` is the part of
    the header, in its own pixels, where the word stands; it is None where there is no header.
    """

    header: UInt8 | None
    tiles: tuple[UInt8, ...]
    boxes: tuple[Bounds, ...]
    header_box: Bounds | None
    word: Bounds | None
    size: tuple[int, int]
    layout: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Where everything is, without the pixels."""
        return {
            "layout": self.layout,
            "size": list(self.size),
            "header": None if self.header_box is None else list(self.header_box),
            "word": None if self.word is None else list(self.word),
            "tiles": [list(box) for box in self.boxes],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], image: UInt8) -> Grid:
        """Cut the ``(H, W, 3)`` RGB picture that the boxes of :meth:`to_dict` are of.

        Raises:
            ValueError: a field is missing or malformed, or the picture has another size.
        """
        height, width = image.shape[:2]
        size = data.get("size")
        if not isinstance(size, list | tuple) or list(size) != [width, height]:
            raise ValueError(f"Grid.size should be {[width, height]}; received {size!r}")
        tiles = data.get("tiles")
        if not isinstance(tiles, list | tuple) or not tiles:
            raise ValueError(f"Grid.tiles should be a list of boxes; received {tiles!r}")
        header, word = data.get("header"), data.get("word")
        whole = (0, 0, width, height)
        strip = None if header is None else _box(header, "Grid.header", whole)
        part = None
        if strip is not None and word is not None:
            own = (0, 0, strip[2] - strip[0], strip[3] - strip[1])
            part = _box(word, "Grid.word", own)
        boxes = tuple(_box(box, "Grid.tiles", whole) for box in tiles)
        return _cut(image, boxes, strip, part, str(data.get("layout", "")))


def crop(image: ImageSource, *, layout: LayoutSource = "12306") -> Grid:
    """Cut a picture by a layout: a built-in name, a ``.toml`` file, or a Layout.

    Raises:
        ImageError: the picture cannot be read.
        TaskError: there is no such layout, or no such grid on the picture.
    """
    found = find_layout(layout)
    return cut(images.load(image), found)


def cut(image: UInt8, layout: Layout) -> Grid:
    """Cut an ``(H, W, 3)`` RGB picture.

    Raises:
        TaskError: the picture has another shape than the layout, shows nothing where tiles
            should be, or something where gaps should be.
    """
    height, width = image.shape[:2]
    across, down = fit(image, layout)

    def place(box: Bounds) -> Bounds:
        x1, x2 = across.border(box[0], width), across.border(box[2], width)
        y1, y2 = down.border(box[1], height), down.border(box[3], height)
        return x1, y1, max(x2, x1 + 1), max(y2, y1 + 1)

    strip = None if layout.header is None else place(layout.header)
    part = None
    if strip is not None and layout.word is not None:
        word = place(layout.word)
        part = (word[0] - strip[0], word[1] - strip[1], word[2] - strip[0], word[3] - strip[1])
    return _cut(image, tuple(place(box) for box in layout.boxes()), strip, part, layout.name)


def _cut(
    image: UInt8,
    boxes: Sequence[Bounds],
    strip: Bounds | None,
    word: Bounds | None,
    name: str,
) -> Grid:
    height, width = image.shape[:2]
    return Grid(
        header=None if strip is None else _piece(image, strip),
        tiles=tuple(_piece(image, box) for box in boxes),
        boxes=tuple(boxes),
        header_box=strip,
        word=word,
        size=(width, height),
        layout=name,
    )


def _piece(image: UInt8, box: Bounds) -> UInt8:
    """A copy of its own, so that the picture need not be kept, and read-only."""
    x1, y1, x2, y2 = box
    piece = image[y1:y2, x1:x2].copy()
    piece.flags.writeable = False
    return piece


def _box(value: object, name: str, outer: Bounds) -> Bounds:
    if not isinstance(value, list | tuple) or [type(x) for x in value] != [int] * 4:
        raise ValueError(f"{name} should have four integers; received {value!r}")
    x1, y1, x2, y2 = (int(x) for x in value)
    if not (outer[0] <= x1 < x2 <= outer[2] and outer[1] <= y1 < y2 <= outer[3]):
        raise ValueError(f"{name} should lie inside {outer}; received {value!r}")
    return x1, y1, x2, y2
