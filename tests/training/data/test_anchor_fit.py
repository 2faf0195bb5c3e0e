"""Anchors for boxes of known sizes: what they are, and what they reach."""

from __future__ import annotations

import numpy as np
import pytest

from solver.anchors import AnchorSpec
from training.config import Config, Data, Input
from training.data.anchor_fit import Canvas, fit
from training.detect_settings import Detect


def boxes(*sides: tuple[float, float]) -> np.ndarray:
    return np.array(sides, dtype=np.float64).reshape(-1, 2)


def test_there_are_none_without_boxes() -> None:
    assert fit([], []) is None
    assert fit([boxes()], [(100, 50)]) is None


@pytest.mark.parametrize(
    ("low", "high", "levels"), [(40, 40, 3), (16, 100, 3), (16, 160, 4), (4, 400, 6)]
)
def test_sizes_cover_the_sides(low: float, high: float, levels: int) -> None:
    sides = np.geomspace(low, high, 500)
    found = fit([np.stack([sides, sides], axis=1)], [(512, 512)], canvas=Canvas(512, 512))
    assert found is not None
    assert len(found.sizes) == levels
    assert found.aspect_ratios == (1.0,)
    assert found.reached == 1.0
    assert found.boxes == 500
    assert found.sizes[1] == 2 * found.sizes[0]
    made = Config(
        task="detect",
        data=Data(),
        input=Input(height=found.height, width=found.width),
        detect=Detect(sizes=found.sizes, aspect_ratios=found.aspect_ratios),
    )
    assert made.detect.anchors().sizes == found.sizes


@pytest.mark.parametrize(
    ("sides", "ratios"),
    [
        ([(40, 20)] * 10, (2.0,)),
        ([(20, 60)] * 10 + [(40, 40)] * 10 + [(60, 20)] * 10, (0.3, 1.0, 3.0)),
        ([(41, 40), (40, 43)], (1.0,)),
    ],
)
def test_shapes(sides: list[tuple[float, float]], ratios: tuple[float, ...]) -> None:
    found = fit([boxes(*sides)], [(256, 256)])
    assert found is not None
    assert found.aspect_ratios == ratios
    assert found.reached == 1.0


@pytest.mark.parametrize(
    ("size", "side", "canvas"),
    [
        ((300, 180), 40, (192, 320)),
        ((1920, 1080), 200, (288, 512)),
        ((1920, 1080), 12, (1088, 1920)),
        ((20, 20), 5, (32, 32)),
    ],
)
def test_the_input_is_small_unless_boxes_get_too_small(
    size: tuple[int, int], side: float, canvas: tuple[int, int]
) -> None:
    found = fit([boxes((side, side))], [size])
    assert found is not None
    assert (found.height, found.width) == canvas


def test_the_anchors_of_the_settings_are_held_to_the_boxes() -> None:
    anchors = AnchorSpec(sizes=(200.0, 300.0, 400.0))
    found = fit(
        [boxes((20, 20), (220, 220))], [(512, 512)], canvas=Canvas(256, 256), anchors=anchors
    )
    assert found is not None
    # The letterbox halves the boxes: 10 and 110 pixels.
    assert (round(found.smallest), round(found.largest)) == (11, 109)
    assert found.now == 0.0
    assert found.reached > found.now
    assert "of the settings now, 0.0 %" in found.reason
