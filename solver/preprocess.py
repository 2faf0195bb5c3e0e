"""From an RGB picture to a network's tensor: the one place, for training and for use.

Two steps, so that training can change pixels in between: :func:`canvas` resizes and pads and
stays uint8; :func:`tensor` scales to float32. Arrays are ``(height, width, channels)``, RGB.
Resizing is Pillow's, which filters before it shrinks.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from solver.errors import ImageError
from solver.geometry import Placement
from solver.spec import InputSpec

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]

# Channels are compared in strips of about this many bytes, so that a large picture is not copied.
_STRIP_BYTES = 1 << 18

_RESAMPLING = {
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
    "nearest": Image.Resampling.NEAREST,
}


def preprocess(image: UInt8, spec: InputSpec) -> tuple[Float32, Placement]:
    """Turn an ``(H, W, 3)`` RGB picture into ``(h, w, c) float32`` by the model's rule.

    The placement maps points of the canvas back to pixels of the picture.

    Raises:
        ImageError: the array is not ``(H, W, 3) uint8`` or has no pixels.
    """
    pixels, placement = canvas(image, spec)
    return tensor(pixels, spec), placement


def canvas(image: UInt8, spec: InputSpec) -> tuple[UInt8, Placement]:
    """Resize and pad an ``(H, W, 3)`` RGB picture to an ``(h, w, c) uint8`` canvas.

    Raises:
        ImageError: the array is not ``(H, W, 3) uint8`` or has no pixels.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise ImageError(
            f"expected (H, W, 3) uint8 with at least one pixel, "
            f"received {image.shape} {image.dtype}; load pictures with solver.images.load"
        )
    height, width = image.shape[:2]
    inner_w, inner_h, canvas_w = _sizes(width, height, spec)
    mode = "RGB" if spec.channels == 3 else "L"
    if _is_grey(image):
        picture = _picture("L", image[..., 0])
    else:
        picture = _picture("RGB", image)
        if mode == "L":
            picture = picture.convert("L")
    if (inner_w, inner_h) != (width, height):
        picture = picture.resize((inner_w, inner_h), _RESAMPLING[spec.interpolation])
    if picture.mode != mode:
        picture = picture.convert(mode)
    pixels = np.frombuffer(picture.tobytes(), np.uint8)
    pixels = pixels.reshape(inner_h, inner_w, spec.channels)
    if spec.fit == "height":
        left = top = 0
    else:
        left, top = (canvas_w - inner_w) // 2, (spec.height - inner_h) // 2
    placement = Placement(width, height, inner_w / width, inner_h / height, left, top)
    if pixels.shape[:2] != (spec.height, canvas_w):
        padded = np.empty((spec.height, canvas_w, spec.channels), np.uint8)
        padded[...] = spec.fill
        padded[top : top + inner_h, left : left + inner_w] = pixels
        pixels = padded
    return pixels, placement


def tensor(pixels: npt.NDArray[Any], spec: InputSpec) -> Float32:
    """Scale uint8 levels ``(…, c)`` to the network's float32, thresholded if the rule says so."""
    if spec.threshold is not None:
        pixels = np.where(pixels > spec.threshold, np.uint8(255), np.uint8(0))
    gain, offset = _affine(spec.scale, spec.mean, spec.std)
    scaled: Float32 = pixels.astype(np.float32)
    scaled *= gain
    scaled -= offset
    return scaled


@lru_cache(maxsize=64)
def _affine(
    scale: float, mean: tuple[float, ...], std: tuple[float, ...]
) -> tuple[Float32 | np.float32, Float32 | np.float32]:
    """``(x*scale - mean)/std`` as one multiply and one subtraction in float32.

    Folded in float64. One number each where it is the same for every channel: that is several
    times faster than a row of three.
    """
    divisor = np.asarray(std, dtype=np.float64)
    gain = (scale / divisor).astype(np.float32)
    offset = (np.asarray(mean, dtype=np.float64) / divisor).astype(np.float32)
    if np.ptp(gain) == 0 and np.ptp(offset) == 0:
        return gain[0], offset[0]
    return gain, offset


def _picture(mode: str, levels: UInt8) -> Image.Image:
    """Pillow's picture of ``(H, W)`` or ``(H, W, 3)`` levels.

    Image.fromarray comes to the same in more steps; it fills the picture before it copies.
    """
    picture = Image.new(mode, (levels.shape[1], levels.shape[0]), None)
    picture.frombytes(np.ascontiguousarray(levels))
    return picture


def _is_grey(image: UInt8) -> bool:
    """Whether the three channels are equal, so that one can be resized for all."""
    height, width = image.shape[:2]
    rows = max(1, _STRIP_BYTES // (3 * width))
    middle = height // 2  # where nearly every coloured picture shows a colour
    strips = [(middle, middle + 1), *((top, top + rows) for top in range(0, height, rows))]
    for top, bottom in strips:
        levels = image[top:bottom].tobytes()
        if not levels[::3] == levels[1::3] == levels[2::3]:
            return False
    return True


def _sizes(width: int, height: int, spec: InputSpec) -> tuple[int, int, int]:
    """Width and height of the resized picture, and the canvas width, in pixels."""
    if spec.fit == "height":
        free = max(1, round(width * spec.height / height))
        inner = min(free, spec.max_width)
        multiple = spec.width_multiple
        padded = max(spec.min_width, -(-inner // multiple) * multiple)
        return inner, spec.height, padded
    assert spec.width is not None
    ratio = min(spec.width / width, spec.height / height)
    if spec.fit == "shrink":
        ratio = min(ratio, 1.0)
    inner_w = min(spec.width, max(1, round(width * ratio)))
    inner_h = min(spec.height, max(1, round(height * ratio)))
    return inner_w, inner_h, spec.width
