"""Folders of generated pictures: ``LABEL_<10 hex digits>.png`` or ``.jpg``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from PIL import Image

from training.generators.cjk import fonts_for
from training.generators.text import ALNUM, TextGenerator
from training.generators.uniform import UniformText
from training.whole import write_whole

_CHUNK = 64
# What no file's name may hold, on one system or another.
UNNAMEABLE = frozenset('/\\:*?"<>|\0')


class Generator(Protocol):
    """Anything that draws a labelled picture."""

    def sample(self, rng: np.random.Generator) -> tuple[Image.Image, str]: ...


def _encoded(picture: Image.Image, rng: np.random.Generator, jpeg: float) -> tuple[bytes, str]:
    pixels = cv2.cvtColor(np.asarray(picture.convert("RGB")), cv2.COLOR_RGB2BGR)
    if rng.random() < jpeg:
        suffix, options = ".jpg", [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(70, 97))]
    else:
        suffix, options = ".png", [cv2.IMWRITE_PNG_COMPRESSION, 4]
    done, data = cv2.imencode(suffix, pixels, options)
    if not done:
        raise RuntimeError(f"OpenCV could not encode a {suffix}")
    return data.tobytes(), suffix


def refuse_unnameable(texts: Iterable[str]) -> None:
    """Raise a ValueError where one of the symbols or words cannot be part of a file's name."""
    unfit = [text for text in texts if text == ".." or not UNNAMEABLE.isdisjoint(text)]
    if unfit:
        raise ValueError(
            "expected symbols or words that can be part of a file's name, which says the label; "
            f"leave out {' '.join(map(repr, unfit[:10]))}"
        )


def _said(generator: object) -> Iterator[str]:
    """What the labels of a generator are made of, where it tells."""
    inner = getattr(generator, "generator", generator)
    for name in ("symbols", "words"):
        yield from getattr(inner, name, None) or ()


def _file_name(label: str, data: bytes, suffix: str) -> str:
    if not label or not UNNAMEABLE.isdisjoint(label):
        raise ValueError(f"expected a label that can be part of a file's name. Received: {label!r}")
    return f"{label}_{hashlib.sha1(data, usedforsecurity=False).hexdigest()[:10]}{suffix}"


def _write(out: Path, generator: Generator, seed: int, numbers: range, jpeg: float) -> int:
    cv2.setNumThreads(1)
    for number in numbers:
        rng = np.random.default_rng((seed, number))
        picture, label = generator.sample(rng)
        data, suffix = _encoded(picture, rng, jpeg)
        path = out / _file_name(label, data, suffix)
        if path.exists():
            continue
        write_whole(path, data)
    return len(numbers)


def write_folder(
    out: str | Path,
    generator: Generator,
    count: int,
    *,
    seed: int,
    workers: int = 1,
    start: int = 0,
    jpeg: float = 0.2,
) -> int:
    """Write pictures `start` to `start + count - 1` of this seed's endless row; how many.

    Picture i depends on (seed, i) alone, so any number of workers writes the same files, and a
    longer row contains the shorter.  `jpeg` is the share of JPEG files.  A file that is
    there already stays as it is: its name holds the SHA-1 of the bytes it should have.
    Raises ValueError for a count, start or number of workers that is out of range, and before
    anything is drawn for labels that no file's name can hold, where the generator tells them.
    """
    if count < 0 or start < 0 or seed < 0 or workers < 1 or not 0 <= jpeg <= 1:
        raise ValueError(
            "expected count, start, seed >= 0, workers >= 1, jpeg 0 to 1. Received: "
            f"count={count}, start={start}, seed={seed}, workers={workers}, jpeg={jpeg}"
        )
    refuse_unnameable(_said(generator))
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    if workers == 1:
        return _write(folder, generator, seed, range(start, start + count), jpeg)
    chunks = [
        range(first, min(first + _CHUNK, start + count))
        for first in range(start, start + count, _CHUNK)
    ]
    # A fresh process each: a fork would copy locks that OpenCV's threads hold.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        done = [pool.submit(_write, folder, generator, seed, chunk, jpeg) for chunk in chunks]
        return sum(future.result() for future in done)


def generate_text(
    out: str | Path,
    *,
    count: int,
    seed: int = 0,
    workers: int = 1,
    symbols: str = ALNUM,
    length: tuple[int, int] = (3, 8),
    styles: Sequence[str] | None = None,
    font_folders: Sequence[str | Path] | None = None,
) -> int:
    """What ``solver-train generate text`` does: draw `count` pictures into `out`; how many.

    When any of `symbols` is neither a Latin letter nor a digit, all come equally often.
    Raises ValueError for options that no picture can meet, and for symbols that a file's name
    cannot hold: it says the label.
    """
    refuse_unnameable(symbols)
    unseen = "".join(symbol for symbol in symbols if symbol.isspace() or not symbol.isprintable())
    if unseen:
        raise ValueError(f"expected symbols that can be seen; leave out {unseen!r}")
    fonts = fonts_for(symbols, folders=font_folders)
    drawer = TextGenerator(symbols, length, styles=styles, fonts=fonts)
    generator = drawer if set(symbols) <= set(ALNUM) else UniformText(drawer)
    return write_folder(out, generator, count, seed=seed, workers=workers)
