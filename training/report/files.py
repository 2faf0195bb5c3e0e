"""The figures of an evaluation as JSON, its predictions as CSV, its worst answers as PNG.

Each file is written beside its place and renamed when it is whole.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from solver import images
from solver.draw import draw_boxes
from training.evaluate import BoxesResult, Evaluation, Prediction
from training.figures.boxes import BoxFigures
from training.sheets import INK, Cell, contact_sheet, framed
from training.whole import write_whole

WORST = 50
# Pictures with boxes are shown larger, so that their labels can be read.
BOXES_SIZE = (300, 260)
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
BOX_COLUMNS = ("source", "path", "verdict", "label", "score", "x1", "y1", "x2", "y2")


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
    """One row a picture, in the order of reading; truth values are 0 and 1.

    Of a detector, one row a box: those of the answer, right or wrong, then those that were missed.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    if isinstance(evaluation.pooled, BoxFigures):
        writer.writerow(BOX_COLUMNS)
        writer.writerows(row for item in evaluation.predictions for row in _box_rows(item))
        return write_whole(path, buffer.getvalue().encode("utf-8", "backslashreplace"))
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
    named = has_classes(evaluation)
    cells = [_cell(item, named=named) for item in worst(evaluation, count=count)]
    is_boxes = isinstance(evaluation.pooled, BoxFigures)
    sheet = contact_sheet(cells, size=BOXES_SIZE) if is_boxes else contact_sheet(cells)
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    return write_whole(path, buffer.getvalue())


def pixels(item: Prediction, *, named: bool = True) -> npt.NDArray[np.uint8]:
    """The picture, ``(H, W, 3)`` RGB: with the boxes of the answer, and missed ones framed.

    Boxes say what they are, if ``named``, and their score.
    """
    picture = images.load(item.sample.content())
    if not isinstance(item.result, BoxesResult):
        return picture
    missed = [
        box
        for box, is_found in zip(item.sample.boxes, item.verdict.found, strict=True)
        if not is_found
    ]
    return draw_boxes(framed(picture, missed), item.result.boxes, named=named)


def has_classes(evaluation: Evaluation) -> bool:
    """Whether boxes were of more than one class: else their name says nothing."""
    pooled = evaluation.pooled
    return not isinstance(pooled, BoxFigures) or len(pooled.classes) > 1


def _box_rows(item: Prediction) -> Iterator[list[object]]:
    assert isinstance(item.result, BoxesResult)
    start, verdict = [item.sample.source, item.sample.path], item.verdict
    for box, is_right in zip(item.result.boxes, verdict.right, strict=True):
        corners = [f"{value:.2f}" for value in box.xyxy]
        yield [*start, "right" if is_right else "wrong", box.label, f"{box.score:.6f}", *corners]
    for truth, is_found in zip(item.sample.boxes, verdict.found, strict=True):
        if not is_found:
            corners = [f"{value:.2f}" for value in (truth.x1, truth.y1, truth.x2, truth.y2)]
            yield [*start, "missed", truth.label, "", *corners]


def _cell(item: Prediction, *, named: bool) -> Cell:
    colour = RIGHT if item.is_right else WRONG
    return Cell(
        pixels(item, named=named),
        (
            (f"label {item.label}", INK),
            (f"read {item.answer or '(nothing)'}  {100 * item.confidence:.1f} %", colour),
            (item.sample.source, SOFT),
        ),
    )
