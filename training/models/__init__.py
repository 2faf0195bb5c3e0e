"""Networks, in Keras 3: what each training task builds, learns from, and answers.

A text or class network is trained on ``(x, y)``: tensors and integer labels. One table holds what
differs between the tasks.
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
from training.config import Config
from training.losses import loss_for
from training.models.classify import build_classify
from training.models.ctc import build_ctc, build_ctc_tiny
from training.models.multi_head import build_multi_head

Labels = tuple[str, ...]
Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Task:
    """What differs between the training tasks.

    ``network`` builds ``image → logits``. ``encode`` turns a label into class indices. ``read``
    turns a batch of logits into answers.
    """

    network: Callable[[Config, int, Path | None], keras.Model]
    encode: Callable[[Config, Labels, str], Sequence[int]]
    read: Callable[[Config, Labels, Float32], list[str]]


class LossModel(keras.Model):  # type: ignore[misc]
    """A network with its loss; labels reach the loss as the integers they are."""

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

    ``labels`` are the classes of a classifier. ``root`` is where the user's own backbone lies.

    Raises:
        BackboneError: the backbone does not fit.
    """
    classes = config.decoder_spec(labels=labels).classes
    plain = TASKS[config.task].network(config, classes, root)
    loss = loss_for(config.task, smoothing=config.fit.label_smoothing)
    one_label = len(plain.output.shape) == 2
    return LossModel(
        plain.input,
        plain.output,
        name=plain.name,
        loss_function=(lambda y, logits: loss(y[:, 0], logits)) if one_label else loss,
    )


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


def _encode_text(config: Config, labels: Labels, label: str) -> Sequence[int]:
    del labels
    return Charset(config.symbols).encode(label)


def _encode_padded(config: Config, labels: Labels, label: str) -> Sequence[int]:
    del labels
    return Charset(config.symbols).encode_padded(label, config.length)


def _encode_class(config: Config, labels: Labels, label: str) -> Sequence[int]:
    return [(config.labels or labels).index(label)]


def _read_ctc(config: Config, labels: Labels, logits: Float32) -> list[str]:
    del labels
    charset = Charset(config.symbols)
    return [collapse(path, charset) for path in logits.argmax(-1).tolist()]


def _read_heads(config: Config, labels: Labels, logits: Float32) -> list[str]:
    del labels
    charset = Charset(config.symbols)
    return [
        charset.decode([c for c in row if c != len(charset)]) for row in logits.argmax(-1).tolist()
    ]


def _read_class(config: Config, labels: Labels, logits: Float32) -> list[str]:
    names = config.labels or labels
    return [names[index] for index in logits.argmax(-1).tolist()]


TASKS: dict[str, Task] = {
    "ctc": Task(_ctc, _encode_text, _read_ctc),
    "ctc-tiny": Task(_ctc_tiny, _encode_text, _read_ctc),
    "multi-head": Task(_multi_head, _encode_padded, _read_heads),
    "classify": Task(_classify, _encode_class, _read_class),
}
