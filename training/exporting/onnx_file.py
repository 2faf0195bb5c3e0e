"""A Keras network and its contract as one ONNX file."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from solver.spec import METADATA_KEY, ModelSpec
from training.exporting.output import ExportError

OPSET = 18


def need_tensorflow() -> None:
    """Raise where Keras runs on another backend: its networks become ONNX through TensorFlow.

    Raises:
        ExportError: it does.
    """
    import keras

    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise ExportError(
            f"export needs Keras's tensorflow backend, received {backend!r}; run again with "
            "KERAS_BACKEND=tensorflow, the weights are the same"
        )


def write_onnx(network: Any, spec: ModelSpec, path: Path) -> None:
    """Write a Keras network ``(N, H, W, C) → logits`` and its contract as one ONNX file."""
    width = spec.input.width or spec.input.min_width
    network(np.zeros((1, spec.input.height, width, spec.input.channels), np.float32))
    with warnings.catch_warnings():
        # Keras asks NumPy whether it still has `np.object`.
        warnings.filterwarnings("ignore", "In the future `np.object`", FutureWarning)
        network.export(path, format="onnx", opset_version=OPSET, verbose=False)
    set_spec(path, spec)


def set_spec(path: Path, spec: ModelSpec) -> None:
    """Put a contract into an ONNX file, in place of all metadata that it has."""
    import onnx

    model = onnx.load(path)
    _modernise_resizes(model)
    del model.metadata_props[:]
    entry = model.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, spec.to_json()
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _modernise_resizes(model: Any) -> None:
    """Write nearest-neighbour resizing without a mode that ONNX has dropped, in place.

    ``floor((x + 0.5) / scale)`` is ``(x + 0.5) / scale - 0.5`` rounded, halves up: the same
    pixels, and no warning from ONNX Runtime at every start.
    """
    modern = {"coordinate_transformation_mode": b"half_pixel", "nearest_mode": b"round_prefer_ceil"}
    for node in model.graph.node:
        if node.op_type != "Resize":
            continue
        found = {item.name: item for item in node.attribute}
        mode = found.get("coordinate_transformation_mode")
        if mode is not None and mode.s == b"tf_half_pixel_for_nn":
            assert found["nearest_mode"].s == b"floor"  # the only one that Keras writes
            for name, value in modern.items():
                found[name].s = value
