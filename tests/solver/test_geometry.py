"""Boxes against brute force, and the way to a canvas and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from solver.geometry import Placement, area, clip, iou, nms

Boxes = Any


def boxes(*rows: tuple[float, float, float, float]) -> Boxes:
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


def random_boxes(count: int, seed: int, *, side: float = 100.0) -> Boxes:
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, side, (count, 2))
    return np.concatenate([corners, corners + rng.uniform(0, side / 2, (count, 2))], axis=1)


def slow_iou(a: Any, b: Any) -> float:
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - width * height
    return width * height / union if union > 0 else 0.0


def slow_nms(found: Boxes, scores: Any, threshold: float, classes: Any = None) -> list[int]:
    kept: list[int] = []
    for index in sorted(range(len(found)), key=lambda i: -scores[i]):
        rivals = [k for k in kept if classes is None or classes[k] == classes[index]]
        if all(slow_iou(found[k], found[index]) <= threshold for k in rivals):
            kept.append(index)
    return kept


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((0, 0, 2, 3), 6.0),
        ((-1, -1, 1, 1), 4.0),
        ((5, 5, 5, 9), 0.0),
        ((3, 3, 1, 1), 0.0),
        ((0.5, 0, 1, 1), 0.5),
    ],
)
def test_area(box: tuple[float, float, float, float], expected: float) -> None:
    assert area(boxes(box)).tolist() == [expected]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ((0, 0, 2, 2), (0, 0, 2, 2), 1.0),
        ((0, 0, 2, 2), (1, 0, 3, 2), 1 / 3),
        ((0, 0, 2, 2), (2, 0, 4, 2), 0.0),
        ((0, 0, 4, 4), (1, 1, 3, 3), 0.25),
        ((0, 0, 2, 2), (9, 9, 10, 10), 0.0),
        ((1, 1, 1, 1), (1, 1, 1, 1), 0.0),
        ((1, 1, 1, 1), (0, 0, 2, 2), 0.0),
    ],
)
def test_iou(a: Any, b: Any, expected: float) -> None:
    assert iou(boxes(a), boxes(b)).item() == pytest.approx(expected)
    assert iou(boxes(b), boxes(a)).item() == pytest.approx(expected)


@pytest.mark.parametrize(("rows", "columns"), [(0, 0), (0, 3), (3, 0), (1, 1), (40, 30)])
def test_iou_of_all_pairs(rows: int, columns: int) -> None:
    a, b = random_boxes(rows, 1), random_boxes(columns, 2)
    found = iou(a, b)
    assert found.shape == (rows, columns)
    np.testing.assert_allclose(
        found, np.array([[slow_iou(x, y) for y in b] for x in a]).reshape(rows, columns)
    )


def test_clip() -> None:
    found = clip(boxes((-5, -5, 5, 5), (1, 2, 30, 40), (11, 3, 15, 4)), width=10, height=20)
    assert found.tolist() == [[0, 0, 5, 5], [1, 2, 10, 20], [10, 3, 10, 4]]
    assert clip(boxes(), width=1, height=1).shape == (0, 4)


@pytest.mark.parametrize("count", [0, 1, 2, 60, 127, 128, 129, 400])
@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 1.0])
def test_nms_is_the_greedy_one(count: int, threshold: float) -> None:
    found = random_boxes(count, count)
    # Few distinct scores, so that ties decide.
    scores = np.random.default_rng(7).integers(0, 5, count) / 5
    classes = np.random.default_rng(8).integers(0, 3, count)
    assert nms(found, scores, iou_threshold=threshold).tolist() == slow_nms(
        found, scores, threshold
    )
    kept = nms(found, scores, iou_threshold=threshold, classes=classes)
    assert kept.tolist() == slow_nms(found, scores, threshold, classes)


def test_nms_keeps_equal_boxes_of_other_classes() -> None:
    twins = boxes((0, 0, 9, 9), (0, 0, 9, 9), (0, 0, 9, 9))
    scores = np.array([0.5, 0.9, 0.9])
    assert nms(twins, scores, iou_threshold=0.5).tolist() == [1]
    classes = np.array([0, 0, 4])
    assert nms(twins, scores, iou_threshold=0.5, classes=classes).tolist() == [1, 2]


def test_boxes_go_to_the_canvas_and_back() -> None:
    placement = Placement(200, 100, 0.5, 0.25, left=10, top=20)
    pictured = boxes((0, 0, 200, 100), (40, 20, 60, 80))
    on_canvas = placement.boxes_to_canvas(pictured)
    assert on_canvas.tolist() == [[10, 20, 110, 45], [30, 25, 40, 40]]
    assert placement.boxes_to_picture(on_canvas).tolist() == pictured.tolist()
    for box, mapped in zip(pictured, on_canvas, strict=True):
        assert placement.to_canvas(*box[:2]) == tuple(mapped[:2])
        assert placement.to_picture(*mapped[2:]) == tuple(box[2:])
    outside = placement.boxes_to_picture(boxes((0, 0, 5, 5), (100, 40, 500, 500)))
    assert outside.tolist() == [[0, 0, 0, 0], [180, 80, 200, 100]]
