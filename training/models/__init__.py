"""Networks, in Keras 3: what each training task builds, learns from, and answers.

A network is trained on ``(x, y)``: tensors, and what the task's targets make of the samples of a
batch. One table holds what differs between the tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from solver.charset import Charset
from solver.geometry import Placement
from training.config import Config
from training.data.pipeline import Targets, padded_codes
from training.losses import loss_for, mixed_cross_entropy
from training.models.classify import build_classify
from training.models.ctc import build_ctc, build_ctc_tiny
from training.models.detect import box_targets, build_detect, read_boxes
from training.models.efficientdet import detection_loss
from training.models.multi_head import build_multi_head

Labels = tuple[str, ...]
Float32 = npt.NDArray[np.float32]


Loss = Callable[[Any, Any], Any]


@dataclass(frozen=True, slots=True)
class Task:
    """What differs between the training tasks.

    ``network`` builds ``image → outputs``. ``loss`` gives ``(targets, outputs) → scalar``.
    ``targets`` turns the samples of a batch into what the network should answer. ``read`` turns a
    batch of outputs, and where the pictures lie on their canvases, into answers: texts, classes,
    or lists of boxes.
    """

    network: Callable[[Config, int, Path | None], keras.Model]
    loss: Callable[[Config], Loss]
    targets: Callable[[Config, Labels], Targets]
    read: Callable[[Config, Labels, Sequence[Float32], Sequence[Placement]], list[Any]]


class LossModel(keras.Model):  # type: ignore[misc]
    """A network with its loss; targets reach the loss as they are."""

    def __init__(self, *arguments: Any, loss_function: Any = None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.loss_function = loss_function

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        del x, sample_weight, training
        return self.loss_function(y, y_pred)


def build(config: Config, *, labels: Labels = (), root: Path | None = None) -> LossModel:
    """The network of a configuration, without trained weights, with its loss.

    ``labels`` are the classes of a classifier or detector. ``root`` is where the user's own
    backbone lies.

    Raises:
        BackboneError: the backbone does not fit.
    """
    task = TASKS[config.task]
    plain = task.network(config, config.decoder_spec(labels=labels).classes, root)
    return LossModel(plain.input, plain.output, name=plain.name, loss_function=task.loss(config))


def collapse(path: list[int], charset: Charset) -> str:
    """The string of a CTC path: repeats merged, then blanks (the last class) dropped."""
    kept = [c for i, c in enumerate(path) if c != len(charset) and (i == 0 or path[i - 1] != c)]
    return charset.decode(kept)


def _ctc(config: Config, classes: int, root: Path | None) -> keras.Model:
    return build_ctc(
        height=config.input.height,
        channels=config.input.channels,
        classes=classes,
        width=config.model.width,
        context=config.model.context,
        dropout=config.model.dropout,
        backbone=config.model.backbone or "compact",
        weights=config.model.weights or None,
        root=root,
    )


def _ctc_tiny(config: Config, classes: int, root: Path | None) -> keras.Model:
    del root
    return build_ctc_tiny(
        height=config.input.height, channels=config.input.channels, classes=classes
    )


def _multi_head(config: Config, classes: int, root: Path | None) -> keras.Model:
    return build_multi_head(
        height=config.input.height,
        width=config.input.width,
        channels=config.input.channels,
        length=config.length,
        classes=classes,
        backbone=config.model.backbone or "compact",
        filters=config.model.width,
        features=config.model.features,
        context=config.model.context,
        dropout=config.model.dropout,
        weights=config.model.weights or None,
        root=root,
    )


def _classify(config: Config, classes: int, root: Path | None) -> keras.Model:
    return build_classify(
        height=config.input.height,
        width=config.input.width,
        channels=config.input.channels,
        classes=classes,
        backbone=config.model.backbone or "residual",
        filters=config.model.width,
        dropout=config.model.dropout,
        weights=config.model.weights or None,
        root=root,
    )


def _plain_loss(config: Config) -> Loss:
    return loss_for(config.task, smoothing=config.fit.label_smoothing)


def _class_loss(config: Config) -> Loss:
    loss = _plain_loss(config)
    if not config.classify.mix:
        return lambda y, logits: loss(y[:, 0], logits)
    smoothing = config.fit.label_smoothing

    def either(y: Any, logits: Any) -> Any:
        # What is validated is not mixed: it has the one class alone.
        if y.shape[1] == 1:
            return loss(y[:, 0], logits)
        return mixed_cross_entropy(y, logits, smoothing=smoothing)

    return either


def _encode_text(config: Config, labels: Labels) -> Targets:
    del labels
    return padded_codes(config.charset.encode, multiple=8)


def _encode_padded(config: Config, labels: Labels) -> Targets:
    charset = config.charset
    del labels
    return padded_codes(lambda label: charset.encode_padded(label, config.length))


def _encode_class(config: Config, labels: Labels) -> Targets:
    places = {label: place for place, label in enumerate(config.labels or labels)}
    return padded_codes(lambda label: [places[label]])


def _read_ctc(
    config: Config, labels: Labels, outputs: Sequence[Float32], placements: Sequence[Placement]
) -> list[str]:
    del labels, placements
    charset = config.charset
    return [collapse(path, charset) for path in outputs[0].argmax(-1).tolist()]


def _read_heads(
    config: Config, labels: Labels, outputs: Sequence[Float32], placements: Sequence[Placement]
) -> list[str]:
    del labels, placements
    charset = config.charset
    rows = outputs[0].argmax(-1).tolist()
    return [charset.decode([c for c in row if c != len(charset)]) for row in rows]


def _read_class(
    config: Config, labels: Labels, outputs: Sequence[Float32], placements: Sequence[Placement]
) -> list[str]:
    del placements
    names = config.labels or labels
    return [names[index] for index in outputs[0].argmax(-1).tolist()]


TASKS: dict[str, Task] = {
    "ctc": Task(_ctc, _plain_loss, _encode_text, _read_ctc),
    "ctc-tiny": Task(_ctc_tiny, _plain_loss, _encode_text, _read_ctc),
    "multi-head": Task(_multi_head, _plain_loss, _encode_padded, _read_heads),
    "classify": Task(_classify, _class_loss, _encode_class, _read_class),
    "detect": Task(build_detect, lambda _: detection_loss, box_targets, read_boxes),
}
