"""A demo site for tests, and a solver that knows its answers."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from PIL import Image

from examples.demo_site.challenges import MAKERS, Kind
from examples.demo_site.records import Desk
from examples.demo_site.site import Site
from solver.results import Box, SlideResult, TextResult

KINDS = tuple(MAKERS)


@contextmanager
def demo(kinds: dict[str, Kind], **options: Any) -> Iterator[Site]:
    """A running site on a port of its own."""
    with Site(Desk(kinds, seed=11, **options)) as site:
        yield site


class Pressed:
    """Points, as of a result of tiles or click."""

    missing: tuple[int, ...] = ()

    def __init__(self, points: list[tuple[float, float]]) -> None:
        self.points = tuple(points)


class Oracle:
    """Has the answer from the server's own hook, and gives it in the pixels of the picture that it
    is shown: as large as on the screen in a browser, the site's own without one.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def text(self, image: Any, **_: Any) -> TextResult:
        assert _pixels(image).ndim == 3
        return TextResult(self._desk.answer("text")["code"], 1.0)

    def tiles(self, image: Any, **_: Any) -> Pressed:
        return self._points("grid", image, 293)

    def click(self, image: Any, targets: str, **_: Any) -> Pressed:
        found = self._points("click", image, 320)
        assert len(targets) == len(found.points)
        return found

    def slide(self, background: Any, piece: Any, *, scale: float = 1.0, **_: Any) -> SlideResult:
        unit = _pixels(background).shape[1] / 320
        offset = float(self._desk.answer("slide")["offset"]) * unit * scale
        return SlideResult(offset, Box(0, 0, 1, 1, "gap", 1.0), 1.0)

    def _points(self, kind: str, image: Any, width: int) -> Pressed:
        unit = _pixels(image).shape[1] / width
        points = [word.split(",") for word in self._desk.answer(kind)["points"].split()]
        return Pressed([(float(x) * unit, float(y) * unit) for x, y in points])


def _pixels(image: Any) -> np.ndarray:
    if isinstance(image, str):
        with Image.open(io.BytesIO(base64.b64decode(image.partition(",")[2]))) as opened:
            return np.asarray(opened.convert("RGB"))
    found: np.ndarray = image
    return found
