"""Losses from raw logits. Labels stay the integers that they are."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import keras


def ctc_loss(labels: Any, logits: Any) -> Any:
    """Mean CTC loss (Graves et al. 2006) of a batch.

    ``labels`` ``(N, L)`` integers, padded at the end with -1; ``logits`` ``(N, T, C)`` with the
    blank as the last class. Returns a scalar in nats a picture.
    """
    ops = keras.ops
    labels = ops.cast(labels, "int32")
    present = labels >= 0
    lengths = ops.sum(ops.cast(present, "int32"), axis=1)
    steps = ops.full_like(lengths, ops.shape(logits)[1])
    blank = logits.shape[-1] - 1
    losses = ops.ctc_loss(
        ops.where(present, labels, blank), logits, lengths, steps, mask_index=blank
    )
    return ops.mean(losses)


def cross_entropy(labels: Any, logits: Any, *, smoothing: float = 0.0) -> Any:
    """Mean cross-entropy of a batch of classes, or of rows of them.

    ``labels`` ``(N,)`` or ``(N, L)`` integers, every one a class; ``logits`` one axis more.
    ``smoothing`` is the share of the target that is spread evenly over all classes (Szegedy et
    al. 2016). Returns a scalar in nats a label.
    """
    ops = keras.ops
    chances = ops.log_softmax(ops.cast(logits, "float32"), axis=-1)
    indices = ops.expand_dims(ops.cast(labels, "int32"), -1)
    right = ops.squeeze(ops.take_along_axis(chances, indices, axis=-1), -1)
    if smoothing:
        right = (1 - smoothing) * right + smoothing * ops.mean(chances, axis=-1)
    return -ops.mean(right)


def loss_for(task: str, *, smoothing: float = 0.0) -> Callable[[Any, Any], Any]:
    """``(labels, logits) → scalar`` of a task: multi-head, ctc, ctc-tiny or classify.

    Raises:
        ValueError: another task, ``smoothing`` outside 0–1, or smoothing with CTC.
    """
    if not 0 <= smoothing < 1:
        raise ValueError(f"smoothing: expected 0 ≤ smoothing < 1, received {smoothing}")
    smoothed = partial(cross_entropy, smoothing=smoothing)
    table: dict[str, Callable[[Any, Any], Any]] = {
        "multi-head": smoothed,
        "classify": smoothed,
        "ctc": ctc_loss,
        "ctc-tiny": ctc_loss,
    }
    if task not in table:
        raise ValueError(f"task: expected one of {', '.join(table)}, received {task!r}")
    if smoothing and table[task] is ctc_loss:
        raise ValueError(f"smoothing: {task} has none; set it to 0")
    return table[task]
