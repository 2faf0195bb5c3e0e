"""Click pictures: characters or icons strewn over a ground, to be clicked in the order asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from training.generators.cjk import find_cjk_fonts, gb2312
from training.generators.click_labels import WRITERS
from training.generators.colours import Rng
from training.generators.fonts import FontFace, FontSet
from training.generators.grounds import Grounds
from training.generators.header import jpeg
from training.generators.icon_fonts import find_icons
from training.generators.icon_shapes import ICONS
from training.generators.lookalikes import draw_lookalikes
from training.generators.marks import ALL_LOOKS
from training.generators.prompts import draw_prompt
from training.generators.random_shapes import shape_name
from training.generators.records import Item, Record, encoded, json_lines
from training.generators.scenes import draw_scene
from training.generators.signs import find_signs
from training.generators.strew import OVER, UNDER, any_kind, interfere, padded, strew
from training.generators.text import ALNUM

_ICONS = tuple(ICONS)
_SHAPES = 4000  # nameless ones; a glyph reader learns the first few hundred of them
_CUT = 0.7  # of `photo`, where there are pictures
_KINDS = {"chinese": 0.68, "alnum": 0.1, "icons": 0.15, "mixed": 0.07}


@dataclass(frozen=True, slots=True)
class ClickObject:
    """One mark.  text: its character, or "" for an icon, whose name `shape` is then.

    box: xyxy pixels, tight around the ink that is seen.  angle: degrees, clockwise.
    order: its place among those asked for, from 0, or -1 for a decoy.
    """

    box: tuple[int, int, int, int]
    text: str
    shape: str
    angle: float
    order: int

    @property
    def name(self) -> str:
        return self.text or self.shape


@dataclass(frozen=True, slots=True)
class ClickLabel:
    """All marks of a picture, and the prompt's picture (RGB) where there is one.

    A repeated character is asked for once: any mark of that name answers.
    """

    objects: tuple[ClickObject, ...]
    prompt: Image.Image | None

    @property
    def asked(self) -> tuple[ClickObject, ...]:
        return tuple(sorted((o for o in self.objects if o.order >= 0), key=lambda o: o.order))


class ClickGenerator:
    """Draws click pictures.

    Options: `symbols`, Chinese characters to draw from (default: GB 2312, both levels); `fonts`
    that cover them; `width`, the narrowest and widest picture in pixels; `asked` and `decoys`, how
    many marks, fewest and most; `turn`, the steepest angle in degrees; `size`, a mark's em as a
    share of the long side; `photo`, the share of painted grounds that are like photographs;
    `grounds`, folders of pictures that 0.7 · `photo` of all grounds are cut out of (default: all
    are painted); `prompt`, how often a prompt's picture is drawn too; `kinds`, shares of chinese,
    alnum, icons and mixed pictures; `clutter`, how often lines and dots interfere; `lookalikes`,
    how often solids, balls, trees and other things of a mark's size lie there too; `shapes`,
    `signs` and `icon_fonts`, the shares of icons that are nameless shapes, signs out of fonts, and
    icons of the icon fonts `icon_families` (default: all); `looks`, the shares of pictures whose
    marks all have one look of `ALL_LOOKS`, the rest having any of `LOOKS`; `visible`, how far a
    mark has to stand out from its ground (1: hard to see, 3: plain); `strips`, the share of
    pictures that are prompts, some of them crowded, sparse or cut off; `pad`, the share of its
    longer side by which a box is grown on all sides; `formats`, the labels that a corpus gets.
    Raises ValueError for options that no picture can meet.
    """

    def __init__(
        self,
        symbols: str | None = None,
        *,
        fonts: Sequence[FontFace] | None = None,
        width: tuple[int, int] = (150, 700),
        asked: tuple[int, int] = (2, 6),
        decoys: tuple[int, int] = (0, 4),
        turn: float = 75.0,
        size: tuple[float, float] = (1 / 20, 1 / 3),
        photo: float = 0.75,
        grounds: Sequence[str | Path] = (),
        prompt: float = 0.5,
        kinds: Mapping[str, float] | None = None,
        clutter: float = 0.4,
        lookalikes: float = 0.0,
        shapes: float = 0.0,
        signs: float = 0.0,
        icon_fonts: float = 0.0,
        icon_families: Sequence[str] | None = None,
        looks: Mapping[str, float] | None = None,
        visible: float = 0.0,
        strips: float = 0.0,
        pad: float = 0.0,
        formats: Sequence[str] = ("jsonl",),
    ) -> None:
        self.symbols = gb2312() if symbols is None else symbols
        self.kinds = dict(_KINDS if kinds is None else kinds)
        bounds = 1 <= asked[0] <= asked[1] and 0 <= decoys[0] <= decoys[1] and asked[1] <= 12
        sizes = 80 <= width[0] <= width[1] and 0 < size[0] <= size[1] <= 0.6
        if not (bounds and sizes and 0 <= turn <= 180):
            raise ValueError(
                "expected 80 <= width, 1 <= asked <= 12, decoys >= 0, 0 < size <= 0.6, "
                f"turn 0 to 180, each (low, high). Received: width={width}, asked={asked}, "
                f"decoys={decoys}, size={size}, turn={turn}"
            )
        unknown = set(self.kinds) - set(_KINDS)
        if (
            unknown
            or not self.kinds
            or min(self.kinds.values()) < 0
            or not any(self.kinds.values())
        ):
            raise ValueError(f"kinds: expected shares of {sorted(_KINDS)}. Received: {self.kinds}")
        if len(set(self.symbols)) < asked[1] + 1:
            raise ValueError(f"expected more than {asked[1]} symbols. Received: {self.symbols!r}")
        missing = [name for name in formats if name not in WRITERS]
        if missing or not formats:
            raise ValueError(f"formats: expected of {sorted(WRITERS)}. Received: {list(formats)}")
        self.looks = dict(looks or {})
        shares = self.looks.values()
        if set(self.looks) - set(ALL_LOOKS) or sum(shares) > 1 or min(shares, default=0) < 0:
            raise ValueError(
                f"looks: expected shares of {sorted(ALL_LOOKS)}, at most 1 together. "
                f"Received: {self.looks}"
            )
        faces = find_cjk_fonts(self.symbols + ALNUM) if fonts is None else fonts
        self._faces = FontSet(faces)
        self.width, self.asked, self.decoys = width, asked, decoys
        self.turn, self.size = turn, size
        self.photo, self.prompt, self.clutter = photo, prompt, clutter
        self.lookalikes = lookalikes
        self.shapes, self.signs, self.icon_fonts = shapes, signs, icon_fonts
        self.visible, self.strips, self.pad = visible, strips, pad
        self.formats = tuple(formats)
        self._grounds = Grounds(grounds) if grounds else None
        self._signs = find_signs() if signs else ()
        self._font_icons = find_icons(icon_families, least=1) if icon_fonts else ()

    def sample(self, rng: Rng) -> tuple[Image.Image, ClickLabel]:
        """One picture, RGB, and its label."""
        picture, label, quality = self._draw(rng)
        return Image.fromarray(jpeg(picture, quality)), label

    def item(self, rng: Rng, stem: str) -> Item:
        """The picture as JPEG, its prompt as PNG, and what is on it."""
        picture, label, quality = self._draw(rng)
        files = {f"{stem}.jpg": encoded(picture, ".jpg", quality=quality)}
        if label.prompt is not None:
            files[f"{stem}_prompt.png"] = encoded(np.asarray(label.prompt), ".png")
        record: Record = {
            "file": f"{stem}.jpg",
            "width": picture.shape[1],
            "height": picture.shape[0],
            "asked": [o.name for o in label.asked],
            "prompt": f"{stem}_prompt.png" if label.prompt is not None else None,
            "objects": [
                {"box": o.box, "text": o.text, "shape": o.shape, "angle": o.angle, "order": o.order}
                for o in label.objects
            ],
        }
        return Item(files, record)

    def tables(self, records: Sequence[Record]) -> Mapping[str, bytes]:
        """``labels.jsonl``, and what `formats` asks for besides."""
        files = {"labels.jsonl": json_lines(records)}
        for name in self.formats:
            files.update(WRITERS[name](records))
        return files

    def _draw(self, rng: Rng) -> tuple[np.ndarray, ClickLabel, int]:
        if self.strips and rng.random() < self.strips:
            return self._strip(rng)
        width = round(float(np.exp(rng.uniform(*np.log(self.width)))))
        height = max(60, round(width * float(rng.choice([rng.uniform(0.4, 0.8), 1.0, 0.62]))))
        picture = self._ground(height, width, rng)
        em = max(width, height) * float(np.exp(rng.uniform(*np.log(self.size))))
        em = float(np.clip(em, 15, 0.45 * min(width, height)))
        unit = max(1.5, em * 0.07)
        kind = any_kind(rng) if self.lookalikes else None
        if kind and rng.random() < self.lookalikes:
            draw_lookalikes(
                picture, rng, size=em, kind=kind, other=lambda: self._ground(height, width, rng)
            )
        if rng.random() < self.clutter:
            interfere(picture, rng, UNDER, unit)
        names, asked = self._names(rng, room=height * width / em**2)
        turn = min(self.turn, float(rng.choice([0.0, 30.0, 45.0, 180.0, 180.0])))
        objects: list[ClickObject] = []
        look = self._look(rng) if self.looks else None
        laid = strew(
            picture,
            names,
            rng,
            em=em,
            turn=turn,
            faces=self._faces,
            kind=kind,
            look=look,
            visible=self.visible,
        )
        for i, box, angle in laid:
            # What found no room is not asked for, so that the order goes on without a gap.
            order = sum(o.order >= 0 for o in objects) if i < asked else -1
            grown = padded(box, self.pad, height=height, width=width)
            objects.append(ClickObject(grown, *names[i], angle, order))
        rng.shuffle(objects)
        if rng.random() < self.clutter:
            interfere(picture, rng, OVER, unit)
        if rng.random() < 0.25:
            picture = cv2.GaussianBlur(picture, (0, 0), min(1.1, em * 0.015 + 0.2))
        wanted = sorted((o for o in objects if o.order >= 0), key=lambda o: o.order)
        prompt = None
        if rng.random() < self.prompt:
            marks = [(o.text, o.shape) for o in wanted]
            prompt = Image.fromarray(draw_prompt(marks, self._faces, rng)[0])
        return picture, ClickLabel(tuple(objects), prompt), int(rng.integers(60, 96))

    def _look(self, rng: Rng) -> str | None:
        shares = [*self.looks.values(), max(0.0, 1 - sum(self.looks.values()))]
        return [*self.looks, None][int(rng.choice(len(shares), p=np.array(shares) / sum(shares)))]

    def _ground(self, height: int, width: int, rng: Rng) -> np.ndarray:
        if self._grounds is not None and rng.random() < self.photo * _CUT:
            return self._grounds.crop(height, width, rng)
        return draw_scene(height, width, rng, photo=self.photo)

    def _strip(self, rng: Rng) -> tuple[np.ndarray, ClickLabel, int]:
        """A prompt as the picture itself: in it, too, characters are to be found."""
        names, asked = self._names(rng, room=40.0)
        kind = rng.random()
        picture, boxes = draw_prompt(
            names[:asked],
            self._faces,
            rng,
            crowded=kind < 0.3,
            sparse=kind > 0.7,
            cut=asked > 1 and rng.random() < 0.25,
        )
        height, width = picture.shape[:2]
        objects = [
            ClickObject(padded(box, self.pad, height=height, width=width), *name, 0.0, order)
            for order, (name, box) in enumerate(zip(names, boxes, strict=False))
            if box is not None
        ]
        return picture, ClickLabel(tuple(objects), None), int(rng.integers(60, 96))

    def _names(self, rng: Rng, *, room: float) -> tuple[list[tuple[str, str]], int]:
        """(text, shape) of every mark, those asked for first, and how many these are."""
        shares = np.array([self.kinds.get(kind, 0.0) for kind in _KINDS])
        kind = list(_KINDS)[int(rng.choice(len(shares), p=shares / shares.sum()))]
        asked = int(rng.integers(self.asked[0], self.asked[1] + 1))
        asked = max(1, min(asked, int(room / 3.2)))
        spare = max(0, int(room / 3.2) - asked)
        decoys = min(spare, int(rng.integers(self.decoys[0], self.decoys[1] + 1)))
        texts = {"chinese": self.symbols, "alnum": ALNUM, "icons": "", "mixed": self.symbols}[kind]
        icons = {"chinese": 0.0, "alnum": 0.0, "icons": 1.0, "mixed": 0.4}[kind]
        chosen: list[tuple[str, str]] = []
        while len(chosen) < asked + decoys:
            if rng.random() < icons:
                name = ("", self._icon(rng))
            else:
                name = (texts[self._place(texts, chosen, asked, rng)], "")
            if name not in chosen:
                chosen.append(name)
        if len(chosen) > asked and rng.random() < 0.04:  # one decoy is a second of its kind
            chosen[-1] = chosen[0]
        return chosen, asked

    def _icon(self, rng: Rng) -> str:
        if self.shapes and rng.random() < self.shapes:
            return shape_name(int(rng.integers(_SHAPES)))
        # Of what is left, so that the shares are of all icons.
        if self.signs and rng.random() * (1 - self.shapes) < self.signs:
            return self._signs[int(rng.integers(len(self._signs)))]
        others = 1 - self.shapes - self.signs
        if self.icon_fonts and rng.random() * others < self.icon_fonts:
            return self._font_icons[int(rng.integers(len(self._font_icons)))]
        return _ICONS[int(rng.integers(len(_ICONS)))]

    @staticmethod
    def _place(texts: str, chosen: list[tuple[str, str]], asked: int, rng: Rng) -> int:
        """Which symbol comes next.  A decoy may be a neighbour in the list of one asked for:
        GB 2312's second level goes by radical, so that neighbours look alike.
        """
        if len(chosen) >= asked and rng.random() < 0.2:
            model = chosen[int(rng.integers(asked))][0]
            near = texts.find(model) + int(rng.choice([-2, -1, 1, 2]))
            if model and 0 <= near < len(texts):
                return near
        return int(rng.integers(len(texts)))
