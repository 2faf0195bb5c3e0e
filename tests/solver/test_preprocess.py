"""Pixels to tensor: sizes, padding, exact levels, and the way back."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from solver.errors import ImageError
from solver.preprocess import canvas, preprocess, tensor
from solver.spec import InputSpec

FREE = InputSpec(height=48, width=None, fit="height", min_width=48, max_width=320)


def picture(width: int, height: int, level: int = 200) -> np.ndarray:
    return np.full((height, width, 3), level, dtype=np.uint8)


@pytest.mark.parametrize(
    ("size", "inner", "width"),
    [
        ((160, 60), 128, 128),
        ((100, 40), 120, 128),
        ((1, 1), 48, 48),
        ((5, 100), 2, 48),
        ((4000, 40), 320, 320),
        ((320, 48), 320, 320),
    ],
)
def test_fixed_height_keeps_the_ratio_and_pads_on_the_right(
    size: tuple[int, int], inner: int, width: int
) -> None:
    pixels, placement = canvas(picture(*size), FREE)
    assert pixels.shape == (48, width, 3)
    assert (pixels[:, :inner] == 200).all()
    assert (pixels[:, inner:] == 128).all()
    assert placement.to_picture(inner, 48) == pytest.approx(size)


@pytest.mark.parametrize(
    ("fit", "size", "box"),
    [
        ("letterbox", (50, 50), (0, 0, 100, 100)),
        ("letterbox", (400, 200), (0, 25, 100, 75)),
        ("letterbox", (200, 400), (25, 0, 75, 100)),
        ("shrink", (50, 50), (25, 25, 75, 75)),
        ("shrink", (400, 200), (0, 25, 100, 75)),
        ("shrink", (100, 100), (0, 0, 100, 100)),
    ],
)
def test_letterbox_and_shrink_centre_the_picture(
    fit: str, size: tuple[int, int], box: tuple[int, int, int, int]
) -> None:
    pixels, placement = canvas(picture(*size), InputSpec(height=100, width=100, fit=fit))
    left, top, right, bottom = box
    expected = np.full((100, 100, 3), 128, dtype=np.uint8)
    expected[top:bottom, left:right] = 200
    assert (pixels == expected).all()
    assert placement.to_canvas(0, 0) == (left, top)
    assert placement.to_canvas(*size) == pytest.approx((right, bottom))
    assert placement.to_picture(right, bottom) == pytest.approx(size)


def test_points_on_the_padding_stay_on_the_picture() -> None:
    _, placement = canvas(picture(400, 200), InputSpec(height=100, width=100))
    assert placement.to_picture(50, 0) == (200, 0)
    assert placement.to_picture(1000, 1000) == (400, 200)


@pytest.mark.parametrize("level", [0, 127, 128, 255])
def test_scaling_is_the_contracts(level: int) -> None:
    spec = InputSpec(height=2, width=2, scale=1 / 127.5, mean=(1.0, 0.5, 0.0), std=(1.0, 0.5, 2.0))
    values, _ = preprocess(picture(2, 2, level), spec)
    assert values.dtype == np.float32
    scaled = level / 127.5
    assert values[0, 0] == pytest.approx([scaled - 1, (scaled - 0.5) / 0.5, scaled / 2], abs=1e-6)


def test_threshold_makes_two_levels() -> None:
    spec = InputSpec(height=1, width=3, channels=1, threshold=100, mean=(0.0,), std=(1.0,))
    row = np.array([[[100] * 3, [101] * 3, [0] * 3]], dtype=np.uint8)
    values, _ = preprocess(row, spec)
    assert values[..., 0].tolist() == [[0.0, 1.0, 0.0]]


def test_a_batch_scales_as_its_members_do() -> None:
    rng = np.random.default_rng(0)
    batch = rng.integers(0, 256, (3, 48, 64, 3), dtype=np.uint8)
    assert (tensor(batch, FREE)[1] == tensor(batch[1], FREE)).all()


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((4, 0, 3), np.uint8),
    ],
)
def test_what_is_no_picture_is_refused(array: np.ndarray) -> None:
    with pytest.raises(ImageError, match="expected"):
        canvas(array, FREE)


def test_equal_channels_take_a_quicker_way_to_the_same_bits() -> None:
    pixels = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 256, 3)
    spec = InputSpec(height=1, width=256, scale=1 / 127.5, mean=(1.0,) * 3, std=(0.7,) * 3)
    gain = np.full(3, spec.scale / 0.7, np.float32)
    offset = np.full(3, 1 / 0.7, np.float32)
    assert (tensor(pixels, spec) == pixels.astype(np.float32) * gain - offset).all()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("shape", [(1, 1), (30, 71), (60, 160), (130, 90)])
@pytest.mark.parametrize("coloured", [(), (0,), (-1,)])
def test_pixels_are_those_of_a_resized_rgb_picture(
    channels: int, shape: tuple[int, int], coloured: tuple[int, ...]
) -> None:
    grey = np.random.default_rng(3).integers(0, 256, (*shape, 1), dtype=np.uint8)
    image = np.repeat(grey, 3, axis=2)
    for row in coloured:
        image[row, row] = (250, 10, 10)
    spec = InputSpec(
        height=48,
        width=None,
        fit="height",
        channels=channels,
        mean=(0.0,) * channels,
        std=(1.0,) * channels,
    )
    pixels, placement = canvas(image, spec)
    width = round(shape[1] * placement.scale_x)
    picture = Image.fromarray(image).convert("RGB" if channels == 3 else "L")
    expected = np.asarray(picture.resize((width, 48), Image.Resampling.BICUBIC))
    assert (pixels[:, :width] == expected.reshape(48, width, channels)).all()
