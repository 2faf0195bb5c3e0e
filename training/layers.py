"""A Keras ``.weights.h5`` file by layer name, read without Keras, and the network that it tells of.

A CTC network on one of our own backbones can be told from its arrays alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

Arrays = list[np.ndarray]


class TransferError(ValueError):
    """Weights or layers do not fit; the message says what was expected."""


def read_layers(path: Path) -> dict[str, Arrays]:
    """The weights in a Keras ``.weights.h5`` file by layer name, without the network.

    Raises:
        TransferError: not such a file.
    """
    import h5py

    found: dict[str, Arrays] = {}

    def visit(_: str, item: Any) -> None:
        if isinstance(item, h5py.Group) and "name" in item.attrs and len(item):
            name = str(item.attrs["name"])
            if not name.startswith("seed_generator"):  # the state of dropout, not a layer
                found[name] = [np.asarray(item[key]) for key in sorted(item, key=int)]

    try:
        with h5py.File(path, "r") as file:
            if "layers" not in file:
                raise TransferError(f"{path}: expected weights that Keras 3 saved, found none")
            file["layers"].visititems(visit)
    except OSError as error:
        raise TransferError(f"{path}: not a Keras .weights.h5 file: {error}") from error
    return found


def ctc_settings(layers: Mapping[str, Arrays]) -> dict[str, Any]:
    """The settings of the CTC network that these are, ``"input.height"`` and so on.

    Empty where it is none on ``compact`` or ``slim``, whose height is a sixteenth after the last
    stage, and whose fold is six times as wide as ``model.width``.
    """
    names = ("stem_conv", "stage4_in_conv", "fold_conv", "head")
    if any(name not in layers for name in names):
        return {}
    stem, _, fold, head = (layers[name][0] for name in names)
    if head.ndim != 4:
        return {}
    width = fold.shape[-1] // 6
    backbones = {width: "compact", 2 * width // 3: "slim"}
    if fold.shape[2] != 4 * width or stem.shape[-1] not in backbones:
        return {}
    blocks = sum(name.startswith("context") and name.endswith("_a_conv") for name in layers)
    return {
        "task": "ctc",
        "input.height": 16 * fold.shape[0],
        "input.channels": stem.shape[2],
        "model.backbone": backbones[stem.shape[-1]],
        "model.width": width,
        "model.context": blocks,
    }
