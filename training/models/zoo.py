"""Keras's named networks as backbones, with the pixels that their ImageNet weights expect.

Their own preprocessing is left out: the contract says what a pixel becomes, and for ImageNet
weights :mod:`training.pixels` says what the contract must be.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from training.pixels import IMAGENET as PIXELS
from training.pixels import PixelRule

IMAGENET = "imagenet"
_AUTOMATIC = re.compile(
    r"(activation|add|average_pooling2d|batch_normalization|concatenate|conv2d|max_pooling2d"
    r"|multiply|re_lu|zero_padding2d)(_\d+)?"
)


class BackboneError(ValueError):
    """The backbone does not fit the settings; the message says what would."""


class WeightsError(RuntimeError):
    """Weights cannot be fetched or read; the message names the remedies."""


@dataclass(frozen=True, slots=True)
class Network:
    """One of ``keras.applications``.

    ``taps`` is the widest named layer at a stride (its output has 32), ``least`` the smallest side;
    ``reversed_colours`` tells that the weights were trained on blue, green, red.
    """

    builder: str
    taps: dict[int, str]
    least: int = 32
    has_preprocessing: bool = False
    reversed_colours: bool = False


NETWORKS: dict[str, Network] = {
    "vgg16": Network("VGG16", {8: "block3_pool", 16: "block4_pool"}, reversed_colours=True),
    "mobilenetv2": Network("MobileNetV2", {8: "block_6_expand_relu", 16: "block_13_expand_relu"}),
    "mobilenetv3-small": Network(
        "MobileNetV3Small",
        {8: "expanded_conv_3_expand_bn", 16: "expanded_conv_8_expand_bn"},
        has_preprocessing=True,
    ),
    "mobilenetv3-large": Network(
        "MobileNetV3Large",
        {8: "expanded_conv_6_expand_bn", 16: "expanded_conv_12_expand_bn"},
        has_preprocessing=True,
    ),
    "densenet121": Network("DenseNet121", {8: "pool3_relu", 16: "pool4_relu"}),
    "resnet50": Network(
        "ResNet50",
        {8: "conv3_block4_out", 16: "conv4_block6_out"},
        reversed_colours=True,
    ),
    "inceptionv3": Network("InceptionV3", {8: "mixed2", 16: "mixed7"}, least=75),
    "efficientnetv2-b0": Network(
        "EfficientNetV2B0",
        {8: "block4a_expand_activation", 16: "block6a_expand_activation"},
        has_preprocessing=True,
    ),
}
STRIDES = (8, 16, 32)


def pixel_rule(name: str) -> PixelRule:
    """What the contract's ``scale``, ``mean`` and ``std`` must be for the ImageNet weights."""
    return PIXELS[name]


def features(name: str, image: Any, *, stride: int, weights: str | None, momentum: float) -> Any:
    """The feature map of a named network at one pixel in ``stride`` (8, 16 or 32).

    Options are those of :func:`pyramid`.

    Raises:
        BackboneError: no such stride, too small a picture, or not three channels with weights.
        WeightsError: the weights cannot be fetched or do not fit.
    """
    if stride not in STRIDES:
        raise BackboneError(f"stride: {name} has 8, 16 and 32, received {stride}")
    return pyramid(name, image, weights=weights, momentum=momentum)[STRIDES.index(stride)]


def pyramid(name: str, image: Any, *, weights: str | None, momentum: float) -> list[Any]:
    """The feature maps of a named network at one pixel in 8, 16 and 32.

    ``weights`` is ``None``, ``"imagenet"`` (Keras fetches them once) or the path of the ``notop``
    file that Keras would fetch. Batch normalisation gets ``momentum``: that of the originals
    (up to 0.999) needs more steps than a captcha run has.

    Raises:
        BackboneError: too small a picture, or not three channels with weights.
        WeightsError: the weights cannot be fetched or do not fit.
    """
    network = NETWORKS[name]
    _, height, width, channels = image.shape
    small = [side for side in (height, width) if side is not None and side < network.least]
    if small:
        raise BackboneError(
            f"backbone: {name} needs pictures of at least {network.least} pixels a side, "
            f"received {height} × {width}; enlarge the input or take a small backbone"
        )
    if weights is not None and channels != 3:
        raise BackboneError(
            f"weights: the ImageNet weights of {name} are for colour, received {channels} "
            f"channel; set input.channels = 3 (a grey picture is read as colour), "
            f"or leave weights out"
        )
    options: dict[str, Any] = {"include_preprocessing": False} if network.has_preprocessing else {}
    builder = getattr(keras.applications, network.builder)
    model = builder(include_top=False, weights=None, input_tensor=image, **options)
    if weights is not None:
        _load(name, builder, options, weights, model)
    for index, layer in enumerate(model.layers):
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = momentum
        if _AUTOMATIC.fullmatch(layer.name) and not isinstance(layer, keras.layers.InputLayer):
            # Keras numbers these by what the process built before; weights go by name.
            layer.name = f"{name}_{index}"
    return [
        model.get_layer(network.taps[stride]).output if stride in network.taps else model.output
        for stride in STRIDES
    ]


def _load(
    name: str, builder: Any, options: dict[str, Any], weights: str, model: keras.Model
) -> None:
    if weights != IMAGENET and not Path(weights).is_file():
        raise WeightsError(f"weights: expected 'imagenet' or a file, received {weights!r}")
    try:
        # A square of its own size: what is loaded does not depend on the size of ours.
        trained = builder(include_top=False, weights=weights, input_shape=(224, 224, 3), **options)
    except Exception as error:  # Keras raises a bare Exception where it cannot fetch
        raise WeightsError(
            f"weights: the ImageNet weights of {name} cannot be had ({error}); train without "
            f"(leave weights out), or fetch Keras's notop file of {NETWORKS[name].builder} on a "
            f"machine that can and set weights to its path"
        ) from error
    model.set_weights(trained.get_weights())
    if NETWORKS[name].reversed_colours:
        first = next(x for x in model.layers if isinstance(x, keras.layers.Conv2D))
        kernel, *rest = first.get_weights()
        first.set_weights([kernel[:, :, ::-1], *rest])
