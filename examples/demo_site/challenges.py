"""The four kinds of challenge: drawn here, and answered here.

The text pictures are those of the PyPI package ``captcha``, which is not ours; grids, click
pictures and sliders are drawn by ``training.generators``. A challenge knows its answer; what a
browser or a spider is shown of it is ``pictures`` and ``shown``, and nothing else.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from solver.charset import DIGITS, UPPER
from solver.layouts import LAYOUTS, Bounds
from training.generators import (
    WORD_ICONS,
    ClickGenerator,
    PypiCaptcha,
    SlideGenerator,
    TilesGenerator,
    find_cjk_fonts,
    find_fonts,
    gb2312,
)

Rng = np.random.Generator
Form = Mapping[str, str]

TEXT_LENGTH = 4
MARGIN = 4.0  # pixels by which a press or a slider may miss
# Letters and digits that are not each other upside down, for machines without a Chinese font.
PLAIN = "2345678ABEFGHJKLRT"
MOST_POINTS = 16


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded picture."""

    kind: str
    data: bytes

    @property
    def uri(self) -> str:
        return f"data:{self.kind};base64,{base64.b64encode(self.data).decode()}"


@dataclass(frozen=True, slots=True)
class Challenge:
    """One question.

    ``pictures`` and ``shown`` (JSON) are for whoever is asked; ``right`` judges a form, and
    ``answer`` is a form that it takes, for tests inside the server's own process.
    """

    pictures: Mapping[str, Picture]
    right: Callable[[Form], bool]
    answer: Form
    shown: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of challenge."""

    name: str
    title: str
    make: Callable[[Rng], Challenge]
    words: tuple[str, ...] = ()  # what a grid can ask for


def text_kind() -> Kind:
    """Four characters in a picture, upper and lower case alike.

    Raises:
        MissingDependencyError: the package ``captcha`` is not installed.
    """
    drawer = PypiCaptcha(DIGITS + UPPER, (TEXT_LENGTH, TEXT_LENGTH))

    def make(rng: Rng) -> Challenge:
        picture, text = drawer.sample(rng)
        return Challenge(
            {"captcha": _encoded(picture, "PNG")},
            right=lambda form: form.get("code", "").strip().casefold() == text.casefold(),
            answer={"code": text},
        )

    return Kind("text", "Type the characters", make)


def grid_kind(photos: str | None = None) -> Kind:
    """A header and eight tiles, as 12306 had it, with its words and drawings of what they name, or
    pictures of one's own: ``photos`` is a folder with a folder for each word.

    Raises:
        ValueError: the machine has no Chinese font, or the pictures are none.
    """
    drawer = TilesGenerator(icons=WORD_ICONS, photos=photos)
    boxes = LAYOUTS["12306"].boxes()

    def make(rng: Rng) -> Challenge:
        picture, label = drawer.sample(rng)

        def right(form: Form) -> bool:
            return {_place(point, boxes) for point in _points(form)} == set(label.answers)

        middles = [_middle(boxes[index]) for index in label.answers]
        return Challenge(
            {"captcha": _encoded(picture, "JPEG")}, right, answer={"points": _written(middles)}
        )

    return Kind("grid", "Choose the pictures", make, words=drawer.words)


def click_kind() -> Kind:
    """Characters strewn over a picture, to be pressed in order: Chinese, where a font is there."""
    try:
        symbols = gb2312((1,))
        faces, kinds = find_cjk_fonts(symbols), {"chinese": 1.0}
    except ValueError:
        symbols, kinds = PLAIN, {"chinese": 1.0}
        faces = find_fonts(symbols, hands=False)
    drawer = ClickGenerator(
        symbols,
        fonts=faces,
        kinds=kinds,
        width=(320, 320),
        asked=(3, 4),
        decoys=(1, 3),
        turn=45.0,
        size=(1 / 9, 1 / 6),
        prompt=0.0,
    )

    def make(rng: Rng) -> Challenge:
        picture, label = drawer.sample(rng)
        # Any mark of the name answers: now and then there are two.
        wanted = [
            [mark.box for mark in label.objects if mark.name == asked.name] for asked in label.asked
        ]

        def right(form: Form) -> bool:
            points = _points(form)
            return len(points) == len(wanted) and all(
                _place(point, boxes, margin=MARGIN) is not None
                for point, boxes in zip(points, wanted, strict=True)
            )

        return Challenge(
            {"captcha": _encoded(picture, "JPEG")},
            right,
            answer={"points": _written([_middle(boxes[0]) for boxes in wanted])},
            shown={"asked": "".join(mark.name for mark in label.asked)},
        )

    return Kind("click", "Click in order", make)


def slide_kind() -> Kind:
    """A gap, and the piece that belongs in it."""
    drawer = SlideGenerator(width=(320, 320), turned=0.0, alpha=1.0, contrast=(0.6, 1.0))

    def make(rng: Rng) -> Challenge:
        background, piece, label = drawer.sample(rng)

        def right(form: Form) -> bool:
            offset = _number(form.get("offset", ""))
            return offset is not None and abs(offset - label.offset) <= MARGIN

        return Challenge(
            {"background": _encoded(background, "JPEG"), "piece": _encoded(piece, "PNG")},
            right,
            answer={"offset": str(label.offset)},
            shown={"start": label.start[0], "top": label.start[1]},
        )

    return Kind("slide", "Close the gap", make)


MAKERS: Mapping[str, Callable[[], Kind]] = {
    "text": text_kind,
    "grid": grid_kind,
    "click": click_kind,
    "slide": slide_kind,
}


def _encoded(picture: Image.Image, form: str) -> Picture:
    file = io.BytesIO()
    picture.save(file, form, **({"quality": 90} if form == "JPEG" else {}))
    return Picture(f"image/{form.lower()}", file.getvalue())


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _points(form: Form) -> list[tuple[float, float]]:
    """``x,y x,y …`` in pixels of the picture; empty where any of it is something else."""
    points = []
    for word in form.get("points", "").split():
        x, comma, y = word.partition(",")
        values = _number(x), _number(y)
        if not comma or values[0] is None or values[1] is None or len(points) >= MOST_POINTS:
            return []
        points.append((values[0], values[1]))
    return points


def _written(points: list[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)


def _place(
    point: tuple[float, float], boxes: Sequence[Bounds], *, margin: float = 0.0
) -> int | None:
    """Which of the boxes (xyxy) holds a point."""
    for index, (x1, y1, x2, y2) in enumerate(boxes):
        if x1 - margin <= point[0] < x2 + margin and y1 - margin <= point[1] < y2 + margin:
            return index
    return None


def _middle(box: Bounds) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
