"""Real pictures of one known text in odd wrappings: files, and objects in memory."""

from __future__ import annotations

import atexit
import base64
import io
import struct
import tempfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

LABEL = "2748"
WIDTH, HEIGHT = 160, 60


@dataclass(frozen=True, slots=True)
class Case:
    """One input. `make` builds it anew, as a file object can only be read once.

    `twin` names the plain picture of `plain` that it shows, `tolerance` how far the mean of the
    absolute differences may be from it, in grey levels.
    """

    name: str
    make: Callable[[], Any]
    twin: str | None = None
    tolerance: float = 0.0
    may_read: bool = False
    bomb: bool = False


@cache
def grey_picture() -> NDArray[np.uint8]:
    """The text in black on white, ``(60, 160) uint8``."""
    image = Image.new("L", (WIDTH, HEIGHT), 255)
    font = ImageFont.load_default(size=40)
    ImageDraw.Draw(image).text((WIDTH / 2, HEIGHT / 2), LABEL, 0, font=font, anchor="mm")
    return np.asarray(image)


def plain(twin: str) -> NDArray[np.uint8]:
    """The picture that a case must look like, ``(60, 160, 3) uint8``; twins: dark, light."""
    grey = {"dark": grey_picture(), "light": 255 - grey_picture()}[twin]
    return np.repeat(grey[..., None], 3, axis=2)


def encode(image: Image.Image, name: str = "PNG", /, **options: Any) -> bytes:
    """Save a picture to bytes."""
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    """One PNG chunk with a right checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(
    width: int,
    height: int,
    depth: int,
    colour: int,
    rows: bytes,
    *,
    extra: bytes = b"",
    **lies: int,
) -> bytes:
    """A PNG by hand: `rows` with filter bytes, `extra` chunks before the pixels."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, lies.get("interlace", 0))
    body = chunk(b"IHDR", head) + extra + chunk(b"IDAT", zlib.compress(rows, 9))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


def interlaced_png(grey: NDArray[np.uint8]) -> bytes:
    """Adam7, which Pillow reads but does not write."""
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2))
    rows = b""
    for x, y, dx, dy in (*passes, (0, 1, 1, 2)):
        part = grey[y::dy, x::dx]
        rows += b"".join(b"\x00" + line.tobytes() for line in part if line.size)
    return png(grey.shape[1], grey.shape[0], 8, 0, rows, interlace=1)


def wide_png(values: NDArray[np.uint16], colour: int, *, extra: bytes = b"") -> bytes:
    """A 16-bit PNG of ``(H, W, C)``; `colour` is PNG's colour type."""
    rows = b"".join(b"\x00" + line.astype(">u2").tobytes() for line in values)
    return png(values.shape[1], values.shape[0], 16, colour, rows, extra=extra)


def odd_files() -> Iterator[tuple[str, str, float, bytes]]:  # noqa: PLR0915 (a table)
    """Real pictures in odd files: name, twin, tolerance, bytes."""
    grey = grey_picture()
    dark = Image.fromarray(plain("dark"))
    wide = grey.astype(np.uint16) * 257
    alpha = Image.fromarray(255 - grey)
    none = Image.new("L", alpha.size)
    black = Image.merge("RGBA", (none, none, none, alpha))
    lit = none.point(lambda _: 255)
    yield "png", "dark", 0, encode(dark)
    yield "png grey", "dark", 0, encode(Image.fromarray(grey))
    yield "png 1 bit", "dark", 12, encode(dark.convert("1", dither=Image.Dither.NONE))
    yield "png 16 bit grey", "dark", 0, wide_png(wide[..., None], 0)
    yield "png 16 bit RGB", "dark", 0, wide_png(np.repeat(wide[..., None], 3, axis=2), 2)
    clear = np.dstack([np.zeros_like(wide), 65535 - wide])
    yield "png 16 bit grey and alpha", "dark", 1, wide_png(clear, 4)
    keyed = wide_png(wide[..., None], 0, extra=chunk(b"tRNS", struct.pack(">H", 65535)))
    yield "png 16 bit grey, white is transparent", "dark", 0, keyed
    yield "png interlaced", "dark", 0, interlaced_png(grey)
    yield "png black on transparency", "dark", 0, encode(black)
    yield (
        "png white on transparency",
        "light",
        0,
        encode(Image.merge("RGBA", (lit, lit, lit, alpha))),
    )
    hidden = Image.merge("RGBA", (none, none, none, alpha.point(lambda v: 255 * (v > 0))))
    yield "png black on transparency, hard edge", "dark", 12, encode(hidden)
    yield "png LA", "dark", 0, encode(Image.merge("LA", (none, alpha)))
    yield "png LA, white ink", "light", 0, encode(Image.merge("LA", (lit, alpha)))
    yield "png palette", "dark", 0, encode(Image.fromarray(grey).convert("P"))
    palette = Image.fromarray(255 - grey).convert("P")
    palette.putpalette([0, 0, 0] * 256)
    yield "png palette, alpha table", "dark", 0, encode(palette, transparency=bytes(range(256)))
    two = Image.fromarray((grey > 127).astype(np.uint8), mode="P")
    two.putpalette([0, 0, 0, 0, 0, 0])
    yield "png palette, one transparent colour", "dark", 12, encode(two, transparency=1)
    yield "gif, one transparent colour", "dark", 12, encode(two, "GIF", transparency=1)
    yield "png key colour", "dark", 0, encode(dark, transparency=(255, 255, 255))
    others = [Image.new("RGB", dark.size, c) for c in ("white", "black", "red")]
    moving = {"save_all": True, "append_images": others, "duration": 50}
    yield "gif animated", "dark", 2, encode(dark, "GIF", **moving)
    yield "apng", "dark", 0, encode(dark, **moving)
    yield "webp animated", "dark", 0, encode(dark, "WEBP", lossless=True, **moving)
    yield "webp", "dark", 0, encode(dark, "WEBP", lossless=True)
    yield "webp transparent", "dark", 0, encode(black, "WEBP", lossless=True, exact=True)
    yield "bmp", "dark", 0, encode(dark, "BMP")
    yield "bmp palette", "dark", 0, encode(Image.fromarray(grey), "BMP")
    yield "tiff", "dark", 0, encode(dark, "TIFF")
    yield "tiff lzw", "dark", 0, encode(dark, "TIFF", compression="tiff_lzw")
    yield "tiff 16 bit", "dark", 0, encode(Image.fromarray(wide), "TIFF")
    yield "tiff float", "dark", 0, encode(Image.fromarray(grey.astype(np.float32) / 255), "TIFF")
    yield "jpeg", "dark", 3, encode(dark, "JPEG", quality=95)
    yield "jpeg grey", "dark", 3, encode(Image.fromarray(grey), "JPEG", quality=95)
    yield "jpeg progressive", "dark", 3, encode(dark, "JPEG", quality=95, progressive=True)
    yield "jpeg CMYK", "dark", 3, encode(dark.convert("CMYK"), "JPEG", quality=95)
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # orientation: Pillow's inverse transpose
    for value, turn in turns.items():
        exif = Image.Exif()
        exif[0x112] = value
        turned = dark.transpose(Image.Transpose(turn))
        for name, options in {
            "JPEG": {"quality": 95},
            "PNG": {},
            "WEBP": {"lossless": True},
        }.items():
            tolerance = 3 if name == "JPEG" else 0
            data = encode(turned, name, exif=exif, **options)
            yield f"{name.lower()} EXIF {value}", "dark", tolerance, data
        yield f"tiff orientation {value}", "dark", 0, encode(turned, "TIFF", tiffinfo={274: value})


@cache
def _folder() -> Path:
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    return Path(folder.name)


def odd_objects() -> Iterator[Case]:
    """Real pictures in odd objects."""
    dark = plain("dark")
    grey = grey_picture()
    image = Image.fromarray(dark)
    data = encode(image)
    clear = np.dstack([np.zeros_like(dark), 255 - grey])
    text = base64.b64encode(data).decode()
    mirror = np.ascontiguousarray(dark[::-1, ::-1])
    sparse = np.repeat(np.repeat(dark, 2, axis=0), 2, axis=1)

    def path() -> Path:
        place = _folder() / "solver hostile ü.png"
        place.write_bytes(data)
        return place

    objects: dict[str, Callable[[], Any]] = {
        "path": path,
        "path as str": lambda: str(path()),
        "bytearray": lambda: bytearray(data),
        "memoryview": lambda: memoryview(data),
        "memoryview, every other byte": lambda: memoryview(
            np.repeat(np.frombuffer(data, np.uint8), 2).data
        )[::2],
        "binary file": lambda: io.BytesIO(data),
        "data URI": lambda: "data:image/png;base64," + text,
        "data URI, no padding, broken lines": lambda: (
            "DATA:;BASE64,\n" + text[:99] + "\n" + text[99:].rstrip("=")
        ),
        "data URI, percent-encoded": lambda: "data:," + "".join(f"%{b:02x}" for b in data),
        "PIL RGB": image.copy,
        "PIL grey": lambda: image.convert("L"),
        "PIL RGBA": lambda: Image.fromarray(clear),
        "PIL RGBa": lambda: Image.fromarray(clear).convert("RGBa"),
        "PIL La": lambda: Image.fromarray(clear).convert("LA").convert("La"),
        "PIL CMYK": lambda: image.convert("CMYK"),
        "PIL HSV": lambda: image.convert("HSV"),
        "PIL I;16": lambda: Image.fromarray(grey.astype(np.uint16) * 257),
        "PIL I": lambda: Image.fromarray(grey.astype(np.int32)),
        "PIL I, 16 bit": lambda: Image.fromarray(grey.astype(np.int32) * 257),
        "PIL F": lambda: Image.fromarray(grey.astype(np.float32)),
        "PIL lazy": lambda: Image.open(io.BytesIO(data)),
        "array": dark.copy,
        "array grey": grey.copy,
        "array (H, W, 1)": lambda: grey[..., None],
        "array RGBA": lambda: clear,
        "array bool RGBA": lambda: np.dstack([np.zeros((HEIGHT, WIDTH, 3), bool), grey < 128]),
        "array bool": lambda: grey > 127,
        "array uint16": lambda: dark.astype(np.uint16) * 257,
        "array uint16 big-endian": lambda: (dark.astype(np.uint16) * 257).astype(">u2"),
        "array float 0-1": lambda: dark.astype(np.float32) / 255,
        "array float RGBA": lambda: clear / 255,
        "array float16 0-1": lambda: (dark / 255).astype(np.float16),
        "array float 0-255": lambda: dark.astype(np.float64),
        "array negative strides": lambda: mirror[::-1, ::-1],
        "array not contiguous": lambda: sparse[::2, ::2],
        "array Fortran order": lambda: np.asfortranarray(dark),
        "array broadcast": lambda: np.broadcast_to(grey[..., None], dark.shape),
    }
    rough = {"array bool", "array bool RGBA"}
    for name, make in objects.items():
        tolerance = 12 if name in rough else 1 if "float16" in name else 0
        yield Case(name, make, "dark", tolerance)
