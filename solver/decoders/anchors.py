"""A detector's raw outputs to boxes in pixels of the picture."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solver import anchors
from solver.errors import ModelError
from solver.geometry import Boxes, Placement, area, nms
from solver.results import Box
from solver.spec import ModelSpec


def decode(
    class_logits: ArrayLike,
    box_deltas: ArrayLike,
    *,
    spec: ModelSpec,
    placement: Placement,
    threshold: float | None = None,
    overlap: float | None = None,
) -> list[Box]:
    """Read (A, C) raw logits and (A, 4) differences of one picture, best score first.

    Every class of every anchor is a candidate; its score is ``sigmoid(logit / temperature)``.
    The best ``max_candidates`` of those that score at least ``threshold`` (the contract's where
    None) are mapped to the picture, held inside it, and thinned by non-maximum suppression class
    by class: boxes that overlap by more than ``overlap`` (the contract's where None) are one. Boxes
    without an area are left out. Equal scores keep the order of the anchors.

    Raises:
        ModelError: outputs of another shape or type, or with NaN or infinity in them.
    """
    rules = spec.decoder.anchors
    assert rules is not None  # so says the contract
    assert spec.input.width is not None
    base = anchors.anchors(rules, spec.input.height, spec.input.width)
    logits = _checked(class_logits, "logits", (len(base), spec.decoder.classes))
    deltas = _checked(box_deltas, "box differences", (len(base), 4))
    least = rules.score_threshold if threshold is None else threshold
    chosen, scores = _best(logits.ravel(), least, spec.decoder.temperature, rules.max_candidates)
    rows, classes = np.divmod(chosen, spec.decoder.classes)
    found = placement.boxes_to_picture(
        anchors.decode(deltas[rows].astype(np.float64), base[rows], rules.variances)
    )
    solid = area(found) > 0
    found, scores, classes = found[solid], scores[solid], classes[solid]
    most = rules.iou_threshold if overlap is None else overlap
    kept = nms(found, scores, iou_threshold=most, classes=classes)
    return _boxes(found, scores, classes, kept[: rules.max_boxes], spec.decoder.labels)


def _checked(values: ArrayLike, name: str, shape: tuple[int, int]) -> NDArray[np.floating]:
    array: NDArray[np.floating] = np.asarray(values)
    if array.shape != shape or array.dtype.kind != "f":
        raise ModelError(
            f"expected {name} of shape {shape} and a float type; "
            f"received {array.shape} {array.dtype}"
        )
    if not np.isfinite(array).all():
        raise ModelError(
            f"expected finite {name}; received NaN or infinity in an array of shape {shape}"
        )
    return array


def _best(
    logits: NDArray[np.floating], threshold: float, temperature: float, limit: int
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Indices and scores of the best logits, best first; few are ever put into a sigmoid."""
    with np.errstate(over="ignore", under="ignore"):
        chosen = np.flatnonzero(logits >= _logit(threshold) * temperature)
        values = logits[chosen].astype(np.float64)
        if len(values) > limit:
            worst = np.partition(values, len(values) - limit)[len(values) - limit]
            chosen, values = chosen[values >= worst], values[values >= worst]
        order = np.argsort(-values, kind="stable")[:limit]
        scores = 1 / (1 + np.exp(-values[order] / temperature))
    return chosen[order], scores


def _logit(score: float) -> float:
    """The logit of a score; the ends of 0 … 1 are without bound."""
    if score <= 0:
        return -math.inf
    return math.log(score / (1 - score)) if score < 1 else math.inf


def _boxes(
    found: Boxes,
    scores: NDArray[np.float64],
    classes: NDArray[np.intp],
    kept: NDArray[np.intp],
    labels: tuple[str, ...],
) -> list[Box]:
    return [
        Box(x1, y1, x2, y2, labels[number], score)
        for (x1, y1, x2, y2), number, score in zip(
            found[kept].tolist(), classes[kept].tolist(), scores[kept].tolist(), strict=True
        )
    ]
