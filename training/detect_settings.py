"""The table ``[detect]`` of a settings file."""

from __future__ import annotations

from dataclasses import dataclass

from solver.anchors import AnchorSpec


@dataclass(frozen=True, slots=True)
class Detect:
    """A detector's size, where it looks for boxes, and which of them count.

    ``phi`` scales the whole network (EfficientDet's D0 to D7 are 0 to 7). Level i of the pyramid
    has a stride of 8 · 2^i canvas pixels and anchors of ``sizes[i]`` times each of ``scales``, in
    each of ``aspect_ratios`` (width by height). ``flip`` is the share of looks that training
    mirrors: 0 where left and right matter, as in writing. Boxes that score less than
    ``score_threshold`` are no answer; of two of a class that overlap by more than
    ``iou_threshold`` the better one is.
    """

    phi: int = -2
    sizes: tuple[float, ...] = (16.0, 32.0, 64.0)
    scales: tuple[float, ...] = (1.0, 1.26, 1.5874)
    aspect_ratios: tuple[float, ...] = (1.0,)
    flip: float = 0.0
    score_threshold: float = 0.3
    iou_threshold: float = 0.5

    @property
    def strides(self) -> tuple[int, ...]:
        """Canvas pixels a cell, finest level first."""
        return tuple(8 << level for level in range(len(self.sizes)))

    def anchors(self) -> AnchorSpec:
        """The contract's anchors.

        Raises:
            SpecError: they cannot be.
        """
        return AnchorSpec(
            strides=self.strides,
            sizes=self.sizes,
            scales=self.scales,
            aspect_ratios=self.aspect_ratios,
            score_threshold=self.score_threshold,
            iou_threshold=self.iou_threshold,
        )
