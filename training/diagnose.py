"""Named faults of a training run, each with its evidence and a remedy.

Pure functions over what a trainer knows: the epochs so far, labels, answers, tensors, the message
of an error. ``docs/guides/when-training-goes-wrong.md`` has one section a name.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solver.spec import InputSpec
from training.data.pipeline import steps_needed

EXPLODED = 3.0  # times the lowest loss so far
WINDOW = 5  # epochs that make a trend
FALLEN = 0.05  # of accuracy, over a window
LEARNING = 0.2  # share of the training loss that goes away while validation stands
STANDING = 0.01  # of accuracy: less is standing still
DONE = 0.97  # accuracy that may well stand still
SAME = 0.9  # share of equal answers
FEWEST = 10  # answers that tell anything
NARROW = 0.02  # share of the tensor's range that pictures must span

REMEDIES: Mapping[str, str] = {
    "loss-not-finite": (
        "Divide fit.learning_rate by 10, keep fit.clip_norm at 5 or below and turn off "
        "fit.mixed_precision; then look for labels longer than the model can emit."
    ),
    "loss-exploding": (
        "Divide fit.learning_rate by 3 to 10, raise fit.warmup, and set fit.clip_norm to 1 to 5. "
        "The best weights so far are kept: a new run can begin with them by --from."
    ),
    "accuracy-falling-with-loss": (
        "The loss rewards something else than whole answers. Look at the wrong answers with "
        "solver-train evaluate: run solver-train check for wrong and conflicting labels, hold "
        "validation to the same kind of pictures as training, and lower fit.learning_rate."
    ),
    "one-answer-for-everything": (
        "In the first epochs this is usual. If it stays: check that labels vary and belong to "
        "their pictures (solver-train preview), that classes are balanced, and try a "
        "fit.learning_rate 3 times smaller and one 3 times larger."
    ),
    "validation-standing-still": (
        "The network learns its pictures by heart: add pictures (solver-train curve says how "
        "many), set data.augment = true, raise model.dropout, or begin with --from text-general. "
        "Check that validation shows the same kind of captcha as training."
    ),
    "same-pictures-on-both-sides": (
        "Validation is too kind: it holds pictures that were trained on. Split again with "
        "solver-train split, which keeps equal and nearly equal pictures on one side."
    ),
    "labels-too-long": (
        "Raise input.max_width (a CTC step is 4 pixels of the fitted picture), or input.height, "
        "which widens every picture with it; for a multi-head model raise its number of heads. "
        "Otherwise correct these labels or leave the pictures out."
    ),
    "label-outside-charset": (
        "Add the symbols to the charset (symbols in captcha.toml), or correct or leave out these "
        "labels. Mind look-alikes: full-width digits, a space at the end, Cyrillic letters."
    ),
    "input-scaling": (
        "Make tensors with solver.preprocess only, from uint8 levels 0–255, and put every other "
        "scaling into input.scale, input.mean and input.std, so that use does as training did."
    ),
    "out-of-memory": (
        "Halve fit.batch until it fits, and fit.learning_rate with it. Else lower data.cache_mb "
        '(with data.cache = "limited"), input.max_width or model.width.'
        " Or pack the pictures and stream them: data.cache_mb = 0."
    ),
}

_OUT_OF_MEMORY = re.compile(
    r"\bOOM\b|out of memory|RESOURCE_?EXHAUSTED|MemoryError|bad_alloc|Unable to allocate"
    r"|OUT_OF_MEMORY|STATUS_ALLOC_FAILED|Failed to allocate|Cannot allocate memory",
    re.IGNORECASE,
)
_SIZE = re.compile(r"shape\s*[\[(][\d, ]+[\])]|[\d.]+\s*[KMGT]i?B\b|\b\d{4,} bytes", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is wrong, by a name that the guide explains, how one sees it, and what helps."""

    name: str
    evidence: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.name}: {self.evidence}. {self.remedy}"


@dataclass(frozen=True, slots=True)
class Epoch:
    """One epoch's mean training loss, and what validation said: loss, whole-answer accuracy."""

    number: int
    loss: float
    accuracy: float | None = None
    validation_loss: float | None = None


def diagnose_epochs(epochs: Sequence[Epoch]) -> list[Diagnosis]:
    """Every fault that the epochs so far show, at the end of the last one."""
    checks = (
        loss_not_finite,
        loss_exploding,
        accuracy_falling_with_loss,
        validation_standing_still,
    )
    return [found for check in checks if (found := check(epochs)) is not None]


def loss_not_finite(epochs: Sequence[Epoch]) -> Diagnosis | None:
    """A training loss that is NaN or infinite."""
    for epoch in epochs:
        if not math.isfinite(epoch.loss):
            return _found("loss-not-finite", f"the loss of epoch {epoch.number} is {epoch.loss}")
    return None


def loss_exploding(epochs: Sequence[Epoch]) -> Diagnosis | None:
    """A loss far above its lowest value, and back in the region of where it began."""
    if len(epochs) < 2 or not all(math.isfinite(epoch.loss) for epoch in epochs):
        return None
    last, lowest = epochs[-1], min(epochs[:-1], key=lambda epoch: epoch.loss)
    if last.loss < EXPLODED * abs(lowest.loss) or last.loss < 0.5 * epochs[0].loss:
        return None
    return _found(
        "loss-exploding",
        f"the loss rose from {lowest.loss:.4g} (epoch {lowest.number}) "
        f"to {last.loss:.4g} (epoch {last.number})",
    )


def accuracy_falling_with_loss(epochs: Sequence[Epoch]) -> Diagnosis | None:
    """Over a window the loss falls, and whole-answer accuracy falls with it."""
    window = epochs[-WINDOW:]
    accuracies = [epoch.accuracy for epoch in window if epoch.accuracy is not None]
    if len(accuracies) < WINDOW or not window[-1].loss < window[0].loss:
        return None
    slope = float(np.polyfit(np.arange(WINDOW), accuracies, 1)[0])
    if slope * (WINDOW - 1) > -FALLEN or accuracies[-1] > accuracies[0] - FALLEN:
        return None
    return _found(
        "accuracy-falling-with-loss",
        f"from epoch {window[0].number} to {window[-1].number} the loss fell from "
        f"{window[0].loss:.4g} to {window[-1].loss:.4g}, and accuracy from {accuracies[0]:.3f} "
        f"to {accuracies[-1]:.3f}",
    )


def validation_standing_still(epochs: Sequence[Epoch]) -> Diagnosis | None:
    """Over a window the training loss falls while validation gains nothing.

    Where validation has a loss, both it and accuracy must stand: a network that grows too sure of
    itself has a rising loss, and may still gain answers. By accuracy alone, epochs without any
    right answer count only once the training loss is down to a tenth: whole captchas come late.
    """
    before, window = epochs[:-WINDOW], epochs[-WINDOW:]
    if not before or not all(math.isfinite(epoch.loss) for epoch in epochs):
        return None
    start, end = before[-1], window[-1]
    if end.loss > (1 - LEARNING) * start.loss:
        return None
    accuracies = [epoch.accuracy for epoch in epochs if epoch.accuracy is not None]
    losses = [epoch.validation_loss for epoch in epochs if epoch.validation_loss is not None]
    if accuracies and max(accuracies) >= DONE:
        return None
    shown = []
    if len(accuracies) == len(epochs):
        best, now = max(accuracies[:-WINDOW]), max(accuracies[-WINDOW:])
        is_late = len(losses) < len(epochs) and now == 0 and end.loss > 0.1 * epochs[0].loss
        if now > best + STANDING or is_late:
            return None
        shown.append(f"accuracy at {best:.3f} (now {accuracies[-1]:.3f})")
    if len(losses) == len(epochs):
        lowest = min(losses[:-WINDOW])
        if min(losses[-WINDOW:]) <= lowest - STANDING * abs(lowest):
            return None
        shown.append(f"loss at {lowest:.4g} (now {losses[-1]:.4g})")
    if not shown:
        return None
    return _found(
        "validation-standing-still",
        f"from epoch {start.number} to {end.number} the training loss fell from "
        f"{start.loss:.4g} to {end.loss:.4g}, and validation stayed: {', '.join(shown)}",
    )


def one_answer(answers: Sequence[str], truths: Sequence[str]) -> Diagnosis | None:
    """Nearly all pictures get one string or class, though their labels differ."""
    if len(answers) < FEWEST:
        return None
    answer, count = Counter(answers).most_common(1)[0]
    if count < SAME * len(answers) or truths.count(answer) > 0.5 * len(truths):
        return None
    shown = repr(answer) if answer else "nothing"
    return _found(
        "one-answer-for-everything",
        f"{count} of {len(answers)} pictures are read as {shown}, their labels are "
        f"{len(set(truths))} different ones",
    )


def same_pictures(train: Collection[str], validation: Collection[str]) -> Diagnosis | None:
    """Pictures, by the hash of their bytes or pixels, that are in training and validation."""
    shared = set(train) & set(validation)
    if not shared:
        return None
    return _found(
        "same-pictures-on-both-sides",
        f"{len(shared)} of {len(set(validation))} validation pictures are training pictures too",
    )


def labels_too_long(
    labels: Sequence[str], steps: Sequence[int], *, is_ctc: bool = True
) -> Diagnosis | None:
    """Labels that do not fit: ``steps[i]`` are the CTC steps, or heads, of picture i."""
    needs = [steps_needed(label) if is_ctc else len(label) for label in labels]
    misfits = [
        (needed - given, label, needed, given)
        for label, needed, given in zip(labels, needs, steps, strict=True)
        if needed > given
    ]
    if not misfits:
        return None
    _, label, needed, given = max(misfits)
    what = "CTC steps" if is_ctc else "heads"
    return _found(
        "labels-too-long",
        f"{len(misfits)} of {len(labels)} labels cannot be emitted; the worst, {label!r}, needs "
        f"{needed} {what} and its picture gives {given}",
    )


def outside_charset(labels: Sequence[str], symbols: Collection[str]) -> Diagnosis | None:
    """Labels with symbols that the model does not know."""
    known = set(symbols)
    foreign = Counter(symbol for label in labels for symbol in set(label) - known)
    if not foreign:
        return None
    touched = sum(not known.issuperset(label) for label in labels)
    shown = ", ".join(
        f"{symbol!r} (U+{ord(symbol):04X}) in {count}" for symbol, count in foreign.most_common(5)
    )
    return _found(
        "label-outside-charset",
        f"{touched} of {len(labels)} labels hold {len(foreign)} symbols that the charset lacks: "
        f"{shown}{', …' if len(foreign) > 5 else ''}",
    )


def input_scaling(tensors: npt.NDArray[np.floating], spec: InputSpec) -> Diagnosis | None:
    """Tensors ``(N, h, w, c)`` that the contract cannot have made from levels 0–255."""
    std, mean = np.asarray(spec.std), np.asarray(spec.mean)
    low, high = -mean / std, (255 * spec.scale - mean) / std
    low, high = np.minimum(low, high), np.maximum(low, high)
    found_low = tensors.min(axis=(0, 1, 2)).astype(np.float64)
    found_high = tensors.max(axis=(0, 1, 2)).astype(np.float64)
    slack = 1e-3 * (high - low)
    is_inside = bool((found_low >= low - slack).all() and (found_high <= high + slack).all())
    if is_inside and bool(((found_high - found_low) >= NARROW * (high - low)).any()):
        return None
    return _found(
        "input-scaling",
        f"tensors span {found_low.min():.4g} to {found_high.max():.4g}, where the contract makes "
        f"{low.min():.4g} to {high.max():.4g} of black and white",
    )


def out_of_memory(message: str, *, batch: int, largest: int | None = None) -> Diagnosis | None:
    """Whether an error's message speaks of memory, and the batch to try next.

    ``largest`` is a batch that was tried and fits.
    """
    if not _OUT_OF_MEMORY.search(message):
        return None
    size = _SIZE.search(message)
    advice = f"Try fit.batch = {batch // 2}. " if batch > 1 else ""
    advice = f"The largest batch that fits is fit.batch = {largest}. " if largest else advice
    found = _found(
        "out-of-memory",
        f"memory ran out with fit.batch = {batch}{f' ({size.group()})' if size else ''}",
    )
    return Diagnosis(found.name, found.evidence, advice + found.remedy)


def largest_batch(batch: int, fits: Callable[[int], bool]) -> int | None:
    """The largest of ``batch``, its half, its quarter … that fits; None where not even 1 does."""
    while batch >= 1:
        if fits(batch):
            return batch
        batch //= 2
    return None


def _found(name: str, evidence: str) -> Diagnosis:
    return Diagnosis(name, evidence, REMEDIES[name])
