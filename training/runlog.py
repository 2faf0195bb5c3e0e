"""``log.csv`` of a run: a row an epoch and validation source, or an epoch where there is none."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from training.diagnose import Epoch
from training.scoring import Score
from training.whole import beside

Row: TypeAlias = Mapping[str, str]

# What decides, best first: the first of these that a log has.
MAIN = ("ap50", "exact")
HEAD = ("epoch", "loss", "validation_loss", "source", "count")


def append(
    log: Path, epoch: int, loss: float, scores: Mapping[str, Score], *, shares: Sequence[str]
) -> None:
    """Add the rows of an epoch; the file is begun where there is none, or an empty one.

    ``shares`` are the columns of what is scored. Without scores there is one row, whose source
    is empty. A log that was begun with other columns keeps them.
    """
    columns, _, _ = _read(log)
    rows: list[dict[str, object]] = [
        {
            "epoch": epoch,
            "loss": f"{loss:.5f}",
            "validation_loss": "" if score.loss is None else f"{score.loss:.5f}",
            "source": name,
            "count": score.count,
            **{kind: f"{value:.5f}" for kind, value in score.values.items()},
        }
        for name, score in scores.items()
    ]
    with log.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns or [*HEAD, *shares], extrasaction="ignore")
        if not columns:
            writer.writeheader()
        writer.writerows(rows or [{"epoch": epoch, "loss": f"{loss:.5f}", "count": 0}])


def read(log: Path) -> list[Row]:
    """The rows of a log, without one that a kill tore; none where there is no log."""
    return _read(log)[1]


def validated(rows: Sequence[Row]) -> list[Row]:
    """The rows that say something of validation."""
    return [row for row in rows if row["source"]]


def main_share(row: Row) -> float:
    """What decides of a source, 0–1."""
    return float(row[next(name for name in MAIN if name in row)])


def epochs(rows: Sequence[Row]) -> list[Epoch]:
    """What rows say of each epoch, in order: means of its sources."""
    parts: dict[int, list[Row]] = {}
    for row in rows:
        parts.setdefault(int(row["epoch"]), []).append(row)
    return [_epoch(number, part) for number, part in sorted(parts.items())]


def best(epochs: Sequence[Epoch]) -> Epoch | None:
    """The epoch whose weights a run kept: the most accurate, of several the one with the lowest
    loss on validation, or the first. None where none was validated.
    """

    def rank(epoch: Epoch) -> tuple[float, float]:
        loss = epoch.validation_loss
        return -(epoch.accuracy or 0.0), math.inf if loss is None else loss

    return min((one for one in epochs if one.accuracy is not None), key=rank, default=None)


def go_back(log: Path, epoch: int) -> list[Epoch]:
    """The epochs up to ``epoch``; rows of later ones are dropped, for they are trained again.

    That is so where the newest checkpoint was damaged. A row that a kill tore is dropped too.
    """
    columns, rows, is_torn = _read(log)
    kept = [row for row in rows if int(row["epoch"]) <= epoch]
    if is_torn or len(kept) < len(rows):
        with beside(log) as partial, partial.open("w", newline="", encoding="utf-8") as file:
            if columns:
                writer = csv.DictWriter(file, columns)
                writer.writeheader()
                writer.writerows(kept)
    return epochs(kept)


def _epoch(number: int, rows: Sequence[Row]) -> Epoch:
    said = validated(rows)
    losses = [float(row["validation_loss"]) for row in said if row.get("validation_loss")]
    loss = _mean(losses)
    return Epoch(
        number,
        float(rows[0]["loss"]),
        _mean([main_share(row) for row in said]),
        loss if loss is not None and math.isfinite(loss) else None,
    )


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _read(log: Path) -> tuple[Sequence[str], list[Row], bool]:
    """Columns and whole rows of a log, and whether there is a torn line after them."""
    if not log.exists():
        return (), [], False
    with log.open(newline="", encoding="utf-8") as file:
        lines = file.readlines()
    is_torn = bool(lines) and not lines[-1].endswith("\n")
    reader = csv.DictReader(lines[:-1] if is_torn else lines)
    return reader.fieldnames or (), list(reader), is_torn
