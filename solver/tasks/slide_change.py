"""What differs between a background and the same picture without a gap: gaps, and evidence.

Without a piece each part that changed is a gap. With one the two pictures are evidence beside what
``slide_match`` and ``slide_close`` see: where a piece belongs, the background changed as far as the
piece reaches and no further, and the piece shows what was there before.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from solver.errors import TaskError
from solver.tasks.slide_gap import Gap
from solver.tasks.slide_piece import SMALLEST, Float32, UInt8, shrunk, size_of

# Weights of a conditional logit, as COARSE of slide_match: the shares that changed of a piece's
# place and of what is around it, and the piece against what was there, as slide_close's "core".
# By benchmarks/slide_fit.py; its ridge halves the first two, which are right so on further pairs.
CHANGE = {"filled": 12.0, "spilled": -4.0, "before": 6.0}
_LEAST_CHANGE = 12.0  # grey levels between two pictures that JPEG does not make
_MOST_PIXELS = 1_000_000  # of pictures that are compared; larger ones are made smaller first
_AROUND = 4  # a piece's side divided by this is how far around it is looked


@dataclass(frozen=True, slots=True)
class Before:
    """What is known of a background ``(H, W)`` without its gap.

    ``full (H, W, 3) uint8`` is the picture, ``changed (H, W) uint8`` is 255 where the two differ.
    """

    full: UInt8
    changed: UInt8


class Change:
    """Two pictures of one place, ``(H, W, 3) uint8`` each, of which ``full`` has no gap.

    Raises:
        TaskError: they are not of one size.
    """

    def __init__(self, background: UInt8, full: UInt8) -> None:
        if background.shape != full.shape:
            raise TaskError(
                f"full: expected the background's {size_of(background)} pixels, received "
                f"{size_of(full)}"
            )
        self._full = full
        height, width = background.shape[:2]
        factor = max(math.ceil(math.sqrt(height * width / _MOST_PIXELS)), 1)
        change = cv2.absdiff(shrunk(background, factor), shrunk(full, factor)).max(axis=2)
        change = np.asarray(cv2.GaussianBlur(change, (3, 3), 0), np.uint8)
        level, _ = cv2.threshold(change, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
        # Half of Otsu's level: parts of a gap may be changed but little.
        changed = (change > max(_LEAST_CHANGE, level / 2)).astype(np.uint8)
        changed = np.asarray(cv2.morphologyEx(changed, cv2.MORPH_CLOSE, np.ones((7, 7))), np.uint8)
        changed = np.asarray(cv2.morphologyEx(changed, cv2.MORPH_OPEN, np.ones((3, 3))), np.uint8)
        count, labels, found, _ = cv2.connectedComponentsWithStats(changed)
        across, down = width / change.shape[1], height / change.shape[0]
        self.gaps: list[Gap] = []
        self._changed = np.zeros_like(changed)
        for index in range(1, count):
            x, y, wide, high = (int(value) for value in found[index, :4])
            if min(wide * across, high * down) < SMALLEST:
                continue
            part = (slice(y, y + high), slice(x, x + wide))
            own = labels[part] == index
            self._changed[part][own] = 255
            energy = float(change[part][own].sum(dtype=np.float64))
            box = (x * across, y * down, (x + wide) * across, (y + high) * down)
            self.gaps.append(Gap(box, math.log(energy)))
        self.gaps.sort(key=lambda gap: -gap.logit)

    def before(self, shape: tuple[int, ...]) -> Before:
        """The full picture, and what changed but for specks, at ``shape`` (H, W)."""
        full, size = self._full, (shape[1], shape[0])
        if full.shape[:2] != shape[:2]:
            full = np.asarray(cv2.resize(full, size, interpolation=cv2.INTER_AREA), np.uint8)
        changed = cv2.resize(self._changed, size, interpolation=cv2.INTER_NEAREST)
        return Before(full, np.asarray(changed, np.uint8))


def kernels(cover: Float32) -> dict[str, Float32]:
    """What a mask from 0 to 1 is multiplied with for each share: weights of sum 1.

    ``cover (h, w)`` 0–1 is the piece on its canvas; as far as that reaches it is looked around.
    """
    inside = cover > 0.5
    away = cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, 3)
    beside = ~inside & (away <= around(int(inside.sum())))
    parts = {"filled": inside.astype(np.float32), "spilled": beside.astype(np.float32)}
    return {name: part / np.float32(max(part.sum(), 1.0)) for name, part in parts.items()}


def around(area: int) -> int:
    """How many pixels around a piece of so many pixels are looked at."""
    return max(round(math.sqrt(area) / _AROUND), 1)
