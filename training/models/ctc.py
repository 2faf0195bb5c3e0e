"""Text of any length: a backbone, the height folded away, context along the line, CTC logits.

Connectionist temporal classification: Graves et al. 2006. The sequence stays four-dimensional
(one row) so that the exported graph holds no transposes.
"""

from __future__ import annotations

from typing import Any

import keras

from training.models import backbones

WIDTH_STRIDE = 4


def build_ctc(
    *,
    height: int,
    channels: int,
    classes: int,
    width: int = 32,
    context: int = 2,
    dropout: float = 0.1,
) -> keras.Model:
    """Build ``image (N, height, W, channels) float32 → logits (N, W/4, classes) float32``.

    ``classes`` counts the blank. ``width`` scales all layers; ``context`` is the number of
    residual blocks along the line. ``height`` must be a multiple of 16.
    """
    if height % 16:
        raise ValueError(f"height: expected a multiple of 16, received {height}")
    image = keras.Input((height, None, channels), name="image")
    x = backbones.compact(image, width=width)
    features = 6 * width
    x = backbones.conv_bn(x, features, (height // 16, 1), padding="valid", name="fold")
    for block in range(context):
        x = backbones.residual(x, features, (1, 5), name=f"context{block + 1}")
    x = keras.layers.Dropout(dropout, name="dropout")(x)
    x = keras.layers.Conv2D(classes, 1, dtype="float32", name="head")(x)
    logits: Any = keras.layers.Reshape((-1, classes), dtype="float32", name="logits")(x)
    return keras.Model(image, logits, name="ctc")
