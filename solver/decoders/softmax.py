"""One softmax over the labels of a whole picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solver.decoders.scores import check_top_k, log_probabilities, probability
from solver.results import Alternative, ClassResult


def probabilities(
    logits: ArrayLike, labels: Sequence[str], temperature: float = 1.0
) -> NDArray[np.float64]:
    """The probability of each label, (C,), from raw logits; raises ModelError as `decode`."""
    scores = log_probabilities(logits, shape=("C",), classes=len(labels), temperature=temperature)
    shares: NDArray[np.float64] = np.exp(scores)
    return shares


def decode(
    logits: ArrayLike,
    *,
    labels: Sequence[str],
    temperature: float = 1.0,
    top_k: int = 1,
    background: str | None = None,
) -> ClassResult:
    """Read (C,) raw logits, one a label; the confidence is the label's probability.

    The label ``background`` is no answer, but has its share of the probability.

    There are at most ``top_k - 1`` alternatives, fewer when there are fewer labels. Equal logits
    keep the order of the labels. Raises ModelError for logits that do not fit, TaskError for
    another `top_k`.
    """
    check_top_k(top_k)
    scores = log_probabilities(logits, shape=("C",), classes=len(labels), temperature=temperature)
    order = np.argsort(-scores, kind="stable").tolist()
    best, *others = [place for place in order if labels[place] != background][:top_k]
    return ClassResult(
        label=labels[best],
        confidence=probability(scores[best]),
        alternatives=tuple(
            Alternative(labels[place], probability(scores[place])) for place in others
        ),
    )
