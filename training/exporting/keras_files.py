"""The network for TensorFlow and Keras: a SavedModel folder, a ``.keras`` file.

Both give raw logits for the tensor that the contract describes: pixels and answers stay with
``solver``, or with the reader of the contract.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from solver.model import Outputs
from solver.spec import ModelSpec
from training.exporting.parity import Float32, Run, keras_run
from training.models.multi_head import SlotAttention

# Where TensorFlow Serving leaves files of the user's own alone.
CONTRACT = Path("assets.extra") / "solver-spec.json"


def write_saved_model(network: Any, spec: ModelSpec, folder: Path) -> Run:
    """Write a SavedModel with the contract beside it; return it, read again, as a function.

    ``tf.saved_model.load(FOLDER).serve(x)`` runs it without this package and without Keras.

    Raises:
        OSError: it cannot be written.
    """
    import tensorflow as tf

    try:
        _plain(network).export(folder, format="tf_saved_model", verbose=False)
    except tf.errors.OpError as error:
        raise OSError(error.message) from error
    contract = folder / CONTRACT
    contract.parent.mkdir()
    contract.write_text(spec.to_json() + "\n", encoding="utf-8")
    served = tf.saved_model.load(str(folder))

    def run(tensor: Float32) -> Outputs:
        found = served.serve(tf.constant(tensor[None]))
        outputs = found if isinstance(found, (list, tuple)) else (found,)
        return tuple(output.numpy()[0] for output in outputs)

    return run


def write_keras(network: Any, path: Path) -> Run:
    """Write a ``.keras`` file in layers of Keras's own, as far as there are any; return it read.

    Raises:
        OSError: it cannot be written.
    """
    import keras

    _plain(network).save(path)
    return keras_run(keras.saving.load_model(path, compile=False))


def foreign_layers(path: Path) -> list[str]:
    """The classes that a ``.keras`` file needs beside Keras, as ``module.Class``, sorted."""
    with zipfile.ZipFile(path) as archive:
        body = json.loads(archive.read("config.json"))
    return sorted(set(_foreign(body)))


def _foreign(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        module = value.get("module")
        if isinstance(module, str) and "class_name" in value:
            if module.split(".")[0] not in ("keras", "builtins"):
                yield f"{module}.{value['class_name']}"
        elif value.get("registered_name") and "class_name" in value:
            yield str(value["registered_name"])
        for item in value.values():
            yield from _foreign(item)
    elif isinstance(value, list):
        for item in value:
            yield from _foreign(item)


def _plain(network: Any) -> Any:
    """The network without its loss, our own layers replaced by what they are made of."""
    import keras

    bare = keras.Model(network.input, network.output, name=network.name)
    if not any(isinstance(layer, SlotAttention) for layer in bare.layers):
        return bare

    def copy(layer: Any) -> Any:
        if isinstance(layer, SlotAttention):
            return layer.unfolded()
        return type(layer).from_config(layer.get_config())

    plain = keras.models.clone_model(bare, clone_function=copy)
    for layer in bare.layers:
        plain.get_layer(layer.name).set_weights(layer.get_weights())
    return plain
