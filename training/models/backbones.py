"""Small convolutional backbones for two cores.

A backbone is a function ``(image tensor) → feature map``. Convolutions without bias are followed
by batch normalisation whose momentum suits short runs.
"""

from __future__ import annotations

from typing import Any

import keras

BATCH_NORM_MOMENTUM = 0.98


def conv_bn(
    x: Any,
    filters: int,
    kernel: int | tuple[int, int] = 3,
    *,
    strides: int | tuple[int, int] = 1,
    padding: str = "same",
    activation: str | None = "relu",
    name: str,
) -> Any:
    """Convolution, batch normalisation and an optional activation."""
    x = keras.layers.Conv2D(
        filters, kernel, strides=strides, padding=padding, use_bias=False, name=f"{name}_conv"
    )(x)
    x = keras.layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM, name=f"{name}_bn")(x)
    return keras.layers.Activation(activation, name=f"{name}_act")(x) if activation else x


def residual(x: Any, filters: int, kernel: int | tuple[int, int] = 3, *, name: str) -> Any:
    """Two convolutions beside an identity (He et al. 2015); the width does not change."""
    y = conv_bn(x, filters, kernel, name=f"{name}_a")
    y = conv_bn(y, filters, kernel, activation=None, name=f"{name}_b")
    y = keras.layers.Add(name=f"{name}_add")([x, y])
    return keras.layers.Activation("relu", name=f"{name}_out")(y)


def compact(x: Any, *, width: int = 32) -> Any:
    """Six-fold shallow residual net for lines of text: ``(N, 48, W, c) → (N, 3, W/4, 4·width)``.

    Height shrinks by 16, width by 4, so that narrow letters keep steps of their own.
    """
    x = conv_bn(x, width, strides=2, name="stem")
    x = conv_bn(x, width, name="stage1")
    x = conv_bn(x, 2 * width, strides=2, name="stage2_in")
    x = residual(x, 2 * width, name="stage2")
    x = conv_bn(x, 3 * width, strides=(2, 1), name="stage3_in")
    x = residual(x, 3 * width, name="stage3")
    x = conv_bn(x, 4 * width, strides=(2, 1), name="stage4_in")
    return residual(x, 4 * width, name="stage4")
