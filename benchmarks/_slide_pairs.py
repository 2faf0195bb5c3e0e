"""Generated slider pairs, one kind of difficulty each; seeded, the same on every machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from training.generators import SlideGenerator

_EASY: dict[str, Any] = {
    "decoys": 0,
    "turned": 0.0,
    "contrast": (0.7, 1.0),
    "quality": 80,
    "relief": 0.0,
}
# Gaps that are no answer, of which 40 % have the piece's own outline and row.
_DECOYS: dict[str, Any] = {"decoys": 3, "decoyed": 1.0, "twin": 0.4}
KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "decoys": _DECOYS,
    "soft edges": {"soft": (1.5, 2.5)},
    "JPEG q60": {"quality": (60, 60)},
    "40 % contrast": {"contrast": (0.4, 0.4)},
    "turned": {"turned": 1.0, "turn": 10.0},
    "all": {
        **_DECOYS,
        "soft": (1.0, 2.5),
        "quality": (60, 60),
        "contrast": (0.4, 0.6),
        "turned": 1.0,
        "turn": 10.0,
    },
    "relief": {**_DECOYS, "relief": 1.0},
}


@dataclass(frozen=True)
class Pair:
    """A background, a piece, the picture without gaps, and the corner where the piece belongs.

    ``start`` is where the piece's picture stands before it moves, ``offset`` how far it moves;
    ``seen`` is where in that picture the piece begins.
    """

    kind: str
    background: Image.Image
    tile: Image.Image
    full: Image.Image
    x: int
    y: int
    start: int
    offset: int
    angle: float
    seen: tuple[int, int]

    @property
    def pixels(self) -> np.ndarray:
        return np.asarray(self.background)

    @property
    def piece(self) -> np.ndarray:
        return np.asarray(self.tile)[..., :3]

    @property
    def alpha(self) -> np.ndarray | None:
        values = np.asarray(self.tile)
        return values[..., 3] if values.shape[2] == 4 else None


def draw_pairs(kind: str, count: int, *, first_seed: int) -> Iterator[Pair]:
    """``count`` pairs of one kind."""
    generator = SlideGenerator(**{**_EASY, **KINDS[kind]})
    first = first_seed + 10_000 * list(KINDS).index(kind)
    for seed in range(first, first + count):
        background, tile, full, label = generator.sample_with_full(np.random.default_rng(seed))
        start = label.start[0]
        x = start + label.offset + label.piece[0]
        y = label.start[1] + label.piece[1]
        angle, seen = label.angle, label.piece[:2]
        yield Pair(kind, background, tile, full, x, y, start, label.offset, angle, seen)
