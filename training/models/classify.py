"""One class a picture: a backbone, the mean over its map, logits."""

from __future__ import annotations

from pathlib import Path

import keras

from training.models import backbones


def build_classify(
    *,
    height: int,
    width: int,
    channels: int,
    classes: int,
    backbone: str = "residual",
    filters: int = 24,
    dropout: float = 0.2,
    stride: int = 32,
    weights: str | None = None,
    root: Path | None = None,
) -> keras.Model:
    """Build ``image (N, height, width, channels) float32 → logits (N, classes) float32``.

    ``filters`` scales our own small backbones; ``stride`` is where a named one is tapped;
    ``weights`` and ``root``: see :func:`training.models.backbones.apply`.

    Raises:
        BackboneError: the backbone does not fit.
    """
    image = keras.Input((height, width, channels), name="image")
    x = backbones.apply(backbone, image, width=filters, stride=stride, weights=weights, root=root)
    x = keras.layers.GlobalAveragePooling2D(dtype="float32", name="global_pool")(x)
    x = keras.layers.Dropout(dropout, dtype="float32", name="dropout")(x)
    logits = keras.layers.Dense(classes, dtype="float32", name="head")(x)
    return keras.Model(image, logits, name="classify")
