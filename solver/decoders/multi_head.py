"""One softmax a position: L heads to text, blanks stripped.

A text of n characters is trained as n symbols and then blanks. A blank before a symbol is
therefore a head that saw nothing where something should stand: a lost character, or only a gap.
Both are held equally likely, so every inner blank halves the probability of its reading; trailing
blanks cost nothing. P(text) is the sum over all placements of its blanks, weighted so, by dynamic
programming over positions × characters.

Confidence of an answer: P(text) / P(the constraint's language), the latter without the weights: a
constraint does not excuse a gap. Confidence of a character: its head's probability, among the
blank and the characters that the constraint allows at that place.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solver.charset import Case, Charset
from solver.decoders import scores as common
from solver.decoders.beam import search
from solver.decoders.constraints import Constraint
from solver.decoders.scores import LOG_HALF, Scores, log_sum
from solver.results import TextResult

INNER_BLANK = LOG_HALF  # log weight of a blank that a symbol follows


def decode(
    logits: ArrayLike,
    *,
    charset: Charset,
    temperature: float = 1.0,
    constraint: Constraint | None = None,
    case: Case | None = None,
    top_k: int = 1,
) -> TextResult:
    """Read (L, C) raw logits, C = len(charset) + 1 with the blank last.

    Options and errors are those of `ctc.decode`: the greedy text where it is provably the most
    probable, a prefix search otherwise, one best answer for every `top_k`.
    """
    common.check_top_k(top_k)
    raw = common.probabilities(
        logits, shape=("L", "C"), classes=charset.classes, temperature=temperature
    )
    chances, charset = common.folded(raw, charset, case)
    scores = common.logarithms(chances)
    automaton = common.automaton_for(charset, constraint)

    total = 0.0 if constraint is None else language_log_probability(scores, automaton)
    if total == -np.inf:
        raise common.nothing_fits(automaton, len(scores), "positions")
    greedy = [symbol for symbol in scores.argmax(axis=1).tolist() if symbol != charset.blank_index]
    answers: list[tuple[list[int], float]] = []
    if automaton.accepts(greedy):
        answers = [(greedy, text_log_probability(scores, greedy))]
    if top_k > 1 or not answers or answers[0][1] - total <= LOG_HALF:
        lattice = MultiHeadLattice(scores, automaton)
        answers = search(lattice, automaton, top_k=top_k, known=answers)

    best = answers[0][0]
    confidences = common.character_confidences(
        chances, best, place(scores, best), automaton=automaton, with_blank=True
    )
    answers = [(classes, value - total) for classes, value in answers]
    return common.text_result(charset, answers, confidences)


def text_log_probability(scores: Scores, classes: list[int]) -> float:
    """log P(text) over all placements of the blanks, inner ones weighted; −inf if too long."""
    weights = _blank_weights(len(classes))
    reached = np.full(len(classes) + 1, -np.inf)  # after so many characters
    reached[0] = 0.0
    for row in scores:
        stepped = reached[:-1] + row[classes]
        reached = reached + weights + row[-1]
        reached[1:] = np.logaddexp(reached[1:], stepped)
    return float(reached[-1])


def place(scores: Scores, classes: list[int]) -> list[int]:
    """The position of each character in the most probable placement (Viterbi)."""
    weights = _blank_weights(len(classes))
    reached = np.full(len(classes) + 1, -np.inf)
    reached[0] = 0.0
    writes = np.zeros((len(scores), len(classes) + 1), dtype=bool)
    for position, row in enumerate(scores):
        stepped = reached[:-1] + row[classes]
        reached = reached + weights + row[-1]
        writes[position, 1:] = stepped > reached[1:]
        reached[1:] = np.maximum(reached[1:], stepped)
    positions: list[int] = []
    left = len(classes)
    for position in reversed(range(len(scores))):
        if writes[position, left]:
            positions.append(position)
            left -= 1
    return positions[::-1]


def language_log_probability(scores: Scores, automaton: Constraint) -> float:
    """log P(the readings that the automaton allows), blanks unweighted; −inf if none fits."""
    return float(_look_ahead(scores, automaton, inner_blank=0.0)[0, 0])


def _blank_weights(length: int) -> Scores:
    """Log weight of a blank after 0 to `length` characters of a text."""
    weights = np.full(length + 1, INNER_BLANK)
    weights[length] = 0.0
    return weights


def _trailing(scores: Scores) -> Scores:
    """(L + 1,) log-probability that only blanks follow from each position on."""
    return np.append(np.cumsum(scores[::-1, -1])[::-1], 0.0)


def _look_ahead(scores: Scores, automaton: Constraint, *, inner_blank: float) -> Scores:
    """(L + 1, Q + 1) log-probability of all ways to finish, right after a symbol or at the start.

    `inner_blank` is the log weight of a blank that a symbol follows.
    """
    symbols = scores[:, automaton.classes]
    trailing = _trailing(scores)
    ending = np.where(automaton.accepting, trailing[:, None], -np.inf)
    ahead = ending.copy()
    more = np.full(len(automaton.accepting), -np.inf)  # at least one symbol is still to come
    for position in reversed(range(len(scores))):
        edges = ahead[position + 1][automaton.steps] + symbols[position]
        more = np.logaddexp(log_sum(edges, axis=1), more + scores[position, -1] + inner_blank)
        ahead[position] = np.logaddexp(ending[position], more)
    return ahead


class MultiHeadLattice:
    """Multi-head readings for the prefix search. A front is (W, L + 1).

    It holds the log-probability that the prefix ends right before each position.
    """

    def __init__(self, scores: Scores, automaton: Constraint) -> None:
        self._symbols = scores[:, automaton.classes]  # (L, K)
        self._trailing = _trailing(scores)
        self._gaps = np.append(0.0, np.cumsum(scores[:, -1] + INNER_BLANK))
        self._steps = automaton.steps
        self._ahead = _look_ahead(scores, automaton, inner_blank=INNER_BLANK)

    def root(self) -> Scores:
        """Front of the empty prefix."""
        front = np.full((1, len(self._trailing)), -np.inf)
        front[0, 0] = 0.0
        return front

    def complete(self, front: Scores) -> Scores:
        """(W,) log-probability of each prefix as the whole text."""
        return log_sum(front + self._trailing, axis=1)

    def extensions(self, front: Scores, states: NDArray[np.intp], last: NDArray[np.intp]) -> Scores:
        """(W, K) log-probability of all allowed texts that go on with each symbol."""
        following = self._ahead[1:][:, self._steps[states]].swapaxes(0, 1)  # (W, L, K)
        return log_sum(self._arriving(front)[:, :, None] + self._symbols + following, axis=1)

    def extend(
        self,
        front: Scores,
        rows: NDArray[np.intp],
        columns: NDArray[np.intp],
        last: NDArray[np.intp],
    ) -> Scores:
        """Front of the prefixes `rows`, each with one more symbol."""
        longer = np.full((len(rows), front.shape[1]), -np.inf)
        longer[:, 1:] = self._arriving(front[rows]) + self._symbols.T[columns]
        return longer

    def _arriving(self, front: Scores) -> Scores:
        """(W, L) log-probability of the prefix and then blanks up to each position."""
        summed: Scores = np.logaddexp.accumulate(front - self._gaps, axis=1) + self._gaps
        return summed[:, :-1]
