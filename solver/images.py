"""Pictures in: path, bytes, file, ``data:`` URI, PIL image or array → one kind of array.

Everything is checked against `ImageLimits` before a pixel is decoded. A string is a ``data:`` URI
or a path, never an address: nothing here opens a connection or starts a program.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from solver._containers import identify, orientation, strip_metadata
from solver._sources import ImageLimits, describe, read_bytes
from solver.errors import ImageError

ImageSource: TypeAlias = (
    str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | Image.Image | NDArray[Any]
)
Pixels: TypeAlias = NDArray[np.uint8]
_SOURCES = (str, os.PathLike, bytes, bytearray, memoryview, Image.Image, np.ndarray)

# Named one by one, and not through Image.open: that would load every plugin (some run programs)
# as soon as one file is strange, and warns before the limits here are looked at.
_PLUGINS = {
    "PNG": ("PngImagePlugin", "PngImageFile"),
    "JPEG": ("JpegImagePlugin", "JpegImageFile"),
    "GIF": ("GifImagePlugin", "GifImageFile"),
    "BMP": ("BmpImagePlugin", "BmpImageFile"),
    "WEBP": ("WebPImagePlugin", "WebPImageFile"),
    "TIFF": ("TiffImagePlugin", "TiffImageFile"),
}
# Pictures are converted in strips of about this many pixels: no second copy exists, and a strip
# stays in the processor's cache until it is done.
_STRIP_PIXELS = 1 << 16
# Up to so many pixels, one that is RGB already is taken as it is, in one piece.
_WHOLE_PIXELS = 1 << 18
# Run-length BMP is decoded in Python by Pillow: some 3 million pixels a second at worst.
_MAX_RLE_BMP = 1 << 20
# WebP's animation decoder holds three canvases of 4 bytes a pixel beside Pillow's.
_MAX_WEBP_PIXELS = 8_000_000

# Pillow mode → the conversions that lead to L, RGB, or RGBa (colours multiplied by alpha).
_CONVERSIONS: dict[str, tuple[str, ...]] = {
    "1": ("L",),
    "L": (),
    "P": ("RGB",),
    "RGB": (),
    "RGBX": ("RGB",),
    "CMYK": ("RGB",),
    "YCbCr": ("RGB",),
    "HSV": ("RGB",),
    "LA": ("RGBA", "RGBa"),
    "La": ("LA", "RGBA", "RGBa"),
    "PA": ("RGBA", "RGBa"),
    "RGBA": ("RGBa",),
    "RGBa": (),
}
_WIDE_MODES = frozenset({"I;16", "I;16L", "I;16B", "I;16N", "I", "F"})
_LUMINANCE = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
_LIGHT = 160.0

# EXIF orientation → the view that stands upright.
_TURNS: dict[int, Callable[[Pixels], Pixels]] = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, 1),
}


__all__ = ["DEFAULT_LIMITS", "ImageLimits", "ImageSource", "is_source", "load", "load_layers"]

DEFAULT_LIMITS = ImageLimits()


@dataclass(slots=True)
class _Layers:
    """Colours multiplied by alpha ``(H, W, 3)``; 255 − alpha ``(H, W)``, None if it has none."""

    pixels: Pixels
    clear: Pixels | None = None
    light: bool = False  # what is visible would vanish on white

    def composed(self) -> Pixels:
        """On white, or on black where what is visible is light."""
        if self.clear is not None and not self.light:
            for channel in range(3):  # NumPy is slow along an axis of three
                self.pixels[..., channel] += self.clear  # colour <= alpha: it cannot overflow
        return self.pixels

    def upright(self, turn: int) -> _Layers:
        view = _TURNS.get(turn)
        if view is not None:
            self.pixels = np.ascontiguousarray(view(self.pixels))
            if self.clear is not None:
                self.clear = np.ascontiguousarray(view(self.clear[..., None])[..., 0])
        return self


def load(source: ImageSource, *, limits: ImageLimits = DEFAULT_LIMITS) -> Pixels:
    """Read a picture as ``(H, W, 3) uint8`` RGB, C-contiguous.

    Of an animation the first frame, of a PIL image the one that it stands at; turned upright by
    its EXIF orientation. Transparency is composed on white, or on black where what is visible is
    light and covers less than half the picture. 16-bit values are divided by 257.

    Arrays are ``(H, W)``, ``(H, W, 1 | 3 | 4)`` in RGB(A) order: bool, uint8, uint16 (65535 is
    white), or float. A float array whose maximum is at most 1 has white at 1, else at 255, else at
    65535; 1 % of overshoot is clipped, negative values are refused. A PIL image of mode ``F`` is
    taken likewise, and one of mode ``I`` has white at 255 or 65535. A file object is read from
    where it stands, and never beyond the limit.

    The result may share memory with an array that was passed in, and may be read-only.
    Raises `ImageError` for everything that is not a picture within the limits.
    """
    return _layers(source, limits).composed()


def is_source(value: object) -> bool:
    """Whether a value is of a kind that `load` reads, whatever it holds."""
    return isinstance(value, _SOURCES) or callable(getattr(value, "read", None))


def load_layers(
    source: ImageSource, *, limits: ImageLimits = DEFAULT_LIMITS
) -> tuple[Pixels, Pixels | None]:
    """Read a picture as by `load`, its transparency apart instead of composed.

    Returns the colours ``(H, W, 3) uint8``, black where nothing is seen, and alpha ``(H, W)
    uint8``, or None where the picture has none.
    """
    layers = _layers(source, limits)
    if layers.clear is None:
        return layers.pixels, None
    # Both were made here, and are changed where they lie.
    colours, alpha = layers.pixels, np.subtract(255, layers.clear, out=layers.clear)
    rows = max(1, _STRIP_PIXELS // alpha.shape[1])
    for top in range(0, len(alpha), rows):
        part = slice(top, top + rows)
        divisor = np.maximum(alpha[part], 1).astype(np.uint16)[..., None]
        level = (colours[part].astype(np.uint16) * 255 + divisor // 2) // divisor
        colours[part] = np.minimum(level, 255)
    return colours, alpha


def _layers(source: ImageSource, limits: ImageLimits) -> _Layers:
    try:
        if isinstance(source, np.ndarray):
            return _from_array(source, limits)
        if isinstance(source, Image.Image):
            if source.format == "EPS":  # decoding it would start Ghostscript
                raise ImageError("expected a picture, got an EPS document: save it as PNG")
            return _convert(source, limits).upright(_turn_of(source.info.get("exif")))
        return _decode(read_bytes(source, limits), limits)
    except ImageError:
        raise
    except Exception as exc:
        # Damaged files make Pillow raise nearly anything: OSError, SyntaxError, struct.error,
        # EOFError, zlib.error, MemoryError, DecompressionBombError … The cause stays attached.
        raise ImageError(
            f"could not read {describe(source)} as a picture: {type(exc).__name__}: {exc}"
        ) from exc


def _decode(data: bytes, limits: ImageLimits) -> _Layers:
    name = identify(data)
    data, exif = strip_metadata(data, name)
    module, plugin = _PLUGINS[name]
    image: Image.Image = getattr(import_module(f"PIL.{module}"), plugin)(io.BytesIO(data))
    number = image.width * image.height
    if name == "WEBP" and number > _MAX_WEBP_PIXELS:
        raise ImageError(f"expected a WebP of at most {_MAX_WEBP_PIXELS:,} pixels, got {number:,}")
    tiles = getattr(image, "tile", ())
    if tiles and tiles[0][0] == "bmp_rle" and max(len(data), number) > _MAX_RLE_BMP:
        raise ImageError(
            f"expected a run-length coded BMP of at most {_MAX_RLE_BMP:,} bytes and pixels, got "
            f"{number:,} pixels in {len(data):,} bytes: save it as PNG"
        )
    layers = _convert(image, limits)
    turn = _turn_of(exif or image.info.get("exif"))
    image.close()  # before the turn, which needs as much memory again
    return layers.upright(turn)


def _turn_of(exif: object) -> int:
    return orientation(exif) if isinstance(exif, bytes) else 1


def _convert(image: Image.Image, limits: ImageLimits) -> _Layers:
    """Decode the picture if that is still to be done, and bring any mode to RGB."""
    limits.check_size(*image.size)
    image.load()
    limits.check_size(*image.size)  # a damaged file may change its mind while it is decoded
    width, height = image.size
    mode = image.mode
    if mode == "RGB" and "transparency" not in image.info and width * height <= _WHOLE_PIXELS:
        return _Layers(np.asarray(image))
    if mode in _WIDE_MODES:
        white = _white_of_mode(image)

        def read(top: int, bottom: int) -> Pixels:
            part = np.asarray(image.crop((0, top, width, bottom)))
            return _keyed(_to_uint8(part, white)[..., None], part[..., None], key)

    elif mode in _CONVERSIONS:
        steps = _CONVERSIONS[mode]
        if mode == "P" and image.has_transparency_data:
            steps = ("RGBA", "RGBa")

        def read(top: int, bottom: int) -> Pixels:
            part = image.crop((0, top, width, bottom)) if bottom - top < height else image
            for step in steps:
                part = part.convert(step)
            array = np.asarray(part)
            array = array[..., None] if array.ndim == 2 else array
            return _keyed(array, array, key)

    else:
        raise ImageError(f"expected a PIL image with colours, got mode {mode!r}: convert it to RGB")
    key = _key_colour(image)
    return _assemble(height, width, read)


def _key_colour(image: Image.Image) -> tuple[int, ...] | None:
    """The one colour that PNG's ``tRNS`` makes transparent in a picture without palette."""
    value = image.info.get("transparency")
    if image.mode in ("1", "L", "I;16", "I") and isinstance(value, int):
        return (value * 255 if image.mode == "1" else value,)
    if image.mode == "RGB" and isinstance(value, tuple) and len(value) == 3:
        # Pillow keeps the high bytes of 16-bit colours, but all 16 bits of the key.
        return tuple(v >> 8 for v in value) if max(value) > 255 else value
    return None


def _keyed(part: Pixels, raw: NDArray[Any], key: tuple[int, ...] | None) -> Pixels:
    """Add a premultiplied alpha channel that is 0 where `raw` ``(H, W, 1|3)`` equals the key."""
    if key is None:
        return part
    alpha = (raw != np.array(key)).any(axis=2, keepdims=True).astype(np.uint8)
    colours = np.broadcast_to(part, (*part.shape[:2], 3))
    return np.concatenate([colours * alpha, alpha * np.uint8(255)], axis=2)


def _assemble(height: int, width: int, read: Callable[[int, int], Pixels]) -> _Layers:
    """Join strips ``(h, W, 1|3|4)``, where 4 are premultiplied, and choose the background."""
    rows = max(1, _STRIP_PIXELS // width)
    pixels = np.empty((height, width, 3), np.uint8)
    clear: Pixels | None = None
    sums = np.zeros(4)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        part = read(top, bottom)
        if part.shape[2] == 4:
            if clear is None:
                clear = np.empty((height, width), np.uint8)
            np.subtract(255, part[..., 3], out=clear[top:bottom])
            sums += [part[..., i].sum(dtype=np.uint32) for i in range(4)]
        for channel in range(3):
            pixels[top:bottom, :, channel] = part[..., min(channel, part.shape[2] - 1)]
    return _Layers(pixels, clear, light=_ink_is_light(sums, height * width))


def _ink_is_light(sums: NDArray[np.float64], number: int) -> bool:
    """Whether what is visible would vanish on white; `sums` are of premultiplied R, G, B, and A."""
    cover = sums[3] / 255
    # A picture that is mostly opaque brings its own background; only its edge is transparent.
    return bool(0 < cover < number / 2 and sums[:3] @ _LUMINANCE / cover > _LIGHT)


def _from_array(array: NDArray[Any], limits: ImageLimits) -> _Layers:
    shape = array.shape
    if array.ndim not in (2, 3) or (array.ndim == 3 and shape[2] not in (1, 3, 4)):
        hint = ""
        if array.ndim == 4:
            hint = ": pass the pictures of a batch one by one"
        elif array.ndim == 3 and shape[0] in (1, 3, 4):
            hint = ": channels come last"
        raise ImageError(f"expected an array (H, W) or (H, W, 1 | 3 | 4), got shape {shape}{hint}")
    limits.check_size(shape[1], shape[0])
    if array.dtype == np.uint8 and shape[2:] == (3,):
        return _Layers(np.ascontiguousarray(array))
    white = _white_of_dtype(array)
    cube = array if array.ndim == 3 else array[..., None]

    def read(top: int, bottom: int) -> Pixels:
        part = _to_uint8(cube[top:bottom], white)
        if part.shape[2] < 4:
            return part
        return np.asarray(Image.fromarray(np.ascontiguousarray(part)).convert("RGBa"))

    return _assemble(shape[0], shape[1], read)


def _white_of_dtype(array: NDArray[Any]) -> float:
    """The value that means white in this array."""
    fixed = {np.dtype(bool): 1, np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}
    native = array.dtype.newbyteorder("=")
    if native in fixed:
        return float(fixed[native])
    if array.dtype.kind == "f":
        return _white_of_range(float(array.min()), float(array.max()), (1, 255, 65535))
    raise ImageError(
        f"expected an array of bool, uint8, uint16 or float, got {array.dtype}: "
        f"if its values are 0–255, pass array.astype('uint8')"
    )


def _white_of_mode(image: Image.Image) -> float:
    """The value that means white in a PIL image of more than 8 bits."""
    if image.mode not in ("I", "F"):
        return 65535.0
    low, high = (float(v) for v in np.ravel(image.getextrema()))
    return _white_of_range(low, high, (1, 255, 65535) if image.mode == "F" else (255, 65535))


def _white_of_range(low: float, high: float, whites: tuple[int, ...]) -> float:
    for white in whites:
        if low >= -0.01 and high <= 1.01 * white:
            return float(white)
    raise ImageError(
        f"expected grey values from 0 to {' or '.join(map(str, whites))}, got {low:g} to {high:g}"
    )


def _to_uint8(part: NDArray[Any], white: float) -> Pixels:
    if part.dtype == np.uint8:
        return part
    if part.dtype.kind == "u":
        return ((part.astype(np.uint32) + 128) // 257).astype(np.uint8)
    values = part.astype(np.float32)
    if not np.isfinite(values).all():
        raise ImageError("expected finite grey values, got nan or infinity")
    scaled: Pixels = np.clip(np.rint(values * (255 / white)), 0, 255).astype(np.uint8)
    return scaled
