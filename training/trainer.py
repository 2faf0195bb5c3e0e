"""Fit a network, a checkpoint every so many steps, and go on where a killed run stopped."""

from __future__ import annotations

import csv
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from solver.charset import Charset
from training import checkpoint
from training.config import Config
from training.data.pipeline import Feeder, predict_batches
from training.losses import ctc_loss
from training.metrics import TextScore, score_text
from training.models.ctc import build_ctc
from training.samples import (
    DatasetError,
    Sample,
    fingerprint,
    labels_outside,
    read_source,
    source_name,
)

_log = logging.getLogger(__name__)

REPORT_STEPS = 50


class CtcModel(keras.Model):  # type: ignore[misc]
    """A network with the CTC loss; labels reach the loss as the integers they are."""

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        del x, sample_weight, training
        return ctc_loss(y, y_pred)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: the next epoch and step to do, and the best score so far."""

    epoch: int = 0
    step: int = 0
    best: float = -1.0


def build(config: Config) -> keras.Model:
    """The network of a configuration, without weights."""
    charset = Charset(config.symbols)
    plain = build_ctc(
        height=config.input.height,
        channels=config.input.channels,
        classes=len(charset) + 1,
        width=config.model.width,
        context=config.model.context,
        dropout=config.model.dropout,
    )
    return CtcModel(plain.input, plain.output, name="ctc")


def read_sources(config: Config, root: Path, *, validation: bool) -> dict[str, list[Sample]]:
    """The samples of each source, by name.

    Raises:
        DatasetError: a source cannot be read, or a label is outside the charset.
    """
    found: dict[str, list[Sample]] = {}
    for source in config.data.validation if validation else config.data.train:
        name = source_name(source, root)
        samples = read_source(source, root)
        foreign = labels_outside(samples, config.symbols)
        if foreign:
            raise DatasetError(
                f"{foreign[0].path}: label {foreign[0].label!r} is outside the charset "
                f"({len(foreign)} such pictures in {name}); add the symbols or leave them out"
            )
        found.setdefault(name, []).extend(samples)
    return found


def fit(
    config: Config,
    root: Path,
    run: Path,
    *,
    start_from: Path | None = None,
    on_report: Callable[[str], None] = _log.info,
) -> Path:
    """Train until the last epoch and return the folder with ``best.weights.h5``.

    ``root`` is where relative data paths start; ``run`` is the folder of checkpoints and logs,
    made if absent. A run that has a checkpoint goes on from it. ``start_from`` begins a new run
    with the weights of a ``.weights.h5`` file.

    Raises:
        DatasetError: the data cannot be used.
        CheckpointError: the run belongs to other data or another network.
    """
    keras.utils.set_random_seed(config.seed)
    keras.mixed_precision.set_global_policy(
        "mixed_bfloat16" if config.fit.mixed_precision else "float32"
    )
    train = read_sources(config, root, validation=False)
    validation = read_sources(config, root, validation=True)
    samples = [sample for part in train.values() for sample in part]
    repeats = _repeats(config, root, train)
    data_hash = fingerprint(samples)
    on_report(f"{len(samples)} pictures of {len(train)} sources; decoding")
    feeder = Feeder(
        samples,
        repeats,
        spec=config.input_spec(),
        charset=Charset(config.symbols),
        batch=config.fit.batch,
        seed=config.seed,
        augmented=config.data.augment,
        workers=config.data.workers,
        cache_bytes=config.data.cache_mb << 20,
    )
    model = build(config)
    if start_from is not None:
        model.load_weights(start_from)
    optimizer = keras.optimizers.AdamW(
        learning_rate=config.fit.learning_rate,
        weight_decay=config.fit.weight_decay,
        global_clipnorm=config.fit.clip_norm,
    )
    model.compile(optimizer=optimizer, jit_compile=False)
    optimizer.build(model.trainable_variables)
    run.mkdir(parents=True, exist_ok=True)
    progress = _restore(model, run, data_hash)
    steps = len(feeder.plan(0))
    total = steps * config.fit.epochs
    for epoch in range(progress.epoch, config.fit.epochs):
        losses: list[float] = []
        clock = time.monotonic()
        first = progress.step if epoch == progress.epoch else 0
        for step, (x, y) in enumerate(feeder.epoch(epoch, start=first), start=first):
            optimizer.learning_rate = learning_rate(config, epoch * steps + step, total)
            losses.append(float(model.train_on_batch(x, y)))
            if (step + 1) % REPORT_STEPS == 0:
                rate = (len(losses) * config.fit.batch) / (time.monotonic() - clock)
                recent = float(np.mean(losses[-REPORT_STEPS:]))
                on_report(
                    f"epoch {epoch + 1}/{config.fit.epochs} step {step + 1}/{steps} "
                    f"loss {recent:.4f} {rate:.0f} pictures/s"
                )
            if (step + 1) % config.fit.checkpoint_steps == 0:
                now = Progress(epoch, step + 1, progress.best)
                _store(model, run, now, data_hash)
        scores = validate(model, config, validation)
        mean = _mean(scores)
        if mean > progress.best:
            model.save_weights(run / "new.weights.h5")
            (run / "new.weights.h5").replace(run / "best.weights.h5")
        progress = Progress(epoch + 1, 0, max(mean, progress.best))
        _store(model, run, progress, data_hash)
        _log_epoch(run, epoch + 1, float(np.mean(losses or [math.nan])), scores)
        worst = sorted(scores.items(), key=lambda item: item[1].exact)[:4]
        weakest = ", ".join(f"{k} {v.exact:.2f}" for k, v in worst)
        on_report(f"epoch {epoch + 1}: mean exact {mean:.4f}; weakest {weakest}")
    return run


def learning_rate(config: Config, step: int, total: int) -> float:
    """The rate at a step: linear warm-up, then constant, cosine or linear to zero."""
    peak = config.fit.learning_rate
    if step < config.fit.warmup:
        return peak * (step + 1) / config.fit.warmup
    done = min(1.0, (step - config.fit.warmup) / max(1, total - config.fit.warmup))
    shapes = {
        "constant": lambda: 1.0,
        "cosine": lambda: 0.5 * (1 + math.cos(math.pi * done)),
        "linear": lambda: 1.0 - done,
    }
    return float(peak * max(shapes[config.fit.schedule](), 1e-3))


def validate(
    model: keras.Model, config: Config, sources: dict[str, list[Sample]]
) -> dict[str, TextScore]:
    """Whole-captcha accuracy of each validation source, every picture read exactly once."""
    charset = Charset(config.symbols)
    scores = {}
    for name, samples in sources.items():
        answers = [""] * len(samples)
        for indices, x in predict_batches(samples, config.input_spec(), batch=config.fit.batch):
            logits = keras.ops.convert_to_numpy(model(x, training=False))
            for index, best in zip(indices, logits.argmax(-1), strict=True):
                answers[index] = collapse(best.tolist(), charset)
        scores[name] = score_text(answers, [sample.label for sample in samples])
    return scores


def collapse(path: list[int], charset: Charset) -> str:
    """The string of a CTC path: repeats merged, then blanks (the last class) dropped."""
    kept = [c for i, c in enumerate(path) if c != len(charset) and (i == 0 or path[i - 1] != c)]
    return charset.decode(kept)


def _repeats(config: Config, root: Path, train: dict[str, list[Sample]]) -> list[float]:
    wanted = {source_name(s, root): s.repeat for s in config.data.train}
    return [wanted[name] for name, part in train.items() for _ in part]


def _mean(scores: dict[str, TextScore]) -> float:
    return float(np.mean([score.exact for score in scores.values()])) if scores else 0.0


def _store(model: keras.Model, run: Path, progress: Progress, data_hash: str) -> None:
    variables = [*model.variables, *model.optimizer.variables]
    checkpoint.save(
        run / "checkpoints",
        [keras.ops.convert_to_numpy(v) for v in variables],
        {
            "epoch": progress.epoch,
            "step": progress.step,
            "best": progress.best,
            "data": data_hash,
        },
    )


def _restore(model: keras.Model, run: Path, data_hash: str) -> Progress:
    found = checkpoint.latest(run / "checkpoints")
    if found is None:
        return Progress()
    arrays, state = found
    if state["data"] != data_hash:
        raise checkpoint.CheckpointError(
            f"{run}: its checkpoints were made with other training pictures; "
            "train in a new run folder, with --from to keep the weights"
        )
    variables = [*model.variables, *model.optimizer.variables]
    shapes = [tuple(v.shape) for v in variables]
    if shapes != [array.shape for array in arrays]:
        raise checkpoint.CheckpointError(f"{run}: its checkpoints are of another network")
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    return Progress(int(state["epoch"]), int(state["step"]), float(state["best"]))


def _log_epoch(run: Path, epoch: int, loss: float, scores: dict[str, TextScore]) -> None:
    path = run / "log.csv"
    is_new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if is_new:
            writer.writerow(["epoch", "loss", "source", "count", "exact", "case_insensitive"])
        for name, score in scores.items():
            row = [epoch, f"{loss:.5f}", name, score.count]
            writer.writerow([*row, f"{score.exact:.5f}", f"{score.case_insensitive:.5f}"])
