"""Which input and anchors suit the boxes of a data set, and how many boxes anchors reach.

An anchor reaches a box when their shapes, laid upon each other, overlap by half or more: what
lies in between is a matter of the cells, which are everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solver.anchors import AnchorSpec

Float64 = npt.NDArray[np.float64]
SCALES = (1.0, 1.26, 1.5874)
REACHED = 0.5
STRIDE = 8  # of the finest level
FEWEST, MOST = 3, 6  # levels
LONGEST = 512  # pixels of the input's longer side, unless boxes get too small
ENOUGH = 50_000  # boxes tell what all of them would
LEAST_SIDE = 12  # pixels that a small box needs
# Levels and scales cover sides of so many octaves from the smallest size on.
OCTAVES = math.log2(SCALES[-1])


@dataclass(frozen=True, slots=True)
class Canvas:
    """Pixels of a network's input."""

    height: int
    width: int


@dataclass(frozen=True, slots=True)
class AnchorFit:
    """An input, anchors for it, and what they do for ``boxes`` boxes.

    ``smallest`` and ``largest`` are sides of boxes (the root of their area) on that input, 1 in
    100 beyond each. ``reached`` is the share of boxes that these anchors reach; ``now`` that of
    the settings at hand, if any.
    """

    height: int
    width: int
    sizes: tuple[float, ...]
    aspect_ratios: tuple[float, ...]
    boxes: int
    smallest: float
    largest: float
    reached: float
    now: float | None = None

    def __str__(self) -> str:
        sizes = ", ".join(f"{size:g}" for size in self.sizes)
        ratios = ", ".join(f"{ratio:g}" for ratio in self.aspect_ratios)
        return (
            f"[input] height = {self.height}, width = {self.width}; [detect] sizes = [{sizes}], "
            f"aspect_ratios = [{ratios}]"
        )

    @property
    def reason(self) -> str:
        """What it was made for, in a sentence."""
        now = "" if self.now is None else f"; those of the settings now, {100 * self.now:.1f} %"
        return (
            f"{self.boxes} boxes have sides of {self.smallest:.0f} to {self.largest:.0f} pixels "
            f"there; these anchors reach {100 * self.reached:.1f} % of them{now}"
        )


def fit(
    boxes: Sequence[Float64],
    pictures: Sequence[tuple[int, int]],
    *,
    canvas: Canvas | None = None,
    anchors: AnchorSpec | None = None,
) -> AnchorFit | None:
    """Anchors for the ``(n, 2)`` widths and heights of each picture's boxes; None without boxes.

    ``pictures`` are their (width, height), all in pixels. ``canvas`` is the input of settings, one
    is chosen where None; ``anchors`` are those of the settings.
    """
    kept = [(b, size) for b, size in zip(boxes, pictures, strict=True) if len(b)]
    if not kept:
        return None
    own = canvas or _canvas([b for b, _ in kept], list(pictures))
    # A letterbox scales each picture by one number.
    scaled = np.concatenate(
        [b * min(own.width / size[0], own.height / size[1]) for b, size in kept]
    )
    counted = len(scaled)
    scaled = scaled[:: max(1, counted // ENOUGH)]
    sides, ratios = np.sqrt(scaled.prod(axis=1)), scaled[:, 0] / scaled[:, 1]
    low, high = np.quantile(sides, [0.01, 0.99])
    sizes = _sizes(float(low), float(high))
    step = STRIDE << (len(sizes) - 1)
    height, width = (-(-side // step) * step for side in (own.height, own.width))
    shapes = _ratios(ratios)
    return AnchorFit(
        height=height,
        width=width,
        sizes=sizes,
        aspect_ratios=shapes,
        boxes=counted,
        smallest=float(low),
        largest=float(high),
        reached=_reached(scaled, sizes, SCALES, shapes),
        now=None
        if anchors is None
        else _reached(scaled, anchors.sizes, anchors.scales, anchors.aspect_ratios),
    )


def _canvas(boxes: Sequence[Float64], pictures: Sequence[tuple[int, int]]) -> Canvas:
    """As large as the largest picture, or smaller, as far as small boxes can be."""
    width, height = (max(size[axis] for size in pictures) for axis in (0, 1))
    small = float(np.quantile(np.concatenate(boxes).min(axis=1), 0.05))
    scale = min(1.0, max(LONGEST / max(width, height), LEAST_SIDE / max(small, 1e-6)))
    step = STRIDE << (FEWEST - 1)
    return Canvas(*(max(step, step * math.ceil(side * scale / step)) for side in (height, width)))


def _sizes(low: float, high: float) -> tuple[float, ...]:
    """A size a level, each twice the one before, that cover sides from low to high."""
    span = math.log2(max(high, 1.0) / max(low, 1.0))
    levels = min(MOST, max(FEWEST, math.ceil(span - OCTAVES) + 1))
    middle = math.log2(max(low, 1.0)) + span / 2
    first = 2 ** (middle - (levels - 1 + OCTAVES) / 2)
    # Half a cell is the least that a level can tell apart.
    first = max(STRIDE / 2, round(first, 1 if first < 10 else 0))
    return tuple(float(first * 2**level) for level in range(levels))


def _ratios(ratios: Float64) -> tuple[float, ...]:
    """One shape where boxes are much alike, else a flat one, a middle one and a tall one."""
    low, middle, high = (float(np.exp(q)) for q in np.quantile(np.log(ratios), [0.1, 0.5, 0.9]))
    if high / low <= 2:
        return (_plain(middle),)
    return tuple(dict.fromkeys(_plain(one) for one in (low, middle, high)))


def _plain(ratio: float) -> float:
    """A tenth is near enough, and 1 is what is nearly 1."""
    return 1.0 if 0.9 <= ratio <= 1.1 else max(0.1, round(ratio, 1))


def _reached(
    boxes: Float64, sizes: Sequence[float], scales: Sequence[float], ratios: Sequence[float]
) -> float:
    shapes = np.array(
        [
            (size * scale * math.sqrt(ratio), size * scale / math.sqrt(ratio))
            for size in sizes
            for scale in scales
            for ratio in ratios
        ]
    )
    common = np.minimum(boxes[:, None], shapes).prod(axis=2)
    overlap = common / (boxes.prod(axis=1)[:, None] + shapes.prod(axis=1) - common)
    return float((overlap.max(axis=1) >= REACHED).mean())
