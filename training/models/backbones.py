"""Backbones by name; the small convolutional ones for two cores are written here.

A backbone is a function ``(image tensor) → feature map``. Convolutions without bias are followed
by batch normalisation whose momentum suits short runs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

from training.models import zoo
from training.models.zoo import BackboneError
from training.plugins import is_reference, load_function

BATCH_NORM_MOMENTUM = 0.98
# The length of a glyph's features: logits of unit weights then span what a softmax needs.
_SPHERE = 16.0


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


def slim(x: Any, *, width: int = 24) -> Any:
    """Compact with a thinner start: ``(N, 64, W, c) → (N, 4, W/4, 4·width)``.

    The first stages have 2/3, 4/3 and 8/3 of ``width`` filters in place of 1, 2 and 3 times: with
    ``width`` 24 that is 16, 32 and 64, the blocks that vector units work in. A picture 64 high
    costs what :func:`compact` asks for one 48 high.
    """
    first, second, third = 2 * width // 3, 4 * width // 3, 8 * width // 3
    x = conv_bn(x, first, strides=2, name="stem")
    x = conv_bn(x, first, name="stage1")
    x = conv_bn(x, second, strides=2, name="stage2_in")
    x = residual(x, second, name="stage2")
    x = conv_bn(x, third, strides=(2, 1), name="stage3_in")
    x = residual(x, third, name="stage3")
    x = conv_bn(x, 4 * width, strides=(2, 1), name="stage4_in")
    return residual(x, 4 * width, name="stage4")


def lenet(x: Any, *, width: int = 32) -> Any:
    """Plain convolutions and pooling, after LeNet-5 (LeCun et al. 1998) with rectifiers.

    ``(N, H, W, c) → (N, H/8, W/8, 4·width)``, sides rounded down at each halving.
    """
    for stage, (kernel, factor) in enumerate(((5, 1), (5, 2), (3, 4)), 1):
        x = conv_bn(x, factor * width, kernel, name=f"lenet{stage}")
        x = keras.layers.MaxPooling2D(2, name=f"lenet{stage}_pool")(x)
    return x


def residual_net(x: Any, *, width: int = 32) -> Any:
    """A small residual network for pictures: ``(N, H, W, c) → (N, H/16, W/8, 6·width)``.

    The last halving is of the height alone, so that letters keep columns of their own.
    """
    x = conv_bn(x, width, strides=2, name="stem")
    x = residual(x, width, name="stage1")
    for stage, (factor, strides) in enumerate(((2, (2, 2)), (4, (2, 2)), (6, (2, 1))), 2):
        x = conv_bn(x, factor * width, strides=strides, name=f"stage{stage}_in")
        x = residual(x, factor * width, name=f"stage{stage}")
    return x


def glyph(x: Any, *, width: int = 32) -> Any:
    """One glyph as a point on a sphere: ``(N, H, W, c) → (N, 1, 1, 16·width/3)``, all as long.

    Between sixteen times smaller maps and the features lies one dense layer, which keeps where
    strokes are. With classes in thousands the head stays small, and the angle between two
    pictures' features tells how alike they are.
    """
    x = conv_bn(x, width, strides=2, name="stem")
    for stage, factor in enumerate((2, 3, 4), 1):
        x = conv_bn(x, factor * width, strides=2, name=f"stage{stage}_in")
        x = residual(x, factor * width, name=f"stage{stage}")
    features, whole = 16 * width // 3, (x.shape[1], x.shape[2])
    x = conv_bn(x, features, whole, padding="valid", activation=None, name="features")
    # All axes, two of them one long: where the export moves channels, the axis -1 stays behind.
    x = keras.layers.UnitNormalization(axis=(1, 2, 3), dtype="float32", name="sphere")(x)
    return keras.layers.Rescaling(_SPHERE, dtype="float32", name="radius")(x)


OWN: dict[str, Callable[..., Any]] = {
    "compact": compact,
    "glyph": glyph,
    "slim": slim,
    "lenet": lenet,
    "residual": residual_net,
}


# What asks for the width of its pictures: Keras pads by it, a glyph's features look at all of it.
FIXED = ("glyph", "mobilenetv2", "mobilenetv3-small", "mobilenetv3-large")


def names() -> tuple[str, ...]:
    """What a setting ``backbone`` may be, apart from the user's own ``"module:function"``."""
    return (*OWN, *zoo.NETWORKS)


def apply(
    name: str,
    image: Any,
    *,
    width: int = 24,
    stride: int = 16,
    weights: str | None = None,
    root: Path | None = None,
) -> Any:
    """The feature map ``(N, h, w, c)`` of an image tensor under a backbone's name.

    ``width`` scales our own small networks; ``stride`` (8, 16 or 32 pixels a step) says where
    Keras's named ones are tapped; ``weights`` is ``None``, ``"imagenet"`` or the
    path of a Keras ``notop`` file, for the named ones alone. A name with a colon is the user's
    own ``"module:function"``, looked up in ``root``: a function ``(image tensor) → feature map``.

    Raises:
        BackboneError: no such name, weights that it cannot have, a picture too small for it, or
            one of a free width.
        PluginError: the user's module or function cannot be had.
        WeightsError: the ImageNet weights cannot be fetched.
    """
    if name in FIXED and image.shape[2] is None:
        free = [one for one in names() if one not in FIXED]
        raise BackboneError(
            f"backbone: {name} needs pictures of one width, and here it is free (task ctc); take "
            f"one of {', '.join(free)}, or task multi-head"
        )
    if name in zoo.NETWORKS:
        return zoo.features(
            name, image, stride=stride, weights=weights, momentum=BATCH_NORM_MOMENTUM
        )
    if weights is not None:
        raise BackboneError(
            f"weights: {name!r} has no ImageNet weights; leave weights out, "
            f"or take one of {', '.join(zoo.NETWORKS)}"
        )
    if name in OWN:
        return OWN[name](image, width=width)
    if not is_reference(name):
        raise BackboneError(
            f"backbone: expected one of {', '.join(names())} or 'my_module:function', "
            f"received {name!r}"
        )
    return _own_function(name, image, root)


def _own_function(reference: str, image: Any, root: Path | None) -> Any:
    build = load_function(reference, root=root, setting="backbone")
    try:
        x = build(image)
    except Exception as error:  # the user's code may raise anything; the sentence says what
        raise BackboneError(
            f"backbone: {reference} failed on an image {tuple(image.shape)}: "
            f"{type(error).__name__}: {error}"
        ) from error
    if not keras.utils.is_keras_tensor(x) or len(x.shape) != 4:
        came = f"shape {tuple(x.shape)}" if hasattr(x, "shape") else type(x).__name__
        raise BackboneError(
            f"backbone: {reference} must return a Keras tensor (N, h, w, channels), received {came}"
        )
    if x.shape[1] is None or x.shape[3] is None:
        raise BackboneError(
            f"backbone: {reference} must keep height and channels fixed, received {tuple(x.shape)}"
        )
    return x
