"""From raw logits to probabilities, and what every text decoder does with them.

Chances are (N, C) float64 probabilities and scores their natural logarithms; the last class is
the blank. Scores are floored at `FLOOR`, so that cumulative sums stay finite and a constraint
always finds its best answer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solver._fields import is_integer
from solver.charset import Case, Charset
from solver.decoders.constraints import Constraint, unconstrained
from solver.errors import ModelError, TaskError
from solver.results import Alternative, Character, TextResult

Chances = NDArray[np.float64]
Scores = NDArray[np.float64]

FLOOR = -200.0  # far below what a float32 softmax can say (about -103)
_LEAST = float(np.exp(FLOOR))
LOG_HALF = float(np.log(0.5))
MAX_TOP_K = 32


def probabilities(
    logits: ArrayLike, *, shape: tuple[str, ...], classes: int, temperature: float
) -> Chances:
    """Softmax over the last axis of ``logits / temperature``.

    `shape` names the axes for messages, the classes last. ModelError when the logits have other
    axes, another number of classes, no positions, or a value that is not finite.
    """
    values = np.asarray(logits)
    if values.ndim != len(shape) or values.shape[-1] != classes or values.size == 0:
        wanted = "(" + ", ".join((*shape[:-1], f"{shape[-1]}={classes}")) + ")"
        raise ModelError(f"expected logits of shape {wanted}; received {values.shape}")
    if values.dtype.kind != "f":
        raise ModelError(f"expected logits of a float type; received {values.dtype}")
    if not (math.isfinite(temperature) and temperature > 0):
        raise ModelError(f"expected a temperature above 0; received {temperature!r}")
    # A finite sum of squares: finite logits, far too small for what follows to overflow.
    if math.isfinite(np.vdot(values, values)) and temperature > _LEAST:
        return _softmax(values, temperature)
    with np.errstate(over="ignore", invalid="ignore"):
        if not np.isfinite(values).all():
            raise ModelError(
                "expected finite logits; received NaN or infinity in an array of shape "
                f"{values.shape}"
            )
        return _softmax(values, temperature)


def _softmax(logits: NDArray[Any], temperature: float) -> Chances:
    chances: Chances = logits.astype(np.float64)
    # −inf is right for what is too far below the largest.
    chances -= np.maximum.reduce(chances, axis=-1, keepdims=True)
    chances /= temperature
    np.exp(chances, out=chances)
    chances /= np.add.reduce(chances, axis=-1, keepdims=True)
    return chances


def logarithms(chances: Chances) -> Scores:
    """The scores of chances, none below `FLOOR`."""
    scores: Scores = np.log(np.maximum(chances, _LEAST))
    return scores


def log_probabilities(
    logits: ArrayLike, *, shape: tuple[str, ...], classes: int, temperature: float
) -> Scores:
    """The logarithms of `probabilities`."""
    return logarithms(probabilities(logits, shape=shape, classes=classes, temperature=temperature))


def log_sum(values: Scores, axis: int) -> Scores:
    """log Σ exp over one axis, −inf where there is nothing."""
    peak = values.max(axis=axis, keepdims=True)
    peak = np.where(np.isfinite(peak), peak, 0.0)
    with np.errstate(divide="ignore"):
        total: Scores = np.log(np.exp(values - peak).sum(axis=axis)) + peak.squeeze(axis)
    return total


def folded(chances: Chances, charset: Charset, case: Case | None) -> tuple[Chances, Charset]:
    """Probabilities and charset with those of both cases of a letter added up."""
    if case is None:
        return chances, charset
    merged, mapping = charset.fold(case)
    targets = np.array(mapping)
    order = np.argsort(targets, kind="stable")
    starts = np.searchsorted(targets[order], np.arange(merged.classes))
    return np.add.reduceat(chances[:, order], starts, axis=1), merged


def automaton_for(charset: Charset, constraint: Constraint | None) -> Constraint:
    """The constraint, or the free one; TaskError when it was compiled for another charset."""
    if constraint is None:
        return unconstrained(charset)
    if constraint.charset != charset:
        raise TaskError(
            f"the constraint ({constraint.description}) was compiled for the symbols "
            f"{constraint.charset.symbols!r}; expected {charset.symbols!r} (same model, same case)"
        )
    return constraint


def check_top_k(top_k: int) -> None:
    """TaskError unless `top_k` is a whole number from 1 to MAX_TOP_K."""
    if not is_integer(top_k) or not 1 <= top_k <= MAX_TOP_K:
        raise TaskError(f"top_k is a number from 1 to {MAX_TOP_K}; received {top_k!r}")


def nothing_fits(automaton: Constraint, positions: int, unit: str) -> TaskError:
    """The error for a constraint that no reading of this picture can meet."""
    return TaskError(
        f"no text allowed by {automaton.description} fits in this picture: the model gives it "
        f"{positions} {unit}"
    )


def probability(log_value: float) -> float:
    """exp, held within 0 to 1 against rounding."""
    return math.exp(min(0.0, log_value))


def character_confidences(
    chances: Chances,
    classes: list[int],
    positions: Sequence[int],
    *,
    automaton: Constraint,
    with_blank: bool,
) -> list[float]:
    """How sure each character is at its position, among what may stand there.

    The probability of the character, divided by that of all symbols that the automaton allows
    after the characters before it, the blank among them when `with_blank`.
    """
    if not classes:
        return []
    rows = np.maximum(chances[positions], _LEAST)
    own = rows[range(len(classes)), classes]
    rivals = rows[:, :-1]
    if not automaton.is_free:
        alive = automaton.steps[automaton.states(classes)[:-1]] != automaton.dead
        rivals = np.where(alive, rows[:, automaton.classes], 0.0)
    totals = rivals.sum(axis=1)
    if with_blank:
        totals += rows[:, -1]
    shares: list[float] = np.minimum(own / totals, 1.0).tolist()
    return shares


def text_result(
    charset: Charset,
    answers: Sequence[tuple[list[int], float]],
    confidences: Sequence[float],
) -> TextResult:
    """The result of these (classes, log-probability) answers, best first.

    `confidences` are those of the characters of the best one.
    """
    (best, log_best), *others = answers
    text = charset.decode(best)
    return TextResult(
        text=text,
        confidence=probability(log_best),
        characters=tuple(
            Character(symbol, value) for symbol, value in zip(text, confidences, strict=True)
        ),
        alternatives=tuple(
            Alternative(charset.decode(classes), probability(value)) for classes, value in others
        ),
    )
