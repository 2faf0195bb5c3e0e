"""The ``detect`` task: what the settings build, learn from, and answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from solver.decoders import anchors
from solver.errors import MissingDependencyError
from solver.geometry import Placement
from solver.results import Box
from solver.spec import ModelSpec
from training.config import Config
from training.data.pipeline import Targets
from training.metrics import BOX_FLOOR
from training.models.efficientdet import TargetEncoder, build_efficientdet
from training.models.pyramids import pyramid
from training.models.zoo import NETWORKS, BackboneError
from training.samples import Sample

Float32 = npt.NDArray[np.float32]


def build_detect(config: Config, classes: int, root: Path | None) -> keras.Model:
    """EfficientDet of the settings, on our own backbone or a named one.

    Raises:
        BackboneError: the backbone does not fit.
    """
    name = config.model.backbone
    backbone = None
    if name:

        def backbone(image: Any) -> list[Any]:
            return pyramid(name, image, weights=config.model.weights or None, root=root)

    elif config.model.weights:
        raise BackboneError(
            "model.weights: the detector's own backbone has no ImageNet weights; name one that "
            f"has in model.backbone ({', '.join(NETWORKS)}), or leave weights out"
        )
    return build_efficientdet(
        height=config.input.height,
        width=config.input.width,
        channels=config.input.channels,
        classes=classes,
        spec=config.detect.anchors(),
        phi=config.detect.phi,
        backbone=backbone,
    )


def box_targets(config: Config, labels: tuple[str, ...]) -> Targets:
    """Differences ``(N, A, 4)`` and classes ``(N, A)`` of a batch: see :class:`TargetEncoder`.

    Raises:
        MissingDependencyError: there is no keras-cv, or Keras runs on another backend.
    """
    if keras.backend.backend() != "tensorflow":
        raise MissingDependencyError(
            "task 'detect' trains on Keras's TensorFlow backend, which keras-cv needs; received "
            f"KERAS_BACKEND={keras.backend.backend()}"
        )
    names = {label: place for place, label in enumerate(config.labels or labels)}
    encoder = TargetEncoder(
        config.detect.anchors(), height=config.input.height, width=config.input.width
    )

    def targets(samples: Sequence[Sample]) -> tuple[Float32, Float32]:
        boxes = [
            np.array([(b.x1, b.y1, b.x2, b.y2) for b in one.boxes], dtype=np.float64).reshape(-1, 4)
            for one in samples
        ]
        classes = [np.array([names[b.label] for b in one.boxes], dtype=np.int64) for one in samples]
        return encoder(boxes, classes)

    return targets


def read_boxes(
    config: Config,
    labels: tuple[str, ...],
    outputs: Sequence[Float32],
    placements: Sequence[Placement],
) -> list[list[Box]]:
    """The boxes in logits ``(N, A, C)`` and differences ``(N, A, 4)``, in pixels of each picture.

    All that score at least :data:`training.metrics.BOX_FLOOR`, for average precision.
    """
    spec = ModelSpec(
        role=config.role,
        input=config.input_spec(),
        decoder=config.decoder_spec(labels=labels),
    )
    return [
        anchors.decode(*pair, spec=spec, placement=placement, threshold=BOX_FLOOR)
        for *pair, placement in zip(*outputs, placements, strict=True)
    ]
