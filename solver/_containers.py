"""Picture files before they are decoded: which format, how the camera was held, no metadata.

Pillow parses metadata (EXIF, ICC, XMP, comments, text chunks) in Python while it opens a file,
and a small hostile file can keep that busy for minutes or fill the memory. None of it is needed
for the pixels but the EXIF orientation, so a file is first reduced to what draws the picture.
The walks below never allocate what a header merely claims, and take a bounded number of steps.

Sources: PNG third edition (W3C), ITU-T T.81 (JPEG), GIF89a, TIFF 6.0, EXIF 2.32.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from solver.errors import ImageError

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
)
# Never decoded: only so that the error can say what came instead of a picture.
_STRANGERS = (
    (b"<!doctype html", "an HTML page: the site may have answered with an error"),
    (b"<html", "an HTML page: the site may have answered with an error"),
    (b"<svg", "an SVG drawing: render it to PNG first"),
    (b"<?xml", "an XML document (an SVG drawing is rendered to PNG first)"),
    (b"{", "a JSON document"),
    (b"data:", "a data: URI: pass it as str, not as bytes"),
    (b"pk\x03\x04", "a ZIP archive"),
    (b"%pdf", "a PDF document"),
    (b"%!ps", "a PostScript document"),
    (b"\x1f\x8b", "gzip data: decompress it first"),
    (b"8bps", "a Photoshop document"),
    (b"\x00\x00\x01\x00", "an icon file"),
)

# A file of 32 MiB needs some 4,000 PNG chunks of libpng's size, or 500 JPEG segments.
_MAX_STEPS = 32_768
# 32,768 strips with a 4-byte offset and a 4-byte length each.
_MAX_TIFF_TAG_BYTES = 262_144
_MAX_TIFF_TAGS = 512
# Pictures have about 10 scans. Each one costs a pass over all pixels and a few bytes of file.
_MAX_JPEG_SCANS = 32

_ORIENTATION = 0x0112
_TIFF_COMPRESSION = 259
# none, LZW, deflate, old deflate, PackBits
_TIFF_COMPRESSIONS = frozenset({1, 5, 8, 32946, 32773})
# Sizes, strips, tiles, colours: what baseline TIFF needs for its pixels, and the orientation.
_TIFF_KEPT = frozenset(
    {256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 317, 320, 322, 323, 324, 325}
    | {332, 338, 339}
)
_TIFF_UNUSED_TAG = 0xFFFF
_TIFF_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}


def identify(data: bytes) -> str:
    """Name the format of a file by its first bytes, one of `FORMATS`.

    Raises `ImageError` that says what the bytes are instead.
    """
    for signature, name in _SIGNATURES:
        if data.startswith(signature):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    raise ImageError(
        f"expected a picture ({', '.join(FORMATS)}), got {stranger(data)} ({len(data):,} bytes)"
    )


def stranger(data: bytes) -> str:
    """Say in words what bytes that are no picture seem to be."""
    if not data:
        return "nothing"
    start = data[:64].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for signature, name in _STRANGERS:
        if start.startswith(signature):
            return name
    if data[4:8] == b"ftyp":
        return "an AVIF, HEIC or video file"
    return f"bytes that start with {data[:12]!r}"


def strip_metadata(data: bytes, name: str) -> tuple[bytes, bytes]:
    """Reduce a file of the format `name` to what its first picture needs.

    Returns the reduced file, and its EXIF block (empty if none, or if Pillow reads it for free).
    Damage is left for the decoder to report, as long as a walk over it stays short; raises
    `ImageError` where it does not, `IndexError` or `struct.error` where a header is cut off.
    """
    return _STRIPPERS[name](data)


def orientation(exif: bytes) -> int:
    """Read the orientation, 1–8, from an EXIF block; 1 where there is none or it is damaged."""
    block = exif.removeprefix(b"Exif\x00\x00")
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None or len(block) < 10:
        return 1
    start = struct.unpack_from(order + "I", block, 4)[0]
    if start + 2 > len(block):
        return 1
    count = min(struct.unpack_from(order + "H", block, start)[0], _MAX_TIFF_TAGS)
    for at in range(start + 2, min(start + 2 + 12 * count, len(block) - 11), 12):
        tag, kind = struct.unpack_from(order + "HH", block, at)
        if tag == _ORIENTATION and kind in (3, 4):
            value = int(struct.unpack_from(order + ("H" if kind == 3 else "I"), block, at + 8)[0])
            return value if 1 <= value <= 8 else 1
    return 1


def _strip_png(data: bytes) -> tuple[bytes, bytes]:
    """Drop every ancillary chunk but ``tRNS``; of an APNG the default picture stays."""
    kept: list[bytes] = []
    exif = b""
    run = 0
    at = 8
    for _ in range(_MAX_STEPS):
        if at + 8 > len(data):
            break
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if kind[0] & 0x20 and kind != b"tRNS":
            kept.append(data[run:at])
            run = end
            if kind == b"eXIf":
                exif = data[at + 8 : end - 4]
        at = end
        if kind == b"IEND":
            break
    else:
        raise ImageError(f"expected a PNG of at most {_MAX_STEPS:,} chunks, got more")
    if not kept:
        return data, exif
    kept.append(data[run:at])
    return b"".join(kept), exif


def _strip_jpeg(data: bytes) -> tuple[bytes, bytes]:
    """Drop comments and every application segment but JFIF and Adobe, which say the colours."""
    kept: list[bytes] = []
    exif = b""
    run = 0
    at = 2
    for _ in range(_MAX_STEPS):
        at = data.find(b"\xff", at)
        if at < 0 or at + 4 > len(data):
            raise ImageError("expected picture data in a JPEG file, got only headers")
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in (0x00, 0x01) or 0xD0 <= marker <= 0xD9:
            at += 2
            continue
        end = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
        if marker == 0xDA:
            break
        if marker == 0xFE or (0xE0 < marker <= 0xEF and marker != 0xEE):
            kept.append(data[run:at])
            run = end
            if marker == 0xE1 and data.startswith(b"Exif\x00\x00", at + 4) and not exif:
                exif = data[at + 4 : end]
        at = end
    else:
        raise ImageError(f"expected a JPEG of at most {_MAX_STEPS:,} segments, got more")
    scans = data.count(b"\xff\xda", at)
    if scans > _MAX_JPEG_SCANS:
        raise ImageError(f"expected a JPEG of at most {_MAX_JPEG_SCANS} scans, got {scans:,}")
    if not kept:
        return data, exif
    kept.append(data[run:])
    return b"".join(kept), exif


def _strip_gif(data: bytes) -> tuple[bytes, bytes]:
    """Drop the comments and application blocks before the first frame; its control block stays."""
    flags = data[10]
    at = 13 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0)
    head = data[:at]
    control = b""
    block = -1
    for _ in range(_MAX_STEPS):
        if block >= 0:  # inside an extension, at the length of its next sub-block
            size = data[at]
            at += size + 1
            if size == 0:
                if data[block + 1] == 0xF9:
                    control = data[block:at]
                block = -1
        elif data[at] == 0x2C:
            return head + control + data[at:], b""
        elif data[at] == 0x21:
            block = at
            at += 2
        elif data[at] == 0x3B:
            raise ImageError("expected a frame in a GIF file, got none")
        else:
            at += 1
    raise ImageError(f"expected a GIF frame within {_MAX_STEPS:,} blocks, got none")


def _strip_tiff(data: bytes) -> tuple[bytes, bytes]:
    """Blank every tag that the pixels of the first page do not need; cut the other pages off."""
    order = "<" if data[:2] == b"II" else ">"
    start = struct.unpack_from(order + "I", data, 4)[0]
    count = struct.unpack_from(order + "H", data, start)[0]
    if count > _MAX_TIFF_TAGS:
        raise ImageError(f"expected a TIFF of at most {_MAX_TIFF_TAGS} tags, got {count:,}")
    kept = bytearray(data)
    total = 0
    for at in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind, number = struct.unpack_from(order + "HHI", data, at)
        if tag not in _TIFF_KEPT:
            struct.pack_into(order + "HHII", kept, at, _TIFF_UNUSED_TAG, 1, 1, 0)
            continue
        total += number * _TIFF_TYPE_BYTES.get(kind, 1)
        if tag == _TIFF_COMPRESSION:
            value = struct.unpack_from(order + "H", data, at + 8)[0]
            if value not in _TIFF_COMPRESSIONS:
                raise ImageError(
                    f"expected a TIFF without compression, or with LZW, deflate or PackBits, "
                    f"got compression {value}: save it as PNG"
                )
    if total > _MAX_TIFF_TAG_BYTES:
        raise ImageError(
            f"expected a TIFF with at most {_MAX_TIFF_TAG_BYTES:,} bytes of tags, got {total:,}"
        )
    struct.pack_into(order + "I", kept, start + 2 + 12 * count, 0)
    return bytes(kept), b""


def _keep(data: bytes) -> tuple[bytes, bytes]:
    """BMP has no metadata; WebP's is read by its C library, which hands the EXIF block over."""
    return data, b""


_STRIPPERS: dict[str, Callable[[bytes], tuple[bytes, bytes]]] = {
    "PNG": _strip_png,
    "JPEG": _strip_jpeg,
    "GIF": _strip_gif,
    "BMP": _keep,
    "WEBP": _keep,
    "TIFF": _strip_tiff,
}
