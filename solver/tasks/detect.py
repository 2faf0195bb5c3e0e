"""Boxes of the things in a picture, found by an ``anchors`` network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from solver.decoders import anchors
from solver.errors import SpecError
from solver.geometry import Placement, nms
from solver.model import Float32, Model, Outputs
from solver.preprocess import preprocess
from solver.results import Box


class Detector:
    """Finds boxes with one network.

    Raises:
        SpecError: the network is not for this.
    """

    role: ClassVar[str] = "detector"

    def __init__(self, model: Model) -> None:
        decoder = model.spec.decoder
        if model.spec.role != self.role or decoder.name != "anchors":
            raise SpecError(
                f"{model.source}: expected role {self.role!r} with an anchors decoder, "
                f"received {model.spec.role!r} with {decoder.name}"
            )
        self.model = model

    def prepare(self, image: npt.NDArray[np.uint8]) -> tuple[Float32, Placement]:
        """The network's tensor of an ``(H, W, 3)`` RGB picture, and where that lies on it."""
        return preprocess(image, self.model.spec.input)

    def decode(
        self,
        outputs: Outputs,
        placement: Placement,
        *,
        threshold: float | None = None,
        overlap: float | None = None,
    ) -> list[Box]:
        """The boxes in the outputs for one picture: logits ``(A, C)``, differences ``(A, 4)``."""
        logits, deltas = outputs
        return anchors.decode(
            logits,
            deltas,
            spec=self.model.spec,
            placement=placement,
            threshold=threshold,
            overlap=overlap,
        )

    def distinct(self, boxes: Sequence[Box], *, overlap: float | None = None) -> list[Box]:
        """The boxes of :meth:`detect`, of those in one place the best alone, whatever its class.

        ``overlap``: as in :meth:`detect`.
        """
        rules = self.model.spec.decoder.anchors
        if rules is None or len(self.model.spec.decoder.labels) < 2 or len(boxes) < 2:
            return list(boxes)
        corners = np.array([box.xyxy for box in boxes], dtype=np.float64)
        scores = np.array([box.score for box in boxes])
        most = rules.iou_threshold if overlap is None else overlap
        return [boxes[i] for i in nms(corners, scores, iou_threshold=most)]

    def detect(
        self,
        image: npt.NDArray[np.uint8],
        *,
        threshold: float | None = None,
        overlap: float | None = None,
    ) -> list[Box]:
        """The boxes of one ``(H, W, 3)`` RGB picture in its pixels, best score first.

        The least score, and the IoU above which two boxes are one thing, are the contract's where
        they are None.
        """
        tensor, placement = self.prepare(image)
        outputs = self.model.run(tensor)
        return self.decode(outputs, placement, threshold=threshold, overlap=overlap)
