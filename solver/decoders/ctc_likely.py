"""The most probable text of CTC outputs that are fairly sure of themselves.

Nearly every picture is such. Its text is found without logarithms: in plain probabilities the
forward algorithm and Graves' prefix search (Graves et al., "Connectionist Temporal
Classification", ICML 2006) are short loops of sums and products. Where no text is likely, plain
probabilities underflow and too many prefixes compete: the beam search is for those.

The loops run over lists of Python floats. On the few hundred numbers of a picture they take no
longer than NumPy's calls do, and half as long where the network has just emptied the caches.
"""

from __future__ import annotations

import heapq
import math
from itertools import accumulate
from operator import mul

import numpy as np

from solver.decoders.scores import Chances

# Below, a prefix search that keeps every prefix that can win is dearer than a beam.
LEAST = 0.004
# Of several texts, one that is less probable is left to the beam, and so is what takes more steps.
FAINTEST = 0.0005
MOST_STEPS = 60

Prefix = tuple[int, ...]


class Columns:
    """The chances (T, C) of one picture, and as lists those of the classes that were asked for."""

    def __init__(self, chances: Chances) -> None:
        self.chances = chances
        self.blank: list[float] = chances[:, -1].tolist()
        self._known: dict[int, list[float]] = {}

    def __getitem__(self, symbol: int) -> list[float]:
        column = self._known.get(symbol)
        if column is None:
            column = self._known[symbol] = self.chances[:, symbol].tolist()
        return column

    def greedy(self) -> tuple[list[int], list[int]]:
        """Classes of the best path's text, and for each the frame where its run is strongest."""
        blank = self.chances.shape[1] - 1
        classes: list[int] = []
        frames: list[int] = []
        previous = blank
        for frame, symbol in enumerate(self.chances.argmax(axis=1).tolist()):
            if symbol != previous:
                previous = symbol
                if symbol != blank:
                    classes.append(symbol)
                    frames.append(frame)
            elif symbol != blank and self[symbol][frame] > self[symbol][frames[-1]]:
                frames[-1] = frame
        return classes, frames

    def shares(self, classes: list[int], frames: list[int]) -> list[float]:
        """The probability of each class at its frame, divided by that of all but the blank."""
        shares = []
        for symbol, frame in zip(classes, frames, strict=True):
            blank = self.blank[frame]
            # Exact unless the blank is nearly all there is.
            others = 1 - blank if blank < 0.5 else float(self.chances[frame, :-1].sum())
            shares.append(min(1.0, self[symbol][frame] / others))
        return shares


def likeliest(
    columns: Columns, greedy: list[int], *, count: int = 1
) -> list[tuple[list[int], float]] | None:
    """Classes and log-probability of the `count` most probable texts, best first.

    None where the greedy text is not more probable than `LEAST`; where more than one is asked
    for, also where one of them is not more probable than `FAINTEST`, or the search takes long.
    """
    fronts = _Fronts(columns)
    best = tuple(greedy)
    chance = fronts.whole(best)
    if chance <= LEAST:
        return None
    found = {best: chance}
    bar = chance if count == 1 else FAINTEST  # what is less probable is of no interest
    # Prefixes by the probability of all texts that begin with them, as long as a better text may
    # be among those: never for one text, once more than half is found.
    ahead: list[tuple[float, Prefix]] = [] if count == 1 and chance > 0.5 else [(-1.0, ())]
    steps = 0
    while ahead and -ahead[0][0] > bar:
        steps += 1
        if count > 1 and steps > MOST_STEPS:
            return None
        mass, prefix = heapq.heappop(ahead)
        whole = fronts.whole(prefix)
        if whole > bar:
            found[prefix] = whole
            if len(found) > count:
                del found[min(found, key=lambda text: found[text])]
            if len(found) == count:
                bar = min(found.values())
        if -mass - whole > bar:
            masses = fronts.extensions(prefix)
            for symbol in np.flatnonzero(masses > bar).tolist():
                heapq.heappush(ahead, (-float(masses[symbol]), (*prefix, symbol)))
    if len(found) < count:
        return None
    ranked = sorted(found.items(), key=lambda one: -one[1])
    return [(list(text), math.log(chance)) for text, chance in ranked]


class _Fronts:
    """P(a prefix is all that was written after 0 to T frames), each from its own prefix's."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._known: dict[Prefix, list[float]] = {
            (): list(accumulate(columns.blank, mul, initial=1.0))
        }

    def whole(self, prefix: Prefix) -> float:
        """P(the prefix is the whole text), over all alignments."""
        start = len(prefix)
        while prefix[:start] not in self._known:
            start -= 1
        front = self._known[prefix[:start]]
        for end in range(start + 1, len(prefix) + 1):
            symbol = prefix[end - 1]
            arriving = self._paused(front) if prefix[end - 2 : end - 1] == (symbol,) else front
            front = _extended(arriving, self._columns[symbol], self._columns.blank)
            self._known[prefix[:end]] = front
        return front[-1]

    def extensions(self, prefix: Prefix) -> Chances:
        """(K,) probability of all texts that go on with each symbol, from where it begins."""
        front = self._known[prefix]
        masses: Chances = (np.array(front[:-1]) @ self._columns.chances)[:-1]
        if prefix:
            last = prefix[-1]
            masses[last] = sum(map(mul, self._paused(front), self._columns[last]))
        return masses

    def _paused(self, front: list[float]) -> list[float]:
        """The part of a front where a blank came last: what a repeated symbol may follow."""
        return [0.0, *map(mul, front, self._columns.blank)]


def _extended(arriving: list[float], symbol: list[float], blank: list[float]) -> list[float]:
    """The front of a prefix with one more symbol; `arriving` is what may come right before it."""
    front = [0.0]
    whole = ended = 0.0  # ended: the part of the whole where the last frame was no blank
    for before, own, rest in zip(arriving, symbol, blank, strict=False):
        ended = (ended + before) * own
        whole = whole * rest + ended
        front.append(whole)
    return front
