"""Text of any length: a backbone, the height folded away, context along the line, CTC logits.

Connectionist temporal classification: Graves et al. 2006. The sequence stays four-dimensional
(one row) so that the exported graph holds no transposes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from training.models import backbones


def build_ctc(
    *,
    height: int,
    channels: int,
    classes: int,
    width: int = 32,
    context: int = 2,
    dropout: float = 0.1,
    backbone: str = "compact",
    stride: int = 8,
    weights: str | None = None,
    root: Path | None = None,
) -> keras.Model:
    """Build ``image (N, height, W, channels) float32 → logits (N, T, classes) float32``.

    ``classes`` counts the blank. ``width`` scales all layers of ours; ``context`` is the number
    of residual blocks along the line. ``T`` is ``W/4`` with the compact backbone, about ``W/8``
    with the others (``W/stride`` with Keras's named ones): see :func:`time_steps`. ``height``
    must be a multiple of 16. ``weights`` and ``root``: see
    :func:`training.models.backbones.apply`.

    Raises:
        BackboneError: the backbone does not fit.
    """
    if height % 16:
        raise ValueError(f"height: expected a multiple of 16, received {height}")
    image = keras.Input((height, None, channels), name="image")
    x = backbones.apply(backbone, image, width=width, stride=stride, weights=weights, root=root)
    features = 6 * width
    x = backbones.conv_bn(x, features, (x.shape[1], 1), padding="valid", name="fold")
    for block in range(context):
        x = backbones.residual(x, features, (1, 5), name=f"context{block + 1}")
    x = keras.layers.Dropout(dropout, name="dropout")(x)
    x = keras.layers.Conv2D(classes, 1, dtype="float32", name="head")(x)
    logits: Any = keras.layers.Reshape((-1, classes), dtype="float32", name="logits")(x)
    return keras.Model(image, logits, name="ctc")


def build_ctc_tiny(
    *,
    height: int,
    channels: int,
    classes: int,
    width: int = 12,
    context: int = 1,
    dropout: float = 0.05,
) -> keras.Model:
    """The same network in small memory: half the width, a tenth of the parameters."""
    return build_ctc(
        height=height,
        channels=channels,
        classes=classes,
        width=width,
        context=context,
        dropout=dropout,
    )


def time_steps(network: keras.Model, width: int) -> int:
    """How many steps a CTC network has for a picture of ``width`` pixels.

    A text needs one step a symbol, and one more between two equal symbols.
    """
    _, height, _, channels = network.input_shape
    shape = network.compute_output_shape((1, height, width, channels))
    return int(shape[1])
