"""Connectionist temporal classification: frames to text.

Method: Graves et al., "Connectionist Temporal Classification", ICML 2006. The probability of a
text is that of all its alignments (repeated frames are one character, blanks separate), not of
the best one.

Confidence of an answer: P(text) / P(the constraint's language), both exact. Confidence of a
character: at the frame where it is strongest, its probability among all characters that the
constraint allows at that place. The blank is left out there: whether there is a character at all,
and how many, is part of the whole answer's confidence.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solver.charset import Case, Charset
from solver.decoders import scores as common
from solver.decoders.beam import search
from solver.decoders.constraints import Constraint
from solver.decoders.ctc_likely import Columns, likeliest
from solver.decoders.scores import LOG_HALF, Scores
from solver.errors import TaskError
from solver.results import TextResult

FEW = 3  # texts that are looked for one by one before a beam is
MAX_CELLS = 8_000_000  # frames × states × symbols of the look-ahead (64 MB)


def decode(
    logits: ArrayLike,
    *,
    charset: Charset,
    temperature: float = 1.0,
    constraint: Constraint | None = None,
    case: Case | None = None,
    top_k: int = 1,
) -> TextResult:
    """Read (T, C) raw logits, C = len(charset) + 1 with the blank last.

    `case` adds the probabilities of both cases of a letter before anything else; `constraint`
    comes from `compile_constraint` with the same charset and case. The greedy text is the answer
    where that is provably the most probable one (above one half of all that is allowed);
    otherwise, and for alternatives, a prefix search decides. So the best answer does not depend
    on `top_k`.

    Raises ModelError for logits that do not fit, TaskError for options that do not, or when no
    allowed text fits in T frames.
    """
    common.check_top_k(top_k)
    raw = common.probabilities(
        logits, shape=("T", "C"), classes=charset.classes, temperature=temperature
    )
    chances, charset = common.folded(raw, charset, case)
    columns = Columns(chances)
    greedy, frames = columns.greedy()
    likely = None
    if constraint is None:
        likely = likeliest(columns, greedy, count=top_k if top_k <= FEW else 1)
        if likely is None and 1 < top_k <= FEW:  # of several one is faint: the beam begins with one
            likely = likeliest(columns, greedy)
    if likely is not None and len(likely) == top_k:
        answers = likely
    else:
        automaton = common.automaton_for(charset, constraint)
        answers = _search(common.logarithms(chances), automaton, top_k, greedy, likely)

    best = answers[0][0]
    if best != greedy:
        frames = align(common.logarithms(chances), best)
    if likely is not None:
        confidences = columns.shares(best, frames)
    else:
        confidences = common.character_confidences(
            chances, best, frames, automaton=automaton, with_blank=False
        )
    return common.text_result(charset, answers, confidences)


def _search(
    scores: Scores,
    automaton: Constraint,
    top_k: int,
    greedy: list[int],
    likely: list[tuple[list[int], float]] | None,
) -> list[tuple[list[int], float]]:
    """The `top_k` most probable allowed answers, and log-probabilities given what is allowed."""
    lattice = CtcLattice(scores, automaton)
    if lattice.total == -np.inf:
        raise common.nothing_fits(automaton, len(scores), "frames")
    known = likely or []
    if not known and automaton.accepts(greedy):
        known = [(greedy, text_log_probability(scores, greedy))]
    if top_k > 1 or not known or known[0][1] - lattice.total <= LOG_HALF:
        known = search(lattice, automaton, top_k=top_k, known=known)
    return [(classes, value - lattice.total) for classes, value in known]


def text_log_probability(scores: Scores, classes: list[int]) -> float:
    """log P(text) over all alignments: the forward algorithm, one vector over time a state.

    Everything is kept relative to an unbroken line of blanks, whose own recurrence is then a
    plain cumulative sum (see :func:`_run`): half the passes, for what every picture needs.
    """
    *symbols, blanks = _emissions(scores.T[[*classes, -1]])
    ended, paused = np.full_like(blanks, -np.inf), np.zeros_like(blanks)
    previous = -1
    for symbol, sums in zip(classes, symbols, strict=True):
        lead = sums - blanks
        arriving = paused if symbol == previous else np.logaddexp(ended, paused)
        arriving = arriving - lead
        np.logaddexp.accumulate(arriving[:-1], out=ended[1:])
        ended += lead
        np.logaddexp.accumulate(ended[:-1], out=paused[1:])
        paused[0] = -np.inf
        previous = symbol
    return float(np.logaddexp(ended[-1], paused[-1]) + blanks[-1])


def align(scores: Scores, classes: list[int]) -> list[int]:
    """For each character, the frame where it is strongest in the best alignment (Viterbi).

    The text must fit: at least one frame a character, and one more between equal neighbours.
    """
    blanks = _emissions(scores[:, -1])
    ended, paused = _start(blanks)
    steps: list[tuple[Scores, Scores, Scores]] = []  # each character's ended, paused, entering
    previous = -1
    for symbol in classes:
        sums = _emissions(scores[:, symbol])
        arriving = paused if symbol == previous else np.maximum(ended, paused)
        ended = _run(sums, arriving, plus=np.maximum)
        paused = _run(blanks, ended, plus=np.maximum)
        steps.append((ended, paused, arriving - sums))
        previous = symbol

    frames: list[int] = []
    end = len(scores)
    must_pause = False
    for place in reversed(range(len(classes))):
        ended, paused, entering = steps[place]
        if must_pause or paused[end] > ended[end]:
            end = int((ended - blanks)[:end].argmax())
        start = int(entering[:end].argmax())
        frames.append(start + int(scores[start:end, classes[place]].argmax()))
        end = start
        must_pause = place > 0 and classes[place] == classes[place - 1]
    return frames[::-1]


def _start(blanks: Scores) -> tuple[Scores, Scores]:
    """The empty text after 0 to T frames: never ended by a symbol, so far only blanks."""
    return np.full_like(blanks, -np.inf), blanks


def _emissions(column: Scores) -> Scores:
    """(…, T) log-probabilities, summed up over time: (…, T + 1), from 0."""
    sums = np.zeros((*column.shape[:-1], column.shape[-1] + 1))
    np.cumsum(column, axis=-1, out=sums[..., 1:])
    return sums


def _run(sums: Scores, arriving: Scores, *, plus: np.ufunc = np.logaddexp) -> Scores:
    """Log-probability of being in a symbol's run after each number of frames, 0 to T.

    `sums` are the symbol's `_emissions`, `arriving` (…, T + 1) the log-probability of what may
    come right before the run. The recurrence ``run[t + 1] = score[t] + plus(run[t], arriving[t])``
    is linear in its semiring, hence one cumulative `plus` and no loop over time.
    """
    run: Scores = arriving - sums
    run[..., 1:] = plus.accumulate(run[..., :-1], axis=-1)
    run[..., 0] = -np.inf
    run += sums
    return run


class CtcLattice:
    """CTC for the prefix search. A front is (W, 2, T + 1): all there is, and what a blank ended.

    ``total`` is the log-probability of the automaton's whole language, −inf when no allowed text
    fits in T frames. TaskError when frames × states × symbols exceed MAX_CELLS.
    """

    def __init__(self, scores: Scores, automaton: Constraint) -> None:
        self._symbols = scores[:, automaton.classes]  # (T, K)
        self._blanks = _emissions(scores[:, -1])
        if automaton.is_free:
            self._begin = np.zeros((len(scores), 1))
            self._share = np.exp(self._symbols)[:, None]
            self.total = 0.0
        else:
            self._begin, self._share, self.total = look_ahead(scores, automaton)

    def root(self) -> Scores:
        """Front of the empty prefix."""
        return np.stack([self._blanks, self._blanks])[None]

    def complete(self, front: Scores) -> Scores:
        """(W,) log-probability of each prefix as the whole text."""
        return front[:, 0, -1]

    def extensions(self, front: Scores, states: NDArray[np.intp], last: NDArray[np.intp]) -> Scores:
        """(W, K) log-probability of all allowed texts that go on with each symbol.

        They differ by the frame where the new symbol begins, so those cases add up.
        """
        begin = self._begin.T[states]
        weights, peaks = _scaled(front[:, 0, :-1] + begin)
        paused = front[:, 1, :-1] + begin
        odds = np.empty((len(front), self._symbols.shape[1]))
        for state in set(states.tolist()):
            rows = states == state
            odds[rows] = weights[rows] @ self._share[:, state]
        with np.errstate(divide="ignore"):
            masses: Scores = np.log(odds) + peaks
            rows = np.flatnonzero(last >= 0)  # a repeated symbol needs a blank before it
            weights, peaks = _scaled(paused[rows])
            share = self._share[:, states[rows], last[rows]].T
            masses[rows, last[rows]] = np.log((weights * share).sum(axis=1)) + peaks[:, 0]
        return masses

    def extend(
        self,
        front: Scores,
        rows: NDArray[np.intp],
        columns: NDArray[np.intp],
        last: NDArray[np.intp],
    ) -> Scores:
        """Front of the prefixes `rows`, each with one more symbol."""
        # A repeated symbol needs a blank before it.
        arriving = front[rows, (columns == last).astype(np.intp)]
        ended = _run(_emissions(self._symbols.T[columns]), arriving)
        longer = np.empty((len(rows), 2, front.shape[2]))
        longer[:, 1] = _run(self._blanks, ended)
        np.logaddexp(ended, longer[:, 1], out=longer[:, 0])
        return longer


def look_ahead(scores: Scores, automaton: Constraint) -> tuple[Scores, Scores, float]:
    """How an allowed text can go on at every frame, by exact backward dynamic programming.

    ``begin`` (T, Q): log-probability of beginning a next symbol right at this frame, in this
    state, and finishing an allowed text. ``share`` (T, Q, K): the part of it that each symbol has;
    it sums to 1, or is 0 where there is no way. And log P(the whole language).
    """
    frames, live, width = len(scores), automaton.dead, len(automaton.classes)
    if frames * live * width > MAX_CELLS:
        raise TaskError(
            f"the constraint ({automaton.description}) is too large for this picture: {frames} "
            f"frames × {live} states × {width} symbols; expected at most {MAX_CELLS} in all"
        )
    symbols = scores[:, automaton.classes]
    places, rows = automaton.steps[:live] * width + np.arange(width), np.arange(live)
    begin = np.empty((frames, live))
    share = np.empty((frames, live, width))
    # What may follow a frame of a symbol (which may go on, but needs a blank to come again), and
    # of a blank.
    ended = np.full((live + 1, width), -np.inf)
    ended[automaton.accepting] = 0.0
    paused = np.where(automaton.accepting[:live], 0.0, -np.inf)
    with np.errstate(divide="ignore"):
        for frame in reversed(range(frames)):
            odds, peak = _scaled(ended.take(places) + symbols[frame])
            every = odds.sum(axis=1)
            begin[frame] = np.log(every) + peak[:, 0]
            share[frame] = odds / np.where(every > 0, every, 1.0)[:, None]
            # All other symbols than the last one. The largest term is left out of the sum rather
            # than subtracted, because what remains may be smaller than the rounding of the sum.
            largest = odds.argmax(axis=1)
            others = every[:, None] - odds
            odds[rows, largest] = 0.0
            others[rows, largest] = odds.sum(axis=1)
            pause = paused + scores[frame, -1]
            leave = np.logaddexp(np.log(others) + peak, pause[:, None])
            ended[:live] = np.logaddexp(leave, ended[:live] + symbols[frame])
            paused = np.logaddexp(begin[frame], pause)
    return begin, share, float(paused[0])


def _scaled(values: Scores) -> tuple[Scores, Scores]:
    """exp(values − peak) and the peak of each row, kept as an axis; 0 where there is nothing."""
    peak = values.max(axis=1, keepdims=True)
    peak[np.isneginf(peak)] = 0.0
    return np.exp(values - peak), peak
