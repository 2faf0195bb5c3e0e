"""What the exported classifier does beyond the trained one; it is part of its graph.

Both ask for more computing, and for no further training: the mean over a picture and its mirror
image, and the likeness to what the classes' training pictures look like to the network.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]

POOL = "global_pool"  # features, the last layer before dropout and head
_SMALL = 1e-6


@dataclass(frozen=True, slots=True)
class Prototypes:
    """The mean of all features ``(D,)``, and each class's direction from it, ``(C, D)``."""

    middle: Float32
    directions: Float32


def prototypes(
    network: keras.Model, batches: Iterable[tuple[Float32, npt.NDArray[np.int32]]], classes: int
) -> Prototypes:
    """Of labelled tensors ``(N, h, w, c)`` with their classes ``(N,)``, mirror images too.

    Prototypes are the means of classes (Snell et al. 2017), here of features about their common
    mean and of length 1. A class without pictures has none: likeness to it is 0.
    """
    features = keras.Model(network.input, network.get_layer(POOL).output)
    found, owners = [], []
    for x, y in batches:
        for look in (x, x[:, :, ::-1]):
            found.append(keras.ops.convert_to_numpy(features(look, training=False)))
            owners.append(y)
    values, of = np.concatenate(found).astype(np.float64), np.concatenate(owners)
    middle = values.mean(axis=0)
    units = _unit(values - middle)
    sums = np.zeros((classes, values.shape[1]))
    np.add.at(sums, of, units)
    return Prototypes(middle.astype(np.float32), _unit(sums).astype(np.float32))


def finish(
    network: keras.Model,
    *,
    mirror: bool = False,
    weight: float = 0.0,
    known: Prototypes | None = None,
) -> keras.Model:
    """``image → logits`` with what was asked for; the weights are those of ``network``.

    ``weight`` times the cosine between a picture's features and each of the ``known`` prototypes
    is added to its logits.
    """
    plain: Any = network
    if weight and known is not None:
        plain = _with_prototypes(network, weight, known)
    if not mirror:
        return keras.Model(network.input, plain.output, name=network.name) if weight else network
    image = keras.Input(network.input_shape[1:], name="image")
    flipped = keras.ops.flip(image, axis=2)
    # As one batch: the network stands in the graph once.
    both = plain(keras.ops.concatenate([image, flipped], axis=0))
    sides = keras.ops.reshape(both, (2, -1, network.output_shape[-1]))
    logits = keras.ops.mean(sides, axis=0)
    return keras.Model(image, logits, name=network.name)


def _with_prototypes(network: keras.Model, weight: float, known: Prototypes) -> keras.Model:
    pool = network.get_layer(POOL).output
    around = keras.ops.subtract(pool, known.middle)
    squared = keras.ops.sum(keras.ops.square(around), axis=-1, keepdims=True)
    unit = keras.ops.divide(around, keras.ops.sqrt(keras.ops.add(squared, _SMALL)))
    likeness = keras.ops.matmul(unit, weight * known.directions.T)
    logits = keras.ops.add(network.output, likeness)
    return keras.Model(network.input, logits, name=network.name)


def _unit(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    units: npt.NDArray[np.float64] = rows / np.maximum(lengths, _SMALL)
    return units
