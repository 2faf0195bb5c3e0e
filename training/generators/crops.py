"""Single characters and icons as a detector cuts them out: what a glyph reader learns from."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image

from solver.cutouts import cut_out
from training.generators.cjk import find_cjk_fonts, gb2312, is_chinese
from training.generators.colours import Rng
from training.generators.fonts import FontFace, FontSet
from training.generators.header import jpeg
from training.generators.icon_fonts import choose_icons
from training.generators.icon_shapes import ICONS
from training.generators.prompts import draw_prompt
from training.generators.random_shapes import shape_name
from training.generators.scenes import draw_scene
from training.generators.strew import (
    OVER,
    UNDER,
    Box,
    interfere,
    lay,
    mark_mask,
    padded,
    painted,
    seen,
)
from training.generators.text import ALNUM

# The class of a picture with nothing in it: what a detector found by mistake.
NOTHING = "nothing"
_COMMON = 3755  # GB 2312's first level comes first
_SCENES = 192
_SCENE_SIDE = 256
_NAMED = tuple(ICONS)
_TRIES = 20
_MOST_ASKED = 3  # a neighbour on either side
_CROWDED = 0.15  # the share of prompts whose glyphs touch
_JPEG = 0.6  # the share of pictures that went through JPEG


@lru_cache(maxsize=_SCENES)
def _scene(number: int) -> np.ndarray:
    """Grounds to take pieces from: drawing a new one for each glyph would take most of the time."""
    return draw_scene(_SCENE_SIDE, _SCENE_SIDE, np.random.default_rng([77, number]))


class GlyphGenerator:
    """Draws one glyph over a piece of a ground, cut out as in use: a square picture.

    Options: `symbols`, characters (default: GB 2312, both levels, letters and digits); `fonts` that
    cover them; `turn`, the steepest angle in degrees; `size`, the smallest and largest em in
    pixels; `shapes`, how many nameless icons are classes besides the named ones, and `icon_fonts`,
    how many icons out of fonts, of the fonts `icon_families` (default: all); `kinds`, shares of
    common and rare Chinese characters, other symbols, icons, and pictures of nothing; `prompts`,
    the share that look as in a prompt: dark on a light ground, upright, 15 to 50 pixels to the em;
    `lined`, how often nameless icons and those out of fonts are outlines; `clutter`, how often
    lines and dots interfere; `loose`, how far boxes are off, and `pad`, how much larger than the
    ink they are on all sides, as shares of their side.
    Raises ValueError for options that no picture can meet.
    """

    def __init__(
        self,
        symbols: str | None = None,
        *,
        fonts: Sequence[FontFace] | None = None,
        turn: float = 75.0,
        size: tuple[float, float] = (18, 52),
        shapes: int = 240,
        icon_fonts: int = 0,
        icon_families: Sequence[str] | None = None,
        kinds: Sequence[float] = (0.64, 0.15, 0.04, 0.13, 0.04),
        prompts: float = 0.0,
        lined: float = 0.0,
        clutter: float = 0.3,
        loose: float = 0.06,
        pad: float = 0.06,
    ) -> None:
        chosen = gb2312() + ALNUM if symbols is None else symbols
        counts = shapes >= 0 and icon_fonts >= 0
        if not (8 <= size[0] <= size[1] <= 256 and 0 <= turn <= 180 and counts):
            raise ValueError(
                "expected 8 <= size <= 256 (low, high), turn 0 to 180, shapes and icon_fonts >= 0. "
                f"Received: size={size}, turn={turn}, shapes={shapes}, icon_fonts={icon_fonts}"
            )
        if len(kinds) != 5 or min(kinds) < 0 or not sum(kinds) or not chosen:
            raise ValueError(f"expected five shares and symbols. Received: {kinds}, {chosen!r:.20}")
        self.symbols = chosen
        self._faces = FontSet(find_cjk_fonts(chosen) if fonts is None else fonts)
        chinese = [symbol for symbol in chosen if is_chinese(symbol)]
        icons = [*_NAMED, *map(shape_name, range(shapes))] if kinds[3] else []
        if icon_fonts and icons:
            icons += choose_icons(icon_fonts, icon_families)
        common = set(gb2312((1,)))
        self._groups: list[list[str]] = [
            [symbol for symbol in chinese if symbol in common],
            [symbol for symbol in chinese if symbol not in common],
            [symbol for symbol in chosen if not is_chinese(symbol)],
            icons,
            [NOTHING] if kinds[4] else [],
        ]
        shares = np.array([k * bool(g) for k, g in zip(kinds, self._groups, strict=True)])
        if not shares.any():
            raise ValueError(f"kinds: expected a share of what there is. Received: {kinds}")
        self._shares = shares / shares.sum()
        self.turn, self.size, self.clutter, self.loose, self.pad = turn, size, clutter, loose, pad
        self.prompts, self.lined = prompts, lined

    @property
    def labels(self) -> tuple[str, ...]:
        """Every class that is drawn: symbols, icons by their name or number, nothing."""
        drawn = zip(self._shares.tolist(), self._groups, strict=True)
        return tuple(dict.fromkeys(name for share, group in drawn if share for name in group))

    def sample(self, rng: Rng) -> tuple[Image.Image, str]:
        """A square picture, RGB, and its class."""
        group = self._groups[int(rng.choice(len(self._shares), p=self._shares))]
        return self.render(group[int(rng.integers(len(group)))], rng)

    def render(self, label: str, rng: Rng) -> tuple[Image.Image, str]:
        """A square picture, RGB, of this class; also of a shape or an icon that is none."""
        if self.prompts and label != NOTHING and rng.random() < self.prompts:
            cut = self._prompted(label, rng)
        else:
            cut = self._marked(label, rng)
        if rng.random() < _JPEG:
            cut = jpeg(cut, int(rng.integers(55, 97)))
        return Image.fromarray(cut), label

    def _marked(self, label: str, rng: Rng) -> np.ndarray:
        """As in a click picture: any colours, turned, on a piece of a scene."""
        em = float(np.exp(rng.uniform(*np.log(self.size))))
        side = max(24, round(2.2 * em))
        picture = _ground(side, rng)
        unit = max(1.2, em * 0.07)
        if rng.random() < self.clutter:
            interfere(picture, rng, UNDER, unit)
        owner = np.zeros(picture.shape[:2], np.uint8)
        if label != NOTHING and rng.random() < 0.3:  # a neighbour, of which a piece may be seen
            self._lay(picture, owner, self._other(rng), em, rng, number=2)
        box = (0.0, 0.0, 0.0, 0.0)
        if label == NOTHING:
            half = em * rng.uniform(0.3, 0.6)
            x, y = rng.uniform(half, side - half, 2)
            box = (x - half, y - half, x + half, y + half)
        else:
            owner[:] = 0
            ink = self._inked(picture, owner, label, em, rng)
            box = self._boxed(ink, picture, rng)
        if rng.random() < self.clutter:
            interfere(picture, rng, OVER, unit)
        if rng.random() < 0.2:
            picture = cv2.GaussianBlur(picture, (0, 0), min(1.1, em * 0.015 + 0.2))
        return cut_out(picture, box)

    def _prompted(self, label: str, rng: Rng) -> np.ndarray:
        """As in a prompt, alone or beside others."""
        for _ in range(_TRIES):
            labels = [self._other(rng) for _ in range(int(rng.integers(1, _MOST_ASKED + 1)))]
            place = int(rng.integers(len(labels)))
            labels[place] = label
            picture, boxes = draw_prompt(
                [_text_and_shape(name) for name in labels],
                self._faces,
                rng,
                crowded=rng.random() < _CROWDED,
                lined=self.lined,
            )
            box = boxes[place]
            if box is not None:
                return cut_out(picture, self._boxed(box, picture, rng))
        raise ValueError(f"{label!r} leaves no ink in a prompt")

    def _boxed(self, ink: Box, picture: np.ndarray, rng: Rng) -> tuple[float, float, float, float]:
        height, width = picture.shape[:2]
        return _off(padded(ink, self.pad, height=height, width=width), self.loose, rng)

    def _other(self, rng: Rng) -> str:
        some = [group for group in self._groups[:4] if group]
        group = some[int(rng.integers(len(some)))] if some else [ALNUM[0]]
        return group[int(rng.integers(len(group)))]

    def _inked(self, picture: np.ndarray, owner: np.ndarray, name: str, em: float, rng: Rng) -> Box:
        """Put a mark near the middle, in place, again where it left no ink; the box of its ink."""
        for _ in range(_TRIES):
            self._lay(picture, owner, name, em, rng, number=1)
            box = seen(owner, 1)
            if box is not None:
                return box
        raise ValueError(
            f"{name!r} leaves no ink at an em of {em:.0f} pixels; expected a larger size"
        )

    def _lay(
        self, picture: np.ndarray, owner: np.ndarray, name: str, em: float, rng: Rng, *, number: int
    ) -> None:
        """Put a mark near the middle, or its neighbour beside it, in place."""
        size = max(12, round(em))
        upright = rng.random() < 0.25
        angle = rng.normal(0, 4) if upright else rng.uniform(-self.turn, self.turn)
        mask = mark_mask(
            _text_and_shape(name),
            size,
            rng,
            face=self._faces.draw(rng, "any"),
            coarse=rng.random() < 0.1,
            degrees=float(angle),
            lined=self.lined,
        )
        middle = np.array(picture.shape[:2]) / 2
        if number > 1:
            away = rng.uniform(0, 2 * np.pi)
            middle = middle + em * rng.uniform(0.95, 1.3) * np.array([np.sin(away), np.cos(away)])
        corner = np.round(middle - np.array(mask.shape) / 2).astype(int)
        y, x = int(corner[0]), int(corner[1])
        lay(picture, owner, painted(picture, mask, size, (y, x), rng), (y, x), number)


def _text_and_shape(label: str) -> tuple[str, str]:
    return (label, "") if len(label) == 1 else ("", label)


def _ground(side: int, rng: Rng) -> np.ndarray:
    """A piece of a scene, mirrored or turned, its colours perhaps exchanged."""
    scene = _scene(int(rng.integers(_SCENES)))
    long = int(min(_SCENE_SIDE, max(24, side * rng.uniform(0.4, 2.0))))
    y, x = (int(v) for v in rng.integers(0, _SCENE_SIDE - long + 1, 2))
    piece = scene[y : y + long, x : x + long]
    piece = np.rot90(piece, int(rng.integers(4)))
    if rng.random() < 0.5:
        piece = piece[..., rng.permutation(3)]
    if rng.random() < 0.15:
        piece = 255 - piece
    return cv2.resize(np.ascontiguousarray(piece), (side, side), interpolation=cv2.INTER_AREA)


def _off(box: Box, loose: float, rng: Rng) -> tuple[float, float, float, float]:
    """A box as a detector finds it: each edge a little off."""
    x1, y1, x2, y2 = box
    spread = loose * max(x2 - x1, y2 - y1)
    dx1, dy1, dx2, dy2 = np.clip(rng.normal(0, spread, 4), -2 * spread, 2 * spread).tolist()
    if rng.random() < 0.15:  # a box of the em, not of the ink
        grown = rng.uniform(0, 0.2) * max(x2 - x1, y2 - y1)
        dx1, dy1, dx2, dy2 = dx1 - grown, dy1 - grown, dx2 + grown, dy2 + grown
    return x1 + dx1, y1 + dy1, max(x2 + dx2, x1 + dx1 + 4), max(y2 + dy2, y1 + dy1 + 4)
