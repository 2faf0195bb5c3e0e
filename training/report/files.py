"""The figures of an evaluation as JSON, its predictions as CSV, its worst answers as PNG.

Each file is written beside its place and renamed when it is whole.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from solver import images
from training.evaluate import Evaluation, Prediction
from training.sheets import INK, Cell, contact_sheet
from training.whole import write_whole

WORST = 50
WRONG, RIGHT, SOFT = "#b3261e", "#1e6b34", "#5f6368"
COLUMNS = (
    "source",
    "path",
    "label",
    "answer",
    "confidence",
    "right",
    "right_ignoring_case",
    "character_confidences",
)


def worst(evaluation: Evaluation, *, count: int = WORST) -> list[Prediction]:
    """Wrong answers with the surest first, then right ones with the least sure first."""
    wrong = [item for item in evaluation.predictions if not item.is_right]
    right = [item for item in evaluation.predictions if item.is_right]
    wrong.sort(key=lambda item: -item.confidence)
    right.sort(key=lambda item: item.confidence)
    return (wrong + right)[:count]


def write_json(evaluation: Evaluation, path: Path) -> Path:
    """All figures, with their counts and intervals."""
    text = json.dumps(evaluation.to_dict(), indent=2, ensure_ascii=False) + "\n"
    return write_whole(path, text.encode("utf-8", "backslashreplace"))


def write_csv(evaluation: Evaluation, path: Path) -> Path:
    """One row a picture, in the order of reading; truth values are 0 and 1."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for item in evaluation.predictions:
        characters = getattr(item.result, "characters", ())
        writer.writerow(
            [
                item.sample.source,
                item.sample.path,
                item.sample.label,
                item.answer,
                f"{item.confidence:.6f}",
                int(item.is_right),
                int(item.answer.casefold() == item.sample.label.casefold()),
                " ".join(f"{one.confidence:.4f}" for one in characters),
            ]
        )
    return write_whole(path, buffer.getvalue().encode("utf-8", "backslashreplace"))


def write_sheet(evaluation: Evaluation, path: Path, *, count: int = WORST) -> Path:
    """The worst answers as one PNG: each picture, its label, the answer and how sure it was."""
    sheet = contact_sheet([_cell(item) for item in worst(evaluation, count=count)])
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    return write_whole(path, buffer.getvalue())


def _cell(item: Prediction) -> Cell:
    colour = RIGHT if item.is_right else WRONG
    return Cell(
        images.load(item.sample.content()),
        (
            (f"label {item.sample.label}", INK),
            (f"read {item.answer or '(nothing)'}  {100 * item.confidence:.1f} %", colour),
            (item.sample.source, SOFT),
        ),
    )
