"""``log.csv`` of a run: a row an epoch and validation source."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from training.diagnose import Epoch
from training.scoring import Score
from training.whole import beside

# What decides, best first: the first of these that a log has.
MAIN = ("ap50", "exact")


def append(log: Path, epoch: int, loss: float, scores: Mapping[str, Score]) -> None:
    """Add the rows of an epoch; the file is begun where there is none."""
    is_new = not log.exists()
    with log.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        for name, score in scores.items():
            if is_new:
                writer.writerow(["epoch", "loss", "source", "count", *score.values])
                is_new = False
            row = [epoch, f"{loss:.5f}", name, score.count]
            writer.writerow([*row, *(f"{value:.5f}" for value in score.values.values())])


def go_back(log: Path, epoch: int) -> list[Epoch]:
    """The epochs up to ``epoch``; rows of later ones are dropped, for they are trained again.

    That is so where the newest checkpoint was damaged. A row that a kill tore is dropped too.
    """
    if not log.exists():
        return []
    with log.open(newline="", encoding="utf-8") as file:
        lines = file.readlines()
    is_torn = bool(lines) and not lines[-1].endswith("\n")
    rows = list(csv.DictReader(lines[:-1] if is_torn else lines))
    kept = [row for row in rows if int(row["epoch"]) <= epoch]
    if is_torn or len(kept) < len(rows):
        with beside(log) as partial, partial.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]) if rows else [])
            writer.writeheader()
            writer.writerows(kept)
    parts: dict[int, list[dict[str, str]]] = {}
    for row in kept:
        parts.setdefault(int(row["epoch"]), []).append(row)
    main = next(name for name in MAIN if not kept or name in kept[0])
    return [
        Epoch(number, float(part[0]["loss"]), sum(float(r[main]) for r in part) / len(part))
        for number, part in sorted(parts.items())
    ]
