"""Text of fixed length: one row of logits for each place, the blank for places that stay empty.

The heads share one classifier. Each looks at the columns through attention of its own, whose bias
starts as a bump over the place where its letter stands in an even line: the heads begin where
position-bound ones would, but every letter teaches the same classifier, so that a thousand
pictures of four letters are four thousand examples.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from training.models import backbones
from training.models.zoo import BackboneError

# The bump's standard deviation, in places: at the next letter it has lost e².
SPREAD = 0.5


@keras.saving.register_keras_serializable(package="training")
class SlotAttention(keras.layers.Layer):  # type: ignore[misc]
    """Attention from each of ``slots`` places over the columns: ``(N, 1, T, C) → (N, L, C)``.

    Bahdanau et al. 2015 with one learned query a place and a bias for each place and column.
    """

    def __init__(self, slots: int, **options: Any) -> None:
        super().__init__(**options)
        self.slots = slots

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        _, _, columns, channels = input_shape
        if columns is None or channels is None:
            raise ValueError(
                f"expected columns and channels that are fixed, received {input_shape}"
            )
        self.query = self.add_weight(
            shape=(channels, self.slots), initializer="glorot_uniform", name="query"
        )
        bumps = even_bumps(self.slots, columns)
        self.place = self.add_weight(
            shape=(self.slots, columns),
            initializer=lambda shape, dtype: keras.ops.convert_to_tensor(bumps, dtype),
            name="place",
        )
        self.columns, self.channels = columns, channels
        super().build(input_shape)

    def call(self, x: Any) -> Any:
        line = keras.ops.reshape(x, (-1, self.columns, self.channels))
        return keras.ops.matmul(self.attention(line), line)

    def attention(self, line: Any) -> Any:
        """``(N, T, C) → (N, L, T)``: where each place looks; rows sum to one."""
        scores = keras.ops.transpose(keras.ops.matmul(line, self.query), (0, 2, 1))
        return keras.ops.softmax(scores + self.place, axis=-1)

    def unfolded(self) -> keras.Model:
        """The same in layers of Keras's own, for files that shall load without this package.

        It takes this layer's weights in their order.
        """
        columns, channels, slots = self.columns, self.channels, self.slots
        x = keras.Input((1, columns, channels))
        line = keras.layers.Reshape((columns, channels))(x)
        scores = keras.layers.EinsumDense(
            "ntc,cl->nlt", output_shape=(slots, columns), bias_axes="lt", name="scores"
        )(line)
        looks = keras.layers.Softmax(name="looks")(scores)
        return keras.Model(x, keras.layers.Dot(axes=(2, 1))([looks, line]), name=self.name)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (input_shape[0], self.slots, input_shape[3])

    def multiply_adds(self, input_shape: tuple[int, ...]) -> int:
        """For one picture."""
        return 2 * self.slots * input_shape[2] * input_shape[3]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "slots": self.slots}


def even_bumps(slots: int, columns: int) -> np.ndarray:
    """``(slots, columns) float32``: log of a Gaussian over each place of an even line."""
    column = (np.arange(columns) + 0.5) / columns * slots
    place = np.arange(slots)[:, None] + 0.5
    return np.asarray(-((column - place) ** 2) / (2 * SPREAD**2), np.float32)


def build_multi_head(
    *,
    height: int,
    width: int,
    channels: int,
    length: int,
    classes: int,
    backbone: str = "compact",
    filters: int = 24,
    features: int = 128,
    context: int = 1,
    dropout: float = 0.2,
    stride: int | None = None,
    weights: str | None = None,
    root: Path | None = None,
) -> keras.Model:
    """Build ``image (N, height, width, channels) float32 → logits (N, length, classes) float32``.

    ``classes`` counts the blank. ``filters`` scales our own small backbones, ``features`` is the
    width of the line after the height is folded away, ``context`` the number of residual blocks
    along it. ``stride`` is where a named backbone is tapped, by default the largest of 16 and 8
    that leaves two columns a place. ``weights`` and ``root``: see
    :func:`training.models.backbones.apply`.

    Raises:
        BackboneError: the backbone does not fit, or leaves fewer columns than places.
    """
    if stride is None:
        stride = 16 if width // 16 >= 2 * length else 8
    image = keras.Input((height, width, channels), name="image")
    x = backbones.apply(backbone, image, width=filters, stride=stride, weights=weights, root=root)
    rows, columns = x.shape[1:3]
    if columns is None or columns < length:
        raise BackboneError(
            f"backbone: {backbone} leaves {columns} columns of {width} pixels for {length} "
            f"places; enlarge the input's width or take a backbone of less stride"
        )
    x = backbones.conv_bn(x, features, (rows, 1), padding="valid", name="fold")
    for block in range(context):
        x = backbones.residual(x, features, (1, 5), name=f"context{block + 1}")
    x = SlotAttention(length, dtype="float32", name="slots")(x)
    x = keras.layers.Dropout(dropout, dtype="float32", name="dropout")(x)
    logits = keras.layers.Dense(classes, dtype="float32", name="head")(x)
    return keras.Model(image, logits, name="multi_head")
