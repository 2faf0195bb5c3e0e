"""Boxes out of raw outputs: against a slow reader, placed, thresholded, and refused."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from solver import anchors
from solver.anchors import AnchorSpec
from solver.decoders.anchors import decode
from solver.errors import ModelError
from solver.geometry import Placement
from solver.results import Box
from solver.spec import DecoderSpec, InputSpec, ModelSpec

LABELS = ("cat", "dog", "owl")
SIDE = 64
FULL = Placement(SIDE, SIDE, 1.0, 1.0)
NOTHING = -20.0


def make_spec(
    *, labels: tuple[str, ...] = LABELS, temperature: float = 1.0, side: int = SIDE, **rules: Any
) -> ModelSpec:
    decoder = DecoderSpec(
        "anchors", labels=labels, temperature=temperature, anchors=AnchorSpec(**rules)
    )
    return ModelSpec("detector", InputSpec(side, side), decoder)


def outputs(spec: ModelSpec, *found: tuple[tuple[float, ...], str, float]) -> tuple[Any, Any]:
    """Raw outputs that hold each box, written at an anchor of its own, with its score."""
    rules = spec.decoder.anchors
    assert rules is not None
    assert spec.input.width is not None
    base = anchors.anchors(rules, spec.input.height, spec.input.width)
    logits = np.full((len(base), spec.decoder.classes), NOTHING, dtype=np.float32)
    deltas = np.zeros((len(base), 4), dtype=np.float32)
    for place, (box, label, score) in enumerate(found):
        row = 7 * place
        logit = spec.decoder.temperature * math.log(score / (1 - score))
        logits[row, spec.decoder.labels.index(label)] = logit
        one = np.array([box], dtype=np.float64)
        deltas[row] = anchors.encode(one, base[row : row + 1], rules.variances)[0]
    return logits, deltas


def read(spec: ModelSpec, raw: tuple[Any, Any], placement: Placement = FULL, **options: Any) -> Any:
    return decode(*raw, spec=spec, placement=placement, **options)


def near(box: Box, corners: tuple[float, ...], label: str, score: float) -> bool:
    return (
        box.label == label
        and box.xyxy == pytest.approx(corners, abs=1e-3)
        and box.score == pytest.approx(score, abs=1e-5)
    )


@pytest.mark.parametrize("temperature", [1.0, 0.5, 3.0])
def test_boxes_come_back_best_first(temperature: float) -> None:
    spec = make_spec(temperature=temperature)
    raw = outputs(
        spec,
        ((1, 2, 20, 30), "dog", 0.6),
        ((30, 30, 60, 50), "cat", 0.9),
        ((5, 40, 15, 60), "owl", 0.29),
    )
    first, second = read(spec, raw)
    assert near(first, (30, 30, 60, 50), "cat", 0.9)
    assert near(second, (1, 2, 20, 30), "dog", 0.6)
    assert [box.label for box in read(spec, raw, threshold=0.2)] == ["cat", "dog", "owl"]
    assert [box.label for box in read(spec, raw, threshold=0.8)] == ["cat"]
    assert read(spec, raw, threshold=1.0) == []


def test_nothing_is_an_empty_list() -> None:
    spec = make_spec()
    assert read(spec, outputs(spec)) == []


def test_suppression_is_by_class() -> None:
    spec = make_spec()
    raw = outputs(
        spec,
        ((10, 10, 30, 30), "cat", 0.7),
        ((11, 10, 31, 30), "cat", 0.8),
        ((10, 11, 30, 31), "dog", 0.6),
    )
    assert [(box.label, round(box.score, 1)) for box in read(spec, raw)] == [
        ("cat", 0.8),
        ("dog", 0.6),
    ]
    strict = make_spec(iou_threshold=0.95)
    assert len(read(strict, raw)) == 3


def test_boxes_are_placed_in_the_picture_and_held_inside() -> None:
    spec = make_spec()
    # A picture of 100 × 50 at scale 0.64, with bars of 16 pixels above and below.
    placement = Placement(100, 50, 0.64, 0.64, left=0, top=16)
    raw = outputs(
        spec,
        ((6.4, 22.4, 32, 41.6), "cat", 0.9),
        ((-20, 0, 12.8, 28.8), "dog", 0.8),
        ((20, 2, 40, 12), "owl", 0.7),
    )
    first, second = read(spec, raw, placement)
    assert near(first, (10, 10, 50, 40), "cat", 0.9)
    assert near(second, (0, 0, 20, 20), "dog", 0.8)  # the third lies in the bar


def test_max_boxes_and_max_candidates() -> None:
    boxes = [((5.0 * i, 5, 5.0 * i + 4, 9), "cat", 0.5 + 0.04 * i) for i in range(10)]
    for rules in ({"max_boxes": 3}, {"max_candidates": 3}):
        spec = make_spec(**rules)
        found = read(spec, outputs(spec, *boxes))
        assert [round(box.x1) for box in found] == [45, 40, 35]


def slow_decode(spec: ModelSpec, logits: Any, deltas: Any, placement: Placement) -> list[Any]:
    """The rule of the contract, one candidate after the other."""
    rules = spec.decoder.anchors
    assert rules is not None
    candidates = []
    for row, base in enumerate(anchors.anchors(rules, SIDE, SIDE)):
        for number, label in enumerate(LABELS):
            score = 1 / (1 + math.exp(-float(logits[row, number]) / spec.decoder.temperature))
            if score < rules.score_threshold:
                continue
            dy, dx, dh, dw = (
                float(d) * v for d, v in zip(deltas[row], rules.variances, strict=True)
            )
            width, height = base[2] - base[0], base[3] - base[1]
            x, y = (base[0] + base[2]) / 2 + dx * width, (base[1] + base[3]) / 2 + dy * height
            half_w, half_h = width * math.exp(dw) / 2, height * math.exp(dh) / 2
            corners = (
                *placement.to_picture(x - half_w, y - half_h),
                *placement.to_picture(x + half_w, y + half_h),
            )
            candidates.append((score, row, number, label, corners))
    candidates.sort(key=lambda item: (-item[0], item[1], item[2]))
    kept: list[Any] = []
    for candidate in candidates[: rules.max_candidates]:
        box = candidate[4]
        if box[2] <= box[0] or box[3] <= box[1]:
            continue
        if all(other[3] != candidate[3] or overlap(other[4], box) <= 0.5 for other in kept):
            kept.append(candidate)
    return [(label, score, box) for score, _, _, label, box in kept[: rules.max_boxes]]


def overlap(a: Any, b: Any) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0.0, width) * max(0.0, height)
    total = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return shared / (total - shared)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("spread", [1.0, 4.0])
def test_random_outputs_against_the_slow_reader(seed: int, spread: float) -> None:
    spec = make_spec(temperature=1.3, score_threshold=0.6, max_candidates=200, max_boxes=40)
    rng = np.random.default_rng(seed)
    count = spec.decoder.anchors.count(SIDE, SIDE)  # type: ignore[union-attr]
    logits = rng.normal(-2, spread, (count, len(LABELS))).astype(np.float32)
    deltas = rng.normal(0, 2, (count, 4)).astype(np.float32)
    placement = Placement(90, 70, 0.7, 0.8, left=1, top=4)
    found = read(spec, (logits, deltas), placement)
    expected = slow_decode(spec, logits, deltas, placement)
    assert len(found) == len(expected) > 0
    for box, (label, score, corners) in zip(found, expected, strict=True):
        assert (box.label, box.score) == (label, pytest.approx(score))
        assert box.xyxy == pytest.approx(corners)


def test_equal_scores_keep_the_order_of_the_anchors() -> None:
    spec = make_spec(max_candidates=2)
    boxes = [((10.0 * i, 0, 10.0 * i + 8, 8), "cat", 0.75) for i in range(5)]
    raw = outputs(spec, *boxes)
    assert [round(box.x1) for box in read(spec, raw)] == [0, 10]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda logits, deltas: (logits[:-1], deltas), "expected logits of shape"),
        (lambda logits, deltas: (logits[:, :2], deltas), "expected logits of shape"),
        (lambda logits, deltas: (logits[None], deltas), "expected logits of shape"),
        (lambda logits, deltas: (logits, deltas[:-1]), "expected box differences of shape"),
        (lambda logits, deltas: (deltas, logits), "expected logits of shape"),
        (lambda logits, deltas: (logits.astype(int), deltas), "a float type"),
        (lambda logits, deltas: (logits * np.nan, deltas), "finite logits; received NaN"),
        (lambda logits, deltas: (logits, deltas + np.inf), "finite box differences"),
    ],
)
def test_outputs_that_do_not_fit_are_refused(change: Any, message: str) -> None:
    spec = make_spec()
    with pytest.raises(ModelError, match=message):
        read(spec, change(*outputs(spec)))


@pytest.mark.parametrize("value", [1e30, -1e30, 3e38])
def test_wild_outputs_give_boxes_inside_the_picture(value: float) -> None:
    spec = make_spec(temperature=0.01)
    logits, deltas = outputs(spec)
    logits[:50] = 3e38
    deltas[:] = value
    for box in read(spec, (logits, deltas)):
        assert 0 <= box.x1 < box.x2 <= SIDE
        assert 0 <= box.y1 < box.y2 <= SIDE
        assert box.score == 1.0


def test_a_picture_is_read_in_a_few_milliseconds() -> None:
    spec = make_spec(side=320, labels=("thing",))
    rng = np.random.default_rng(3)
    count = spec.decoder.anchors.count(320, 320)  # type: ignore[union-attr]
    assert count == 18_900
    logits = np.full((count, 1), -6, dtype=np.float32)
    hot = rng.integers(0, count, 200)
    logits[hot, 0] = rng.uniform(-0.5, 4, 200)
    deltas = rng.normal(0, 1, (count, 4)).astype(np.float32)
    placement = Placement(320, 320, 1.0, 1.0)
    read(spec, (logits, deltas), placement)
    times = []
    for _ in range(9):
        start = time.process_time()
        read(spec, (logits, deltas), placement)
        times.append(time.process_time() - start)
    # Ten times what it takes on an idle core: only a loop over anchors would miss it.
    assert min(times) < 0.015


def test_the_placement_of_another_picture_moves_the_boxes() -> None:
    spec = make_spec()
    raw = outputs(spec, ((10, 10, 30, 30), "cat", 0.9))
    (box,) = read(spec, raw, replace(FULL, left=10, top=10))
    assert near(box, (0, 0, 20, 20), "cat", 0.9)
