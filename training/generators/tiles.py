"""Grid pictures: a header that names a word, and tiles of which some show it.

The usual look is 12306's: 293 x 190 pixels, a header of 30 rows, 2 x 4 tiles of 67 x 67.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from solver.layouts import LAYOUTS, Layout
from training.generators.colours import PICKS, Rng, contrast
from training.generators.fonts import FontFace
from training.generators.header import HeaderGenerator, jpeg
from training.generators.icon_shapes import ICONS
from training.generators.icons import Icons, paint_icon
from training.generators.paste import meeting
from training.generators.records import Item, Record, decoded, encoded
from training.generators.scenes import draw_scene
from training.generators.tile_photos import LEAST, TilePhotos

NAMES = tuple(ICONS)


@dataclass(frozen=True, slots=True)
class GridLabel:
    """What a grid asks for, where it is (tiles from 0, row by row), and what each tile shows."""

    word: str
    answers: tuple[int, ...]
    names: tuple[str, ...] = field(default=())


class TilesGenerator:
    """Draws grids.

    Options: `words`, up to 80, the i-th for the i-th icon (default: the icons' own names); `icons`,
    what can be drawn (default: ICONS; WORD_ICONS are the things that 12306 asks for); `photos`, a
    folder of class folders with pictures of your own to show in their place;
    `layout` (default: 12306's; one without a header asks for nothing that can be seen); `fonts`,
    Chinese faces for the header; `two`, how often two words are asked for.
    Raises ValueError for too few or too many words.
    """

    def __init__(
        self,
        words: Sequence[str] | None = None,
        *,
        icons: Icons = ICONS,
        photos: str | Path | None = None,
        layout: Layout | None = None,
        fonts: Sequence[FontFace] | None = None,
        two: float = 0.0,
    ) -> None:
        self._icons = dict(icons)  # as it travels to other processes
        self._photos = None if photos is None else TilePhotos(photos)
        self._names = tuple(icons) if self._photos is None else self._photos.names
        self.words = self._names if words is None else tuple(words)
        most = len(self._names)
        if not LEAST <= len(self.words) <= most or len(set(self.words)) < len(self.words):
            raise ValueError(f"expected {LEAST} to {most} different words. Received: {self.words}")
        self.layout = layout or LAYOUTS["12306"]
        left, top, _, _ = self.layout.header or (0, 0, 0, 0)
        x1, y1, x2, y2 = self.layout.word or (0, 0, 1, 1)
        box = (x1 - left, y1 - top, x2 - left, y2 - top)
        self.header = HeaderGenerator(self.words, fonts, two=two, box=box)
        self.two = two

    def sample(self, rng: Rng) -> tuple[Image.Image, GridLabel]:
        """One whole picture, RGB, and its label."""
        picture, label, quality = self._draw(rng)
        return Image.fromarray(jpeg(picture, quality)), label

    def tile(self, word: str, rng: Rng) -> Image.Image:
        """One tile that shows `word`, RGB, as it is before the picture is compressed."""
        return Image.fromarray(self._tile(self.words.index(word), rng))

    def item(self, rng: Rng, stem: str) -> Item:
        """The picture as JPEG, and its tiles in class folders as PNG, cut from that JPEG."""
        picture, label, quality = self._draw(rng)
        name = f"{stem}.jpg"
        files = {name: encoded(picture, ".jpg", quality=quality)}
        pixels = decoded(files[name])
        for place, (x1, y1, x2, y2) in enumerate(self.layout.boxes()):
            cut = np.ascontiguousarray(pixels[y1:y2, x1:x2])
            files[f"tiles/{label.names[place]}/{stem}_{place}.png"] = encoded(cut, ".png")
        record = {"file": name, "word": label.word, "answers": label.answers, "names": label.names}
        return Item(files, record)

    def tables(self, records: Sequence[Record]) -> Mapping[str, bytes]:
        """``labels.tsv``: file, header word, positions of the answers."""
        lines = [f"{r['file']}\t{r['word']}\t{' '.join(map(str, r['answers']))}\n" for r in records]
        return {"labels.tsv": "".join(lines).encode()}

    def _tile(self, word: int, rng: Rng) -> np.ndarray:
        """A square tile that shows the word of this number: (side, side, 3) uint8."""
        name, side = self._names[word], max(self.layout.tile)
        if self._photos is not None:
            return self._photos.tile(name, side, rng)
        return draw_tile(name, side, rng, icons=self._icons)

    def _draw(self, rng: Rng) -> tuple[np.ndarray, GridLabel, int]:
        layout = self.layout
        places = layout.rows * layout.columns
        asked = rng.permutation(len(self.words))[: 2 if rng.random() < self.two else 1].tolist()
        names = rng.integers(0, len(self.words), places).tolist()
        # Distractors come in pairs often, so that being there twice does not tell the answer.
        for i in range(1, places):
            if rng.random() < 0.3:
                names[i] = names[i - 1]
        others = [i for i in range(len(self.words)) if i not in asked]
        names = [others[i % len(others)] if i in asked else i for i in names]
        most = max(len(asked), min(4, places - 1))
        wanted = int(rng.integers(len(asked), most + 1)) if places > len(asked) else places
        for i, place in enumerate(rng.permutation(places)[:wanted].tolist()):
            names[place] = asked[i % len(asked)]
        label = GridLabel(
            " ".join(self.words[i] for i in asked),
            tuple(i for i, name in enumerate(names) if name in asked),
            tuple(self.words[i] for i in names),
        )
        width, height = layout.size
        picture = np.full((height, width, 3), 255, np.uint8)
        if layout.header is not None:
            x1, y1, x2, y2 = layout.header
            picture[y1:y2, x1:x2] = self.header.strip(label.word, rng, (x2 - x1, y2 - y1))
        for (x1, y1, x2, y2), name in zip(layout.boxes(), names, strict=True):
            tile = self._tile(name, rng)
            if layout.tile[0] != layout.tile[1]:
                tile = cv2.resize(tile, layout.tile, interpolation=cv2.INTER_AREA)
            picture[y1:y2, x1:x2] = tile
        return picture, label, int(rng.integers(70, 92))


def draw_tile(name: str, side: int, rng: Rng, *, icons: Icons = ICONS) -> np.ndarray:
    """One icon, or a few of a kind, on a ground of its own: (side, side, 3) uint8."""
    if rng.random() < 0.4:  # as in a shop's catalogue
        out: np.ndarray = np.empty((side, side, 3), np.float32)
        out[:] = 255 if rng.random() < 0.6 else PICKS["pale"](rng)
    else:
        out = draw_scene(side, side, rng, photo=0.6).astype(np.float32)
        if rng.random() < 0.5:
            out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.6, 3))
    many = rng.random() < 0.2
    for _ in range(int(rng.integers(2, 5)) if many else 1):
        size = round(side * (rng.uniform(0.42, 0.6) if many else rng.uniform(0.62, 1.0)))
        spare = side - size + round(0.06 * side)  # a little of it may be cut off
        x, y = (int(v) for v in rng.integers(0, spare + 1, 2) - round(0.03 * side))
        for _ in range(5):
            turn = float(np.clip(rng.normal(0, 10), -30, 30))
            icon = paint_icon(name, size, rng, turn=turn, icons=icons)
            if _stands_out(out, icon, x, y):
                break
        if rng.random() < 0.4:
            far = max(1, round(side * rng.uniform(0.015, 0.05)))
            fallen = cv2.GaussianBlur(icon[..., 3], (0, 0), far) * rng.uniform(0.3, 0.7)
            _over(out, np.zeros(3, np.float32), fallen, x + far, y + far)
        _over(out, icon[..., :3].astype(np.float32), icon[..., 3], x, y)
    if rng.random() < 0.3:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.4, 0.9))
    out = (out - 128) * np.float32(rng.uniform(0.75, 1.15)) + 128 + np.float32(rng.uniform(-20, 20))
    return np.clip(out, 0, 255).astype(np.uint8)


def _stands_out(out: np.ndarray, icon: np.ndarray, x: int, y: int) -> bool:
    """Whether most of an icon differs from what it is laid on."""
    there, own = meeting(out, icon, x, y)
    under, part = out[there], icon[own]
    differs = contrast((0.0, 0.0, 0.0), (part[..., :3] - under).reshape(-1, 3))
    return bool(np.mean(differs[part[..., 3].ravel() > 128] > 45) > 0.65)


def _over(out: np.ndarray, paint: np.ndarray, alpha: np.ndarray, x: int, y: int) -> None:
    """Lay paint, (h, w, 3) or one colour, on a float picture with its corner at (x, y)."""
    there, own = meeting(out, alpha, x, y)
    share = alpha[own][..., None].astype(np.float32) / 255
    out[there] = out[there] * (1 - share) + (paint[own] if paint.ndim == 3 else paint) * share
