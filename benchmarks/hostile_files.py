"""Damaged files, files whose header lies, and files that are no pictures."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator

import numpy as np
from PIL import Image

from benchmarks.hostile_pictures import encode, grey_picture, interlaced_png, plain, png


def wrong_files() -> Iterator[tuple[str, bytes]]:
    """Files that are no pictures, or whose size alone is out of bounds."""
    good = encode(Image.fromarray(plain("dark")))
    yield "no bytes", b""
    yield "one byte", b"\x89"
    yield "zeros", bytes(1000)
    yield "text", b"403 Forbidden"
    yield "html", b"  <!DOCTYPE html><html><body>403 Forbidden</body></html>"
    yield "html with BOM", b"\xef\xbb\xbf<html></html>"
    yield "svg", b"<svg xmlns='http://www.w3.org/2000/svg' width='99999' height='99999'/>"
    yield "svg with entities", b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "b">]><svg>&a;</svg>'
    yield "json", b'{"error": "rate limit"}'
    yield "zip", b"PK\x03\x04" + bytes(99)
    yield "zip and png", b"PK\x03\x04" + good
    yield "html and png", b"<html><!--" + good
    yield "gzip", b"\x1f\x8b" + bytes(99)
    yield "pdf", b"%PDF-1.7\n" + good
    yield "eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run\n"
    yield "avif", b"\x00\x00\x00\x1cftypavif" + bytes(99)
    yield "ico", b"\x00\x00\x01\x00\x01\x00" + bytes(99)
    yield "psd", b"8BPS\x00\x01" + bytes(99)
    yield "ppm", b"P6 3 3 255\n" + bytes(27)
    yield "data URI in bytes", b"data:image/png;base64," + base64.b64encode(good)
    yield "riff that is sound", b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(99)
    yield "pickle", b"\x80\x04cos\nsystem\n."
    for name in ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"):
        head = encode(Image.new("RGB", (9, 9)), name)
        yield f"{name.lower()} signature alone", head[:12]
        yield f"{name.lower()} signature and zeros", head[:12] + bytes(5000)
        yield f"{name.lower()} signature and ones", head[:12] + b"\xff" * 5000
    for width, height in ((20000, 1), (1, 20000), (2000, 2), (2, 2000), (101, 1), (17000, 200)):
        yield f"png {width} x {height}", encode(Image.new("L", (width, height), 255))
    yield "png 144 megapixels", encode(Image.new("1", (12000, 12000), 1))
    sizes = (
        (0, 0),
        (0, 9),
        (9, 0),
        (2**31 - 1, 2**31 - 1),
        (2**31, 1),
        (2**32 - 1, 9),
        (65535, 65535),
    )
    for width, height in sizes:
        yield f"png claims {width} x {height}", png(width, height, 8, 0, bytes(100))
    for depth, colour in ((3, 0), (16, 3), (8, 1), (0, 0), (64, 2), (8, 7)):
        yield f"png claims depth {depth}, colour {colour}", png(9, 9, depth, colour, bytes(999))
    yield "png without pixels", png(60, 60, 8, 0, b"")
    yield "png 16 Mpx without pixels", png(4000, 4000, 8, 6, bytes(9))


def claims() -> Iterator[tuple[str, bytes]]:
    """Right files whose header then claims another size."""
    dark = Image.fromarray(plain("dark"))
    places = {
        "JPEG": (encode(dark, "JPEG"), b"\xff\xc0\x00\x11\x08", ">HH"),
        "GIF": (encode(dark, "GIF"), b"GIF87a", "<HH"),
        "BMP": (encode(dark, "BMP"), b"(\x00\x00\x00", "<ii"),
        "WEBP": (encode(dark.convert("RGBA"), "WEBP"), b"\x9d\x01\x2a", "<HH"),
    }
    for name, (data, mark, form) in places.items():
        at = data.index(mark) + len(mark)
        for a, b in ((0, 0), (1, 1), (9, 9999), (16000, 900), (16383, 16383), (32767, 32767)):
            lie = data[:at] + struct.pack(form, a, b) + data[at + struct.calcsize(form) :]
            yield f"{name.lower()} claims {a}, {b}", lie
    # A stream that ends in good order, half-way: Pillow leaves the rest black.
    yield "png with half its pixels", png(60, 60, 8, 0, bytes(61 * 30))
    tiff = encode(dark, "TIFF")
    start = struct.unpack_from("<I", tiff, 4)[0]
    for index in range(struct.unpack_from("<H", tiff, start)[0]):
        for value in (0, 7, 65535, 2**32 - 1):
            lie = bytearray(tiff)
            struct.pack_into("<I", lie, start + 2 + 12 * index + 8, value)
            yield f"tiff tag {index} claims {value}", bytes(lie)
        lie = bytearray(tiff)
        struct.pack_into("<I", lie, start + 2 + 12 * index + 4, 2**31)
        yield f"tiff tag {index} claims 2^31 values", bytes(lie)


def damaged(seed: int, number: int) -> Iterator[tuple[str, bytes]]:
    """Small pictures cut off or with some bits flipped, `number` of each a format."""
    rng = np.random.default_rng(seed)
    dark = Image.fromarray(plain("dark"))
    others = [Image.new("RGB", dark.size, c) for c in ("white", "red")]
    files = {
        "png": encode(dark),
        "png palette": encode(dark.quantize(16), transparency=0),
        "png interlaced": interlaced_png(grey_picture()),
        "jpeg": encode(dark, "JPEG"),
        "jpeg progressive": encode(dark, "JPEG", progressive=True),
        "gif animated": encode(dark, "GIF", save_all=True, append_images=others),
        "webp": encode(dark, "WEBP"),
        "webp lossless": encode(dark.convert("RGBA"), "WEBP", lossless=True),
        "bmp": encode(dark.quantize(16), "BMP"),
        "tiff": encode(dark, "TIFF", compression="tiff_lzw"),
    }
    for name, data in files.items():
        for cut in sorted(rng.choice(len(data), number, replace=False)):
            yield f"{name} cut at {cut}", data[:cut]
        for turn in range(number):
            flipped = np.frombuffer(data, np.uint8).copy()
            # Half of them in the header, where the structure is.
            reach = min(len(data), 120) if turn % 2 else len(data)
            places = rng.integers(0, reach, 1 + turn // 4)
            flipped[places] ^= (1 << rng.integers(0, 8, len(places))).astype(np.uint8)
            yield f"{name} flipped {turn}", flipped.tobytes()
