"""Text captchas of one fixed size, in given colours: what most sites' own programs draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageColor

from training.generators.cjk import fonts_for
from training.generators.colours import PICKS, Colour, Rng, contrast
from training.generators.effects import CLUTTER, WARPS, Pick
from training.generators.fonts import FontFace, FontSet, glyph
from training.generators.glyphs import transformed
from training.generators.text import ALNUM
from training.generators.wear import WEAR


@dataclass(frozen=True, slots=True)
class Disturbance:
    """A level: how many lines and dots, degrees of turn, how far the text bends, how much wear."""

    lines: tuple[int, int]
    dots: tuple[int, int]
    turn: float
    bend: float
    wear: float


LEVELS: Mapping[str, Disturbance] = {
    "none": Disturbance((0, 0), (0, 0), 0, 0, 0),
    "low": Disturbance((0, 1), (0, 20), 8, 0.02, 0.1),
    "medium": Disturbance((1, 3), (10, 60), 20, 0.05, 0.25),
    "high": Disturbance((3, 8), (40, 160), 35, 0.09, 0.5),
}
_STROKES = ("slim_lines", "curves", "arcs", "crossing")


def colours(names: Sequence[str]) -> tuple[Colour | str, ...]:
    """Read "#rrggbb", CSS names, and our own kinds ("dark", "pale", "vivid", …), kept as such.

    Raises ValueError for a name that is none of these.
    """
    read: list[Colour | str] = []
    for name in names:
        if name in PICKS and name not in ("black", "white"):
            read.append(name)
            continue
        try:
            red, green, blue = ImageColor.getrgb(name)[:3]
        except ValueError:
            raise ValueError(
                f"expected colours as #rrggbb, by CSS name, or of {sorted(PICKS)}. "
                f"Received: {name!r}"
            ) from None
        read.append((float(red), float(green), float(blue)))
    if not read:
        raise ValueError("expected at least one colour. Received: []")
    return tuple(read)


class ClassicGenerator:
    """Draws `length` symbols side by side on one colour.

    Options: `symbols` and `length` (fewest, most), drawn evenly; `size`, width and height in
    pixels; `fonts` (default: all of the machine that cover the symbols); `ink` and `ground`,
    colours to choose from, see `colours`; `disturbance`, a level by name; `each`, whether every
    symbol has a face and a colour of its own.
    Raises ValueError for options that no picture can meet.
    """

    def __init__(
        self,
        symbols: str = ALNUM,
        length: tuple[int, int] = (4, 4),
        *,
        size: tuple[int, int] = (160, 60),
        fonts: Sequence[FontFace] | None = None,
        ink: Sequence[str] = ("dark",),
        ground: Sequence[str] = ("white",),
        disturbance: str = "medium",
        each: bool = False,
    ) -> None:
        if not symbols or len(set(symbols)) != len(symbols) or any(s.isspace() for s in symbols):
            raise ValueError(f"expected visible symbols, each once. Received: symbols={symbols!r}")
        if not 1 <= length[0] <= length[1] or size[0] < 8 * length[1] or size[1] < 16:
            raise ValueError(
                "expected 1 <= fewest <= most, a width of 8 a symbol, a height of 16. Received: "
                f"length={length}, size={size}"
            )
        if disturbance not in LEVELS:
            raise ValueError(
                f"disturbance: expected one of {list(LEVELS)}. Received: {disturbance!r}"
            )
        self.symbols, self.length, self.size = symbols, length, size
        self.ink, self.ground = colours(ink), colours(ground)
        self.level, self.each = LEVELS[disturbance], each
        self._faces = FontSet(fonts_for(symbols) if fonts is None else fonts)

    def sample(self, rng: Rng) -> tuple[Image.Image, str]:
        """One picture of random text, RGB, and the text."""
        count = int(rng.integers(self.length[0], self.length[1] + 1))
        return self.render("".join(rng.choice(list(self.symbols), count).tolist()), rng)

    def render(self, label: str | None, rng: Rng) -> tuple[Image.Image, str]:
        """One picture of `label`, RGB; None: of random text.

        Raises ValueError when a symbol of the label is not one of `symbols`.
        """
        if label is None:
            return self.sample(rng)
        if not label or any(symbol not in self.symbols for symbol in label):
            raise ValueError(f"expected one or more of {self.symbols!r}. Received: label={label!r}")
        width, height = self.size
        ground = _drawn(self.ground, rng)
        picture = np.empty((height, width, 3), np.uint8)
        picture[:] = ground
        cell = width * rng.uniform(0.82, 0.96) / len(label)
        size = round(min(height * rng.uniform(0.62, 0.85), 1.55 * cell))
        unit = max(1.5, size * 0.07)
        tone = self._tone(ground, rng)

        def pick() -> Colour:
            return self._tone(ground, rng) if self.each else tone

        cover: np.ndarray = np.zeros((height, width), np.uint8)
        paint: np.ndarray = np.empty((height, width, 3), np.uint8)
        paint[:] = tone
        face = self._faces.draw(rng, "any")
        pen = rng.uniform(0, width - cell * len(label))
        for symbol in label:
            face = self._faces.draw(rng, "any") if self.each else face
            drawn = glyph(face, size, symbol)
            mask = self._turned(drawn.mask, rng)
            x = round(pen + (cell - mask.shape[1]) / 2 + rng.normal(0, 0.03) * cell)
            # Each keeps its place on the line: p and P, - and _ would be alike without it.
            middle = height / 2 + 0.36 * size + drawn.mask.shape[0] / 2 - drawn.top
            y = round(middle - mask.shape[0] / 2 + rng.normal(0, 0.03) * height)
            _stamp(cover, paint, mask, tone=pick(), at=(max(0, x), max(0, y)))
            pen += cell
        if self.level.bend:
            across, down = WARPS["sine"](height, width, rng, self.level.bend * size)
            cover = cv2.remap(cover, across, down, cv2.INTER_LINEAR)
            edge = cv2.BORDER_REPLICATE
            paint = cv2.remap(paint, across, down, cv2.INTER_NEAREST, borderMode=edge)
        share = cover[..., None].astype(np.float32) / 255
        picture = (picture * (1 - share) + paint * share).astype(np.uint8)
        self._disturb(picture, rng, pick, unit)
        for name in ("blur", "noise", "jpeg"):
            if rng.random() < self.level.wear:
                picture = WEAR[name](picture, rng, unit)
        return Image.fromarray(picture), label

    def _tone(self, ground: Colour, rng: Rng) -> Colour:
        """An ink that can be seen, as long as twenty tries find one."""
        tone = _drawn(self.ink, rng)
        for _ in range(20):
            if float(contrast(tone, np.array([ground], np.float32))[0]) >= 60:
                break
            tone = _drawn(self.ink, rng)
        return tone

    def _turned(self, mask: np.ndarray, rng: Rng) -> np.ndarray:
        turn = self.level.turn
        if not turn or not mask.size:
            return mask
        return transformed(
            mask,
            degrees=rng.uniform(-turn, turn),
            shear=rng.uniform(-turn, turn) / 120,
            scale=1.0,
            stretch=1 + rng.uniform(-turn, turn) / 250,
            room=1,
        )

    def _disturb(self, picture: np.ndarray, rng: Rng, pick: Pick, unit: float) -> None:
        height, width = picture.shape[:2]
        for _ in range(int(rng.integers(self.level.lines[0], self.level.lines[1] + 1))):
            name = _STROKES[int(rng.integers(len(_STROKES)))]
            CLUTTER[name](picture, rng, pick, unit * 0.45)
        for _ in range(int(rng.integers(self.level.dots[0], self.level.dots[1] + 1))):
            place = (int(rng.integers(width)), int(rng.integers(height)))
            cv2.circle(picture, place, int(rng.integers(0, 2)), pick(), -1)


def _drawn(choices: Sequence[Colour | str], rng: Rng) -> Colour:
    choice = choices[int(rng.integers(len(choices)))]
    return PICKS[choice](rng) if isinstance(choice, str) else choice


def _stamp(
    cover: np.ndarray,
    paint: np.ndarray,
    mask: np.ndarray,
    *,
    tone: Colour,
    at: tuple[int, int],
) -> None:
    x, y = at
    region = cover[y : y + mask.shape[0], x : x + mask.shape[1]]
    part = mask[: region.shape[0], : region.shape[1]]
    np.maximum(region, part, out=region)
    paint[y : y + mask.shape[0], x : x + mask.shape[1]][part > 0] = np.asarray(tone, np.uint8)
