"""A detector: EfficientDet (Tan, Pang and Le 2020), its targets and its losses.

Targets are keras-cv's RetinaNetLabelEncoder on the anchors of :mod:`solver.anchors`, losses
keras-cv's focal loss (Lin et al. 2017) and smooth L1 loss. keras-cv is imported where it is used,
and it needs TensorFlow's backend; the network itself needs neither.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from solver import anchors
from solver.anchors import AnchorSpec
from solver.errors import MissingDependencyError
from solver.geometry import Boxes, iou
from training.models import bifpn

Float32 = npt.NDArray[np.float32]
Int64 = npt.NDArray[np.int64]
Pyramid = Callable[[Any], list[Any]]

LEAST_PHI, MOST_PHI = -2, 7
BACKGROUND, IGNORED = -1.0, -2.0
# A smooth L1 loss is a mean of four differences: their sum weighs as much as in RetinaNet.
BOX_WEIGHT = 4.0


@dataclass(frozen=True, slots=True)
class Scale:
    """The sizes of a network's parts, all from one number (compound scaling).

    Phi 0 to 7 are the paper's D0 to D7; -1 and -2 go on below them, for two cores.
    """

    filters: int
    layers: int
    head_depth: int
    backbone_width: float
    backbone_depth: float

    @classmethod
    def of(cls, phi: int) -> Scale:
        """The scale of one phi.

        Raises:
            ValueError: no integer from -2 to 7.
        """
        if phi not in range(LEAST_PHI, MOST_PHI + 1):
            raise ValueError(f"phi: expected {LEAST_PHI} to {MOST_PHI}, received {phi!r}")
        return cls(
            filters=bifpn.rounded(64 * 1.35**phi),
            layers=3 + phi,
            head_depth=3 + phi // 3,
            backbone_width=1.1**phi,
            backbone_depth=1.2**phi,
        )


class EfficientDet(keras.Model):  # type: ignore[misc]
    """``image (N, H, W, c)`` → logits ``(N, A, C)`` and differences ``(N, A, 4)``, with its loss.

    Targets are the pair that :class:`TargetEncoder` gives: ``compile`` takes an optimizer alone.
    """

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        del x, sample_weight, training
        return detection_loss(y, y_pred)


def build_efficientdet(
    *,
    height: int,
    width: int,
    channels: int,
    classes: int,
    spec: AnchorSpec,
    phi: int = 0,
    backbone: Pyramid | None = None,
) -> EfficientDet:
    """Build the network of a canvas; one built for another canvas has the same weights.

    ``backbone`` makes features of strides 8, 16 and 32 of the image, our own small one where
    None.

    Raises:
        ValueError: a canvas, phi or strides that the pyramid cannot have.
    """
    expected = tuple(bifpn.FINEST_STRIDE << level for level in range(len(spec.strides)))
    if spec.strides != expected:
        raise ValueError(f"strides: expected {expected}, received {spec.strides}")
    if height % spec.strides[-1] or width % spec.strides[-1]:
        raise ValueError(
            f"height, width: expected multiples of {spec.strides[-1]}, received {height}, {width}"
        )
    scale = Scale.of(phi)
    image = keras.Input((height, width, channels), name="image")
    if backbone is None:
        features = bifpn.mobile_pyramid(
            image, width=scale.backbone_width, depth=scale.backbone_depth
        )
    else:
        features = backbone(image)
    pyramid = bifpn.bifpn(
        features, levels=len(spec.strides), filters=scale.filters, layers=scale.layers
    )
    options = {"shapes": spec.shapes, "depth": scale.head_depth}
    logits = bifpn.head(pyramid, outputs=classes, name="class", **options)
    deltas = bifpn.head(pyramid, outputs=4, name="box", **options)
    return EfficientDet(image, [logits, deltas], name="efficientdet")


def detection_loss(targets: Any, outputs: Any) -> Any:
    """Focal loss of the classes and smooth L1 loss of the boxes, per positive anchor.

    ``targets`` are differences ``(N, A, 4)`` and labels ``(N, A)``, -1 for background and -2 for
    anchors that do not count; ``outputs`` are logits ``(N, A, C)`` and differences ``(N, A, 4)``.
    """
    keras_cv = _keras_cv()
    wanted, labels = targets
    logits, deltas = outputs
    labels = keras.ops.cast(labels, "float32")
    positive = keras.ops.cast(labels > BACKGROUND, "float32")
    counted = keras.ops.cast(labels != IGNORED, "float32")
    # one_hot of an index below 0 is a row of zeros: the background is no class.
    truth = keras.ops.one_hot(keras.ops.cast(labels, "int32"), logits.shape[-1], dtype="float32")
    focal = keras_cv.losses.FocalLoss(from_logits=True, reduction="none")
    smooth = keras_cv.losses.SmoothL1Loss(l1_cutoff=1.0, reduction="none")
    class_loss = keras.ops.sum(focal(truth, logits) * counted)
    box_loss = keras.ops.sum(smooth(wanted, deltas) * positive)
    count = keras.ops.maximum(keras.ops.sum(positive), 1.0)
    return (class_loss + BOX_WEIGHT * box_loss) / count


def _keras_cv() -> Any:
    try:
        return importlib.import_module("keras_cv")
    except ImportError as error:
        raise MissingDependencyError(
            f"task 'detect' needs keras-cv ({error}); install it: pip install keras-cv",
            name="keras_cv",
        ) from error


class _Anchors:
    """The anchors of :mod:`solver.anchors` as keras-cv asks for them."""

    bounding_box_format = "xyxy"

    def __init__(self, boxes: Boxes) -> None:
        self._boxes = boxes.astype(np.float32)

    def __call__(self, image_shape: object) -> dict[int, Any]:
        del image_shape
        return {0: keras.ops.convert_to_tensor(self._boxes)}


class TargetEncoder:
    """What each anchor of a canvas should answer, from the boxes that are in a picture.

    An anchor that overlaps a box by ``positive`` or more shall find it; below ``negative`` it is
    background; between them it does not count. A box that no anchor overlaps so much gets the
    anchor that overlaps it best, so that every box is learned.
    """

    def __init__(
        self,
        spec: AnchorSpec,
        *,
        height: int,
        width: int,
        positive: float = 0.5,
        negative: float = 0.4,
    ) -> None:
        keras_cv = _keras_cv()

        self._spec = spec
        self._positive = positive
        self._shape = (height, width, 1)
        self._anchors = anchors.anchors(spec, height, width)
        policy = keras.mixed_precision.dtype_policy()
        # Under mixed precision a layer rounds what it is given: boxes would lose whole pixels.
        keras.mixed_precision.set_dtype_policy("float32")
        try:
            self._encoder = keras_cv.models.retinanet.LabelEncoder(
                bounding_box_format="xyxy",
                anchor_generator=_Anchors(self._anchors),
                positive_threshold=positive,
                negative_threshold=negative,
                box_variance=spec.variances,
                background_class=BACKGROUND,
                ignore_class=IGNORED,
            )
        finally:
            keras.mixed_precision.set_dtype_policy(policy)

    def __call__(self, boxes: Sequence[Boxes], classes: Sequence[Int64]) -> tuple[Float32, Float32]:
        """Encode a batch: ``(M, 4)`` boxes, canvas pixels, and ``(M,)`` classes a picture.

        Returns differences ``(N, A, 4)`` and labels ``(N, A)``: a class, -1 or -2.

        Raises:
            ValueError: a picture has not as many classes as boxes.
        """
        most = max([1, *map(len, boxes)])
        padded = np.full((len(boxes), most, 4), -1.0, dtype=np.float32)
        labels = np.full((len(boxes), most), -1.0, dtype=np.float32)
        for row, (some, numbers) in enumerate(zip(boxes, classes, strict=True)):
            if len(some) != len(numbers):
                raise ValueError(
                    f"picture {row}: expected {len(some)} classes, received {len(numbers)}"
                )
            padded[row, : len(some)] = some
            labels[row, : len(some)] = numbers
        # The encoder looks at the pictures' shape alone.
        shapes = np.zeros((len(boxes), *self._shape), dtype=np.float32)
        encoded = self._encoder(shapes, {"boxes": padded, "classes": labels})
        deltas, targets = (np.array(keras.ops.convert_to_numpy(part)) for part in encoded)
        for row, (some, numbers) in enumerate(zip(boxes, classes, strict=True)):
            self._rescue(some, numbers, deltas[row], targets[row])
        return deltas, targets

    def _rescue(self, boxes: Boxes, classes: Int64, deltas: Float32, targets: Float32) -> None:
        """Give boxes without a positive anchor their best one, in place."""
        if not len(boxes):
            return
        overlaps = iou(boxes, self._anchors)
        best = overlaps.argmax(axis=1)
        for number in np.flatnonzero(overlaps.max(axis=1) < self._positive):
            place = slice(best[number], best[number] + 1)
            one = boxes[number : number + 1]
            deltas[place] = anchors.encode(one, self._anchors[place], self._spec.variances)
            targets[place] = classes[number]
