"""Single words cut from a header, as a header model reads them, and words that it does not know.

What a grid's header may ask for is a closed list; everything else has to get little confidence. So
some pictures show other words, labelled ``other``: made of the list's own characters in a wrong
order or number, and of any others that are common. Cutting is the runtime's own.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image

from solver.errors import TaskError
from solver.words import cut_words
from training.generators.cjk import find_cjk_fonts, gb2312
from training.generators.colours import Rng
from training.generators.fonts import FontFace
from training.generators.header import HeaderGenerator, header_symbols, jpeg, words80

OTHER = "other"
_TRIES = 8
_LONGEST = 4  # characters of an unknown word


class HeaderWordGenerator:
    """Draws words and cuts them out.

    Options: `words` that are known (default: the 80 of 12306); `fonts`, Chinese faces (default:
    all of this machine that cover the words and the common characters of GB 2312); `outside`, the
    share of other words; `scaled`, the share of pictures that are not in their own size.
    Raises ValueError when there is no word, no font that covers them, or a share is none.
    """

    def __init__(
        self,
        words: Sequence[str] | None = None,
        fonts: Sequence[FontFace] | None = None,
        *,
        outside: float = 0.25,
        scaled: float = 0.25,
    ) -> None:
        self.words = words80() if words is None else tuple(words)
        if not 0 <= outside <= 1 or not 0 <= scaled <= 1:
            raise ValueError(f"expected shares from 0 to 1. Received: {outside=}, {scaled=}")
        if OTHER in self.words:
            raise ValueError(f"expected other words than {OTHER!r}, which means none of them")
        self.outside = outside
        self.scaled = scaled
        self._own = "".join(sorted(set("".join(self.words))))
        self._common = gb2312((1,)) if outside else self._own
        if fonts is None:
            fonts = find_cjk_fonts(_symbols(header_symbols(self.words), self._common))
        self.header = HeaderGenerator(self.words, fonts)
        self._known = frozenset(self.words)

    @property
    def labels(self) -> tuple[str, ...]:
        """The words, then, where some are drawn, what is none of them."""
        return (*self.words, *([OTHER] if self.outside else ()))

    def sample(self, rng: Rng) -> tuple[Image.Image, str]:
        """One word's picture, RGB, and the word, or ``other``."""
        is_other = rng.random() < self.outside
        word = self._unknown(rng) if is_other else str(rng.choice(self.words))
        return Image.fromarray(self._cut(word, rng)), OTHER if is_other else word

    def _cut(self, word: str, rng: Rng) -> np.ndarray:
        """The word alone, as the runtime cuts it: (h, w, 3) uint8.

        A header that the runtime takes for two words, or for none, is drawn again.
        """
        x1, y1, _, y2 = self.header.box
        for _ in range(_TRIES):
            strip = self.header.strip(word, rng)
            scale = 1.0
            if rng.random() < self.scaled:
                scale = float(np.exp(rng.uniform(np.log(0.7), np.log(2.2))))
                method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
                strip = cv2.resize(strip, None, fx=scale, fy=scale, interpolation=method)
            strip = jpeg(strip, int(rng.integers(60, 94)))
            height, width = strip.shape[:2]
            low = min(height, round((y2 - 2) * scale))  # a rule ends the header
            try:
                pieces = cut_words(strip, (round(x1 * scale), round(y1 * scale), width, low))
            except TaskError:
                continue
            if len(pieces) == 1:
                return pieces[0]
        return np.ascontiguousarray(strip[: round(y2 * scale), round(x1 * scale) :])

    def _unknown(self, rng: Rng) -> str:
        """A word that is not of the list, half of the time of its characters alone."""
        while True:
            kind = rng.random()
            if kind < 0.25:  # a part of a word, or a word with one character changed
                word = str(rng.choice(self.words))
                place = int(rng.integers(len(word)))
                put = "" if rng.random() < 0.4 else self._common[_place(rng, self._common)]
                word = word[:place] + put + word[place + 1 :]
            else:
                among = self._own if kind < 0.5 else self._common
                length = int(rng.choice(_LONGEST, p=(0.1, 0.5, 0.3, 0.1))) + 1
                word = "".join(among[_place(rng, among)] for _ in range(length))
            if word and word not in self._known:
                return word


def _symbols(*parts: str) -> str:
    return "".join(sorted(set("".join(parts))))


def _place(rng: Rng, among: str) -> int:
    return int(rng.integers(len(among)))
