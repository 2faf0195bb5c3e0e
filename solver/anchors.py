"""Anchor boxes of a detector: where they lie, and how boxes are written relative to them.

An anchor is a box of a fixed size centred on a cell of a feature map. The network gives each one
a difference ``(dy, dx, dh, dw)``, the coding of Faster R-CNN (Ren et al. 2015) in the axis order
of keras-cv, whose AnchorGenerator and RetinaNetLabelEncoder give the same anchors and codes.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np

from solver import _checks
from solver.errors import SpecError
from solver.geometry import Boxes

MAX_LEVELS = 8
MAX_SHAPES = 64
MAX_SIZE = 8192.0
# exp(10) is 22,026 times the anchor: beyond any picture, and far from overflow.
MAX_LOG_RATIO = 10.0


@dataclass(frozen=True, slots=True)
class AnchorSpec:
    """The anchors of a detector, and which of its boxes count.

    One ``stride`` and one ``size`` a pyramid level, in canvas pixels, finest level first. Every
    cell has ``len(scales) * len(aspect_ratios)`` anchors, the scale in the outer loop, with sides
    ``size * scale * sqrt(ratio)`` (width) and ``size * scale / sqrt(ratio)`` (height).
    ``variances`` divide ``(dy, dx, dh, dw)``. Boxes that score less than ``score_threshold`` are
    dropped, the best ``max_candidates`` of the others go into non-maximum suppression at
    ``iou_threshold``, and at most ``max_boxes`` come out.
    """

    strides: tuple[int, ...] = (8, 16, 32)
    sizes: tuple[float, ...] = (24.0, 48.0, 96.0)
    scales: tuple[float, ...] = (1.0, 1.26, 1.5874)
    aspect_ratios: tuple[float, ...] = (0.5, 1.0, 2.0)
    variances: tuple[float, ...] = (0.1, 0.1, 0.2, 0.2)
    score_threshold: float = 0.3
    iou_threshold: float = 0.5
    max_candidates: int = 300
    max_boxes: int = 100

    def __post_init__(self) -> None:
        where = "decoder.anchors"
        for name in ("strides", "sizes", "scales", "aspect_ratios", "variances"):
            values = getattr(self, name)
            _checks.kind(f"{where}.{name}", values, tuple)
            if not values:
                raise SpecError(f"{where}.{name}: expected at least one number, received none")
        if len(self.strides) > MAX_LEVELS or len(self.strides) != len(self.sizes):
            raise SpecError(
                f"{where}.strides, sizes: expected one of each for 1 to {MAX_LEVELS} levels, "
                f"received {len(self.strides)} and {len(self.sizes)}"
            )
        for stride in self.strides:
            _checks.integer(f"{where}.strides", stride, 1, 1024)
        if sorted(set(self.strides)) != list(self.strides):
            raise SpecError(f"{where}.strides: expected rising values, received {self.strides}")
        for size in self.sizes:
            _checks.between(f"{where}.sizes", size, 0.1, MAX_SIZE)
        for name in ("scales", "aspect_ratios"):
            for value in getattr(self, name):
                _checks.between(f"{where}.{name}", value, 0.01, 100)
        if self.shapes > MAX_SHAPES:
            raise SpecError(
                f"{where}.scales, aspect_ratios: expected at most {MAX_SHAPES} anchors a cell, "
                f"received {self.shapes}"
            )
        if len(self.variances) != 4:
            raise SpecError(f"{where}.variances: expected 4 numbers, got {len(self.variances)}")
        for value in self.variances:
            _checks.between(f"{where}.variances", value, 1e-6, 1e6)
        _checks.between(f"{where}.score_threshold", self.score_threshold, 0, 1)
        _checks.between(f"{where}.iou_threshold", self.iou_threshold, 0, 1)
        _checks.integer(f"{where}.max_candidates", self.max_candidates, 1, 10_000)
        _checks.integer(f"{where}.max_boxes", self.max_boxes, 1, 10_000)

    @property
    def shapes(self) -> int:
        """Anchors a cell."""
        return len(self.scales) * len(self.aspect_ratios)

    def count(self, height: int, width: int) -> int:
        """All anchors of a canvas of that many pixels."""
        return self.shapes * sum(
            math.ceil(height / stride) * math.ceil(width / stride) for stride in self.strides
        )


@functools.lru_cache(maxsize=16)
def anchors(spec: AnchorSpec, height: int, width: int) -> Boxes:
    """The ``(A, 4)`` anchors of a canvas, xyxy pixels, not clipped, read-only.

    Finest level first, then row by row, cell by cell, scale by scale, ratio by ratio: the order
    of the network's outputs.
    """
    roots = np.sqrt(np.asarray(spec.aspect_ratios, dtype=np.float64))
    levels = []
    for stride, size in zip(spec.strides, spec.sizes, strict=True):
        sides = size * np.asarray(spec.scales, dtype=np.float64)[:, None]
        halves_x, halves_y = (sides * roots).ravel() / 2, (sides / roots).ravel() / 2
        rows = (np.arange(math.ceil(height / stride)) + 0.5) * stride
        columns = (np.arange(math.ceil(width / stride)) + 0.5) * stride
        y, x = (axis[..., None] for axis in np.meshgrid(rows, columns, indexing="ij"))
        corners = [x - halves_x, y - halves_y, x + halves_x, y + halves_y]
        levels.append(np.stack(corners, axis=-1).reshape(-1, 4))
    whole: Boxes = np.concatenate(levels)
    whole.flags.writeable = False
    return whole


def encode(boxes: Boxes, anchor_boxes: Boxes, variances: tuple[float, ...]) -> Boxes:
    """Write ``(N, 4)`` boxes as differences from as many anchors: ``(dy, dx, dh, dw)``.

    Sides below one millionth of a pixel count as that.
    """
    y, x, height, width = _centres(boxes)
    anchor_y, anchor_x, anchor_h, anchor_w = _centres(anchor_boxes)
    differences = [
        (y - anchor_y) / anchor_h,
        (x - anchor_x) / anchor_w,
        np.log(np.maximum(height, 1e-6) / anchor_h),
        np.log(np.maximum(width, 1e-6) / anchor_w),
    ]
    encoded: Boxes = np.stack(differences, axis=-1) / variances
    return encoded


def decode(differences: Boxes, anchor_boxes: Boxes, variances: tuple[float, ...]) -> Boxes:
    """The ``(N, 4)`` boxes, xyxy pixels, that :func:`encode` wrote; finite for finite input."""
    dy, dx, dh, dw = (differences * np.asarray(variances, dtype=np.float64)).T
    y, x, height, width = _centres(anchor_boxes)
    half_h = height * np.exp(np.minimum(dh, MAX_LOG_RATIO)) / 2
    half_w = width * np.exp(np.minimum(dw, MAX_LOG_RATIO)) / 2
    y, x = y + dy * height, x + dx * width
    return np.stack([x - half_w, y - half_h, x + half_w, y + half_h], axis=-1)


def _centres(boxes: Boxes) -> tuple[Boxes, Boxes, Boxes, Boxes]:
    """Centre y, centre x, height and width."""
    x1, y1, x2, y2 = boxes.T
    return (y1 + y2) / 2, (x1 + x2) / 2, y2 - y1, x2 - x1
