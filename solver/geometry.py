"""Boxes, and where a picture came to lie on a network's canvas.

Boxes and points are pixels, ``xyxy``, origin at the top left corner, the right and bottom edges
exclusive; a picture ``w`` pixels wide spans ``0 … w``. Arrays of boxes are ``(N, 4) float64``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Boxes = npt.NDArray[np.float64]
Float64 = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

# Boxes compared at once by `nms`: large enough for NumPy to be quick, small enough that a
# matrix of all pairs is never made.
_BLOCK = 128


@dataclass(frozen=True, slots=True)
class Placement:
    """A picture scaled by ``scale_x, scale_y`` and laid at ``left, top`` of a canvas.

    ``width, height`` are the picture's own size in pixels; ``left, top`` are canvas pixels.
    """

    width: int
    height: int
    scale_x: float
    scale_y: float
    left: int = 0
    top: int = 0

    def to_canvas(self, x: float, y: float) -> tuple[float, float]:
        """Map a point of the picture to the canvas."""
        return x * self.scale_x + self.left, y * self.scale_y + self.top

    def to_picture(self, x: float, y: float) -> tuple[float, float]:
        """Map a point of the canvas to the picture, held inside the picture's edges."""
        picture_x = (x - self.left) / self.scale_x
        picture_y = (y - self.top) / self.scale_y
        return (
            min(max(picture_x, 0.0), float(self.width)),
            min(max(picture_y, 0.0), float(self.height)),
        )

    def boxes_to_canvas(self, boxes: Boxes) -> Boxes:
        """Map ``(N, 4)`` boxes of the picture to the canvas."""
        return boxes * self._scales + self._offsets

    def boxes_to_picture(self, boxes: Boxes) -> Boxes:
        """Map ``(N, 4)`` boxes of the canvas to the picture, held inside the picture's edges."""
        return clip((boxes - self._offsets) / self._scales, width=self.width, height=self.height)

    @property
    def _scales(self) -> Float64:
        return np.array([self.scale_x, self.scale_y] * 2)

    @property
    def _offsets(self) -> Float64:
        return np.array([self.left, self.top] * 2, dtype=np.float64)


def area(boxes: Boxes) -> Float64:
    """Square pixels of ``(N, 4)`` boxes, ``(N,)``; 0 where a box has no width or height."""
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0.0)
    product: Float64 = sides[:, 0] * sides[:, 1]
    return product


def iou(first: Boxes, second: Boxes) -> Float64:
    """Intersection over union of every pair of ``(N, 4)`` and ``(M, 4)`` boxes, ``(N, M)``.

    0 where neither box has an area.
    """
    # Column by column: NumPy is slow along an axis of two.
    a, b = first.T[..., None], second.T[:, None]
    width = np.minimum(a[2], b[2]) - np.maximum(a[0], b[0])
    height = np.minimum(a[3], b[3]) - np.maximum(a[1], b[1])
    shared = np.maximum(width, 0.0) * np.maximum(height, 0.0)
    union = area(first)[:, None] + area(second)[None, :] - shared
    ratio: Float64 = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return ratio


def clip(boxes: Boxes, *, width: float, height: float) -> Boxes:
    """Hold ``(N, 4)`` boxes inside ``0 … width`` and ``0 … height``; outside, a side is 0."""
    edges = np.array([width, height, width, height], dtype=np.float64)
    clipped: Boxes = np.clip(boxes, 0.0, edges)
    return clipped


def nms(
    boxes: Boxes,
    scores: npt.NDArray[np.floating],
    *,
    iou_threshold: float,
    classes: npt.NDArray[np.integer] | None = None,
) -> Indices:
    """Greedy non-maximum suppression: the boxes to keep, best score first.

    A box is dropped when a kept one that scores higher, and has the same class where
    ``classes (N,)`` is given, overlaps it by more than ``iou_threshold``. Of equal scores the
    first counts as the higher.
    """
    order = np.argsort(-scores, kind="stable")
    kept: Indices = np.empty(0, dtype=np.intp)

    def clashes(rows: Indices, columns: Indices) -> npt.NDArray[np.bool_]:
        found = iou(boxes[rows], boxes[columns]) > iou_threshold
        if classes is not None:
            found &= classes[rows][:, None] == classes[columns][None, :]
        return found

    for start in range(0, len(order), _BLOCK):
        block = order[start : start + _BLOCK]
        if len(kept):
            block = block[~clashes(kept, block).any(axis=0)]
        alive = np.ones(len(block), dtype=bool)
        rivals = clashes(block, block)
        for row in range(len(block)):
            if alive[row]:
                alive[row + 1 :] &= ~rivals[row, row + 1 :]
        kept = np.concatenate([kept, block[alive]])
    return kept
