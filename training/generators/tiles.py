"""Grid pictures: a header that names a word, and tiles of which some show it.

The usual look is 12306's: 293 x 190 pixels, a header of 30 rows, 2 x 4 tiles of 67 x 67.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from PIL import Image

from training.generators.colours import PICKS, Rng, contrast
from training.generators.fonts import FontFace
from training.generators.header import WORD_BOX, Bounds, HeaderGenerator, jpeg
from training.generators.icon_shapes import ICONS
from training.generators.icons import paint_icon
from training.generators.paste import meeting
from training.generators.records import Item, Record, decoded, encoded
from training.generators.scenes import draw_scene

NAMES = tuple(ICONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class GridLayout:
    """Where things lie, in pixels.

    tile: a tile's side.  gap: between two tiles.  origin: the first tile's top left corner.
    header: the box of the header's word.  size: of the whole picture; height of the header's strip
    is `strip`.  Raises ValueError where the tiles do not fit.
    """

    rows: int = 2
    columns: int = 4
    tile: int = 67
    gap: int = 5
    origin: tuple[int, int] = (5, 41)
    header: Bounds = WORD_BOX
    strip: int = 30
    size: tuple[int, int] = (293, 190)

    def __post_init__(self) -> None:
        step = self.tile + self.gap
        right = self.origin[0] + step * self.columns - self.gap
        bottom = self.origin[1] + step * self.rows - self.gap
        if min(self.rows, self.columns) < 1 or self.tile < 16 or self.gap < 0:
            raise ValueError(
                "expected rows, columns >= 1, tile >= 16, gap >= 0. Received: "
                f"rows={self.rows}, columns={self.columns}, tile={self.tile}, gap={self.gap}"
            )
        x1, y1, x2, y2 = self.header
        inside = 0 <= x1 < x2 <= self.size[0] and 0 <= y1 < y2 <= self.strip
        if right > self.size[0] or bottom > self.size[1] or not inside:
            raise ValueError(
                f"expected tiles up to ({right}, {bottom}) and header {self.header} in "
                f"strip={self.strip} to fit the picture. Received: size={self.size}"
            )

    def boxes(self) -> tuple[Bounds, ...]:
        """The tiles' xyxy boxes, row by row."""
        step = self.tile + self.gap
        corners = [
            (self.origin[0] + step * column, self.origin[1] + step * row)
            for row in range(self.rows)
            for column in range(self.columns)
        ]
        return tuple((x, y, x + self.tile, y + self.tile) for x, y in corners)


@dataclass(frozen=True, slots=True)
class GridLabel:
    """What a grid asks for, where it is (tiles from 0, row by row), and what each tile shows."""

    word: str
    answers: tuple[int, ...]
    names: tuple[str, ...] = field(default=())


class TilesGenerator:
    """Draws grids.

    Options: `words`, up to 80, the i-th for the i-th icon (default: the icons' own names);
    `layout`; `fonts`, Chinese faces for the header; `two`, how often two words are asked for.
    Raises ValueError for too few or too many words.
    """

    def __init__(
        self,
        words: Sequence[str] | None = None,
        *,
        layout: GridLayout | None = None,
        fonts: Sequence[FontFace] | None = None,
        two: float = 0.0,
    ) -> None:
        self.words = NAMES if words is None else tuple(words)
        if not 3 <= len(self.words) <= len(NAMES) or len(set(self.words)) < len(self.words):
            raise ValueError(f"expected 3 to {len(NAMES)} different words. Received: {self.words}")
        self.layout = layout or GridLayout()
        self.header = HeaderGenerator(self.words, fonts, two=two, box=self.layout.header)
        self.two = two

    def sample(self, rng: Rng) -> tuple[Image.Image, GridLabel]:
        """One whole picture, RGB, and its label."""
        picture, label, quality = self._draw(rng)
        return Image.fromarray(jpeg(picture, quality)), label

    def tile(self, word: str, rng: Rng) -> Image.Image:
        """One tile that shows `word`, RGB, as it is before the picture is compressed."""
        return Image.fromarray(draw_tile(NAMES[self.words.index(word)], self.layout.tile, rng))

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
        picture[: layout.strip] = self.header.strip(label.word, rng, (width, layout.strip))
        for (x1, y1, x2, y2), name in zip(layout.boxes(), names, strict=True):
            picture[y1:y2, x1:x2] = draw_tile(NAMES[name], layout.tile, rng)
        return picture, label, int(rng.integers(70, 92))


def draw_tile(name: str, side: int, rng: Rng) -> np.ndarray:
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
            icon = paint_icon(name, size, rng, turn=float(np.clip(rng.normal(0, 10), -30, 30)))
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
