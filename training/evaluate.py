"""Figures of a finished model file, read by the runtime itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from solver import images, pretrained
from solver.model import Model, Outputs
from solver.preprocess import preprocess
from solver.tasks.text import TextReader
from training.metrics import TextScore, score_text, wilson_interval
from training.samples import Sample

CHUNK = 256


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far confidences are probabilities: Brier score, and expected error over 10 bins."""

    brier: float
    expected_error: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Accuracy with 95 % intervals, and calibration of the whole-answer confidence."""

    score: TextScore
    exact_interval: tuple[float, float]
    case_insensitive_interval: tuple[float, float]
    calibration: Calibration


def evaluate(reader: TextReader, samples: Sequence[Sample]) -> Evaluation:
    """Read every sample exactly once and compare with its label."""
    options = reader.options()
    answers = [reader.decode(outputs, options) for outputs in run_samples(reader.model, samples)]
    truths = [sample.label for sample in samples]
    score = score_text([answer.text for answer in answers], truths)
    right = np.array([a.text == t for a, t in zip(answers, truths, strict=True)])
    blind = round(score.case_insensitive * score.count)
    return Evaluation(
        score=score,
        exact_interval=wilson_interval(int(right.sum()), score.count),
        case_insensitive_interval=wilson_interval(blind, score.count),
        calibration=calibration([answer.confidence for answer in answers], right.tolist()),
    )


def open_reader(source: str) -> TextReader:
    """A text model by its file or, where there is no suffix, by its embedded name.

    Raises:
        ModelError: there is no such file or name, or it is no text model.
    """
    if Path(source).suffix:
        return TextReader(Model.open(source))
    return TextReader(Model(pretrained.find(source).read(), source=source))


def run_samples(model: Model, samples: Sequence[Sample]) -> Iterator[Outputs]:
    """The network's raw outputs for each sample, in order, a bounded number in memory."""
    for start in range(0, len(samples), CHUNK):
        yield from model.run_many(
            [
                preprocess(images.load(sample.path), model.spec.input)[0]
                for sample in samples[start : start + CHUNK]
            ]
        )


def calibration(confidences: Sequence[float], right: Sequence[bool]) -> Calibration:
    """Brier score and expected calibration error (Naeini et al. 2015) over ten equal bins."""
    confidence = np.asarray(confidences, dtype=np.float64)
    truth = np.asarray(right, dtype=np.float64)
    bins = np.minimum((confidence * 10).astype(int), 9)
    error = 0.0
    for number in range(10):
        inside = bins == number
        if inside.any():
            error += inside.mean() * abs(confidence[inside].mean() - truth[inside].mean())
    return Calibration(float(np.mean((confidence - truth) ** 2)), float(error))


def line(evaluation: Evaluation) -> str:
    """One line for a person."""
    score = evaluation.score
    low, high = evaluation.exact_interval
    return (
        f"{score.count} pictures  exact {score.exact:.3f} [{low:.3f}, {high:.3f}]  "
        f"case-insensitive {score.case_insensitive:.3f}  CER {score.character_error_rate:.3f}  "
        f"calibration error {evaluation.calibration.expected_error:.3f}"
    )


def to_dict(evaluation: Evaluation) -> dict[str, Any]:
    """Plain numbers for JSON."""
    return asdict(evaluation)
