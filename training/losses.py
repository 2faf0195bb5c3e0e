"""Losses."""

from __future__ import annotations

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
