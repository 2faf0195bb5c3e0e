"""Prefix search with a beam, over an automaton, for any network that emits symbols in time.

Graves' prefix search decoding (Graves et al., "Connectionist Temporal Classification", ICML 2006,
section 3.2) carries, for every prefix, the exact probability of all allowed answers that begin
with it. Here prefixes of one length compete for a beam instead of a queue, so the cost is bounded
for flat outputs too. A prefix that is less probable than the answers already found is dropped:
when the beam never overflowed, the answers are exactly the most probable ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from solver.decoders.constraints import Constraint
from solver.decoders.scores import MAX_TOP_K, Scores

WIDTH = MAX_TOP_K  # prefixes kept; one width for every top_k, so that the best answer is one
_ROUNDING = 1e-9  # what a difference of probabilities may be off by, generously


class Lattice(Protocol):
    """The arithmetic of one kind of network.

    A front is an array whose first axis runs over W prefixes; only the lattice reads the rest.
    """

    def root(self) -> Scores:
        """Front of the empty prefix, W = 1."""
        ...

    def complete(self, front: Scores) -> Scores:
        """(W,) log-probability of the prefix as the whole answer."""
        ...

    def extensions(self, front: Scores, states: NDArray[np.intp], last: NDArray[np.intp]) -> Scores:
        """(W, K) log-probability of all allowed answers that go on with each symbol.

        `states` (W,) are the automaton's, `last` (W,) the columns of the last symbols, -1 for
        none.
        """
        ...

    def extend(
        self,
        front: Scores,
        rows: NDArray[np.intp],
        columns: NDArray[np.intp],
        last: NDArray[np.intp],
    ) -> Scores:
        """Front of the prefixes `rows`, each with one more symbol; `last` belongs to `rows`."""
        ...


def search(
    lattice: Lattice,
    automaton: Constraint,
    *,
    top_k: int,
    known: Sequence[tuple[list[int], float]] = (),
) -> list[tuple[list[int], float]]:
    """Up to `top_k` allowed (classes, log-probability) answers, most probable first.

    `known` answers (the greedy one) compete from the start: they prune what cannot beat them, and
    are never lost.
    """
    found = {tuple(classes): value for classes, value in known}
    bar = min(found.values()) if len(found) >= top_k else -np.inf
    prefixes: list[tuple[int, ...]] = [()]
    front = lattice.root()
    states = np.zeros(1, dtype=np.intp)
    last = np.full(1, -1, dtype=np.intp)
    mass = np.full(1, np.inf)  # of all answers that begin with the prefix
    while prefixes:
        ends = np.where(automaton.accepting[states], lattice.complete(front), -np.inf)
        better = np.flatnonzero(ends > bar).tolist()
        for row in better:
            found.setdefault(prefixes[row], float(ends[row]))
        if better:
            found = dict(sorted(found.items(), key=lambda answer: -answer[1])[:top_k])
            bar = min(found.values()) if len(found) == top_k else -np.inf
        longer = mass + np.log1p(_ROUNDING - np.exp(np.minimum(ends - mass, 0.0)))
        alive = np.flatnonzero(longer > bar)
        if not alive.size:
            break

        masses = lattice.extensions(front[alive], states[alive], last[alive])
        able = np.flatnonzero(masses > bar)
        picked = able[np.argsort(-masses.ravel()[able], kind="stable")[:WIDTH]]
        mass = masses.ravel()[picked]
        rows, columns = np.divmod(picked, masses.shape[1])
        rows = alive[rows]
        front = lattice.extend(front, rows, columns, last[rows])
        states = automaton.steps[states[rows], columns]
        last = columns
        classes = automaton.classes[columns].tolist()
        prefixes = [(*prefixes[row], c) for row, c in zip(rows.tolist(), classes, strict=True)]
    return [(list(classes), value) for classes, value in found.items()]
