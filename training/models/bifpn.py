"""The parts of EfficientDet (Tan, Pang and Le 2020): backbone, BiFPN and heads.

Feature maps are lists, finest level first, ``(N, H/8, W/8, C)``, ``(N, H/16, W/16, C)`` … Sides
are fixed when a network is built; weights do not depend on them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import keras

# Short runs: after 100 steps the statistics are the last ones'.
BATCH_NORM_MOMENTUM = 0.95
FINEST_STRIDE = 8
# Filters, blocks, kernel, stride and expansion of each stage behind a stem of stride 2.
_STAGES = (
    (16, 1, 3, 1, 1),
    (24, 2, 3, 2, 4),
    (40, 2, 5, 2, 4),
    (80, 3, 3, 2, 4),
    (128, 2, 5, 2, 4),
)
_PYRAMID_STAGES = (3, 4, 5)
_FINEST = _PYRAMID_STAGES[0]
_LEVEL_OUTPUT = re.compile(r"bifpn\d+_(down|up)(\d+)_bn")
# A score of 0.01 everywhere at the start, so that the background does not drown the rest (Lin et
# al. 2017).
_PRIOR = 0.01


@keras.saving.register_keras_serializable(package="training")
class Fusion(keras.layers.Layer):  # type: ignore[misc]
    """Fast normalised fusion: a mean of equal feature maps with learned weights above zero."""

    EPSILON = 1e-4

    def build(self, input_shape: Sequence[tuple[int | None, ...]]) -> None:
        self.weight = self.add_weight(shape=(len(input_shape),), initializer="ones", name="weight")
        super().build(input_shape)

    def call(self, features: Sequence[Any]) -> Any:
        weight = keras.ops.relu(self.weight)
        weight = weight / (keras.ops.sum(weight) + self.EPSILON)
        weight = keras.ops.cast(weight, self.compute_dtype)
        mixed = features[0] * weight[0]
        for place, feature in enumerate(features[1:], 1):
            mixed = mixed + feature * weight[place]
        return mixed

    def compute_output_shape(self, input_shape: Sequence[Any]) -> Any:
        return input_shape[0]


def rounded(filters: float) -> int:
    """The multiple of eight next to a number of filters."""
    return max(8, int(filters + 4) // 8 * 8)


def batch_norm(name: str, *, gamma: str = "ones") -> Any:
    """Batch normalisation; every convolution without a bias has one behind it."""
    return keras.layers.BatchNormalization(
        momentum=BATCH_NORM_MOMENTUM, gamma_initializer=gamma, name=name
    )


def conv_bn(
    x: Any,
    filters: int,
    kernel: int,
    *,
    strides: int = 1,
    relu: bool = True,
    gamma: str = "ones",
    name: str,
) -> Any:
    """Convolution, batch normalisation and, where asked for, a rectifier."""
    x = keras.layers.Conv2D(
        filters, kernel, strides=strides, padding="same", use_bias=False, name=f"{name}_conv"
    )(x)
    x = batch_norm(f"{name}_bn", gamma=gamma)(x)
    return keras.layers.Activation("relu", name=f"{name}_act")(x) if relu else x


def mbconv(x: Any, filters: int, *, kernel: int, strides: int, expand: int, name: str) -> Any:
    """Inverted residual block (Sandler et al. 2018)."""
    y = conv_bn(x, expand * x.shape[-1], 1, name=f"{name}_expand") if expand > 1 else x
    y = keras.layers.DepthwiseConv2D(
        kernel, strides=strides, padding="same", use_bias=False, name=f"{name}_depthwise"
    )(y)
    y = keras.layers.Activation("relu", name=f"{name}_act")(batch_norm(f"{name}_bn")(y))
    y = conv_bn(y, filters, 1, relu=False, name=f"{name}_project")
    if strides > 1 or x.shape[-1] != filters:
        return y
    return keras.layers.Add(name=f"{name}_add")([x, y])


def mobile_pyramid(image: Any, *, width: float = 1.0, depth: float = 1.0) -> list[Any]:
    """A small network of inverted residuals: image → features of strides 8, 16 and 32.

    ``width`` multiplies filters, ``depth`` the blocks of a stage.
    """
    x = conv_bn(image, rounded(16 * width), 3, strides=2, name="stem")
    features = []
    for stage, (filters, blocks, kernel, strides, expand) in enumerate(_STAGES, 1):
        for block in range(max(1, round(blocks * depth))):
            x = mbconv(
                x,
                rounded(filters * width),
                kernel=kernel,
                strides=strides if block == 0 else 1,
                expand=expand,
                name=f"stage{stage}_{block + 1}",
            )
        if stage in _PYRAMID_STAGES:
            features.append(x)
    return features


def dense_pyramid(image: Any, *, blocks: int = 1) -> list[Any]:
    """Plain and residual 3×3 convolutions: image → features of strides 8, 16 and 32.

    More multiply-adds than :func:`mobile_pyramid`, of the kind that a processor is quickest at:
    gradients of depthwise convolutions take several times longer than their arithmetic says.

    ``blocks`` of a stage after the first begin as no change at all: with the weights of a network
    of one block, a deeper one starts from its answers.
    """
    x = conv_bn(image, 16, 3, strides=2, name="stem")
    x = conv_bn(x, 32, 3, strides=2, name="stage1")
    features = []
    for stage, filters in enumerate((48, 96, 128), 2):
        x = conv_bn(x, filters, 3, strides=2, name=f"stage{stage}")
        for block in range(blocks):
            name = f"stage{stage}_{block + 1}"
            y = conv_bn(x, filters, 3, name=f"{name}_a")
            gamma = "zeros" if block else "ones"
            y = conv_bn(y, filters, 3, relu=False, gamma=gamma, name=f"{name}_b")
            x = keras.layers.Add(name=f"{name}_add")([x, y])
            x = keras.layers.Activation("relu", name=f"{name}_act")(x)
        features.append(x)
    return features


def bifpn(features: Sequence[Any], *, levels: int, filters: int, layers: int) -> list[Any]:
    """Weighted features of all levels, mixed down and up ``layers`` times.

    Levels above the backbone's come from its last one by pooling.
    """
    pyramid = [
        conv_bn(x, filters, 1, relu=False, name=f"level{level + 3}")
        for level, x in enumerate(features[:levels])
    ]
    for level in range(len(pyramid), levels):
        pyramid.append(_down(pyramid[-1], name=f"level{level + 3}"))
    for layer in range(layers):
        pyramid = _mix(pyramid, filters, name=f"bifpn{layer + 1}")
    return pyramid


def level_outputs(network: keras.Model, *, levels: int) -> list[Any]:
    """The layers whose outputs the heads look at, finest level first.

    Raises:
        ValueError: the network has no such pyramid.
    """
    found: dict[int, Any] = {}
    for layer in network.layers:
        named = _LEVEL_OUTPUT.fullmatch(layer.name)
        if named and (named[1] == "up") == (int(named[2]) > _FINEST):
            found[int(named[2])] = layer  # the last one of each level
    wanted = range(_FINEST, _FINEST + levels)
    if set(wanted) - set(found):
        raise ValueError(f"{network.name}: expected a pyramid of {levels} levels; name a layer")
    return [found[level] for level in wanted]


def _mix(pyramid: list[Any], filters: int, *, name: str) -> list[Any]:
    """One layer: from the coarsest level down to the finest, and up again."""
    last = len(pyramid) - 1
    middle = list(pyramid)
    for level in range(last - 1, -1, -1):
        above = _resize_to(middle[level + 1], pyramid[level])
        middle[level] = _node([pyramid[level], above], filters, name=f"{name}_down{level + 3}")
    mixed = [middle[0]]
    for level in range(1, last + 1):
        below = _down(mixed[-1], name=f"{name}_pool{level + 3}")
        # At the coarsest level there is nothing between what came in and what goes out.
        inputs = (
            [pyramid[level], below] if level == last else [pyramid[level], middle[level], below]
        )
        mixed.append(_node(inputs, filters, name=f"{name}_up{level + 3}"))
    return mixed


def _node(features: list[Any], filters: int, *, name: str) -> Any:
    x = Fusion(name=f"{name}_fusion")(features)
    x = keras.layers.Activation("relu", name=f"{name}_act")(x)
    x = keras.layers.SeparableConv2D(
        filters, 3, padding="same", use_bias=False, name=f"{name}_conv"
    )(x)
    return batch_norm(f"{name}_bn")(x)


def _down(x: Any, *, name: str) -> Any:
    return keras.layers.MaxPooling2D(3, strides=2, padding="same", name=f"{name}_pool")(x)


def _resize_to(x: Any, like: Any) -> Any:
    # Exported as one Resize; UpSampling2D would be a Tile and a Slice.
    return keras.ops.image.resize(x, like.shape[1:3], interpolation="nearest")


def head(pyramid: Sequence[Any], *, outputs: int, shapes: int, depth: int, name: str) -> Any:
    """Answers of one kind for all anchors: ``(N, A, outputs)``, float32.

    Convolutions are shared by the levels, batch normalisation is each level's own. Anchors of a
    level come row by row, cell by cell, ``shapes`` a cell, as in :func:`solver.anchors.anchors`.
    """
    filters = pyramid[0].shape[-1]
    convolutions = [
        keras.layers.SeparableConv2D(
            filters, 3, padding="same", use_bias=False, name=f"{name}_conv{step + 1}"
        )
        for step in range(depth)
    ]
    bias = keras.initializers.Constant(_prior_bias() if name == "class" else 0.0)
    last = keras.layers.SeparableConv2D(
        shapes * outputs,
        3,
        padding="same",
        pointwise_initializer=keras.initializers.RandomNormal(stddev=0.01),
        bias_initializer=bias,
        name=f"{name}_last",
    )
    answers = []
    for level, feature in enumerate(pyramid, 3):
        x = feature
        for step, convolution in enumerate(convolutions, 1):
            x = batch_norm(f"{name}_bn{step}_level{level}")(convolution(x))
            x = keras.layers.Activation("relu", name=f"{name}_act{step}_level{level}")(x)
        cells = x.shape[1] * x.shape[2]
        flat = keras.layers.Reshape((cells * shapes, outputs), name=f"{name}_level{level}")
        answers.append(flat(last(x)))
    joined = keras.layers.Concatenate(axis=1, dtype="float32", name=f"{name}_output")
    return joined(answers) if len(answers) > 1 else answers[0]


def _prior_bias() -> float:
    return -math.log((1 - _PRIOR) / _PRIOR)
