"""Looks at a run before it starts and while it goes: faults are told, some end it.

:mod:`training.diagnose` says what a fault is; here is when it is looked for, and what becomes of
the run.
"""

from __future__ import annotations

import hashlib
import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from training import diagnose
from training.config import Config
from training.data.pipeline import STEP_PIXELS, aligned, steps_needed
from training.data.sources import Data, LabelError, read_data
from training.diagnose import REMEDIES, Diagnosis, Epoch
from training.models.ctc import time_steps
from training.samples import DatasetError, Sample, shown

STEPS = 20  # whose mean loss is looked at within an epoch
DIVERGED = 2.0  # times the loss of the first steps
NAMED = 5
KEPT = (
    "The run was stopped and its last good checkpoint kept: change captcha.toml, and the same "
    "command goes on from there."
)


class TrainingFault(RuntimeError):  # noqa: N818 - a fault of the training, by the guide's word
    """A run was ended; ``diagnosis`` says why, by a name that the guide explains."""

    def __init__(self, diagnosis: Diagnosis, after: str = "") -> None:
        super().__init__(f"{diagnosis} {after}".strip())
        self.diagnosis = diagnosis


def read(config: Config, root: Path) -> Data:
    """Read the data of a run.

    Raises:
        TrainingFault: labels that the model cannot have.
        DatasetError: the data cannot be used otherwise.
    """
    try:
        return read_data(config, root)
    except LabelError as error:
        labels = [sample.label for sample in error.samples]
        found = diagnose.outside_charset(labels, config.symbols) or diagnose.labels_too_long(
            labels, [config.length] * len(labels), is_ctc=False
        )
        if found is None:
            raise
        raise TrainingFault(found, f"The first: {error}.") from error


def step_pixels(model: Any, config: Config) -> int:
    """Pixels of width for one CTC step of a network, rounded up; others have none."""
    if not config.is_ctc:
        return STEP_PIXELS
    width = aligned(config.input.max_width)
    return -(-width // time_steps(model, width))


def unlearnable(
    model: Any, config: Config, data: Data, widths: npt.NDArray[np.int64]
) -> tuple[list[int], list[str]]:
    """Training samples to leave out, and what to say: labels with too few CTC steps.

    ``widths[i]`` is how wide picture i is in use. A label that its picture cannot emit in use is
    counted; left out is what not even the widest picture could.
    """
    samples = data.samples
    steps = {width: time_steps(model, width) for width in set(map(int, widths))}
    labels = [sample.label for sample in samples]
    found = diagnose.labels_too_long(labels, [steps[int(width)] for width in widths])
    if found is None:
        return [], []
    most = time_steps(model, aligned(config.input.max_width))
    out = [i for i, label in enumerate(labels) if steps_needed(label) > most]
    if not out:
        return [], [str(found)]
    if len(out) == len(samples):
        raise TrainingFault(found, "No picture is left to train on.")
    names = ", ".join(shown(samples[i].path) for i in out[:NAMED])
    more = ", …" if len(out) > NAMED else ""
    return out, [str(found), f"{len(out)} pictures are left out: {names}{more}"]


def left_out(samples: Sequence[Sample], damaged: Mapping[int, DatasetError], what: str) -> str:
    """What to say of pictures that cannot be read, by index; ``what`` are all of them.

    Raises:
        DatasetError: none is left.
    """
    first = next(iter(damaged.values()))
    if len(damaged) == len(samples):
        raise DatasetError(f"{what}: none of {len(samples)} can be read; the first: {first}")
    names = ", ".join(shown(samples[i].path) for i in list(damaged)[:NAMED])
    more = ", …" if len(damaged) > NAMED else ""
    why = first.__cause__ or first
    return (
        f"{what}: {len(damaged)} of {len(samples)} cannot be read and are left out: {names}{more} "
        f"(the first: {why}); solver-train check lists them all"
    )


def shared_pictures(data: Data) -> Diagnosis | None:
    """Validation files that are, byte by byte, training files too."""
    validation = [sample for part in data.validation.values() for sample in part]
    sizes = {sample.size() for sample in validation}
    same_size = [sample for sample in data.samples if sample.size() in sizes]
    return diagnose.same_pictures(
        [_digest(sample) for sample in same_size], [_digest(sample) for sample in validation]
    )


def _digest(sample: Sample) -> str:
    content = sample.content()
    data = content.read_bytes() if isinstance(content, Path) else content
    return hashlib.sha256(data).hexdigest()


@contextmanager
def memory(batch: int, try_batch: Callable[[int], None] | None) -> Iterator[None]:
    """Turn a backend's lack of memory into a fault that names the largest batch that fits.

    ``try_batch`` trains on so many pictures, or raises; what it does to the weights is lost.

    Raises:
        TrainingFault: memory ran out.
    """
    try:
        yield
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        if diagnose.out_of_memory(message, batch=batch) is None:
            raise
        largest = None
        if try_batch is not None:
            largest = diagnose.largest_batch(batch // 2, lambda size: _fits(try_batch, size))
        found = diagnose.out_of_memory(message, batch=batch, largest=largest)
        assert found is not None
        raise TrainingFault(found, KEPT) from error


def _fits(try_batch: Callable[[int], None], size: int) -> bool:
    try:
        try_batch(size)
    except Exception as error:
        if diagnose.out_of_memory(f"{type(error).__name__}: {error}", batch=size) is None:
            raise
        return False
    return True


@dataclass(slots=True)
class Watch:
    """What a run has shown so far. ``report`` is told of faults: in full once, then in short."""

    report: Callable[[str], None]
    epochs: list[Epoch] = field(default_factory=list)
    _told: set[str] = field(default_factory=set)
    _recent: deque[float] = field(default_factory=lambda: deque(maxlen=STEPS))
    _first: float = math.nan
    _lowest: float = math.inf

    def step(self, loss: float, *, epoch: int, step: int) -> None:
        """Look at the loss of one step, both numbered from 1.

        Raises:
            TrainingFault: it is not finite, or the mean of the last steps has exploded.
        """
        if not math.isfinite(loss):
            self.stop("loss-not-finite", f"the loss of epoch {epoch}, step {step} is {loss}")
        self._recent.append(loss)
        if len(self._recent) < STEPS:
            return
        mean = self.mean()
        if math.isnan(self._first):
            self._first = mean
        self._lowest = min(self._lowest, mean)
        if mean >= DIVERGED * abs(self._first) and mean >= diagnose.EXPLODED * abs(self._lowest):
            self.stop(
                "loss-exploding",
                f"at epoch {epoch}, step {step} the mean loss of {STEPS} steps is {mean:.4g}, was "
                f"{self._first:.4g} at first and {self._lowest:.4g} at its lowest",
            )

    def mean(self) -> float:
        """Of the last steps' losses."""
        return float(np.mean(self._recent))

    @property
    def is_sound(self) -> bool:
        """Whether the state is worth a checkpoint: the loss is not on its way up and away."""
        return math.isnan(self._first) or not (
            self.mean() >= diagnose.EXPLODED * abs(self._lowest)
            and self.mean() >= 0.5 * abs(self._first)
        )

    def weights(self, arrays: Sequence[npt.NDArray[Any]], *, epoch: int, step: int) -> None:
        """Look at the weights that a checkpoint would hold.

        Raises:
            TrainingFault: some are not finite.
        """
        for array in arrays:
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                at = f"epoch {epoch}, step {step}" if step else f"epoch {epoch}"
                self.stop("loss-not-finite", f"after {at} there are weights that are not finite")

    def tensors(self, x: npt.NDArray[np.float32], config: Config) -> None:
        """Look at the first batch ``(N, h, w, c)``."""
        self.tell([diagnose.input_scaling(x, config.input_spec())])

    def epoch(self, epoch: Epoch, answers: Sequence[str], truths: Sequence[str]) -> None:
        """Look at what an epoch came to, and at the answers of validation with their labels."""
        self.epochs.append(epoch)
        one = diagnose.one_answer(answers, truths) if epoch.number > 1 else None
        self.tell([*diagnose.diagnose_epochs(self.epochs), one])

    def tell(self, found: Sequence[Diagnosis | None]) -> None:
        """Report each fault: the first time with its remedy."""
        for fault in found:
            if fault is None:
                continue
            is_known = fault.name in self._told
            self.report(f"{fault.name}, still: {fault.evidence}" if is_known else str(fault))
            self._told.add(fault.name)

    def stop(self, name: str, evidence: str) -> None:
        """End the run by a fault."""
        raise TrainingFault(Diagnosis(name, evidence, REMEDIES[name]), KEPT)
