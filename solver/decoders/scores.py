"""From raw logits to log-probabilities, and what every text decoder does with them.

Scores are (N, C) float64 natural logarithms; the last class is the blank. They are floored at
`FLOOR`, so that cumulative sums stay finite and a constraint always finds its best answer.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solver.charset import Case, Charset
from solver.decoders.constraints import Constraint, unconstrained
from solver.errors import ModelError, TaskError
from solver.results import Alternative, Character, TextResult

Scores = NDArray[np.float64]

FLOOR = -200.0  # far below what a float32 softmax can say (about -103)
LOG_HALF = float(np.log(0.5))
MAX_TOP_K = 32


def log_probabilities(
    logits: ArrayLike, *, shape: tuple[str, ...], classes: int, temperature: float
) -> Scores:
    """Log-softmax over the last axis of ``logits / temperature``.

    `shape` names the axes for messages, the classes last. ModelError when the logits have other
    axes, another number of classes, no positions, or a value that is not finite.
    """
    values = np.asarray(logits)
    wanted = "(" + ", ".join((*shape[:-1], f"{shape[-1]}={classes}")) + ")"
    if values.ndim != len(shape) or values.shape[-1] != classes or values.size == 0:
        raise ModelError(f"expected logits of shape {wanted}; received {values.shape}")
    if values.dtype.kind != "f":
        raise ModelError(f"expected logits of a float type; received {values.dtype}")
    if not (np.isfinite(temperature) and temperature > 0):
        raise ModelError(f"expected a temperature above 0; received {temperature!r}")
    if not np.isfinite(values).all():
        raise ModelError(
            f"expected finite logits; received NaN or infinity in an array of shape {values.shape}"
        )
    scaled = values.astype(np.float64)
    with np.errstate(over="ignore"):  # −inf is right for what is too far below the largest
        scaled -= scaled.max(axis=-1, keepdims=True)
        scaled /= temperature
    scaled -= np.log(np.exp(scaled).sum(axis=-1, keepdims=True))
    return np.maximum(scaled, FLOOR, out=scaled)


def log_sum(values: Scores, axis: int) -> Scores:
    """log Σ exp over one axis, −inf where there is nothing."""
    peak = values.max(axis=axis, keepdims=True)
    peak = np.where(np.isfinite(peak), peak, 0.0)
    with np.errstate(divide="ignore"):
        total: Scores = np.log(np.exp(values - peak).sum(axis=axis)) + peak.squeeze(axis)
    return total


def folded(scores: Scores, charset: Charset, case: Case | None) -> tuple[Scores, Charset]:
    """Scores and charset with the probabilities of both cases of a letter added up."""
    if case is None:
        return scores, charset
    merged, mapping = charset.fold(case)
    targets = np.array(mapping)
    order = np.argsort(targets, kind="stable")
    starts = np.searchsorted(targets[order], np.arange(merged.classes))
    return np.logaddexp.reduceat(scores[:, order], starts, axis=1), merged


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
    if not isinstance(top_k, int) or isinstance(top_k, bool) or not 1 <= top_k <= MAX_TOP_K:
        raise TaskError(f"top_k is a number from 1 to {MAX_TOP_K}; received {top_k!r}")


def nothing_fits(automaton: Constraint, positions: int, unit: str) -> TaskError:
    """The error for a constraint that no reading of this picture can meet."""
    return TaskError(
        f"no text allowed by {automaton.description} fits in this picture: the model gives it "
        f"{positions} {unit}"
    )


def probability(log_value: float) -> float:
    """exp, held within 0 to 1 against rounding."""
    return float(np.exp(min(0.0, log_value)))


def character_confidences(
    scores: Scores,
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
    peaks = scores[positions]
    own = scores[positions, classes]
    if automaton.is_free:
        rivals = peaks[:, :-1]
    else:
        alive = automaton.steps[automaton.states(classes)[:-1]] != automaton.dead
        rivals = np.where(alive, peaks[:, automaton.classes], -np.inf)
    totals = log_sum(rivals, axis=1)
    if with_blank:
        totals = np.logaddexp(totals, peaks[:, -1])
    shares: list[float] = np.exp(np.minimum(own - totals, 0.0)).tolist()
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
