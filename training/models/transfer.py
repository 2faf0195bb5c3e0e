"""Weights from another network: by layer name and shape, head rows by symbol; and freezing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

import keras
import numpy as np

from training.layers import Arrays, TransferError

BACKBONE = "backbone"
# The first layer after the backbone, in every network of this package.
_HEAD_STARTS = ("fold_conv", "global_pool", "level5_conv", "level4_conv", "level3_conv")


@dataclass(frozen=True, slots=True)
class TransferReport:
    """What became of each layer that has weights.

    ``loaded`` the names that took the source's weights; ``adapted`` and ``left`` name → how or
    why (left: as initialised); ``unused`` names of the source alone.
    """

    loaded: tuple[str, ...] = ()
    adapted: Mapping[str, str] = field(default_factory=dict)
    left: Mapping[str, str] = field(default_factory=dict)
    unused: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = [f"{len(self.loaded)} layers loaded"]
        parts += [f"{name}: {how}" for name, how in self.adapted.items()]
        parts += [f"{name}: left as initialised, {why}" for name, why in self.left.items()]
        if self.unused:
            parts.append(f"not used: {', '.join(self.unused)}")
        return "; ".join(parts)


def layer_weights(network: keras.Model) -> dict[str, Arrays]:
    """The weights of a network by layer name."""
    return {layer.name: layer.get_weights() for layer in network.layers if layer.weights}


def transfer(
    source: Mapping[str, Arrays],
    network: keras.Model,
    *,
    old_symbols: Sequence[str] = (),
    new_symbols: Sequence[str] = (),
    head: str = "head",
) -> TransferReport:
    """Copy weights into ``network`` where layer names and shapes agree, and say what was done.

    A first convolution between one channel and three is adapted. With symbols (or class names)
    of both, the rows of ``head`` that mean the same are copied by :func:`transfer_head`, even
    where the shapes agree; the blank's row is the last of both.

    Raises:
        TransferError: nothing fits.
    """
    loaded: list[str] = []
    adapted: dict[str, str] = {}
    left: dict[str, str] = {}
    for layer in network.layers:
        if not layer.weights:
            continue
        old, new = source.get(layer.name), layer.get_weights()
        if old is None:
            left[layer.name] = "the source has no such layer"
        elif layer.name == head and tuple(old_symbols) != tuple(new_symbols):
            rows = [np.asarray(x) for x in old]
            try:
                arrays, shared = transfer_head(old_symbols, new_symbols, rows, new)
            except TransferError as error:
                left[layer.name] = str(error)
                continue
            layer.set_weights(arrays)
            adapted[layer.name] = f"{shared} of {len(new_symbols)} symbols kept"
        elif _shapes(old) == _shapes(new):
            layer.set_weights(old)
            loaded.append(layer.name)
        elif (kernel := adapt_channels(old[0], new[0].shape)) is not None:
            layer.set_weights([kernel, *old[1:]])
            adapted[layer.name] = f"{old[0].shape[2]} to {new[0].shape[2]} channels"
        else:
            left[layer.name] = f"shapes {_shapes(old)} and {_shapes(new)} differ"
    if not loaded and not adapted:
        raise TransferError(
            f"no layer of {network.name} fits the weights; it has "
            f"{', '.join(list(left)[:3])} …, the weights have {', '.join(list(source)[:3])} …"
        )
    names = {layer.name for layer in network.layers}
    return TransferReport(
        tuple(loaded), adapted, left, tuple(name for name in source if name not in names)
    )


def transfer_head(
    old_symbols: Sequence[str], new_symbols: Sequence[str], old: Arrays, new: Arrays
) -> tuple[Arrays, int]:
    """Rows of a head by symbol: both ``[kernel (…, C), bias (C)]`` → the new one's, and how many.

    Class ``i`` is symbol ``i``; a class after the symbols is the blank, and is copied where both
    have it. A symbol that the source did not know keeps its fresh kernel; its bias is the mean of
    the old ones, so that it is neither favoured nor shut out.

    Raises:
        TransferError: the arrays do not fit the symbols, or the features before the head differ.
    """
    for name, symbols, arrays in (("old", old_symbols, old), ("new", new_symbols, new)):
        classes = arrays[0].shape[-1]
        if classes - len(symbols) not in (0, 1) or arrays[-1].shape != (classes,):
            raise TransferError(
                f"{name} head: expected kernel and bias for {len(symbols)} symbols and perhaps "
                f"a blank, received {_shapes(arrays)}"
            )
    if _flat(old[0]).shape[0] != _flat(new[0]).shape[0]:
        raise TransferError(f"features before the head differ: {_shapes(old)} and {_shapes(new)}")
    kernel, bias = _flat(new[0]).copy(), np.full_like(new[1], old[1][: len(old_symbols)].mean())
    places = {symbol: index for index, symbol in enumerate(old_symbols)}
    pairs = [(places[s], i) for i, s in enumerate(new_symbols) if s in places]
    shared = len(pairs)
    if old[1].size > len(old_symbols) and new[1].size > len(new_symbols):
        pairs.append((old[1].size - 1, new[1].size - 1))
    for source, target in pairs:
        kernel[:, target] = _flat(old[0])[:, source]
        bias[target] = old[1][source]
    return [kernel.reshape(new[0].shape), bias], shared


def adapt_channels(kernel: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    """A first convolution's kernel for grey in place of colour, or the reverse; None: neither.

    A grey picture read as colour has three equal channels, so sums and thirds keep the answers.
    """
    if kernel.ndim != 4 or len(shape) != 4 or kernel.shape[:2] != shape[:2]:
        return None
    if kernel.shape[3] != shape[3]:
        return None
    if (kernel.shape[2], shape[2]) == (3, 1):
        return np.asarray(kernel.sum(axis=2, keepdims=True))
    if (kernel.shape[2], shape[2]) == (1, 3):
        return np.repeat(kernel / 3, 3, axis=2)
    return None


def freeze(network: keras.Model, *, until: str = BACKBONE) -> tuple[str, ...]:
    """Freeze the layers from the input on and return the names of those that have weights.

    ``until`` is the last frozen layer, or what its name starts with (``"stage3"``: until that
    stage's end), or ``"backbone"``. Batch normalisation that is frozen keeps its statistics and
    uses them (Keras runs it in inference mode). Compile, or make the optimiser, afterwards.

    Raises:
        TransferError: no such layer, or nothing would be left to train.
    """
    names = [layer.name for layer in network.layers]
    if until == BACKBONE:
        last = next((i for i, name in enumerate(names) if name in _HEAD_STARTS), 0) - 1
    else:
        last = max((i for i, x in enumerate(names) if _starts(x, until)), default=-1)
    if last < 0:
        near = get_close_matches(until, names, n=3, cutoff=0.4) or names[1:4]
        raise TransferError(
            f"freeze: no layer {until!r} in {network.name}; perhaps {', '.join(near)}"
        )
    if not any(layer.trainable_weights for layer in network.layers[last + 1 :]):
        raise TransferError(f"freeze: until {until!r} nothing is left to train")
    for index, layer in enumerate(network.layers):
        layer.trainable = index > last
    return tuple(layer.name for layer in network.layers[: last + 1] if layer.weights)


def freeze_batch_norm(network: keras.Model) -> int:
    """Freeze every batch normalisation of a network that has learnt; returns how many there are.

    Statistics, scale and offset stay, and training normalises as in use: the batch no longer
    matters, and a step on a processor takes about a quarter less. Compile, or make the optimiser,
    afterwards.
    """
    found = [x for x in network.layers if isinstance(x, keras.layers.BatchNormalization)]
    for layer in found:
        layer.trainable = False
    return len(found)


def unfreeze(network: keras.Model) -> None:
    """Let every layer train again. Compile, or make the optimiser, afterwards."""
    for layer in network.layers:
        layer.trainable = True


def _starts(name: str, until: str) -> bool:
    return name == until or name.startswith(f"{until}_")


def _flat(kernel: np.ndarray) -> np.ndarray:
    return kernel.reshape(-1, kernel.shape[-1])


def _shapes(arrays: Sequence[np.ndarray]) -> str:
    return ", ".join("×".join(map(str, x.shape)) for x in arrays)
