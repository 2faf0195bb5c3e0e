"""``log.csv`` of a run: a row an epoch and validation source, or an epoch where there is none."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from training.diagnose import Epoch
from training.scoring import Score
from training.whole import beside

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
    columns = _columns(log)
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


def validated(rows: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """The rows that say something of validation."""
    return [row for row in rows if row["source"]]


def go_back(log: Path, epoch: int) -> list[Epoch]:
    """The epochs up to ``epoch``; rows of later ones are dropped, for they are trained again.

    That is so where the newest checkpoint was damaged. A row that a kill tore is dropped too.
    """
    if not log.exists():
        return []
    with log.open(newline="", encoding="utf-8") as file:
        lines = file.readlines()
    is_torn = bool(lines) and not lines[-1].endswith("\n")
    reader = csv.DictReader(lines[:-1] if is_torn else lines)
    rows = list(reader)
    kept = [row for row in rows if int(row["epoch"]) <= epoch]
    if is_torn or len(kept) < len(rows):
        with beside(log) as partial, partial.open("w", newline="", encoding="utf-8") as file:
            if reader.fieldnames:
                writer = csv.DictWriter(file, reader.fieldnames)
                writer.writeheader()
                writer.writerows(kept)
    parts: dict[int, list[dict[str, str]]] = {}
    for row in kept:
        parts.setdefault(int(row["epoch"]), []).append(row)
    return [_epoch(number, part) for number, part in sorted(parts.items())]


def _epoch(number: int, rows: Sequence[Mapping[str, str]]) -> Epoch:
    main = next((name for name in MAIN if name in rows[0]), "")
    said = validated(rows)
    losses = [float(row["validation_loss"]) for row in said if row.get("validation_loss")]
    loss = _mean(losses)
    return Epoch(
        number,
        float(rows[0]["loss"]),
        _mean([float(row[main]) for row in said]),
        loss if loss is not None and math.isfinite(loss) else None,
    )


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _columns(log: Path) -> list[str]:
    """Of a log that there is; none of an empty one."""
    if not log.exists():
        return []
    with log.open(newline="", encoding="utf-8") as file:
        return next(csv.reader(file), [])
