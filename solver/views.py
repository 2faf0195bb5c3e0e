"""One picture seen in several ways: what a doubtful text is read from once more.

A network that is unsure of a picture is seldom unsure in the same way of that picture squeezed,
tilted or freed of thin lines; what most of these readings agree on is right more often than the
first of them (test-time augmentation; Krizhevsky et al. 2012 averaged crops and mirror images).
Every view takes and gives an ``(H, W, 3) uint8`` RGB picture, and draws on nothing but its pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

UInt8 = npt.NDArray[np.uint8]
View = Callable[[UInt8], UInt8]

# Of a picture's height: half of what is taken for a thin line, and a blur.
_LINE, _BLUR = 1 / 48, 1 / 100


def _scaled(image: UInt8, across: float, down: float) -> UInt8:
    """Width and height times a factor each; pixels are averaged where it shrinks."""
    height, width = image.shape[:2]
    size = (max(1, round(width * across)), max(1, round(height * down)))
    mode = cv2.INTER_AREA if across * down < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size, interpolation=mode), dtype=np.uint8)


def _wider(across: float) -> View:
    return lambda image: _scaled(image, across, 1.0)


def _rows(first: float, last: float) -> View:
    """The rows between two shares of the height."""

    def view(image: UInt8) -> UInt8:
        height = len(image)
        top = min(height - 1, round(first * height))
        return np.ascontiguousarray(image[top : max(top + 1, round(last * height))])

    return view


def _padded(share: float) -> View:
    """The edges' pixels repeated outwards by a share of the height."""

    def view(image: UInt8) -> UInt8:
        room = round(share * len(image))
        return np.pad(image, ((room, room), (room, room), (0, 0)), mode="edge")

    return view


def _tilted(degrees: float) -> View:
    """Turned about the middle, anticlockwise."""

    def view(image: UInt8) -> UInt8:
        height, width = image.shape[:2]
        return _warped(image, cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0))

    return view


def _slanted(shear: float) -> View:
    """The top moved to the right, and the bottom to the left, by half a share of the height."""

    def view(image: UInt8) -> UInt8:
        half = shear * len(image) / 2
        return _warped(image, np.array([[1.0, -shear, half], [0.0, 1.0, 0.0]]))

    return view


def _warped(image: UInt8, matrix: npt.NDArray[Any]) -> UInt8:
    """Moved by a (2, 3) matrix on a canvas of the same size; edges' pixels fill the corners."""
    size = image.shape[1::-1]
    warped = cv2.warpAffine(
        image, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(warped, dtype=np.uint8)


def _blurred(image: UInt8) -> UInt8:
    spread = max(0.5, _BLUR * len(image))
    return np.asarray(cv2.GaussianBlur(image, (0, 0), spread), dtype=np.uint8)


def _median(image: UInt8) -> UInt8:
    """Each pixel the median of its neighbours: specks and hairlines go."""
    side = 3 if len(image) < 100 else 5
    return np.asarray(cv2.medianBlur(np.ascontiguousarray(image), side), dtype=np.uint8)


def _without(operation: int) -> View:
    """Without what is thinner than a line: dark (closing) or light (opening) of its ground."""

    def view(image: UInt8) -> UInt8:
        half = max(1, int(_LINE * len(image)))
        kernel = np.ones((2 * half + 1, 2 * half + 1), np.uint8)
        return np.asarray(cv2.morphologyEx(image, operation, kernel), dtype=np.uint8)

    return view


def _negative(image: UInt8) -> UInt8:
    return np.asarray(255 - image, dtype=np.uint8)


def _grey(image: UInt8) -> UInt8:
    """The mean of the channels in all three."""
    mean = image.mean(axis=2, keepdims=True, dtype=np.float32)
    return np.repeat(np.round(mean).astype(np.uint8), 3, axis=2)


def _contrasted(image: UInt8) -> UInt8:
    """Each channel stretched so that its darkest and lightest fiftieth are black and white."""
    low, high = np.percentile(image, (2, 98), axis=(0, 1))
    spread = np.maximum(high - low, 1.0)
    return np.asarray(np.clip((image - low) / spread * 255, 0, 255).round(), dtype=np.uint8)


VIEWS: Mapping[str, View] = MappingProxyType(
    {
        "wide": _wider(1.2),
        "slim": _wider(0.85),
        "zoomed": _rows(0.08, 0.92),
        "padded": _padded(0.08),
        "left": _tilted(3.0),
        "right": _tilted(-3.0),
        "lefter": _tilted(7.0),
        "righter": _tilted(-7.0),
        "leaning": _slanted(0.15),
        "leaning_back": _slanted(-0.15),
        "blurred": _blurred,
        "median": _median,
        "no_dark_lines": _without(cv2.MORPH_CLOSE),
        "no_light_lines": _without(cv2.MORPH_OPEN),
        "negative": _negative,
        "grey": _grey,
        "contrast": _contrasted,
        "top": _rows(0.0, 0.67),
        "middle": _rows(0.22, 0.78),
        "bottom": _rows(0.33, 1.0),
    }
)
