"""The gate: an exported network answers as the trained one does, or it is not written.

What is compared depends on the role: :data:`GATES` has one gate for each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from solver import anchors, images
from solver.charset import DIGITS
from solver.errors import ImageError
from solver.model import Model, Outputs
from solver.preprocess import preprocess
from solver.spec import ModelSpec
from training.evaluate import answer, decode, reader_for
from training.generators.text import TextGenerator
from training.samples import Sample

PICTURES = 256
# A detector's picture has many answers, and costs ten times as much.
DETECTOR_PICTURES = 64
TOLERANCE = 1e-4
# Of boxes: how far corners and scores may lie apart, and how many are looked at in any picture.
PIXELS = 0.1
SCORES = 1e-3
BEST_BOXES = 50
# For two networks in single precision: each is off by as much as the gate allows one of them.
LOOSE = 1e-3
# ONNX Runtime rounds in another order than Keras: the largest errors of two draws of one rounding
# lie apart by about as much, and a factor of three is clear of that.
ROUNDINGS = 3

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Run = Callable[[Float32], Outputs]


class ParityError(RuntimeError):
    """The exported network does not answer as the trained one does; nothing was written."""


@dataclass(frozen=True, slots=True)
class Parity:
    """How far two networks' answers lie apart on ``pictures`` pictures.

    ``answers`` and ``measure`` say what was compared; ``largest`` is in the unit of ``measure``.
    """

    pictures: int
    same: int
    largest: float
    answers: str
    measure: str
    tolerance: float = TOLERANCE

    @property
    def passes(self) -> bool:
        """Whether every answer is the same and nothing differs by more than the tolerance."""
        return self.same == self.pictures and self.largest <= self.tolerance

    def within(self, rounding: Parity) -> Parity:
        """The same, held to three times what single precision alone does to the reference.

        Never to more than ten times the tolerance: what is farther off is no rounding.
        """
        allowed = min(max(self.tolerance, ROUNDINGS * rounding.largest), 10 * self.tolerance)
        return replace(self, tolerance=allowed)

    def __str__(self) -> str:
        return (
            f"{self.same}/{self.pictures} equal {self.answers}, "
            f"{self.measure} differ by at most {self.largest:.1e}"
        )


Gate = Callable[[Model, Run, Run, Sequence[Float32], float], Parity]


def check(
    model: Model,
    reference: Run,
    tensors: Sequence[Float32],
    *,
    candidate: Run | None = None,
    tolerance: float = TOLERANCE,
) -> Parity:
    """Compare ``candidate`` (the model itself, by default) with a reference, tensor by tensor.

    Both give a network's raw outputs without the batch axis; ``model`` says by its contract how
    they are read.
    """
    gate = GATES[model.spec.role]
    return gate(model, reference, candidate or model.run, tensors, tolerance)


def demand(parity: Parity, what: str) -> Parity:
    """Return a parity that passes.

    Raises:
        ParityError: it does not; ``what`` was not exported.
    """
    if not parity.passes:
        raise ParityError(
            f"{what}: not exported; parity: {parity} (allowed: {parity.tolerance:.2g}). Large "
            "weights and a temperature below 1 magnify rounding: train a few epochs more with a "
            "lower fit.learning_rate, or export without --calibrate"
        )
    return parity


def gate_tensors(
    spec: ModelSpec, samples: Sequence[Sample], *, seed: int, count: int | None = None
) -> list[Float32]:
    """``count`` tensors ``(H, W, C)``: half of the pictures in use, the rest of the generator.

    Where None, as many as the role needs. Damaged files are passed over: a generated picture takes
    their place.
    """
    if count is None:
        count = DETECTOR_PICTURES if spec.role == "detector" else PICTURES
    order = np.random.default_rng(seed).permutation(len(samples))[: count // 2]
    tensors = []
    for index in sorted(order.tolist()):
        try:
            picture = images.load(samples[index].content())
        except ImageError:
            continue
        tensors.append(preprocess(picture, spec.input)[0])
    generator = TextGenerator(symbols=spec.decoder.symbols or DIGITS)
    for index in range(count - len(tensors)):
        drawn, _ = generator.sample(np.random.default_rng([seed, index]))
        tensors.append(preprocess(images.load(drawn), spec.input)[0])
    return tensors


def keras_run(network: Any) -> Run:
    """A Keras network as a function of one tensor."""
    import keras

    def run(tensor: Float32) -> Outputs:
        found = network(tensor[None], training=False)
        outputs = found if isinstance(found, (list, tuple)) else (found,)
        return tuple(keras.ops.convert_to_numpy(output)[0] for output in outputs)

    return run


def _texts(
    model: Model, reference: Run, candidate: Run, tensors: Sequence[Float32], tolerance: float
) -> Parity:
    """Strings, and the log-probabilities that the runtime works with, after the temperature."""
    apart = _answers(model, reference, candidate, tensors, _log_softmax)
    return Parity(len(tensors), *apart, "strings", "log-probabilities", tolerance)


def _classes(
    model: Model, reference: Run, candidate: Run, tensors: Sequence[Float32], tolerance: float
) -> Parity:
    """The best class, and all probabilities after the temperature."""
    apart = _answers(
        model, reference, candidate, tensors, lambda logits: np.exp(_log_softmax(logits))
    )
    return Parity(len(tensors), *apart, "classes", "probabilities", tolerance)


def _boxes(
    model: Model, reference: Run, candidate: Run, tensors: Sequence[Float32], tolerance: float
) -> Parity:
    """Scores, and the corners of the boxes, in pixels of the canvas.

    Looked at are the boxes that score enough to be an answer, and as many others as make the best
    fifty, so that pictures with nothing in them tell something too. ``tolerance`` is of
    probabilities: pixels have one of their own.
    """
    del tolerance
    rule, decoder = model.spec.input, model.spec.decoder
    rules = decoder.anchors
    assert rules is not None  # so says the contract
    assert rule.width is not None
    base = anchors.anchors(rules, rule.height, rule.width)
    edges = np.array([rule.width, rule.height] * 2)
    same, largest = 0, 0.0
    for tensor in tensors:
        ours, theirs = reference(tensor), candidate(tensor)
        if not all(np.isfinite(output).all() for output in (*ours, *theirs)):
            largest = np.inf
            continue
        left, right = (
            _sigmoid(logits / decoder.temperature).ravel() for logits, _ in (ours, theirs)
        )
        enough = np.flatnonzero(np.maximum(left, right) >= rules.score_threshold)
        looked = np.union1d(enough, np.argsort(-left, kind="stable")[:BEST_BOXES])
        rows = looked // decoder.classes
        corners = [
            anchors.decode(deltas[rows].astype(np.float64), base[rows], rules.variances)
            for _, deltas in (ours, theirs)
        ]
        first, second = (np.clip(found, 0, edges) for found in corners)
        largest = max(largest, float(np.abs(first - second).max()))
        same += float(np.abs(left - right)[looked].max()) <= SCORES
    return Parity(len(tensors), same, largest, "scores of boxes", "corners in pixels", PIXELS)


def _sigmoid(logits: Float32) -> Float64:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits.astype(np.float64), -500, 500))))


def _answers(
    model: Model,
    reference: Run,
    candidate: Run,
    tensors: Sequence[Float32],
    measure: Callable[[Float32], Float64],
) -> tuple[int, float]:
    """How many answers are equal, and the largest difference of what ``measure`` gives."""
    reader = reader_for(model)
    temperature = model.spec.decoder.temperature
    same, largest = 0, 0.0
    for tensor in tensors:
        ours, theirs = reference(tensor), candidate(tensor)
        if not all(np.isfinite(output).all() for output in (*ours, *theirs)):
            largest = np.inf  # what is no number is no answer, and no difference either
            continue
        for left, right in zip(ours, theirs, strict=True):
            difference = np.abs(measure(left / temperature) - measure(right / temperature))
            largest = max(largest, float(difference.max()))
        same += answer(decode(reader, ours)) == answer(decode(reader, theirs))
    return same, largest


def _log_softmax(logits: Float32) -> Float64:
    wide = logits.astype(np.float64)
    shifted = wide - wide.max(-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(-1, keepdims=True)))


GATES: dict[str, Gate] = {
    "text": _texts,
    "detector": _boxes,
    **dict.fromkeys(("class", "glyph", "header", "tile"), _classes),
}
