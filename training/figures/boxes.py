"""Figures of things that were found in pictures: average precision as COCO counts it.

An answer is right when it has a truth's label and overlaps it by at least a threshold, and no
better answer has taken that truth. Average precision is the mean of the precision at 101 recalls,
each the best one at that recall or a higher one (Lin et al. 2014; pycocotools gives the same).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from solver.geometry import Boxes, iou
from solver.results import Box
from training.figures.shares import Share, share
from training.samples.sample import Annotation

IOU_THRESHOLDS: npt.NDArray[np.float64] = np.linspace(0.5, 0.95, 10)
RECALLS: npt.NDArray[np.float64] = np.linspace(0.0, 1.0, 101)
MAX_ANSWERS = 100

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
# The answers and the truths of one label in one picture.
Pair: TypeAlias = tuple[list[Box], list[Annotation]]


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
    are at one threshold. ``recall`` and ``precision`` count boxes at IoU .5, of the answers that
    score at least ``threshold``: they say what a user of the model gets. ``exact`` counts
    pictures where every box was found and no other.
    """

    count: int
    threshold: float
    ap50: float
    ap75: float
    ap: float
    exact: Share
    recall: Share
    precision: Share
    classes: tuple[BoxClassFigure, ...]

    @property
    def whole(self) -> Share:
        """Pictures that are right as a whole."""
        return self.exact

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for JSON; shares come with their interval."""
        return {
            "kind": "detect",
            "count": self.count,
            "threshold": self.threshold,
            "ap50": self.ap50,
            "ap75": self.ap75,
            "ap": self.ap,
            "exact": self.exact.to_dict(),
            "recall": self.recall.to_dict(),
            "precision": self.precision.to_dict(),
            "classes": {
                item.label: {"truths": item.truths, "ap50": item.ap50, "ap": item.ap}
                for item in self.classes
            },
        }


def box_figures(
    answers: Sequence[Sequence[Box]],
    truths: Sequence[Sequence[Annotation]],
    *,
    threshold: float = 0.0,
) -> BoxFigures:
    """Compare the boxes that were found in each picture with those that are there.

    Average precision counts all answers, the best 100 a picture and class, and wants those that
    score near 0 too; all else counts those that score ``threshold`` or more. Classes without a
    truth have no average precision, but their answers count as wrong ones in ``precision``.

    Raises:
        ValueError: lengths differ, or there is no box to find.
    """
    if len(answers) != len(truths) or not any(truths):
        raise ValueError(
            f"expected as many answers as pictures, and at least one box to find; "
            f"received {len(answers)} and {len(truths)}, {sum(map(len, truths))} boxes"
        )
    by_label = _pairs(answers, truths)
    labels = sorted({box.label for picture in truths for box in picture})
    wanted = {label: sum(len(true) for _, true in by_label[label].values()) for label in labels}
    table = np.stack([_average_precisions(by_label[one], wanted[one]) for one in labels])
    kept = [[box for box in one if box.score >= threshold] for one in answers]
    verdicts = [judge(*pair) for pair in zip(kept, truths, strict=True)]
    return BoxFigures(
        count=len(truths),
        threshold=threshold,
        ap50=float(table[:, 0].mean()),
        ap75=float(table[:, 5].mean()),
        ap=float(table.mean()),
        exact=share(one.is_whole for one in verdicts),
        recall=share(flag for one in verdicts for flag in one.found),
        precision=share(flag for one in verdicts for flag in one.right),
        classes=tuple(
            BoxClassFigure(
                label,
                wanted[label],
                float(row[0]),
                float(row.mean()),
            )
            for label, row in zip(labels, table, strict=True)
        ),
    )


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which answers of a picture are right at IoU .5, and which truths were found, in order."""

    right: tuple[bool, ...]
    found: tuple[bool, ...]

    @property
    def is_whole(self) -> bool:
        """Whether every box was found, and no other."""
        return all(self.right) and all(self.found)


def judge(answers: Sequence[Box], truths: Sequence[Annotation]) -> Verdict:
    """Hold the boxes that were found in one picture to those that are there."""
    right, found = [False] * len(answers), [False] * len(truths)
    for label in {box.label for box in truths}:
        own = [index for index, box in enumerate(answers) if box.label == label]
        own.sort(key=lambda index: -answers[index].score)
        there = [index for index, box in enumerate(truths) if box.label == label]
        overlaps = iou(_corners([answers[i] for i in own]), _corners([truths[i] for i in there]))
        for index, place in zip(own, _taken(overlaps, IOU_THRESHOLDS[0]), strict=True):
            if place is not None:
                right[index] = found[there[place]] = True
    return Verdict(tuple(right), tuple(found))


def _average_precisions(pictures: Mapping[int, Pair], count: int) -> Floats:
    """Average precision of one class with ``count`` truths at each IoU threshold, ``(10,)``."""
    scores, right = [np.empty(0)], [np.empty((len(IOU_THRESHOLDS), 0), dtype=bool)]
    for given, wanted in pictures.values():
        one, hits = _matches(given, wanted)
        scores.append(one[:MAX_ANSWERS])
        right.append(hits[:, :MAX_ANSWERS])
    order = np.argsort(-np.concatenate(scores), kind="stable")
    hits = np.concatenate(right, axis=1)[:, order]
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
    answers: Sequence[Sequence[Box]], truths: Sequence[Sequence[Annotation]]
) -> dict[str, dict[int, Pair]]:
    """Answers and truths by label and picture, where there are any; pictures in order."""
    found: dict[str, dict[int, Pair]] = {}
    for number, (given, wanted) in enumerate(zip(answers, truths, strict=True)):
        for box in given:
            found.setdefault(box.label, {}).setdefault(number, ([], []))[0].append(box)
        for truth in wanted:
            found.setdefault(truth.label, {}).setdefault(number, ([], []))[1].append(truth)
    return found


def _matches(given: Sequence[Box], wanted: Sequence[Annotation]) -> tuple[Floats, Bools]:
    """Scores of a picture's answers, best first, and whether each is right, ``(10, answers)``."""
    ranked = sorted(given, key=lambda box: -box.score)
    overlaps = iou(_corners(ranked), _corners(wanted))
    right = [
        [place is not None for place in _taken(overlaps, threshold)] for threshold in IOU_THRESHOLDS
    ]
    table = np.array(right, dtype=bool).reshape(len(IOU_THRESHOLDS), len(ranked))
    return np.array([box.score for box in ranked], dtype=np.float64), table


def _taken(overlaps: Floats, threshold: float) -> list[int | None]:
    """The truth that each answer takes, best answer first, from ``(answers, truths)`` overlaps.

    It is the free one that it overlaps most; of truths that it overlaps alike, the last.
    """
    free = np.ones(overlaps.shape[1], dtype=bool)
    taken: list[int | None] = []
    for row in overlaps:
        reached = np.where(free & (row >= threshold), row, -1.0)
        if reached.size and reached.max() >= 0:
            place = len(reached) - 1 - int(reached[::-1].argmax())
            free[place] = False
            taken.append(place)
        else:
            taken.append(None)
    return taken


def _corners(boxes: Sequence[Box] | Sequence[Annotation]) -> Boxes:
    corners = [(box.x1, box.y1, box.x2, box.y2) for box in boxes]
    return np.array(corners, dtype=np.float64).reshape(-1, 4)
