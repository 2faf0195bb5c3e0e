"""Cutting a picture out of a screenshot, and points back to the page."""

from __future__ import annotations

import numpy as np
import pytest

from solver.browser._photo import Measure, cut, decode, layers
from solver.errors import ImageError
from tests.solver.browser.pages import png

SCREEN = np.arange(60 * 100 * 3, dtype=np.uint32).astype(np.uint8).reshape(60, 100, 3)


@pytest.mark.parametrize(
    ("ratio", "corner", "insets", "box"),
    [
        (1, (0, 0), (0, 0, 0, 0), (0, 0, 40, 20)),
        (1, (10, 5), (1, 2, 3, 4), (11, 7, 47, 21)),
        (2, (3, 4), (1, 1, 1, 1), (8, 10, 84, 46)),
        (1.5, (2.5, 1), (0, 0, 0, 0), (4, 2, 64, 32)),
    ],
)
def test_cut(
    ratio: float,
    corner: tuple[float, float],
    insets: tuple[float, float, float, float],
    box: tuple[int, int, int, int],
) -> None:
    photo = cut(decode(png(SCREEN)), Measure(40, 20, insets, ratio), corner=corner, shown="#it")
    x1, y1, x2, y2 = box
    assert np.array_equal(photo.pixels, SCREEN[y1:y2, x1:x2])
    x, y = photo.on_element((6.0, 4.0))
    # Where the photograph begins may be rounded, a point on it is not.
    assert (x + corner[0]) * ratio == pytest.approx(x1 + 6.0)
    assert (y + corner[1]) * ratio == pytest.approx(y1 + 4.0)


@pytest.mark.parametrize(
    ("size", "corner"),
    [((120, 20), (0, 0)), ((40, 20), (70, 0)), ((40, 20), (-3, 0)), ((1, 1), (0, 0))],
)
def test_what_is_not_in_view(size: tuple[float, float], corner: tuple[float, float]) -> None:
    measure = Measure(*size, (0, 0, 0, 0), 1)
    with pytest.raises(ImageError, match="#it: expected the whole picture in view"):
        cut(decode(png(SCREEN)), measure, corner=corner, shown="#it")


def test_layers_bring_transparency_back() -> None:
    rng = np.random.default_rng(5)
    alpha = rng.integers(0, 256, (7, 9, 1)) / 255
    colour = rng.integers(0, 256, (7, 9, 3))
    black, white = (
        np.rint(colour * alpha + ground * (1 - alpha)).astype(np.uint8) for ground in (0, 255)
    )
    found = layers(black, white)
    assert not found[[0, -1], :, 3].any()
    assert not found[:, [0, -1], 3].any()
    alpha[[0, -1], :] = alpha[:, [0, -1]] = 0
    assert np.abs(found[..., 3] - alpha[..., 0] * 255).max() <= 1
    seen = alpha[..., 0] > 0.2
    assert np.abs(found[..., :3][seen].astype(int) - colour[seen]).max() <= 5
