"""Figures of pictures that were sorted into classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.figures.confidence import ConfidenceFigures, confidence_figures
from training.figures.shares import Share, share

TOP = 5


@dataclass(frozen=True, slots=True)
class ClassFigure:
    """One class: ``recall`` over its pictures, ``precision`` over the answers that name it."""

    label: str
    recall: Share
    precision: Share

    @property
    def f1(self) -> float:
        """Harmonic mean of both, 0 where neither is."""
        total = self.recall.count + self.precision.count
        return 2 * self.recall.right / total if total else 0.0


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """Everything that is known of one set of answers.

    ``matrix[i][j]`` counts pictures of class i answered as class j, in the order of ``labels``.
    """

    top1: Share
    top5: Share
    labels: tuple[str, ...]
    matrix: tuple[tuple[int, ...], ...]
    confidence: ConfidenceFigures

    @property
    def whole(self) -> Share:
        """Answers that are right."""
        return self.top1

    @property
    def count(self) -> int:
        """Pictures."""
        return self.top1.count

    @property
    def classes(self) -> tuple[ClassFigure, ...]:
        """Each class, in the order of ``labels``."""
        columns = [sum(row[place] for row in self.matrix) for place in range(len(self.labels))]
        return tuple(
            ClassFigure(label, Share(row[i], sum(row)), Share(row[i], columns[i]))
            for i, (label, row) in enumerate(zip(self.labels, self.matrix, strict=True))
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for JSON; shares come with their interval."""
        return {
            "kind": "class",
            "count": self.count,
            "top1": self.top1.to_dict(),
            "top5": self.top5.to_dict(),
            "classes": {
                item.label: {
                    "recall": item.recall.to_dict(),
                    "precision": item.precision.to_dict(),
                    "f1": item.f1,
                }
                for item in self.classes
            },
            "labels": list(self.labels),
            "matrix": [list(row) for row in self.matrix],
            "confidence": self.confidence.to_dict(),
        }


def class_figures(
    answers: Sequence[Sequence[str]],
    truths: Sequence[str],
    confidences: Sequence[float],
    *,
    labels: Sequence[str],
) -> ClassFigures:
    """Compare answers, each a list of labels with the best first, with the truth.

    Raises:
        ValueError: lengths differ, nothing to compare, an empty answer, or a label that is not
            among ``labels``.
    """
    if not len(answers) == len(truths) == len(confidences) or not truths:
        raise ValueError(
            f"expected as many answers and confidences as labels, at least one; "
            f"received {len(answers)}, {len(confidences)} and {len(truths)}"
        )
    if not all(answers):
        raise ValueError("expected at least one label an answer; received an empty one")
    places = {label: place for place, label in enumerate(labels)}
    foreign = sorted({*truths, *(answer[0] for answer in answers)} - places.keys())
    if foreign:
        raise ValueError(
            f"label {foreign[0]!r} is not a class of the model ({len(foreign)} such labels); "
            f"expected {', '.join(labels[:20])}{', …' if len(labels) > 20 else ''}"
        )
    matrix = np.zeros((len(labels), len(labels)), dtype=np.int64)
    for answer, truth in zip(answers, truths, strict=True):
        matrix[places[truth], places[answer[0]]] += 1
    right = [answer[0] == truth for answer, truth in zip(answers, truths, strict=True)]
    return ClassFigures(
        top1=share(right),
        top5=share(truth in answer[:TOP] for answer, truth in zip(answers, truths, strict=True)),
        labels=tuple(labels),
        matrix=tuple(tuple(row) for row in matrix.tolist()),
        confidence=confidence_figures(confidences, right),
    )
