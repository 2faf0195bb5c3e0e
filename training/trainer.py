"""Fit a network, a checkpoint every so many steps, and go on where a killed run stopped."""

from __future__ import annotations

import csv
import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from training import checkpoint, diagnose, plots
from training.config import Config
from training.data.pipeline import Feeder, predict_batches
from training.data.sources import Data, read_data
from training.metrics import TextScore, score_text
from training.models import TASKS, build, transfer
from training.optimizers import Plateau, make_optimizer, scheduled_rate
from training.samples import fingerprint

_log = logging.getLogger(__name__)

REPORT_STEPS = 50
BEST = "best.weights.h5"
Scores = dict[str, TextScore]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: the next epoch and step to do, the best score, epochs since then."""

    epoch: int = 0
    step: int = 0
    best: float = -1.0
    waited: int = 0
    plateau: Plateau = field(default_factory=Plateau)


def fit(
    config: Config,
    root: Path,
    run: Path,
    *,
    start_from: Path | None = None,
    start_symbols: str = "",
    on_report: Callable[[str], None] = _log.info,
) -> Path:
    """Train until the last epoch, or until validation stands, and return the run's folder.

    ``root`` is where relative data paths start; ``run`` is the folder of checkpoints and logs,
    made if absent. A run that has a checkpoint goes on from it. ``start_from`` begins a new run
    with the weights of a ``.weights.h5`` file, layer by layer where they fit; ``start_symbols``
    are the symbols of that model's head (empty: the same as this one's).

    Raises:
        DatasetError: the data cannot be used.
        CheckpointError: the run belongs to other data or another network.
        TransferError: no layer of ``start_from`` fits.
    """
    keras.utils.set_random_seed(config.seed)
    keras.mixed_precision.set_global_policy(
        "mixed_bfloat16" if config.fit.mixed_precision else "float32"
    )
    data = read_data(config, root)
    samples = data.samples
    on_report(f"{len(samples)} pictures of {len(data.train)} sources; decoding")
    feeder = Feeder(
        samples,
        data.repeats,
        spec=config.input_spec(),
        encode=partial(TASKS[config.task].encode, config, data.labels),
        batch=config.fit.batch,
        seed=config.seed,
        augmented=config.data.augment,
        workers=config.data.workers,
        cache_bytes=config.data.cache_mb << 20,
    )
    model = build(config, labels=data.labels, root=root)
    run.mkdir(parents=True, exist_ok=True)
    if start_from is not None and checkpoint.latest(run / "checkpoints") is None:
        report = transfer.transfer(
            transfer.read_layers(start_from),
            model,
            old_symbols=start_symbols or config.symbols,
            new_symbols=config.symbols,
        )
        on_report(f"{start_from.name}: {report}")
    if config.model.freeze:
        frozen = transfer.freeze(model, until=config.model.freeze)
        on_report(f"{len(frozen)} layers are frozen")
    model.compile(optimizer=_optimizer(config), jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    return _Run(config, run, model, feeder, data, on_report).go()


@dataclass(slots=True)
class _Run:
    """One call of :func:`fit`, once everything is built."""

    config: Config
    folder: Path
    model: Any
    feeder: Feeder
    data: Data
    report: Callable[[str], None]
    data_hash: str = ""
    history: list[diagnose.Epoch] = field(default_factory=list)

    def go(self) -> Path:
        self.data_hash = fingerprint(self.data.samples)
        progress = self.restore()
        steps = len(self.feeder.plan(0))
        while progress.epoch < self.config.fit.epochs:
            loss = self.train(progress, steps)
            progress = self.judge(progress, loss)
            patience = self.config.fit.patience
            if patience and progress.waited >= patience:
                self.report(f"no better validation for {patience} epochs: stopped")
                break
        return self.folder

    def train(self, progress: Progress, steps: int) -> float:
        """The rest of an epoch; returns its mean loss, NaN where no step was left."""
        fit_config, losses = self.config.fit, []
        clock = time.monotonic()
        batches = self.feeder.epoch(progress.epoch, start=progress.step)
        for step, (x, y) in enumerate(batches, start=progress.step):
            self.model.optimizer.learning_rate = scheduled_rate(
                fit_config.schedule,
                peak=fit_config.learning_rate,
                step=progress.epoch * steps + step,
                total=steps * fit_config.epochs,
                warmup=fit_config.warmup,
                plateau=progress.plateau,
            )
            losses.append(float(self.model.train_on_batch(x, y)))
            if (step + 1) % REPORT_STEPS == 0:
                self.tell(progress.epoch, step + 1, steps, losses, time.monotonic() - clock)
            if (step + 1) % fit_config.checkpoint_steps == 0:
                self.store(replace(progress, step=step + 1))
        return float(np.mean(losses or [math.nan]))

    def tell(self, epoch: int, step: int, steps: int, losses: list[float], spent: float) -> None:
        """One line of live progress, with the time left to the last epoch."""
        rate = len(losses) / spent
        left = (steps - step + steps * (self.config.fit.epochs - epoch - 1)) / rate
        self.report(
            f"epoch {epoch + 1}/{self.config.fit.epochs} step {step}/{steps} "
            f"loss {np.mean(losses[-REPORT_STEPS:]):.4f} "
            f"{rate * self.config.fit.batch:.0f} pictures/s, {left / 60:.0f} min left"
        )

    def judge(self, progress: Progress, loss: float) -> Progress:
        """Validate, keep the best weights, log, plot, and name what looks wrong."""
        with _averaged(self.model):
            scores, answers = validate(self.model, self.config, self.data)
            mean = _mean(scores)
            # Without validation nothing tells epochs apart: the last one is kept.
            is_best = not scores or mean > progress.best
            if is_best:
                partial_file = self.folder / "partial.weights.h5"
                keras.Model(self.model.input, self.model.output).save_weights(partial_file)
                partial_file.replace(self.folder / BEST)
        done = progress.epoch + 1
        progress = Progress(
            epoch=done,
            best=max(mean, progress.best),
            waited=0 if is_best else progress.waited + 1,
            plateau=progress.plateau.after(mean) if scores else progress.plateau,
        )
        self.store(progress)
        _log_epoch(self.folder, done, loss, scores)
        worst = sorted(scores.items(), key=lambda item: item[1].exact)[:4]
        weakest = ", ".join(f"{name} {score.exact:.2f}" for name, score in worst)
        judged = f"mean exact {mean:.4f}; weakest {weakest}" if scores else "no validation pictures"
        self.report(f"epoch {done}: {judged}")
        self.history.append(diagnose.Epoch(done, loss, mean if scores else None))
        found = diagnose.diagnose_epochs(self.history)
        truths = [s.label for part in self.data.validation.values() for s in part]
        one = diagnose.one_answer(answers, truths) if done > 1 else None
        for fault in [*found, *([one] if one else [])]:
            self.report(str(fault))
        if scores:
            plots.plot_log(self.folder)
        return progress

    def store(self, progress: Progress) -> None:
        variables = [*self.model.variables, *self.model.optimizer.variables]
        checkpoint.save(
            self.folder / "checkpoints",
            [keras.ops.convert_to_numpy(v) for v in variables],
            {**asdict(progress), "data": self.data_hash},
        )

    def restore(self) -> Progress:
        found = checkpoint.latest(self.folder / "checkpoints")
        if found is None:
            return Progress()
        arrays, state = found
        if state.pop("data") != self.data_hash:
            raise checkpoint.CheckpointError(
                f"{self.folder}: its checkpoints were made with other training pictures; "
                "train in a new run folder, with --from to keep the weights"
            )
        variables = [*self.model.variables, *self.model.optimizer.variables]
        if [tuple(v.shape) for v in variables] != [array.shape for array in arrays]:
            raise checkpoint.CheckpointError(
                f"{self.folder}: its checkpoints are of another network"
            )
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)
        return Progress(**{**state, "plateau": Plateau(**state["plateau"])})


def validate(model: Any, config: Config, data: Data) -> tuple[Scores, list[str]]:
    """Whole-answer accuracy of each validation source, and all answers in order.

    Every picture is read exactly once.
    """
    scores: Scores = {}
    every: list[str] = []
    for name, samples in data.validation.items():
        answers = [""] * len(samples)
        for indices, x in predict_batches(samples, config.input_spec(), batch=config.fit.batch):
            logits = keras.ops.convert_to_numpy(model(x, training=False))
            found = TASKS[config.task].read(config, data.labels, logits)
            for index, answer in zip(indices, found, strict=True):
                answers[index] = answer
        scores[name] = score_text(answers, [sample.label for sample in samples])
        every += answers
    return scores, every


@contextmanager
def _averaged(model: Any) -> Iterator[None]:
    """The running mean of the weights in their place, where the optimiser keeps one."""
    optimizer = model.optimizer
    if not optimizer.use_ema:
        yield
        return
    variables = model.trainable_variables
    raw = [keras.ops.convert_to_numpy(variable) for variable in variables]
    optimizer.finalize_variable_values(variables)
    try:
        yield
    finally:
        for variable, value in zip(variables, raw, strict=True):
            variable.assign(value)


def _optimizer(config: Config) -> keras.optimizers.Optimizer:
    optimizer = make_optimizer(
        config.fit.optimizer,
        learning_rate=config.fit.learning_rate,
        weight_decay=config.fit.weight_decay,
        clip_norm=config.fit.clip_norm,
    )
    if config.fit.average:
        optimizer.use_ema = True
        optimizer.ema_momentum = config.fit.average
    return optimizer


def _mean(scores: Scores) -> float:
    return float(np.mean([score.exact for score in scores.values()])) if scores else 0.0


def _log_epoch(run: Path, epoch: int, loss: float, scores: Scores) -> None:
    path = run / "log.csv"
    is_new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if is_new:
            writer.writerow(["epoch", "loss", "source", "count", "exact", "case_insensitive"])
        for name, score in scores.items():
            row = [epoch, f"{loss:.5f}", name, score.count]
            writer.writerow([*row, f"{score.exact:.5f}", f"{score.case_insensitive:.5f}"])
