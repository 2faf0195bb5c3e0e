"""Backbones of a detector: an image → features of strides 8, 16 and 32, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import keras

from training.models import zoo
from training.models.bifpn import BATCH_NORM_MOMENTUM, dense_pyramid
from training.models.zoo import BackboneError
from training.plugins import is_reference, load_function

OWN: dict[str, Callable[[Any], list[Any]]] = {
    "dense": dense_pyramid,
    "dense-deep": partial(dense_pyramid, blocks=2),
}


def pyramid(
    name: str, image: Any, *, weights: str | None = None, root: Path | None = None
) -> list[Any]:
    """The feature maps ``(N, H/8, W/8, c)``, ``(N, H/16, …)``, ``(N, H/32, …)`` of an image tensor.

    ``name`` is ``"dense"`` or ``"dense-deep"`` (ours), one of Keras's networks, or the user's own
    ``"module:function"``, looked up in ``root``: a function ``(image tensor) → list of three``.
    ``weights`` are ``None``, ``"imagenet"`` or a Keras ``notop`` file, for Keras's networks alone.

    Raises:
        BackboneError: no such name, weights that it cannot have, or maps of other sizes.
        PluginError: the user's module or function cannot be had.
        WeightsError: the ImageNet weights cannot be fetched.
    """
    if name in OWN and weights is None:
        return OWN[name](image)
    if name in zoo.NETWORKS:
        found = zoo.pyramid(name, image, weights=weights, momentum=BATCH_NORM_MOMENTUM)
        return _checked(name, found, image)
    if weights is not None:
        raise BackboneError(
            f"weights: {name!r} has no ImageNet weights; leave weights out, "
            f"or take one of {', '.join(zoo.NETWORKS)}"
        )
    if not is_reference(name):
        raise BackboneError(
            f"backbone: expected one of {', '.join((*OWN, *zoo.NETWORKS))}, "
            "'my_module:function', or \"\" "
            f"for the detector's own, received {name!r}"
        )
    build = load_function(name, root=root, setting="backbone")
    try:
        found = build(image)
    except Exception as error:  # the user's code may raise anything; the sentence says what
        raise BackboneError(
            f"backbone: {name} failed on an image {tuple(image.shape)}: "
            f"{type(error).__name__}: {error}"
        ) from error
    return _checked(name, found, image)


def _checked(name: str, found: Any, image: Any) -> list[Any]:
    expected = [(image.shape[1] // stride, image.shape[2] // stride) for stride in zoo.STRIDES]
    is_list = isinstance(found, Sequence) and all(map(keras.utils.is_keras_tensor, found))
    came = [tuple(x.shape[1:3]) for x in found] if is_list else type(found).__name__
    if came != expected:
        raise BackboneError(
            f"backbone: a detector needs three Keras tensors of strides 8, 16 and 32, here "
            f"{expected} high and wide; {name} gives {came}"
        )
    return list(found)
