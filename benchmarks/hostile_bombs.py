"""Files that no reader may spend long or much on: decompression bombs, floods, overlaps."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator

from PIL import Image

from benchmarks.hostile_pictures import chunk, encode, plain, png

SIDE = 4000  # SIDE x SIDE is the largest square within the limits


def _exif_of_overlaps(entries: int, reach: int) -> bytes:
    """An EXIF block each of whose entries claims the whole block."""
    body = b"".join(struct.pack("<HHII", 1000 + i, 7, reach, 0) for i in range(entries))
    return b"II*\x00\x08\x00\x00\x00" + struct.pack("<H", entries) + body + bytes(4)


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def bombs() -> Iterator[tuple[str, Callable[[], bytes]]]:  # noqa: PLR0915 (a table)
    """Small to build or to send, dear to read."""
    square = (SIDE, SIDE)
    small = Image.fromarray(plain("dark"))
    head, tail = encode(small)[:33], encode(small)[33:]
    jpeg = encode(small, "JPEG", dpi=(0, 0))
    gif = encode(small, "GIF")
    gif_at = 13 + (3 << ((gif[10] & 7) + 1))
    zeros = zlib.compress(bytes(2**26), 9)

    def scans(number: int) -> bytes:
        data = encode(Image.new("L", square, 99), "JPEG", progressive=True)
        last = data.rindex(b"\xff\xda")
        return data[:last] + data[last:-2] * number + data[-2:]

    def tiff_overlaps() -> bytes:
        body = bytearray(_exif_of_overlaps(500, 2**24))
        struct.pack_into("<HHII", body, 10, 256, 4, 1, 60)
        struct.pack_into("<HHII", body, 22, 257, 4, 1, 60)
        return bytes(body) + bytes(2**24)

    def tiff_tiles() -> bytes:
        number = 200_000
        tags = [(256, 4, 1, SIDE), (257, 4, 1, SIDE), (258, 3, 1, 8), (259, 3, 1, 1)]
        tags += [(262, 3, 1, 1), (277, 3, 1, 1), (322, 4, 1, 8), (323, 4, 1, 8)]
        tags += [(324, 4, number, 200), (325, 4, number, 200)]
        body = b"".join(struct.pack("<HHII", *tag) for tag in tags)
        return b"II*\x00\x08\x00\x00\x00" + struct.pack("<H", 10) + body + bytes(4 * number + 200)

    def bmp_rle(body: bytes, side: int) -> bytes:
        info = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, len(body), 0, 0, 256, 0)
        start = 14 + 40 + 1024
        header = b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start)
        return header + info + bytes(1024) + body

    def moving(name: str, number: int) -> bytes:
        frames = [Image.new("L", (40, 40), i % 256) for i in range(number)]
        return encode(frames[0], name, save_all=True, append_images=frames[1:], duration=10)

    yield "png 16 Mpx 1 bit", lambda: encode(Image.new("1", square, 1))
    yield "png 16 Mpx grey", lambda: encode(Image.new("L", square, 9))
    yield "png 16 Mpx RGB", lambda: encode(Image.new("RGB", square, "red"))
    yield "png 16 Mpx RGBA", lambda: encode(Image.new("RGBA", square, (9, 9, 9, 99)))
    yield "png 16 Mpx palette", lambda: encode(Image.new("P", square), transparency=0)
    yield "png 16 Mpx 16 bit", lambda: encode(Image.new("I;16", square, 999))
    yield "png 16 Mpx 16 bit RGBA", lambda: png(*square, 16, 6, bytes((8 * SIDE + 1) * SIDE))
    yield "png deflate bomb", lambda: png(60, 60, 8, 0, bytes(2**28))
    yield "png text bomb", lambda: head + chunk(b"zTXt", b"a\x00\x00" + zeros) + tail
    yield (
        "png 60 text bombs",
        lambda: head + chunk(b"zTXt", b"a\x00\x00" + zlib.compress(bytes(2**20))) * 60 + tail,
    )
    yield "png long text", lambda: head + chunk(b"tEXt", b"a\x00" + b"b" * 2**23) + tail
    yield "png ICC bomb", lambda: head + chunk(b"iCCP", b"a\x00\x00" + zeros) + tail
    yield "png chunk flood", lambda: head + chunk(b"teSt", b"") * 2_500_000 + tail
    yield "png empty IDAT flood", lambda: head + chunk(b"IDAT", b"") * 2_500_000 + tail
    yield "png chunk flood behind", lambda: head + tail[:-12] + chunk(b"teSt", b"") * 2_500_000
    yield (
        "png EXIF of overlaps",
        lambda: head + chunk(b"eXIf", _exif_of_overlaps(5000, 2**22) + bytes(2**22)) + tail,
    )
    yield (
        "png orientation 99",
        lambda: (
            head + chunk(b"eXIf", b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0c\0\0\0") + tail
        ),
    )
    yield "apng 2,000 frames", lambda: moving("PNG", 2000)
    yield "gif 5,000 frames", lambda: moving("GIF", 5000)
    yield "webp 1,000 frames", lambda: moving("WEBP", 1000)
    yield "gif 16 Mpx", lambda: encode(Image.new("L", square), "GIF")
    yield (
        "gif comment of 16 MB",
        lambda: gif[:gif_at] + b"!\xfe" + (b"\xff" + b"c" * 255) * 2**16 + b"\0" + gif[gif_at:],
    )
    yield "gif comment flood", lambda: gif[:gif_at] + b"!\xfe\x01c\0" * 5_000_000 + gif[gif_at:]
    yield "gif junk flood", lambda: gif[:gif_at] + b"x" * 30_000_000 + gif[gif_at:]
    yield "jpeg 16 Mpx", lambda: encode(Image.new("RGB", square, "red"), "JPEG")
    yield (
        "jpeg 16 Mpx progressive",
        lambda: encode(Image.effect_noise(square, 40), "JPEG", progressive=True),
    )
    yield "jpeg 16 Mpx CMYK", lambda: encode(Image.new("CMYK", square, 9), "JPEG")
    yield "jpeg 25 scans", lambda: scans(15)
    yield "jpeg 1,000 scans", lambda: scans(1000)
    yield "jpeg segment flood", lambda: jpeg[:2] + _segment(0xE5, b"") * 7_000_000 + jpeg[2:]
    yield "jpeg fill flood", lambda: jpeg[:2] + b"\xff" * 30_000_000 + jpeg[2:]
    yield "jpeg junk flood", lambda: jpeg[:2] + b"x" * 30_000_000 + jpeg[2:]
    yield (
        "jpeg EXIF of overlaps",
        lambda: (
            jpeg[:2] + _segment(0xE1, b"Exif\0\0" + _exif_of_overlaps(5000, 60_000)) * 9 + jpeg[2:]
        ),
    )
    yield "jpeg 400 comments", lambda: jpeg[:2] + _segment(0xFE, bytes(65_000)) * 400 + jpeg[2:]
    yield "webp 16 Mpx", lambda: encode(Image.new("RGB", square, "red"), "WEBP", lossless=True)
    yield "webp 8 Mpx", lambda: encode(Image.new("RGB", (4000, 2000)), "WEBP", lossless=True)
    yield "bmp 10 Mpx", lambda: encode(Image.new("RGB", (4000, 2600)), "BMP")
    yield "bmp RLE 16 Mpx", lambda: bmp_rle(b"\xff\x00" * 63_000, SIDE)
    yield "bmp RLE 1 Mpx", lambda: bmp_rle(b"\x01\x00" * 500_000, 1000)
    yield "bmp RLE of ends of line", lambda: bmp_rle(b"\x01\x00\x00\x00" * 1000, 1000)
    yield "bmp RLE of empty jumps", lambda: bmp_rle(b"\x00\x02\x00\x00" * 5_000_000, 1000)
    yield "tiff 16 Mpx", lambda: encode(Image.new("L", square), "TIFF", compression="tiff_lzw")
    yield "tiff of overlaps", tiff_overlaps
    yield "tiff of 200,000 tiles", tiff_tiles
    yield "tiff in JPEG", lambda: encode(small, "TIFF", compression="jpeg")
    yield "png and zip behind", lambda: encode(small) + b"PK\x03\x04" + bytes(2**20)
    yield "jpeg and html behind", lambda: jpeg + b"<script>alert(1)</script>" * 1000
