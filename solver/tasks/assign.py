"""Which box shows which target: weights of every assignment, the best one, and how sure it is.

Targets and boxes are matched one to one; a target may be absent, a box may be nobody's. An
assignment's weight is the product of ``odds[i, j]`` of its pairs, how much likelier box j is if it
shows target i than if it does not, and of ``absent`` for each target without a box. Its
probability is its share of the sum over all assignments.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]
NO_BOX = -1
# Subsets of so many targets are all looked at: 4,096 of them a box.
EXACT = 12
# Larger odds than these say no more, and their products may pass what a float holds.
LARGEST = 1e12


@dataclass(frozen=True, slots=True)
class Assignment:
    """``boxes[i]`` is the box of target i, or -1 where it is absent.

    ``shares`` ``(T, B + 1)``: the probability that target i is in box j, in the last column that
    it is absent. ``confidence`` is that of the whole assignment, where targets that are alike may
    change places.
    """

    boxes: tuple[int, ...]
    shares: Float64
    confidence: float


def assign(odds: Float64, *, absent: float, names: Sequence[str | None]) -> Assignment:
    """Match ``(T, B)`` odds; up to :data:`EXACT` targets over all assignments.

    Targets of one name (None: of its own) are the same thing asked for twice: their boxes change
    places freely, and come in the order of the boxes.

    Raises:
        ValueError: odds that are no finite numbers from 0, ``absent`` not above 0, or not as many
            names as targets.
    """
    if odds.ndim != 2 or not np.isfinite(odds).all() or (odds < 0).any():
        raise ValueError(f"odds: expected (T, B) finite and >= 0, received shape {odds.shape}")
    if not 0 < absent < math.inf or len(names) != len(odds):
        raise ValueError(
            f"expected absent > 0 and {len(odds)} names, received {absent!r} and {len(names)}"
        )
    if not len(odds):
        return Assignment((), np.zeros((0, odds.shape[1] + 1)), 1.0)
    groups = _groups(names)
    odds = np.clip(odds / absent, 0.0, LARGEST)
    if len(odds) <= EXACT:
        boxes, shares, confidence = _exact(odds)
        confidence *= math.prod(_orders([boxes[i] for i in group]) for group in groups)
    else:
        boxes = _cheapest(odds)
        shares = _local(odds, boxes)
        confidence = float(np.prod([shares[i, j] for i, j in enumerate(boxes)]))
    for group in groups:
        shares[group] = shares[group].sum(axis=0) / len(group)
        # Those that are absent come last.
        order = sorted((boxes[i] for i in group), key=lambda j: (j == NO_BOX, j))
        for i, j in zip(group, order, strict=True):
            boxes[i] = j
    return Assignment(tuple(boxes), shares, min(1.0, confidence))


def heaviest(odds: Float64, *, absent: float) -> float:
    """The logarithm of the heaviest assignment's weight; odds as in :func:`assign`."""
    ratios = np.clip(odds / absent, 0.0, LARGEST)
    boxes = _cheapest(ratios)
    placed = [ratios[i, j] for i, j in enumerate(boxes) if j != NO_BOX]
    return float(np.log(placed).sum() + len(odds) * math.log(absent))


def _groups(names: Sequence[str | None]) -> list[list[int]]:
    """The places of each name that occurs more than once."""
    places: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        if name is not None:
            places.setdefault(name, []).append(place)
    return [group for group in places.values() if len(group) > 1]


def _orders(boxes: Sequence[int]) -> int:
    """How many assignments differ in the order of a group's boxes alone."""
    return math.factorial(len(boxes)) // math.factorial(list(boxes).count(NO_BOX))


def _exact(odds: Float64) -> tuple[list[int], Float64, float]:
    """All assignments at once, absent targets weighing 1, by the subset of targets that is placed.

    ``before[j][S]`` sums the ways in which boxes 0 … j - 1 show just the targets of S, ``after``
    those in which the others show a superset's rest; ``most`` is the heaviest way.
    """
    targets, boxes = odds.shape
    sets = 1 << targets
    members = (np.arange(sets)[:, None] >> np.arange(targets)) & 1 == 1
    lacking = [np.flatnonzero(~members[:, i]) for i in range(targets)]
    before = np.zeros((boxes + 1, sets))
    most = np.zeros((boxes + 1, sets))
    came = np.full((boxes, sets), NO_BOX)
    scale = np.ones(boxes)  # a product of many odds may pass what a float holds
    before[0, 0] = most[0, 0] = 1.0
    for j in range(boxes):
        before[j + 1], most[j + 1] = before[j], most[j]
        for i in range(targets):
            without = lacking[i]
            with_it = without | 1 << i
            before[j + 1, with_it] += before[j, without] * odds[i, j]
            heavier = most[j, without] * odds[i, j]
            better = heavier > most[j + 1, with_it]
            most[j + 1, with_it[better]] = heavier[better]
            came[j, with_it[better]] = i
        scale[j] = before[j + 1].max()
        before[j + 1] /= scale[j]
        most[j + 1] /= scale[j]
    after = np.ones(sets)
    shares = np.zeros((targets, boxes + 1))
    for j in range(boxes - 1, -1, -1):
        step = after.copy()
        total = float(before[j + 1] @ after) * scale[j]
        for i in range(targets):
            without = lacking[i]
            flow = odds[i, j] * after[without | 1 << i]
            shares[i, j] = float(before[j, without] @ flow) / total
            step[without] += flow
        after = step / step.max()
    shares[:, boxes] = np.clip(1 - shares[:, :boxes].sum(axis=1), 0.0, 1.0)
    found, subset = [NO_BOX] * targets, int(most[boxes].argmax())
    heaviest = float(most[boxes, subset])
    for j in range(boxes - 1, -1, -1):
        i = int(came[j, subset])
        if i != NO_BOX:
            found[i], subset = j, subset & ~(1 << i)
    return found, shares, heaviest / float(before[boxes].sum())


def _cheapest(odds: Float64) -> list[int]:
    """The heaviest assignment of many targets: Kuhn and Munkres' method, row by row.

    Each target has a column of its own for being absent, so that there is always a place.
    """
    targets, boxes = odds.shape
    far = 1e6
    cost = np.full((targets, boxes + targets), far)
    cost[:, :boxes] = -np.log(np.maximum(odds, 1e-300))
    cost[np.arange(targets), boxes + np.arange(targets)] = 0.0
    columns = boxes + targets
    u, v = np.zeros(targets + 1), np.zeros(columns + 1)
    owner = np.zeros(columns + 1, dtype=np.intp)  # target, counted from 1; column 0 is the start
    for row in range(1, targets + 1):
        owner[0], column = row, 0
        least = np.full(columns + 1, np.inf)
        way, used = np.zeros(columns + 1, dtype=np.intp), np.zeros(columns + 1, dtype=bool)
        while owner[column]:
            used[column] = True
            at = owner[column]
            free = ~used[1:]
            reduced = cost[at - 1] - u[at] - v[1:]
            closer = free & (reduced < least[1:])
            least[1:][closer], way[1:][closer] = reduced[closer], column
            following = 1 + int(np.argmin(np.where(free, least[1:], np.inf)))
            step = least[following]
            u[owner[used]] += step
            v[used] -= step
            least[~used] -= step
            column = following
        while column:
            owner[column] = owner[way[column]]
            column = int(way[column])
    found = [NO_BOX] * targets
    for column in range(1, boxes + 1):
        if owner[column]:
            found[owner[column] - 1] = column - 1
    return found


def _local(odds: Float64, boxes: Sequence[int]) -> Float64:
    """Each target's shares with all others where they are: a bound, not a sum over everything."""
    targets, count = odds.shape
    shares = np.zeros((targets, count + 1))
    for i in range(targets):
        taken = [j for k, j in enumerate(boxes) if k != i and j != NO_BOX]
        row = np.append(odds[i], 1.0)
        for j in taken:
            row[j] /= max(1.0, float(odds[:, j].max()))
        shares[i] = row / row.sum()
    return shares
