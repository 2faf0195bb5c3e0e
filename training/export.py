"""Keras weights → one ONNX file with its contract, refused unless both give the same answers."""

from __future__ import annotations

import importlib.metadata
import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from solver import images
from solver.charset import DIGITS
from solver.model import Model
from solver.spec import METADATA_KEY, ModelSpec, Provenance
from training.config import Config
from training.data.sources import Data, read_data
from training.evaluate import answer, decode, reader_for, run_samples
from training.generators.text import TextGenerator
from training.samples import Sample, fingerprint, read_folder

GATE_PICTURES = 256
GATE_TOLERANCE = 1e-4
OPSET = 18
TEMPERATURES = (0.4, 4.0)

Float32 = npt.NDArray[np.float32]


class ParityError(RuntimeError):
    """The exported network does not answer as the trained one does; nothing was written."""


@dataclass(frozen=True, slots=True)
class Parity:
    """Keras against ONNX Runtime on generated pictures."""

    pictures: int
    same_strings: int
    largest_difference: float

    def __str__(self) -> str:
        return (
            f"parity: {self.same_strings}/{self.pictures} equal strings, "
            f"log-probabilities differ by at most {self.largest_difference:.1e}"
        )


def export(
    config: Config,
    root: Path,
    weights: Path,
    output: Path,
    *,
    calibration: Sequence[Path] = (),
) -> str:
    """Write ``output`` and return a report of one line a check.

    ``calibration`` are held-back folders that the temperature is fitted on.

    Raises:
        ParityError: strings differ, or log-probabilities by more than 1e-4, on 256 pictures.
        FileNotFoundError: there are no such weights.
    """
    if not weights.is_file():
        raise FileNotFoundError(f"{weights}: no such weights; train first: solver-train fit")
    data = read_data(config, root)
    # The reference computes in double precision, so that what differs is the export's doing.
    network, reference = (
        _network(config, data, root, weights, policy=policy) for policy in ("float32", "float64")
    )
    spec = ModelSpec(
        role=config.role,
        input=config.input_spec(),
        decoder=config.decoder_spec(labels=data.labels),
        name=config.name,
        provenance=_provenance(config, data),
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    report = []
    with tempfile.TemporaryDirectory(dir=output.parent) as folder:
        draft = Path(folder) / "draft.onnx"
        write_onnx(network, spec, draft)
        if calibration:
            held_back = [sample for path in calibration for sample in read_folder(path)]
            temperature = fit_temperature(Model.open(draft), held_back)
            spec = replace(spec, decoder=replace(spec.decoder, temperature=temperature))
            _set_spec(draft, spec)
            report.append(f"temperature: {temperature:.3f} from {len(held_back)} pictures")
        parity = check_parity(reference, Model.open(draft), seed=config.seed)
        if parity.same_strings != parity.pictures or parity.largest_difference > GATE_TOLERANCE:
            raise ParityError(f"{weights}: not exported; {parity}")
        report.append(str(parity))
        draft.replace(output)
    report.append(f"{output}: {output.stat().st_size} bytes")
    return "\n".join(report)


def _network(config: Config, data: Data, root: Path, weights: Path, *, policy: str) -> Any:
    import keras

    from training.models import build

    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy(policy)
    try:
        network = build(config, labels=data.labels, root=root)
        network.load_weights(weights)
    finally:
        keras.mixed_precision.set_global_policy(before)
    return network


def write_onnx(network: Any, spec: ModelSpec, path: Path) -> None:
    """Write a Keras network ``(N, H, W, C) → logits`` and its contract as one ONNX file."""
    width = spec.input.width or spec.input.min_width
    network(np.zeros((1, spec.input.height, width, spec.input.channels), np.float32))
    network.export(path, format="onnx", opset_version=OPSET, verbose=False)
    _set_spec(path, spec)


def check_parity(network: Any, model: Model, *, seed: int) -> Parity:
    """Run both on pictures of the text generator, one by one, through the runtime's own rooms.

    Log-probabilities are those that the runtime works with, after the contract's temperature.
    """
    import keras

    reader = reader_for(model)
    temperature = model.spec.decoder.temperature
    generator = TextGenerator(symbols=model.spec.decoder.symbols or DIGITS)
    same, largest = 0, 0.0
    for index in range(GATE_PICTURES):
        picture, _ = generator.sample(np.random.default_rng([seed, index]))
        tensor = reader.prepare(images.load(picture))
        ours = keras.ops.convert_to_numpy(network(tensor[None], training=False))[0]
        theirs = model.run(tensor)
        apart = np.abs(_log_softmax(ours / temperature) - _log_softmax(theirs[0] / temperature))
        largest = max(largest, float(apart.max()))
        same += answer(decode(reader, (ours,))) == answer(decode(reader, theirs))
    return Parity(GATE_PICTURES, same, largest)


def fit_temperature(model: Model, samples: Sequence[Sample]) -> float:
    """The temperature whose whole-answer confidences have the least log loss.

    Guo et al. 2017, over answers in place of classes: it is the probability that the answer is
    right that is fitted.
    """
    outputs = list(run_samples(model, samples))

    def log_loss(temperature: float) -> float:
        reader = reader_for(model, temperature=temperature)
        total = 0.0
        for logits, sample in zip(outputs, samples, strict=True):
            result = decode(reader, logits)
            chance = min(max(result.confidence, 1e-6), 1 - 1e-6)
            total -= np.log(chance if answer(result) == sample.label else 1 - chance)
        return float(total / len(samples))

    return _golden_section(log_loss, *TEMPERATURES)


def _golden_section(function: Callable[[float], float], low: float, high: float) -> float:
    """The minimum of a unimodal function of a positive number, to 2 % (Kiefer 1953)."""
    ratio = (math.sqrt(5) - 1) / 2
    low, high = math.log(low), math.log(high)
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = function(math.exp(left)), function(math.exp(right))
    while high - low > 0.02:
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = function(math.exp(left))
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = function(math.exp(right))
    return math.exp((low + high) / 2)


def _set_spec(path: Path, spec: ModelSpec) -> None:
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


def _log_softmax(logits: Float32) -> npt.NDArray[np.float64]:
    wide = logits.astype(np.float64)
    shifted = wide - wide.max(-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(-1, keepdims=True)))


def _provenance(config: Config, data: Data) -> Provenance:
    names = ("keras", "tensorflow-cpu", "tensorflow", "onnx", "onnxruntime", "numpy", "solver-sdk")
    versions = {}
    for name in names:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return Provenance(
        data_sha256=fingerprint(data.samples),
        samples={name: len(part) for name, part in data.train.items()},
        split_seed=config.seed,
        licence=config.licence,
        versions=versions,
    )
