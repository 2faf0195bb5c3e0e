"""Anchors by hand and by brute force, the coding by round trip and on wild input."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from solver import anchors
from solver.anchors import AnchorSpec

SPECS = [
    AnchorSpec(),
    AnchorSpec(strides=(8,), sizes=(20.0,), scales=(1.0,), aspect_ratios=(1.0,)),
    AnchorSpec(
        strides=(8, 16, 32, 64, 128), sizes=(32, 64, 128, 256, 512), aspect_ratios=(0.3, 4.0)
    ),
]


def slow_anchors(spec: AnchorSpec, height: int, width: int) -> list[list[float]]:
    found = []
    for stride, size in zip(spec.strides, spec.sizes, strict=True):
        cells = itertools.product(
            range(math.ceil(height / stride)), range(math.ceil(width / stride))
        )
        for row, column in cells:
            for scale, ratio in itertools.product(spec.scales, spec.aspect_ratios):
                x, y = (column + 0.5) * stride, (row + 0.5) * stride
                half_w = size * scale * math.sqrt(ratio) / 2
                half_h = size * scale / math.sqrt(ratio) / 2
                found.append([x - half_w, y - half_h, x + half_w, y + half_h])
    return found


def test_one_anchor_by_hand() -> None:
    spec = AnchorSpec(strides=(8,), sizes=(10.0,), scales=(2.0,), aspect_ratios=(4.0,))
    assert anchors.anchors(spec, 8, 16).tolist() == [[-16, -1, 24, 9], [-8, -1, 32, 9]]


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize(("height", "width"), [(64, 64), (32, 96), (50, 70), (1, 1)])
def test_anchors_in_the_order_of_the_network(spec: AnchorSpec, height: int, width: int) -> None:
    found = anchors.anchors(spec, height, width)
    assert found.shape == (spec.count(height, width), 4)
    np.testing.assert_allclose(found, slow_anchors(spec, height, width))


def test_anchors_are_made_once_and_cannot_be_changed() -> None:
    found = anchors.anchors(AnchorSpec(), 64, 64)
    assert anchors.anchors(AnchorSpec(), 64, 64) is found
    with pytest.raises(ValueError, match="read-only"):
        found[0, 0] = 0


@pytest.mark.parametrize("variances", [(0.1, 0.1, 0.2, 0.2), (1.0, 2.0, 3.0, 4.0)])
def test_boxes_are_decoded_as_they_were_encoded(variances: tuple[float, ...]) -> None:
    base = anchors.anchors(AnchorSpec(), 96, 96)
    rng = np.random.default_rng(1)
    corners = rng.uniform(0, 96, (len(base), 2))
    boxes = np.concatenate([corners, corners + rng.uniform(1, 90, (len(base), 2))], axis=1)
    coded = anchors.encode(boxes, base, variances)
    np.testing.assert_allclose(anchors.decode(coded, base, variances), boxes, atol=1e-9)
    np.testing.assert_allclose(anchors.decode(np.zeros_like(base), base, variances), base)


def test_a_difference_by_hand() -> None:
    base = np.array([[0.0, 0.0, 10.0, 20.0]])
    coded = anchors.encode(np.array([[1.0, 4.0, 21.0, 24.0]]), base, (0.1, 0.1, 0.2, 0.2))
    np.testing.assert_allclose(coded, [[2.0, 6.0, 0.0, math.log(2) / 0.2]], atol=1e-12)


@pytest.mark.parametrize("value", [1e3, 1e30, 3e38, -1e3, -3e38])
def test_wild_differences_stay_finite(value: float) -> None:
    base = np.array([[0.0, 0.0, 10.0, 20.0]])
    wild = np.full((1, 4), value, dtype=np.float32)
    found = anchors.decode(wild, base, (0.1, 0.1, 0.2, 0.2))
    assert np.isfinite(found).all()
    assert (found[:, :2] <= found[:, 2:]).all()


@pytest.mark.parametrize("boxes", [np.zeros((0, 4)), np.array([[5.0, 5.0, 5.0, 5.0]])])
def test_no_boxes_and_boxes_without_area(boxes: np.ndarray) -> None:
    base = np.tile([0.0, 0.0, 10.0, 10.0], (len(boxes), 1))
    coded = anchors.encode(boxes, base, (0.1, 0.1, 0.2, 0.2))
    assert np.isfinite(coded).all()
    np.testing.assert_allclose(anchors.decode(coded, base, (0.1, 0.1, 0.2, 0.2)), boxes, atol=1e-4)
