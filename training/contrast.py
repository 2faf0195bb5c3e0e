"""What self-supervised pre-training learns from: versions of one picture are alike, others not."""

from __future__ import annotations

from typing import Any

import keras

TEMPERATURE = 0.15
_NEVER = 1e9


def contrastive_loss(owners: Any, codes: Any, *, temperature: float = TEMPERATURE) -> Any:
    """The supervised contrastive loss (Khosla et al. 2020), mean over the rows of a batch.

    ``codes`` ``(N, D)`` of any length; ``owners`` ``(N,)`` integers: rows of one owner, which are
    versions of one picture or pictures of one class, should be alike. Where every owner has just
    two rows this is NT-Xent (Chen et al. 2020, SimCLR). A row alone counts for nothing.
    """
    ops = keras.ops
    codes = ops.cast(codes, "float32")
    units = codes / ops.sqrt(ops.sum(codes * codes, axis=-1, keepdims=True) + 1e-9)
    alike = ops.matmul(units, ops.transpose(units)) / temperature
    itself = ops.eye(ops.shape(alike)[0], dtype="float32")
    chances = ops.log_softmax(alike - _NEVER * itself, axis=-1)
    owners = ops.reshape(ops.cast(owners, "int32"), (-1,))
    same = ops.cast(ops.equal(owners[:, None], owners[None, :]), "float32") - itself
    partners = ops.sum(same, axis=-1)
    losses = -ops.sum(same * chances, axis=-1) / ops.maximum(partners, 1.0)
    counted = ops.cast(partners > 0, "float32")
    return ops.sum(losses * counted) / ops.maximum(ops.sum(counted), 1.0)
