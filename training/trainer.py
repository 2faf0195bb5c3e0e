"""Fit a network, a checkpoint every so many steps, and go on where a killed run stopped."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from training import bases, checkpoint, plots, runlog, scoring, watch, weights
from training.bases import Base
from training.config import Config
from training.data.endless_feeder import Draft, EndlessFeeder
from training.data.pipeline import Canvases, Feeder, aligned
from training.data.sources import Data
from training.data.stopwatch import Stopwatch
from training.diagnose import Epoch
from training.events import EventWriter
from training.models import TASKS, build, transfer
from training.optimizers import Plateau, averaged, optimizer_for, scheduled_rate
from training.profiling import Profiler
from training.validation import in_scalars, in_words, mean_loss, mean_score, validate

_log = logging.getLogger(__name__)

REPORT_STEPS = 50
REPORT_SECONDS = 20.0
BEST = "best.weights.h5"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: the next epoch and step to do, the best score, epochs since then.

    ``best_loss`` is the validation loss of the best score. ``total`` is the sum of the losses of
    this epoch's steps so far.
    """

    epoch: int = 0
    step: int = 0
    best: float = -1.0
    best_loss: float | None = None
    waited: int = 0
    total: float = 0.0
    plateau: Plateau = field(default_factory=Plateau)

    def is_bettered(self, score: float, loss: float | None) -> bool:
        """Whether a validation has more right, or as much at a lower loss."""
        if score != self.best:
            return score > self.best
        return loss is not None and (self.best_loss is None or loss < self.best_loss)

    def after(self, score: float, loss: float | None) -> Progress:
        """Where a run is after the validation of an epoch.

        Nobody waits for the first right answer: whole captchas come late.
        """
        is_best, is_late = self.is_bettered(score, loss), max(score, self.best) <= 0
        return Progress(
            epoch=self.epoch + 1,
            best=max(score, self.best),
            best_loss=loss if is_best else self.best_loss,
            waited=0 if is_best or is_late else self.waited + 1,
            plateau=self.plateau if is_late else self.plateau.after(score),
        )


def fit(
    config: Config,
    root: Path,
    run: Path,
    *,
    base: Base | None = None,
    profile: bool = False,
    on_report: Callable[[str], None] = _log.info,
) -> Path:
    """Train until the last epoch, or until validation stands, and return the run's folder.

    ``root`` is where relative data paths start; ``run`` is the folder of checkpoints and logs,
    made if absent. A run that has a checkpoint goes on from it. A new run begins with the weights
    of ``base``, or of ``fit.start_from``, layer by layer where they fit. ``profile`` writes where
    the time goes into ``profile.txt`` and ``profile.json`` of the run, at every epoch.

    Raises:
        DatasetError: the data cannot be used.
        TrainingFault: a fault that no further training mends; checkpoints from before are kept.
        CheckpointError: the run belongs to other data, other settings or another network.
        TransferError: the base does not fit; the message says which settings would.
    """
    keras.utils.set_random_seed(config.seed)
    keras.mixed_precision.set_global_policy(
        "mixed_bfloat16" if config.fit.mixed_precision else "float32"
    )
    is_new = checkpoint.latest(run / "checkpoints") is None
    if is_new and base is None and config.fit.start_from:
        base = bases.find(config.fit.start_from, root=root)
    if not is_new and base is not None:
        on_report(f"goes on from its last checkpoint; {base.name} is for new runs: name one: --run")
    data = watch.read(config, root)
    if not is_new:
        bases.go_on(config, data.labels, run)
    if data.samples:
        count = len(data.train)
        sources = f"{count} source{'s' if count > 1 else ''}"
        on_report(f"{len(data.samples)} pictures of {sources}; decoding")
    for one in data.endless:
        on_report(f"{one.name}: {one.count} new pictures an epoch")
    profiler = Profiler(is_on=profile)
    model = build(config, labels=data.labels, root=root)
    with watch.memory(config.fit.batch, None):
        feeder = _feeder(config, data, model, profiler)
    if feeder.damaged:
        on_report(watch.left_out(data.samples, feeder.damaged, "training pictures"))
        feeder.leave_out(list(feeder.damaged))
    if config.is_ctc:
        left_out, said = watch.unlearnable(model, config, data, feeder.widths)
        feeder.leave_out(left_out)
        for line in said:
            on_report(line)
    run.mkdir(parents=True, exist_ok=True)
    if is_new:
        for line in bases.begin(model, base, config, data.labels) if base else ():
            on_report(line)
        bases.keep(config, data.labels, run, base=base)
    if config.model.freeze:
        frozen = transfer.freeze(model, until=config.model.freeze)
        on_report(f"{len(frozen)} layers are frozen")
    if config.model.freeze_batch_norm:
        on_report(f"{transfer.freeze_batch_norm(model)} batch normalisations are frozen")
    # XLA halves TensorFlow's speed on CPUs; JAX is slow without it.
    model.compile(optimizer=optimizer_for(config.fit), jit_compile=keras.backend.backend() == "jax")
    model.optimizer.build(model.trainable_variables)
    return _Run(config, run, model, feeder, data, on_report, profiler).go()


def _feeder(config: Config, data: Data, model: Any, profiler: Profiler) -> Feeder | EndlessFeeder:
    """The batches of a run."""
    make = partial(
        Draft if data.endless else Feeder,
        spec=config.input_spec(),
        targets=TASKS[config.task].targets(config, data.labels),
        batch=config.fit.batch,
        seed=config.seed,
        augmented=config.data.augment,
        is_strong=config.data.is_strong,
        flipped=config.detect.flip,
        is_photo=config.classify.photo,
        mixed=config.classify.mix,
        workers=config.data.workers,
        cache_bytes=config.data.cache_bytes,
        is_full=keras.backend.backend() == "jax",
        watch=profiler.watch,
        step_pixels=watch.step_pixels(model, config),
    )
    if not data.endless:
        return make(data.samples, data.repeats)
    return EndlessFeeder(
        data.samples,
        data.repeats,
        endless=data.endless,
        make=make,
        batch=config.fit.batch,
        width=config.input.width or aligned(config.input.max_width),
        seed=config.seed,
        workers=config.data.workers,
    )


@dataclass(slots=True)
class _Run:
    """One call of :func:`fit`, once everything is built."""

    config: Config
    folder: Path
    model: Any
    feeder: Feeder | EndlessFeeder
    data: Data
    report: Callable[[str], None]
    profiler: Profiler
    data_hash: str = ""
    guard: watch.Watch = field(init=False)
    events: EventWriter = field(init=False)
    validation: dict[str, Canvases] = field(init=False)
    batch: Any = None
    begun: tuple[float, int] = (0.0, 0)

    def go(self) -> Path:
        self.data_hash = self.data.fingerprint
        progress = self.restore()
        said = self.over(progress)
        if said:
            self.report(f"the run is finished, {said} or name another --run")
            return self.folder
        steps = len(self.feeder.plan(0))
        if progress != Progress():
            step = f"step {progress.step + 1}" if progress.step < steps else "validation"
            self.report(f"goes on at epoch {progress.epoch + 1}, {step}")
        before = runlog.go_back(self.folder / "log.csv", progress.epoch)
        self.guard = watch.Watch(self.report, before)
        self.guard.tell([watch.shared_pictures(self.data)])
        at = progress.epoch * steps + progress.step
        self.events = EventWriter(self.folder / "events", step=at + 1)
        with watch.memory(self.config.fit.batch, self.try_batch):
            self.validation = self.canvases()
            self.begun = time.monotonic(), at
            return self.epochs(progress, steps)

    def canvases(self) -> dict[str, Canvases]:
        """Of each validation source, in the memory that training leaves.

        All are decoded: a damaged picture is said before the first epoch, and not after it.
        """
        left = max(0, self.config.data.cache_bytes - self.feeder.kept_bytes)
        parts = dict(self.data.validation)
        share, spec = left // max(1, len(parts)), self.config.input_spec()
        found = {
            name: Canvases(part, spec, limit=share, watch=Stopwatch())
            for name, part in parts.items()
        }
        for name, one in found.items():
            _, damaged = one.widths(workers=self.config.data.workers)
            if damaged:
                self.report(watch.left_out(parts[name], damaged, f"validation pictures of {name}"))
                parts[name] = one.drop(damaged)
        self.data = replace(self.data, validation=parts)
        return found

    def epochs(self, progress: Progress, steps: int) -> Path:
        """All that is left to do."""
        while not self.over(progress):
            loss = self.train(progress, steps)
            progress = self.judge(progress, loss, steps)
            if self.profiler.is_on:
                self.report(self.profiler.write(self.folder))
        if progress.epoch < self.config.fit.epochs:
            self.report(f"no better validation for {progress.waited} epochs: stopped")
        return self.folder

    def over(self, progress: Progress) -> str:
        """Why nothing is left to do, and what would change that; empty: something is."""
        done, own = progress.epoch, self.config.fit
        if done >= own.epochs:
            return f"{done} of {own.epochs} epochs: raise fit.epochs"
        if own.patience and progress.waited >= own.patience:
            late = f"no better validation for {progress.waited} epochs"
            return f"{done} of {own.epochs} epochs, {late}: raise fit.patience"
        return ""

    def train(self, progress: Progress, steps: int) -> float:
        """The rest of an epoch; returns the mean loss of all its steps."""
        fit_config, losses, total = self.config.fit, [], progress.total
        clock, epoch = time.monotonic(), progress.epoch
        told = clock
        batches = self.profiler.waiting(self.feeder.epoch(epoch, start=progress.step))
        for step, (x, y) in enumerate(batches, start=progress.step):
            if self.batch is None:
                self.guard.tensors(x, self.config)
            self.batch = x, y
            rate = scheduled_rate(
                fit_config.schedule,
                peak=fit_config.learning_rate,
                step=progress.epoch * steps + step,
                total=steps * fit_config.epochs,
                warmup=fit_config.warmup,
                plateau=progress.plateau,
            )
            self.model.optimizer.learning_rate = rate
            with self.profiler.step(epoch, step, x.shape):
                losses.append(float(self.model.train_on_batch(x, y)))
            total += losses[-1]
            self.guard.step(losses[-1], epoch=epoch + 1, step=step + 1)
            now, is_due = time.monotonic(), (step + 1) % REPORT_STEPS == 0
            if is_due or now - told >= REPORT_SECONDS:
                self.tell(epoch, step + 1, steps, losses, now - clock)
                told = now
            if is_due:
                shown = {"train/loss": float(np.mean(losses[-REPORT_STEPS:])), "train/rate": rate}
                self.events.scalars(epoch * steps + step + 1, shown)
            if (step + 1) % fit_config.checkpoint_steps == 0 and self.guard.is_sound:
                self.store(replace(progress, step=step + 1, total=total))
        return total / max(1, progress.step + len(losses))

    def try_batch(self, size: int) -> None:
        """One step on so many pictures, as wide as any batch of the run."""
        if self.batch is None:
            return
        x, y = keras.tree.map_structure(
            lambda part: np.resize(part, (size, *part.shape[1:])), self.batch
        )
        widest = max(look.width for looks in self.feeder.plan(0) for look in looks)
        self.model.train_on_batch(np.resize(x, (size, x.shape[1], widest, x.shape[3])), y)

    def tell(self, epoch: int, step: int, steps: int, losses: list[float], spent: float) -> None:
        """One line of live progress, with the time left to the last epoch."""
        rate = len(losses) / spent
        self.report(
            f"epoch {epoch + 1}/{self.config.fit.epochs} step {step}/{steps} "
            f"loss {np.mean(losses[-REPORT_STEPS:]):.4f} "
            f"{rate * self.config.fit.batch:.0f} pictures/s, "
            f"{self.left(epoch * steps + step, steps)}"
        )

    def left(self, at: int, steps: int) -> str:
        """The time to the last epoch, as long as steps have taken so far, validation with them."""
        clock, first = self.begun
        each = (time.monotonic() - clock) / max(1, at - first)
        return f"{in_time(each * (steps * self.config.fit.epochs - at))} left"

    def judge(self, progress: Progress, loss: float, steps: int) -> Progress:
        """Validate, keep the best weights, log, plot, and name what looks wrong."""
        self.guard.weights(self.arrays(), epoch=progress.epoch + 1, step=0)
        with averaged(self.model), self.profiler.watch.time("validation"):
            scores, answers = validate(self.model, self.config, self.data, canvases=self.validation)
            mean, lost = mean_score(scores), mean_loss(scores)
            # Without validation nothing tells epochs apart: the last one is kept.
            if not scores or progress.is_bettered(mean, lost):
                plain = keras.Model(self.model.input, self.model.output)
                checkpoint.replace(self.folder / BEST, weights.writer(plain))
        done = progress.epoch + 1
        progress = progress.after(mean, lost)
        # Before the checkpoint: an epoch that is logged and not kept is logged again.
        shares = scoring.columns(self.config.task)
        runlog.append(self.folder / "log.csv", done, loss, scores, shares=shares)
        self.store(progress)
        self.events.scalars(done * steps, in_scalars(loss, scores))
        self.report(f"epoch {done}: {in_words(loss, scores)}; {self.left(done * steps, steps)}")
        truths = [s.label for part in self.data.validation.values() for s in part]
        said = [answer for answer in answers if isinstance(answer, str)]
        figure = mean if scores else None
        self.guard.epoch(Epoch(done, loss, figure, lost), said, truths)
        plots.plot_log(self.folder)
        return progress

    def arrays(self) -> list[Any]:
        """Everything that changes in training: weights, and the optimiser's state."""
        variables = [*self.model.variables, *self.model.optimizer.variables]
        return [keras.ops.convert_to_numpy(variable) for variable in variables]

    def store(self, progress: Progress) -> None:
        with self.profiler.watch.time("checkpoint"):
            arrays = self.arrays()
            self.guard.weights(arrays, epoch=progress.epoch + 1, step=progress.step)
            state = {**asdict(progress), "data": self.data_hash}
            checkpoint.save(self.folder / "checkpoints", arrays, state)

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
                f"{self.folder}: its checkpoints are of another network, or of other frozen "
                f"layers; train in a new run folder: --run NEW --from {self.folder / BEST}"
            )
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)
        return Progress(**{**state, "plateau": Plateau(**state["plateau"])})


def in_time(seconds: float) -> str:
    """A duration for a person: "50 s", "12 min", "3.5 h"."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
