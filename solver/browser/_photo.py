"""A photograph of an element: its pixels, and where they are on the element.

Four pixel spaces meet in a browser: the picture file's own, the CSS pixels that it is shown in,
the border box around it, and the screen's. A photograph is cut to the content box in the screen's
pixels and remembers the cut, so that a point on it is a point of the border box in CSS pixels,
whatever the file's size, the page's scaling and the screen's ratio are.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solver.errors import ImageError

UInt8 = npt.NDArray[np.uint8]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Measure:
    """An element on its page, in CSS pixels.

    ``width`` and ``height`` are those of its border box as it is shown, after any transform.
    ``insets`` (left, top, right, bottom) lead from there to the picture. ``ratio`` is screen
    pixels to a CSS pixel.
    """

    width: float
    height: float
    insets: tuple[float, float, float, float]
    ratio: float


@dataclass(frozen=True, slots=True)
class Photo:
    """``pixels`` is ``(H, W, 3)`` RGB; ``left`` and ``top`` say where it begins on the border box,
    in CSS pixels; ``ratio`` is its pixels to a CSS pixel.
    """

    pixels: UInt8
    left: float
    top: float
    ratio: float

    def on_element(self, point: Point) -> Point:
        """A point of the photograph as CSS pixels from the border box's top left corner."""
        return self.left + point[0] / self.ratio, self.top + point[1] / self.ratio


def decode(png: bytes) -> UInt8:
    """A screenshot as ``(H, W, 3)`` RGB."""
    from PIL import Image

    with Image.open(io.BytesIO(png), formats=("PNG",)) as opened:
        return np.asarray(opened.convert("RGB"))


def cut(screen: UInt8, measure: Measure, *, corner: Point, shown: str) -> Photo:
    """The picture in a screenshot. ``corner`` is the border box's top left corner on the
    screenshot, in CSS pixels.

    Raises:
        ImageError: the element lies outside the screenshot, wholly or in part.
    """
    left, top, right, bottom = measure.insets
    edges = (
        corner[0] + left,
        corner[1] + top,
        corner[0] + measure.width - right,
        corner[1] + measure.height - bottom,
    )
    x1, y1, x2, y2 = (round(edge * measure.ratio) for edge in edges)
    height, width = screen.shape[:2]
    # One pixel of rounding at the screenshot's edge is no loss.
    if min(x1, y1) < -1 or x2 > width + 1 or y2 > height + 1 or x2 - x1 < 2 or y2 - y1 < 2:
        raise ImageError(
            f"{shown}: expected the whole picture in view, found x {x1} to {x2} and y {y1} to "
            f"{y2} of {width} × {height} pixels: make the window larger than the picture"
        )
    x1, y1 = max(x1, 0), max(y1, 0)
    return Photo(
        pixels=np.ascontiguousarray(screen[y1 : min(y2, height), x1 : min(x2, width)]),
        left=x1 / measure.ratio - corner[0],
        top=y1 / measure.ratio - corner[1],
        ratio=measure.ratio,
    )


def layers(on_black: UInt8, on_white: UInt8) -> UInt8:
    """One picture photographed on black and on white → ``(H, W, 4)`` RGBA, straight alpha.

    Where white shines through, by so much the picture is transparent. The outermost pixels are
    given up: where an element begins between two pixels of the screen, they are half the page's.
    """
    black, white = on_black.astype(np.float32), on_white.astype(np.float32)
    alpha = 255 - np.clip(white - black, 0, 255).mean(axis=2)
    alpha[[0, -1], :] = alpha[:, [0, -1]] = 0
    colour = black * 255 / np.maximum(alpha, 1)[..., None]
    return np.dstack([np.clip(np.rint(colour), 0, 255), np.rint(alpha)]).astype(np.uint8)
