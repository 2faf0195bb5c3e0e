"""Figures of things that were found in pictures: average precision as COCO counts it.

An answer is right when it has a truth's label and overlaps it by at least a threshold, and no
better answer has taken that truth. Average precision is the mean of the precision at 101 recalls,
each the best one at that recall or a higher one (Lin et al. 2014; pycocotools gives the same).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from solver.geometry import Boxes, iou
from solver.results import Box
from training.figures.shares import Share
from training.samples.sample import Annotation

IOU_THRESHOLDS: npt.NDArray[np.float64] = np.linspace(0.5, 0.95, 10)
RECALLS: npt.NDArray[np.float64] = np.linspace(0.0, 1.0, 101)
MAX_ANSWERS = 100

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BoxClassFigure:
    """One class: its boxes in the truth, and average precision at IoU .5 and @[.5:.95]."""

    label: str
    truths: int
    ap50: float
    ap: float


@dataclass(frozen=True, slots=True)
class BoxFigures:
    """Everything that is known of one set of answers, 0–1.

    ``ap`` is the mean over classes and the IoU thresholds .5, .55 … .95, ``ap50`` and ``ap75``
    are at one threshold. ``recall`` and ``precision`` count all answers that were given, at IoU
    .5; they say what a user of the model gets at its score threshold.
    """

    count: int
    ap50: float
    ap75: float
    ap: float
    recall: Share
    precision: Share
    classes: tuple[BoxClassFigure, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for JSON; shares come with their interval."""
        return {
            "kind": "detect",
            "count": self.count,
            "ap50": self.ap50,
            "ap75": self.ap75,
            "ap": self.ap,
            "recall": self.recall.to_dict(),
            "precision": self.precision.to_dict(),
            "classes": {
                item.label: {"truths": item.truths, "ap50": item.ap50, "ap": item.ap}
                for item in self.classes
            },
        }


def box_figures(
    answers: Sequence[Sequence[Box]], truths: Sequence[Sequence[Annotation]]
) -> BoxFigures:
    """Compare the boxes that were found in each picture with those that are there.

    Classes without a truth have no average precision, but their answers count as wrong ones in
    ``precision``. For average precision answers should come with a score threshold near 0; the
    best 100 a picture and class are counted.

    Raises:
        ValueError: lengths differ, or there is no box to find.
    """
    if len(answers) != len(truths) or not any(truths):
        raise ValueError(
            f"expected as many answers as pictures, and at least one box to find; "
            f"received {len(answers)} and {len(truths)}, {sum(map(len, truths))} boxes"
        )
    labels = sorted({box.label for picture in truths for box in picture})
    tables = [_average_precisions(answers, truths, label) for label in labels]
    table = np.stack(tables)
    hits = sum(int(_matches(*pair)[1][0].sum()) for pair in _pairs(answers, truths, labels))
    given, wanted = sum(map(len, answers)), sum(map(len, truths))
    return BoxFigures(
        count=len(truths),
        ap50=float(table[:, 0].mean()),
        ap75=float(table[:, 5].mean()),
        ap=float(table.mean()),
        recall=Share(hits, wanted),
        precision=Share(hits, given),
        classes=tuple(
            BoxClassFigure(
                label,
                sum(box.label == label for picture in truths for box in picture),
                float(row[0]),
                float(row.mean()),
            )
            for label, row in zip(labels, table, strict=True)
        ),
    )


def _average_precisions(
    answers: Sequence[Sequence[Box]], truths: Sequence[Sequence[Annotation]], label: str
) -> Floats:
    """Average precision of one class at each of the IoU thresholds, ``(10,)``."""
    scores, right = [np.empty(0)], [np.empty((len(IOU_THRESHOLDS), 0), dtype=bool)]
    for given, wanted in _pairs(answers, truths, [label]):
        one, hits = _matches(given, wanted)
        scores.append(one[:MAX_ANSWERS])
        right.append(hits[:, :MAX_ANSWERS])
    order = np.argsort(-np.concatenate(scores), kind="stable")
    hits = np.concatenate(right, axis=1)[:, order]
    count = sum(box.label == label for picture in truths for box in picture)
    return np.array([_average_precision(row, count) for row in hits])


def _average_precision(right: Bools, count: int) -> float:
    """Area under precision over recall at 101 points; answers come best first."""
    found = np.cumsum(right)
    precision = found / np.arange(1, len(right) + 1)
    # At each recall the best precision of this or a higher one.
    best = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(found / count, RECALLS, side="left")
    return float(np.append(best, 0.0)[places].mean())


def _pairs(
    answers: Sequence[Sequence[Box]], truths: Sequence[Sequence[Annotation]], labels: Sequence[str]
) -> list[tuple[list[Box], list[Annotation]]]:
    """Answers and truths of each picture and label."""
    return [
        (
            [box for box in given if box.label == label],
            [box for box in wanted if box.label == label],
        )
        for label in labels
        for given, wanted in zip(answers, truths, strict=True)
    ]


def _matches(given: Sequence[Box], wanted: Sequence[Annotation]) -> tuple[Floats, Bools]:
    """Scores of a picture's answers, best first, and whether each is right, ``(10, answers)``.

    The best answer chooses first, and takes the free truth that it overlaps most; of truths that
    it overlaps alike, the last.
    """
    ranked = sorted(given, key=lambda box: -box.score)
    overlaps = iou(_corners(ranked), _corners(wanted))
    right = np.zeros((len(IOU_THRESHOLDS), len(ranked)), dtype=bool)
    for level, threshold in enumerate(IOU_THRESHOLDS):
        free = np.ones(len(wanted), dtype=bool)
        for place, row in enumerate(overlaps):
            reached = np.where(free & (row >= threshold), row, -1.0)
            if reached.size and reached.max() >= 0:
                taken = len(reached) - 1 - int(reached[::-1].argmax())
                free[taken] = False
                right[level, place] = True
    return np.array([box.score for box in ranked], dtype=np.float64), right


def _corners(boxes: Sequence[Box] | Sequence[Annotation]) -> Boxes:
    corners = [(box.x1, box.y1, box.x2, box.y2) for box in boxes]
    return np.array(corners, dtype=np.float64).reshape(-1, 4)
