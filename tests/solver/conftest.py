"""Toy networks with known answers, as real ONNX files.

A picture is a row of vertical stripes, ``STRIPE`` pixels wide; a stripe's grey level is the
symbol, white is the blank. The networks measure each stripe's level and give class k the logit
``-SHARPNESS * (level - level of k) ** 2``, up to a term that is the same for all k.

The toy detector looks at a canvas of ``CELLS × CELLS`` cells: a cell as dark as ink is a box.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from solver.anchors import AnchorSpec
from solver.spec import METADATA_KEY, DecoderSpec, InputSpec, ModelSpec

SYMBOLS = "0123456789abAB"
LABELS = ("cat", "dog", "owl")
HEIGHT, STRIPE, HEADS = 8, 4, 6
LEVEL_STEP = 18
SHARPNESS = 2_000.0
CELLS, CELL = 4, 8

Pixels = npt.NDArray[np.uint8]
Draw = Callable[..., Pixels]
WriteModel = Callable[..., Path]


def draw_stripes(*levels: int, height: int = HEIGHT) -> Pixels:
    """An ``(height, STRIPE * n, 3)`` picture, one stripe a level."""
    row = np.repeat(np.array(levels, dtype=np.uint8), STRIPE)
    return np.ascontiguousarray(np.broadcast_to(row[None, :, None], (height, len(row), 3)))


@pytest.fixture(scope="session")
def stripes() -> Draw:
    """``stripes(18, 255, ...)``: a picture of these grey levels."""
    return draw_stripes


@pytest.fixture(scope="session")
def draw() -> Draw:
    """``draw("12a")``: the picture that the CTC network reads so, a blank around each symbol."""

    def draw_text(text: str, **options: int) -> Pixels:
        levels = [255]
        for symbol in text:
            levels += [SYMBOLS.index(symbol) * LEVEL_STEP, 255]
        return draw_stripes(*levels, **options)

    return draw_text


@pytest.fixture(scope="session")
def draw_heads() -> Draw:
    """``draw_heads("12a")``: the picture that the multi-head network reads so."""

    def draw_text(text: str) -> Pixels:
        levels = [SYMBOLS.index(symbol) * LEVEL_STEP for symbol in text]
        return draw_stripes(*levels, *[255] * (HEADS - len(text)))

    return draw_text


@pytest.fixture(scope="session")
def ctc_spec() -> ModelSpec:
    return ModelSpec(
        role="text",
        name="toy-ctc",
        input=_input(None, fit="height", min_width=STRIPE, max_width=256, width_multiple=STRIPE),
        decoder=DecoderSpec("ctc", symbols=SYMBOLS),
    )


@pytest.fixture(scope="session")
def multi_head_spec() -> ModelSpec:
    return ModelSpec(
        role="text",
        input=_input(HEADS * STRIPE),
        decoder=DecoderSpec("multi_head", symbols=SYMBOLS, length=HEADS),
    )


@pytest.fixture(scope="session")
def class_spec() -> ModelSpec:
    return ModelSpec(
        role="class", input=_input(HEIGHT), decoder=DecoderSpec("softmax", labels=LABELS)
    )


@pytest.fixture(scope="session")
def cells() -> Draw:
    """``cells((0, 1), (2, 3))``: a picture of twice the canvas, with ink in these cells."""

    def draw_cells(*inked: tuple[int, int], level: int = 0) -> Pixels:
        side = 2 * CELL
        pixels = np.full((CELLS * side, CELLS * side, 3), 255, dtype=np.uint8)
        for row, column in inked:
            pixels[row * side : (row + 1) * side, column * side : (column + 1) * side] = level
        return pixels

    return draw_cells


@pytest.fixture(scope="session")
def detector_spec() -> ModelSpec:
    anchors = AnchorSpec(strides=(CELL,), sizes=(CELL,), scales=(1.0,), aspect_ratios=(1.0,))
    return ModelSpec(
        role="detector",
        input=InputSpec(
            CELLS * CELL, CELLS * CELL, channels=1, mean=(0.0,), std=(1.0,), interpolation="nearest"
        ),
        decoder=DecoderSpec("anchors", labels=("墨",), anchors=anchors),
    )


@pytest.fixture(scope="session")
def write_detector() -> WriteModel:
    """``write_detector(path, spec, outputs=...)``: the toy detector, or one that breaks it."""
    return _write_detector


@pytest.fixture(scope="session")
def detector_file(tmp_path_factory: pytest.TempPathFactory, detector_spec: ModelSpec) -> Path:
    return _write_detector(tmp_path_factory.mktemp("models") / "detector.onnx", detector_spec)


@pytest.fixture(scope="session")
def write_model() -> WriteModel:
    """``write_model(path, spec, ...)``: the toy network for a contract, or one that breaks it."""
    return _write_model


@pytest.fixture(scope="session")
def ctc_file(tmp_path_factory: pytest.TempPathFactory, ctc_spec: ModelSpec) -> Path:
    return _write_model(tmp_path_factory.mktemp("models") / "ctc.onnx", ctc_spec)


@pytest.fixture(scope="session")
def multi_head_file(tmp_path_factory: pytest.TempPathFactory, multi_head_spec: ModelSpec) -> Path:
    return _write_model(tmp_path_factory.mktemp("models") / "multi.onnx", multi_head_spec)


@pytest.fixture(scope="session")
def class_file(tmp_path_factory: pytest.TempPathFactory, class_spec: ModelSpec) -> Path:
    return _write_model(tmp_path_factory.mktemp("models") / "class.onnx", class_spec)


@pytest.fixture(scope="session")
def toy_models(
    tmp_path_factory: pytest.TempPathFactory, ctc_file: Path, class_file: Path, detector_file: Path
) -> dict[str, str]:
    """A toy network for every role: name → file, as a server is told."""
    folder = tmp_path_factory.mktemp("roles")
    files = {"text": ctc_file, "class": class_file, "detector": detector_file}
    for role in ("header", "tile", "glyph"):
        spec = ModelSpec(
            role=role,
            input=InputSpec(
                8, 8, channels=1, fill=255, mean=(0.0,), std=(1.0,), interpolation="nearest"
            ),
            decoder=DecoderSpec("softmax", labels=LABELS),
        )
        files[role] = _write_model(folder / f"{role}.onnx", spec)
    return {f"toy-{role}": str(path) for role, path in files.items()}


def _write_detector(path: Path, spec: ModelSpec, *, outputs: tuple[str, ...] = ()) -> Path:
    """Write the detector: logit ``10 - 40 * level`` for each cell, no difference from the anchor.

    Of several classes each has that logit, less its number.

    ``outputs`` names other outputs than ``logits`` and ``deltas``, in their order.
    """
    classes = max(1, len(spec.decoder.labels))
    constants = {
        "gain": np.full(classes, -40.0, np.float32),
        "bias": (10.0 - np.arange(classes)).astype(np.float32),
        "nothing": np.zeros((1, 4), np.float32),
        "flat": np.array([0, -1, 1]),
    }
    nodes = [
        helper.make_node("Transpose", ["image"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node(
            "AveragePool", ["planes"], ["grid"], kernel_shape=[CELL] * 2, strides=[CELL] * 2
        ),
        helper.make_node("Reshape", ["grid", "flat"], ["levels"]),
        helper.make_node("Mul", ["levels", "gain"], ["scaled"]),
        helper.make_node("Add", ["scaled", "bias"], ["logits"]),
        helper.make_node("MatMul", ["levels", "nothing"], ["deltas"]),
    ]
    last = {"logits": classes, "deltas": 4}
    count = CELLS * CELLS
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", *[CELLS * CELL] * 2, 1])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", count, last[name]])
            for name in outputs or tuple(last)
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, {METADATA_KEY: spec.to_json()})
    onnx.save(model, path)
    return path


def _input(width: int | None, **options: Any) -> InputSpec:
    return InputSpec(
        HEIGHT, width, channels=1, fill=255, mean=(0.0,), std=(1.0,), **{"fit": "shrink", **options}
    )


def _write_model(
    path: Path,
    spec: ModelSpec | None,
    *,
    classes: int | None = None,
    shape: tuple[Any, ...] | None = None,
    declared: bool = True,
    domain: str = "",
    batch: int | str = "N",
    split_heads: bool = False,
    metadata: str | None = None,
    external: str | None = None,
) -> Path:
    """Write the network of ``spec``; each option breaks or varies one thing in the file.

    ``classes`` and ``shape`` contradict the contract, ``declared=False`` leaves the outputs'
    shape unsaid, ``domain`` adds a node of that domain, ``external`` moves the weights to a file.
    """
    decoder = spec.decoder if spec else DecoderSpec("ctc", symbols=SYMBOLS)
    count = classes or decoder.classes
    levels = np.arange(count) * (127 if decoder.labels else LEVEL_STEP) / 255
    if not decoder.labels:
        levels[-1] = 1.0
    weights = {
        "gain": (2 * SHARPNESS * levels)[None, :].astype(np.float32),
        "bias": (-SHARPNESS * levels**2).astype(np.float32),
    }
    nodes, output = _measure(pooled=bool(decoder.labels))
    nodes += [
        helper.make_node("MatMul", ["level", "gain"], ["scaled"]),
        helper.make_node("Add", ["scaled", "bias"], ["logits"]),
    ]
    names, output_shape = ["logits"], [*output, count]
    if split_heads:
        names, output_shape = [f"head{i}" for i in range(HEADS)], ["N", count]
        nodes.append(
            helper.make_node("Split", ["logits"], [f"row{i}" for i in range(HEADS)], axis=1)
        )
        axis = numpy_helper.from_array(np.array([1]), "axis")
        nodes += [
            helper.make_node("Squeeze", [f"row{i}", "axis"], [name]) for i, name in enumerate(names)
        ]
    if domain:
        nodes.append(helper.make_node("Mystery", ["logits"], ["unused"], domain=domain))
    input_shape = shape or (batch, HEIGHT, spec.input.width if spec else None, 1)
    initialisers = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, list(input_shape))],
        [
            helper.make_tensor_value_info(
                name, TensorProto.FLOAT, output_shape if declared else None
            )
            for name in names
        ],
        [*initialisers, axis] if split_heads else initialisers,
    )
    opsets = [helper.make_opsetid("", 13)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    text = metadata if metadata is not None else spec.to_json() if spec else None
    if text is not None:
        helper.set_model_props(model, {METADATA_KEY: text})
    if external:
        onnx.save(model, path, save_as_external_data=True, location=external, size_threshold=0)
    else:
        onnx.save(model, path)
    return path


def _measure(*, pooled: bool) -> tuple[list[Any], list[Any]]:
    """Nodes from ``image`` (N, H, W, 1) to ``level`` (N, T, 1), or (N, 1) of the whole picture."""
    if pooled:
        return [helper.make_node("ReduceMean", ["image"], ["level"], axes=[1, 2], keepdims=0)], [
            "N"
        ]
    return [
        helper.make_node("ReduceMean", ["image"], ["columns"], axes=[1], keepdims=0),
        helper.make_node("Transpose", ["columns"], ["rows"], perm=[0, 2, 1]),
        helper.make_node(
            "AveragePool", ["rows"], ["pooled"], kernel_shape=[STRIPE], strides=[STRIPE]
        ),
        helper.make_node("Transpose", ["pooled"], ["level"], perm=[0, 2, 1]),
    ], ["N", "T"]
