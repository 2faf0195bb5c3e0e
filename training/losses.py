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
    if keras.backend.backend() == "tensorflow":
        return ops.mean(_tensorflow_ctc(labels, present, logits, steps))
    blank = logits.shape[-1] - 1
    losses = ops.ctc_loss(
        ops.where(present, labels, blank), logits, lengths, steps, mask_index=blank
    )
    return ops.mean(losses)


def _tensorflow_ctc(labels: Any, present: Any, logits: Any, steps: Any) -> Any:
    """The losses ``(N,)`` by TensorFlow's kernel for sparse labels.

    Keras calls the one for dense labels, a loop over the steps that takes several times as long.
    The kernel refuses empty labels: their only path is blanks alone.
    """
    import tensorflow as tf

    logits, blank = tf.cast(logits, tf.float32), logits.shape[-1] - 1
    is_empty = ~tf.reduce_any(present, axis=1)
    only_blanks = -tf.reduce_sum(tf.nn.log_softmax(logits)[..., blank], axis=1)
    stand_in = is_empty[:, None] & (tf.range(tf.shape(labels)[1]) == 0)
    places = tf.where(present | stand_in)
    values = tf.gather_nd(tf.maximum(labels, 0), places)
    sparse = tf.SparseTensor(places, values, tf.shape(labels, out_type=tf.int64))
    losses = tf.nn.ctc_loss(sparse, logits, None, steps, logits_time_major=False, blank_index=blank)
    return tf.where(is_empty, only_blanks, losses)


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


def mixed_cross_entropy(targets: Any, logits: Any, *, smoothing: float = 0.0) -> Any:
    """Mean cross-entropy of pictures that were mixed of two.

    ``targets`` ``(N, 3)``: the first class, the second one, and the share of the first;
    ``logits`` ``(N, C)``; ``smoothing`` as in :func:`cross_entropy`. A scalar in nats a picture.
    """
    ops = keras.ops
    chances = ops.log_softmax(ops.cast(logits, "float32"), axis=-1)
    classes = ops.cast(targets[:, :2], "int32")
    right = ops.take_along_axis(chances, classes, axis=-1)
    share = ops.cast(targets[:, 2], "float32")
    right = share * right[:, 0] + (1 - share) * right[:, 1]
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
