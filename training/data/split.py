"""Train, validation and test: seeded, balanced, near duplicates kept together, written as lists.

No picture is moved or copied: a side is a CSV list of file names and labels, and a source takes
it with ``only = "splits/train.csv"``.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from training.data.check import BOXES, TEXT, units
from training.data.likeness import (
    NEAR,
    Damaged,
    Looks,
    hashes,
    join_equal,
    look_at,
    members,
    near_groups,
    nearest,
)
from training.samples import DatasetError, Fault, Sample, listed_name, shown

SIDES = ("train", "validation", "test")
RECORD = "split.json"

Needs: TypeAlias = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Split:
    """The samples of each side by its name, and what was left out.

    ``groups`` counts what could go either way, ``largest`` is the size of the biggest of them.
    """

    sides: dict[str, tuple[Sample, ...]]
    damaged: tuple[Damaged, ...]
    groups: int
    largest: int
    shares: tuple[float, ...]
    seed: int
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Leak:
    """A picture of one side and the one of the other that it resembles, ``distance`` bits apart."""

    first: Sample
    second: Sample
    distance: int


def split(
    samples: Sequence[Sample],
    *,
    shares: Sequence[float] = (0.8, 0.1, 0.1),
    seed: int = 1,
    kind: str | None = None,
    near: int = NEAR,
    workers: int = 2,
    faults: Sequence[Fault] = (),
) -> Split:
    """Divide samples into train, validation and test.

    Together stay pictures of one ``group``, near duplicates (``near`` bits of 256; twice that for
    two of one label) and what chains of these join. ``shares`` of 0 leave a side out; two shares
    have no test. What is balanced is what ``kind`` ("text", "classes", "boxes") counts: groups go,
    the larger first, where most of the share is missing (after K. Sechidis et al., "On the
    stratification of multi-label data", 2011, with groups in the place of examples). ``faults`` are
    what reading the source left out.

    Raises:
        DatasetError: shares that do not add up to 1, or fewer groups than sides.
    """
    wanted = _shares(shares)
    kind = kind or (BOXES if any(sample.boxes for sample in samples) else TEXT)
    ordered = sorted(samples, key=lambda sample: (str(sample.path), sample.label))
    kept: list[Sample] = []
    looks: list[Looks] = []
    damaged: list[Damaged] = []
    for sample, found in zip(ordered, look_at(ordered, workers=workers), strict=True):
        if isinstance(found, Damaged):
            damaged.append(found)
        else:
            kept.append(sample)
            looks.append(found)
    roots = near_groups(hashes(looks), [sample.label for sample in kept], near=near)
    roots = join_equal(roots, [one.digest for one in looks])
    roots = join_equal(roots, [sample.group for sample in kept])
    groups = members(roots)
    sides = _assign(groups, kept, kind, wanted, seed)
    for side, share in wanted.items():
        if share and not sides[side]:
            raise DatasetError(
                f"{side} would be empty: {len(kept)} pictures make {len(groups)} groups of near "
                f"duplicates, the largest of {max(map(len, groups), default=0)}; "
                "give more pictures, larger shares or a lower --near"
            )
    return Split(
        sides={side: tuple(kept[i] for i in sorted(sides[side])) for side in sides},
        damaged=tuple(damaged),
        groups=len(groups),
        largest=max(map(len, groups), default=0),
        shares=tuple(wanted.values()),
        seed=seed,
        faults=tuple(faults),
    )


def leaks(
    first: Sequence[Sample], second: Sequence[Sample], *, near: int = NEAR, workers: int = 2
) -> list[Leak]:
    """For each picture of ``second`` that resembles one of ``first``: the nearest such pair.

    Damaged files resemble nothing.
    """
    sides = [
        [(s, x) for s, x in zip(part, look_at(part, workers=workers), strict=True) if _is_good(x)]
        for part in (first, second)
    ]
    if not all(sides):
        return []
    among, wanted = (hashes([found for _, found in side]) for side in sides)  # type: ignore[misc]
    index, distance = nearest(wanted, among)
    return [
        Leak(sides[0][int(index[row])][0], sides[1][row][0], int(distance[row]))
        for row in np.flatnonzero(distance <= near)
    ]


def write_lists(result: Split, folder: Path, out: Path) -> dict[str, Path]:
    """Write ``train.csv`` … with file names relative to ``folder``, and how they came to be.

    Raises:
        DatasetError: a list is there already, or a picture lies outside of the folder.
    """
    paths = {side: out / f"{side}.csv" for side, part in result.sides.items() if part}
    for path in (*(out / f"{side}.csv" for side in SIDES), out / RECORD):
        if path.exists():
            raise DatasetError(f"{path}: there is a split already; write to another folder")
    tables = {side: _rows(result.sides[side], folder) for side in paths}
    record = {
        "seed": result.seed,
        "shares": dict(zip(SIDES, result.shares, strict=True)),
        "pictures": {side: len(part) for side, part in result.sides.items()},
        "groups": result.groups,
        "largest_group": result.largest,
        "damaged": [shown(item.sample.path) for item in result.damaged],
        "faults": [shown(fault.reason) for fault in result.faults],
    }
    out.mkdir(parents=True, exist_ok=True)
    made: list[Path] = []
    try:
        for side, path in paths.items():
            # "x": another run that got here in the meantime keeps its lists.
            with path.open("x", newline="", encoding="utf-8") as file:
                made.append(path)
                csv.writer(file, lineterminator="\n").writerows(tables[side])
        with (out / RECORD).open("x", encoding="utf-8") as file:
            made.append(out / RECORD)
            file.write(json.dumps(record, indent=2) + "\n")
    except BaseException:
        for path in made:  # a part of a split, on a full disk say, must not pass for one
            path.unlink(missing_ok=True)
        raise
    return paths


def _shares(shares: Sequence[float]) -> dict[str, float]:
    padded = [*shares, 0.0] if len(shares) == 2 else list(shares)
    is_whole = abs(sum(padded) - 1) < 1e-6
    if len(padded) != 3 or not is_whole or min(padded) < 0 or padded[0] == 0:
        raise DatasetError(
            "shares: expected those of train, validation and test, which add up to 1, "
            f"such as 0.8, 0.1, 0.1; received {', '.join(f'{share:g}' for share in shares)}"
        )
    return dict(zip(SIDES, padded, strict=True))


def _assign(
    groups: list[list[int]],
    samples: Sequence[Sample],
    kind: str,
    shares: Mapping[str, float],
    seed: int,
) -> dict[str, list[int]]:
    """Indices by side. What a side needs of a unit, and has room for, is a share of all.

    Sides fill up evenly: a side that filled up first would take whatever came.
    """
    counts = [Counter(u for i in group for u in units(samples[i], kind)) for group in groups]
    totals = sum(counts, Counter[str]())
    needs: Needs = {s: dict.fromkeys(totals, share) for s, share in shares.items() if share}
    room = {side: shares[side] for side in needs}
    order = np.random.default_rng(seed).permutation(len(groups)).tolist()
    rarest = [min((totals[u] for u in count), default=0) for count in counts]
    order.sort(key=lambda g: (-len(groups[g]), rarest[g]))
    sides: dict[str, list[int]] = {side: [] for side in shares}
    for place in order:
        count, size = counts[place], len(groups[place])
        number = sum(count.values()) or 1

        def lack(side: str, count: Counter[str] = count, number: int = number) -> float:
            of_units = sum(n * needs[side][unit] for unit, n in count.items()) / number
            return (of_units + room[side]) / shares[side]

        open_sides = [side for side in needs if room[side] * len(samples) >= size / 2]
        best = max(open_sides or needs, key=lack)
        sides[best].extend(groups[place])
        room[best] -= size / len(samples)
        for unit, n in count.items():
            needs[best][unit] -= n / totals[unit]
    return sides


def _rows(samples: Sequence[Sample], folder: Path) -> list[list[str]]:
    has_groups = any(sample.group for sample in samples)
    rows = [["file", "label", *(["group"] if has_groups else [])]]
    for sample in samples:
        name = listed_name(sample.path, folder)
        rows.append([name, sample.label, *([sample.group] if has_groups else [])])
    return rows


def _is_good(found: Looks | Damaged) -> bool:
    return isinstance(found, Looks)
