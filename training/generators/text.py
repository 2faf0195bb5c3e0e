"""Our own generator of text captchas: many faces, grounds, warps and kinds of clutter."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from PIL import Image

from training.generators.colours import BACKGROUNDS, LUMA, PICKS, Colour, Rng, ink
from training.generators.effects import CLUTTER, WARPS
from training.generators.fonts import FontFace, FontSet, find_fonts, glyph
from training.generators.layout import Letter, arrange, box, fitted, make_letter
from training.generators.presets import STYLES
from training.generators.styles import TextStyle, choose, some, within
from training.generators.wear import WEAR

ALNUM = string.digits + string.ascii_lowercase + string.ascii_uppercase
# Letters whose two cases only their size tells apart (and the digit like one of them).
_SIZE_TELLS = frozenset("0cCkKoOpPsSuUvVwWxXzZ")
_STEADY = 0.07  # how far these may be scaled where both cases meet
# Hard to tell apart in many faces when digits and both cases meet.
_LOOKALIKES = frozenset("0Oo1lI")
_KIND_SYMBOLS: Mapping[str, str] = {
    "digits": string.digits,
    "lower": string.ascii_lowercase,
    "upper": string.ascii_uppercase,
    "lower+digits": string.digits + string.ascii_lowercase,
    "upper+digits": string.digits + string.ascii_uppercase,
    "mixed": ALNUM,
}


class TextGenerator:
    """Draws text captchas of many families.

    Options: `symbols`, what may occur; `length`, the fewest and the most letters; `styles`,
    families by name (default: all of `STYLES`); `fonts`, faces to draw with (default: all that the
    machine has and that cover `symbols`).
    Raises ValueError for an impossible length, no symbols, or a name that is not a style's.
    """

    def __init__(
        self,
        symbols: str = ALNUM,
        length: tuple[int, int] = (3, 8),
        *,
        styles: Mapping[str, TextStyle] | Sequence[str] | None = None,
        fonts: Sequence[FontFace] | None = None,
    ) -> None:
        visible = symbols.isprintable() and " " not in symbols
        if not symbols or len(set(symbols)) != len(symbols) or not visible:
            raise ValueError(f"expected visible symbols, each once. Received: symbols={symbols!r}")
        if not 1 <= length[0] <= length[1]:
            raise ValueError(f"expected 1 <= fewest <= most. Received: length={length}")
        if styles is None:
            styles = STYLES
        known = styles if isinstance(styles, Mapping) else STYLES
        if not styles or any(name not in known for name in styles):
            raise ValueError(f"expected styles of {sorted(STYLES)}. Received: {list(styles)}")
        self.symbols = symbols
        self.length = length
        self.styles = {name: known[name] for name in styles}
        self.fonts = tuple(fonts) if fonts is not None else find_fonts(symbols)
        self._set = FontSet(self.fonts)

    def sample(self, rng: Rng) -> tuple[Image.Image, str]:
        """One picture of random text, RGB, and the text."""
        style = self._style(rng)
        return self._draw(self._label(style, rng), style, rng)

    def render(self, label: str | None, rng: Rng) -> tuple[Image.Image, str]:
        """One picture of `label`, RGB, and the label; None: of random text.

        Raises ValueError when a symbol of the label is not one of `symbols`.
        """
        if label is None:
            return self.sample(rng)
        if not label or any(symbol not in self.symbols for symbol in label):
            raise ValueError(f"expected one or more of {self.symbols!r}. Received: label={label!r}")
        return self._draw(label, self._style(rng), rng)

    def _style(self, rng: Rng) -> TextStyle:
        name = choose(rng, tuple((name, style.weight) for name, style in self.styles.items()))
        return self.styles[name]

    def _label(self, style: TextStyle, rng: Rng) -> str:
        allowed = set(_KIND_SYMBOLS[choose(rng, style.kinds)])
        pool = [symbol for symbol in self.symbols if symbol in allowed] or list(self.symbols)
        if len(pool) > 40 and rng.random() < 0.6:
            pool = [symbol for symbol in pool if symbol not in _LOOKALIKES]
        low, high = self.length
        usual = (max(low, min(4, high)), min(high, max(6, low)))
        low, high = usual if rng.random() < 0.8 else (low, high)
        letters = rng.choice(pool, int(rng.integers(low, high + 1))).tolist()
        if len(letters) > 1 and rng.random() < 0.1:
            place = int(rng.integers(1, len(letters)))
            letters[place] = letters[place - 1]
        return "".join(letters)

    def _draw(self, label: str, style: TextStyle, rng: Rng) -> tuple[Image.Image, str]:
        size = round(float(np.exp(rng.uniform(*np.log(style.size)))))
        unit = max(1.5, size * 0.1)
        letters = self._letters(label, style, size, unit, rng)
        warp = choose(rng, style.warp)
        amount = size * within(rng, style.warp_amount) if warp != "none" else 0.0
        height, width = arrange(letters, style, size, amount, rng)
        canvas = BACKGROUNDS[choose(rng, style.background)](
            height, width, rng, choose(rng, style.ground)
        )
        picture = canvas.astype(np.uint8)
        over_kind = choose(rng, style.over_ink)
        colours = _ink_colours(letters, picture, style, rng)

        def pick() -> Colour:
            if over_kind in ("same", "shade"):
                red, green, blue = colours[int(rng.integers(len(colours)))]
                add = 0.0 if over_kind == "same" else rng.uniform(-30, 110)
                return min(255.0, red + add), min(255.0, green + add), min(255.0, blue + add)
            if over_kind == "ground":
                row, column = int(rng.integers(height)), int(rng.integers(width))
                red, green, blue = picture[row, column].tolist()
                return red, green, blue
            return PICKS[over_kind](rng)

        fixed = pick() if rng.random() < 0.5 else None
        chosen = pick if fixed is None else (lambda: fixed)
        faded, ground = rng.uniform(0.1, 0.85), np.median(picture[::4, ::4], axis=(0, 1))

        def faint() -> Colour:
            red, green, blue = (np.asarray(chosen()) * (1 - faded) + ground * faded).tolist()
            return red, green, blue

        for name in some(rng, style.under, 2):
            CLUTTER[name](picture, rng, faint, unit)
        cover, paint = _inked(letters, colours, height, width)
        for name in some(rng, style.in_ink, 1):
            CLUTTER[name](cover, rng, lambda: (255.0,), unit)
        if warp != "none":
            across, down = WARPS[warp](height, width, rng, amount)
            cover = cv2.remap(cover, across, down, cv2.INTER_LINEAR)
            edge = cv2.BORDER_REPLICATE
            paint = cv2.remap(paint, across, down, cv2.INTER_LINEAR, borderMode=edge)
        picture = _composed(picture, cover, paint, unit=unit, style=style, rng=rng)
        for name in some(rng, style.over, 2):
            CLUTTER[name](picture, rng, chosen, unit)
        for name in some(rng, style.wear, 3):
            picture = WEAR[name](picture, rng, unit)
        return Image.fromarray(fitted(picture)), label

    def _letters(
        self, label: str, style: TextStyle, size: int, unit: float, rng: Rng
    ) -> list[Letter]:
        change = choose(rng, style.face_change)
        face = self._set.draw(rng, choose(rng, style.faces))
        crisp = rng.random() < style.crisp
        treatment = choose(rng, style.treatments)
        each = rng.random() < style.treatment_each
        cases = label.upper() != label and label.lower() != label
        degrees, shear = within(rng, style.rotation), within(rng, style.shear)
        scale, stretch = within(rng, style.scale), within(rng, style.stretch)
        lean, own_lean = rng.uniform(-shear, shear), rng.random() < 0.25
        pen = max(1, round(unit * rng.uniform(0.4, 1.3)))
        lift = size * within(rng, style.lift)
        letters = []
        for symbol in label:
            if change == "family":
                face = self._set.sibling(rng, face)
            elif change == "each":
                face = self._set.draw(rng, choose(rng, style.faces))
            if own_lean:
                lean = rng.uniform(-shear, shear)
            spread = min(scale, _STEADY) if cases and symbol in _SIZE_TELLS else scale
            if each:
                treatment = choose(rng, style.treatments)
            drawn = glyph(face, size, symbol, crisp=crisp, pen=pen if face.stroke else 2)
            letters.append(
                make_letter(
                    drawn,
                    treatment,
                    rng,
                    unit=unit,
                    degrees=rng.uniform(-degrees, degrees),
                    shear=lean + rng.uniform(-shear, shear) / 3,
                    scale=1 + rng.uniform(-spread, spread),
                    stretch=1 + rng.uniform(-stretch, stretch),
                    lift=rng.uniform(-lift, lift),
                    smooth=not crisp,
                )
            )
        return letters


def _ink_colours(
    letters: list[Letter], picture: np.ndarray, style: TextStyle, rng: Rng
) -> list[Colour]:
    """One colour a letter, each readable on the ground that lies under it."""
    height, width = picture.shape[:2]
    kind = choose(rng, style.ink)
    change = choose(rng, style.ink_change)
    grounds = []
    for letter in letters:
        y0, y1, x0, x1 = box(letter, height, width)
        around = picture[y0:y1:3, x0:x1:3].reshape(-1, 3).astype(np.float32)
        ranked = np.sort(around, axis=0)
        grounds.append(ranked[[len(ranked) // 5, len(ranked) // 2, len(ranked) * 4 // 5]])
    if change == "each":
        return [ink(rng, choose(rng, style.ink), ground, style.contrast) for ground in grounds]
    everywhere = np.concatenate(grounds)
    first = ink(rng, kind, everywhere, style.contrast)
    if change == "one":
        return [first] * len(letters)
    second = ink(rng, kind, everywhere, style.contrast)
    shares = np.linspace(0, 1, len(letters))
    blends = np.outer(1 - shares, first) + np.outer(shares, second)
    return [(float(red), float(green), float(blue)) for red, green, blue in blends]


def _inked(
    letters: list[Letter], colours: list[Colour], height: int, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """The ink's coverage (H, W) uint8, and its colour (H, W, 3) uint8 everywhere."""
    cover = np.zeros((height, width), np.uint8)
    paint = np.empty((height, width, 3), np.uint8)
    for i, (letter, colour) in enumerate(zip(letters, colours, strict=True)):
        paint[:, 0 if i == 0 else max(0, round(letter.x)) :] = np.asarray(colour, np.uint8)
    several = any(colour != colours[0] for colour in colours)
    for letter, colour in zip(letters, colours, strict=True):
        y0, y1, x0, x1 = box(letter, height, width)
        top, left = y0 - round(letter.y), x0 - round(letter.x)
        part = letter.mask[top : top + y1 - y0, left : left + x1 - x0]
        cover[y0:y1, x0:x1] = cv2.max(cover[y0:y1, x0:x1], np.ascontiguousarray(part))
        if several:
            paint[y0:y1, x0:x1][part > 0] = np.asarray(colour, np.uint8)
    return cover, paint


def _composed(
    picture: np.ndarray,
    cover: np.ndarray,
    paint: np.ndarray,
    *,
    unit: float,
    style: TextStyle,
    rng: Rng,
) -> np.ndarray:
    """Lay the ink on the ground, with a halo or a shadow below it now and then."""
    opposite = 255 if paint[0, 0] @ LUMA < 128 else 0
    if rng.random() < style.halo:
        side = 2 * max(1, round(unit * rng.uniform(0.2, 0.5))) + 1
        around = cv2.dilate(cover, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
        picture = _blended(picture, around, np.full_like(picture, opposite))
    if rng.random() < style.shadow:
        far = max(1, round(unit * rng.uniform(0.2, 0.6)))
        fallen = np.zeros_like(cover)
        fallen[far:, far:] = cover[:-far, :-far]
        tone = np.full_like(picture, opposite if rng.random() < 0.5 else 128)
        picture = _blended(picture, fallen, tone)
    return _blended(picture, cover, paint)


def _blended(below: np.ndarray, cover: np.ndarray, above: np.ndarray) -> np.ndarray:
    share = cv2.cvtColor(cover, cv2.COLOR_GRAY2RGB)
    return cv2.add(
        cv2.multiply(above, share, scale=1 / 255),
        cv2.multiply(below, cv2.bitwise_not(share), scale=1 / 255),
    )
