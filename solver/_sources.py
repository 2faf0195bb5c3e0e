"""The bytes of a picture file, from wherever they are, within limits.

A string is a ``data:`` URI or a path, never an address: nothing here opens a connection.
"""

from __future__ import annotations

import base64
import io
import os
import re
import stat
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote_to_bytes

from solver._containers import identify
from solver._fields import is_finite, is_integer
from solver.errors import ImageError

_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://|(?:https?|ftps?|file|blob|javascript|about):", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageLimits:
    """What a picture may cost. Sides in pixels; `max_aspect` is long side over short side.

    Raises ValueError for a limit that is no integer of at least 1; `max_aspect` may be any number.
    """

    max_bytes: int = 32 * 2**20
    max_pixels: int = 16_000_000
    min_side: int = 1
    max_side: int = 16_384
    max_aspect: float = 100.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            free = field.name == "max_aspect"
            if not ((is_finite(value) if free else is_integer(value)) and value >= 1):
                kind = "a number" if free else "an integer"
                raise ValueError(f"{field.name}: expected {kind} of at least 1, received {value!r}")

    def check_bytes(self, number: int) -> None:
        """Raise `ImageError` for a file of so many bytes that it is not even opened."""
        if number > self.max_bytes:
            raise ImageError(
                f"expected a file of at most {self.max_bytes:,} bytes, got {number:,} or more"
            )

    def check_size(self, width: int, height: int) -> None:
        """Raise `ImageError` for a picture whose size alone makes it unreadable."""
        short, long = sorted((width, height))
        got = f"got {width} x {height}"
        if short < self.min_side:
            raise ImageError(f"expected sides of at least {self.min_side} pixels, {got}")
        if long > self.max_side:
            raise ImageError(f"expected sides of at most {self.max_side:,} pixels, {got}")
        if width * height > self.max_pixels:
            raise ImageError(f"expected at most {self.max_pixels:,} pixels, {got}")
        if long > self.max_aspect * short:
            raise ImageError(f"expected sides within {self.max_aspect:g} : 1, {got}")


def standard_input() -> BinaryIO:
    """Standard input as a binary file; an empty one where it is closed."""
    return io.BytesIO() if sys.stdin is None else sys.stdin.buffer


def is_data_uri(text: str) -> bool:
    """Whether a string holds a file itself; white space before it counts for nothing."""
    return text.lstrip()[:5].lower() == "data:"


def describe(source: object) -> str:
    """Name a source in an error, shortly, and without calling anything of it that could fail."""
    if isinstance(source, str):
        return repr(source if len(source) <= 80 else source[:77] + "...")
    if isinstance(source, bytes | bytearray):
        return f"{len(source):,} bytes"
    return f"a {type(source).__name__}"


def read_bytes(source: object, limits: ImageLimits) -> bytes:
    """Fetch the bytes of a file from wherever they are, at most `max_bytes` of them."""
    if isinstance(source, bytes):
        limits.check_bytes(len(source))
        return source
    if isinstance(source, str):
        if is_data_uri(source):
            return _read_data_uri(source.lstrip(), limits)
        return _read_path(source, limits)
    if isinstance(source, os.PathLike):
        return _read_path(os.fsdecode(source), limits)
    if isinstance(source, bytearray | memoryview):
        limits.check_bytes(memoryview(source).nbytes)
        return bytes(source)
    if callable(getattr(source, "read", None)):
        return _read_file(source, limits)
    raise ImageError(
        f"expected a path, bytes, a binary file, a data: URI, a PIL image or a numpy array, "
        f"got {describe(source)}"
    )


def _read_file(file: Any, limits: ImageLimits) -> bytes:
    parts: list[bytes] = []
    missing = limits.max_bytes + 1
    while missing > 0:
        part = file.read(missing)
        if not isinstance(part, bytes | bytearray | memoryview):
            raise ImageError(
                f"expected bytes from the file object, got {describe(part)}: "
                f"open it in binary, blocking mode"
            )
        if not part:
            break
        parts.append(bytes(part))
        missing -= len(part)
    if not parts:
        raise ImageError("got no bytes from the file: it is empty, closed, or was read before")
    limits.check_bytes(limits.max_bytes + 1 - missing)
    return b"".join(parts)


def _read_data_uri(uri: str, limits: ImageLimits) -> bytes:
    """Decode RFC 2397, in base64 (either alphabet, with or without padding) or percent-encoded."""
    head, comma, body = uri[:256].partition(",")
    if not comma:
        raise ImageError(f"expected 'data:image/png;base64,…', got {describe(uri)} without a comma")
    packed = "base64" in (word.strip() for word in head.lower().split(";")[1:])
    # At least about so many bytes: three of four characters, or one of three if all are %XX.
    limits.check_bytes(len(uri) * 3 // 4 - 256 if packed else (len(uri) - 256) // 3)
    body = uri[len(head) + 1 :]
    data = unquote_to_bytes(body) if "%" in body or not packed else body.encode()
    if packed:
        data = data.translate(_URL_SAFE, b" \t\r\n\f").rstrip(b"=")
        try:
            data = base64.b64decode(data + b"=" * (-len(data) % 4), validate=True)
        except ValueError as exc:
            raise ImageError(
                f"expected base64 after the comma of a data: URI, got {describe(uri)}: {exc}"
            ) from exc
    limits.check_bytes(len(data))
    return data


def _read_path(path: str, limits: ImageLimits) -> bytes:
    # A path of the form \\host\share is an address too: Windows would connect to that host.
    if _ADDRESS.match(path) or path[:2] == "\\\\" or (os.name == "nt" and path[:2] == "//"):
        raise ImageError(
            f"expected a local path, got the address {describe(path)}: "
            f"nothing is fetched here, download it yourself and pass the bytes"
        )
    try:
        status = Path(path).stat()
    except (OSError, ValueError) as exc:
        if _looks_like_base64(path):
            raise ImageError(
                f"expected a path, got {describe(path)}, which looks like base64: "
                f"pass 'data:image/png;base64,' in front of it, or the decoded bytes"
            ) from exc
        why = getattr(exc, "strerror", None) or exc
        raise ImageError(f"no such picture file: {describe(path)} ({why})") from exc
    if not stat.S_ISREG(status.st_mode):  # a pipe or a device might never end
        raise ImageError(f"expected a picture file, got {describe(path)}, which is no regular file")
    limits.check_bytes(status.st_size)
    with Path(path).open("rb") as file:
        data = file.read(limits.max_bytes + 1)
    limits.check_bytes(len(data))
    return data


def _looks_like_base64(text: str) -> bool:
    head = "".join(text[:64].split())[:24]
    if len(head) < 16 or not re.fullmatch(r"[A-Za-z0-9+/_-]+=*", head):
        return False
    try:
        identify(base64.b64decode(head[: len(head) // 4 * 4]))
    except ValueError:  # ImageError is one
        return len(text) > 255
    return True
