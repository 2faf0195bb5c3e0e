"""Odd and hostile pictures, built in memory from a seed: what `solver.images.load` has to survive.

`build_cases` lists them. A case with a `twin` is a real picture in an odd wrapping: it must read
like that plain RGB picture. Every other case must end in an `ImageError`, or, where the decoder
may be able to save the picture (`may_read`), in any answer.
"""

from __future__ import annotations

import base64
import io
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.hostile_bombs import bombs
from benchmarks.hostile_files import claims, damaged, wrong_files
from benchmarks.hostile_pictures import Case, encode, odd_files, odd_objects, plain


class _Stream:
    """A file object that answers every read with the same thing."""

    def __init__(self, answer: Callable[[int], Any]) -> None:
        self._answer = answer

    def read(self, size: int = -1) -> Any:
        return self._answer(size)


def _fails(_: int) -> bytes:
    raise ConnectionResetError("the other side has gone")


def _closed() -> io.BytesIO:
    file = io.BytesIO(b"x")
    file.close()
    return file


def _at_end() -> io.BytesIO:
    file = io.BytesIO(encode(Image.new("L", (9, 9))))
    file.seek(0, io.SEEK_END)
    return file


def _released() -> memoryview:
    view = memoryview(b"x")
    view.release()
    return view


def _wrong_objects() -> Iterator[Case]:
    """What is no picture at all."""
    good = encode(Image.fromarray(plain("dark")))
    text = base64.b64encode(good).decode()
    nested = base64.b64encode(b"data:image/png;base64," + text.encode()).decode()
    objects: dict[str, Callable[[], Any]] = {
        "None": lambda: None,
        "int": lambda: 7,
        "bool": lambda: True,
        "list": lambda: [[0, 255], [255, 0]],
        "list of bytes": lambda: [good, good],
        "tuple": lambda: (good,),
        "dict": lambda: {"image": good},
        "object": object,
        "class": lambda: Image.Image,
        "function": lambda: plain,
        "array of objects": lambda: np.full((9, 9), None),
        "array of words": lambda: np.full((9, 9), "x"),
        "array complex": lambda: np.zeros((9, 9), complex),
        "array int64": lambda: np.zeros((9, 9), np.int64),
        "array of dates": lambda: np.zeros((9, 9), "M8[s]"),
        "array of records": lambda: np.zeros((9, 9), [("r", "u1"), ("g", "u1")]),
        "array empty": lambda: np.zeros((0, 0, 3), np.uint8),
        "array without columns": lambda: np.zeros((9, 0), np.float32),
        "array nan": lambda: np.full((9, 9), np.nan),
        "array one nan": lambda: np.where(np.eye(9) > 0, np.nan, 0.5),
        "array infinite": lambda: np.full((9, 9), np.inf),
        "array negative": lambda: np.full((9, 9), -1.0),
        "array too bright": lambda: np.full((9, 9), 1e9),
        "array 0-d": lambda: np.array(7, np.uint8),
        "array 1-d": lambda: np.frombuffer(good, np.uint8),
        "array (N, H, W, 3)": lambda: np.zeros((2, 9, 9, 3), np.uint8),
        "array (3, H, W)": lambda: np.zeros((3, 9, 9), np.uint8),
        "array (H, W, 2)": lambda: np.zeros((9, 9, 2), np.uint8),
        "array huge": lambda: np.broadcast_to(np.uint8(0), (5000, 5000, 3)),
        "array thin": lambda: np.zeros((1, 5000), np.uint8),
        "PIL empty": lambda: Image.new("RGB", (0, 0)),
        "PIL LAB": lambda: Image.new("LAB", (9, 9)),
        "PIL nan": lambda: Image.fromarray(np.full((9, 9), np.nan, np.float32)),
        "PIL damaged": lambda: Image.open(io.BytesIO(good[:-40])),
        "file closed": _closed,
        "file at its end": _at_end,
        "file of text": lambda: io.StringIO("hello"),
        "file that fails": lambda: _Stream(_fails),
        "file of None": lambda: _Stream(lambda _: None),
        "file of int": lambda: _Stream(lambda _: 7),
        "file without end": lambda: _Stream(lambda size: bytes(min(size, 2**16))),
        "file that ignores the size": lambda: _Stream(lambda _: bytes(2**20)),
        "memoryview released": _released,
        "str empty": str,
        "str of words": lambda: "hello world",
        "str missing path": lambda: "missing/a.png",
        "str NUL": lambda: "a\x00.png",
        "str surrogate": lambda: "a\ud800.png",
        "str overlong": lambda: "a" * 100_000,
        "str folder": tempfile.gettempdir,
        "str device": lambda: "/dev/zero",
        "str base64": lambda: text,
        "str SVG": lambda: "<svg xmlns='http://www.w3.org/2000/svg'/>",
        "str JSON": lambda: '{"image": "x"}',
        "data URI without comma": lambda: "data:image/png;base64",
        "data URI empty": lambda: "data:,",
        "data URI not base64": lambda: "data:image/png;base64,%%%%",
        "data URI not ASCII": lambda: "data:image/png;base64,äöü",
        "data URI HTML": lambda: "data:text/html,<html>hi</html>",
        "data URI nested": lambda: "data:image/png;base64," + nested,
        "data URI of 64 MiB": lambda: "data:image/png;base64," + "A" * 2**26,
        "bytes of 33 MiB": lambda: bytes(33 * 2**20),
    }
    addresses = ("http://127.0.0.1:9/a.png", "HTTPS://localhost/a.png", "ftp://localhost/a.png")
    addresses += ("file:///etc/hostname", "file:/etc/hostname", "s3://bucket/a.png", "blob:x")
    addresses += ("\\\\localhost\\share\\a.png", "javascript:alert(1)", "ssh://localhost/a")
    for address in addresses:
        objects[f"str {address}"] = lambda address=address: address
    for name, make in objects.items():
        yield Case(name, make)


def build_cases(*, seed: int = 0, number: int = 12) -> list[Case]:
    """Every case, in a fixed order; `number` damaged files a kind and a format."""
    cases = [Case(n, lambda d=d: d, twin, t) for n, twin, t, d in odd_files()]
    cases += odd_objects()
    cases += _wrong_objects()
    cases += [Case(n, lambda d=d: d) for n, d in wrong_files()]
    cases += [Case(n, lambda d=d: d, may_read=True) for n, d in claims()]
    cases += [Case(n, lambda d=d: d, may_read=True) for n, d in damaged(seed, number)]
    cases += [Case(n, make, may_read=True, bomb=True) for n, make in bombs()]
    return cases
