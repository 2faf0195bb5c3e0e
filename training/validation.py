"""What validation says of a network: each source's score and loss, every picture read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from training import scoring
from training.config import Config
from training.data.pipeline import Canvases, Targets, on_canvas, predict_batches, steps_needed
from training.data.sources import Data
from training.models import TASKS
from training.samples import Sample

Scores = dict[str, scoring.Score]
STILL = np.eye(2, 3)


def validate(
    model: Any, config: Config, data: Data, *, canvases: Mapping[str, Canvases] | None = None
) -> tuple[Scores, list[Any]]:
    """The scores of each validation source, its loss with them, and all answers in order.

    Every picture is read exactly once; those that ``canvases`` keep by source are decoded no more.
    """
    scores: Scores = {}
    every: list[Any] = []
    targets = TASKS[config.task].targets(config, data.labels)
    for name, samples in data.validation.items():
        answers: list[Any] = [None] * len(samples)
        total, counted = 0.0, 0
        batches = predict_batches(
            samples,
            config.input_spec(),
            batch=config.fit.batch,
            canvases=canvases[name] if canvases else None,
        )
        for indices, x, placements in batches:
            outputs = model(x, training=False)
            arrays = [keras.ops.convert_to_numpy(output) for output in keras.tree.flatten(outputs)]
            found = TASKS[config.task].read(config, data.labels, arrays, placements)
            for index, answer in zip(indices, found, strict=True):
                answers[index] = answer
            seen = [
                on_canvas(samples[index], placement, STILL, x.shape[1:])
                for index, placement in zip(indices, placements, strict=True)
            ]
            loss, count = _loss(model, seen, outputs, targets=targets, is_ctc=config.is_ctc)
            total, counted = total + count * loss, counted + count
        score = scoring.score(
            config.task, answers, samples, threshold=config.detect.score_threshold
        )
        scores[name] = replace(score, loss=total / counted if counted else None)
        every += answers
    return scores, every


def mean_score(scores: Mapping[str, scoring.Score]) -> float:
    """What decides which epoch is the best, 0–1: the mean of the sources; 0 without any."""
    return float(np.mean([score.value for score in scores.values()])) if scores else 0.0


def mean_loss(scores: Mapping[str, scoring.Score]) -> float | None:
    """The mean of the sources' losses; None where there is none, or one that is not finite."""
    losses = [score.loss for score in scores.values() if score.loss is not None]
    mean = float(np.mean(losses)) if losses else float("nan")
    return mean if np.isfinite(mean) else None


def in_words(loss: float, scores: Mapping[str, scoring.Score]) -> str:
    """An epoch in one line, the weakest sources by name; ``loss`` is that of training."""
    if not scores:
        return f"no validation pictures; loss {loss:.4f}"
    validation = mean_loss(scores)
    shown = "" if validation is None else f", on validation {validation:.4f}"
    worst = sorted(scores.items(), key=lambda item: item[1].value)[:4]
    weakest = ", ".join(f"{name} {score.value:.2f}" for name, score in worst)
    mean = f"mean {worst[0][1].main} {mean_score(scores):.4f}"
    return f"{mean}; weakest {weakest}; loss {loss:.4f}{shown}"


def in_scalars(loss: float, scores: Mapping[str, scoring.Score]) -> dict[str, float]:
    """What TensorBoard is shown of an epoch, by tag; ``loss`` is that of training."""
    values = {"epoch/loss": loss}
    validation = mean_loss(scores)
    if validation is not None:
        values["validation/loss"] = validation
    for name, score in scores.items():
        values[f"validation/{score.main}"] = mean_score(scores)
        values |= {f"{kind}/{name}": value for kind, value in score.values.items()}
    return values


def _loss(
    model: Any, samples: Sequence[Sample], outputs: Any, *, targets: Targets, is_ctc: bool
) -> tuple[float, int]:
    """The mean loss of a batch, and of how many pictures; boxes are pixels of the canvas.

    A label with too few CTC steps has no finite loss: training leaves such pictures out, and so
    does this.
    """
    rows = list(range(len(samples)))
    if is_ctc:
        rows = [row for row in rows if steps_needed(samples[row].label) <= outputs.shape[1]]
        if not rows:
            return 0.0, 0
        if len(rows) < len(samples):
            outputs = keras.ops.take(outputs, rows, axis=0)
    loss = model.loss_function(targets([samples[row] for row in rows]), outputs)
    return float(keras.ops.convert_to_numpy(loss)), len(rows)
