"""Which tiles a training set holds: copies are found however they were cut, others are not."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

FOLDER = str(Path(__file__).parents[2] / "benchmarks")


@pytest.fixture(scope="module")
def grids() -> Iterator[Any]:
    """The module, imported as the commands beside it do."""
    sys.path.insert(0, FOLDER)
    import _grids

    yield _grids
    sys.path.remove(FOLDER)


def photograph(seed: int) -> np.ndarray:
    """A smooth coloured pattern of 80 × 80 pixels."""
    coarse = np.random.default_rng(seed).integers(0, 256, (7, 7, 3), np.uint8)
    return cv2.resize(coarse, (80, 80), interpolation=cv2.INTER_CUBIC)


def cut(picture: np.ndarray, y: int = 6, x: int = 6, quality: int | None = None) -> np.ndarray:
    tile = picture[y : y + 67, x : x + 67]
    if quality is None:
        return tile
    data = io.BytesIO()
    Image.fromarray(tile).save(data, "JPEG", quality=quality)
    return np.asarray(Image.open(data))


@pytest.mark.parametrize(
    ("tile", "is_copy"),
    [
        (cut(photograph(1)), True),
        (cut(photograph(1), quality=50), True),
        (cut(photograph(1), 3, 9), True),
        (cut(photograph(1), 10, 2, quality=70), True),
        (cut(photograph(3)), False),
        (np.full((67, 67, 3), 255, np.uint8), False),
    ],
)
def test_copies_are_found(grids: Any, tile: np.ndarray, is_copy: bool) -> None:
    trained = [cut(photograph(1)), cut(photograph(2)), np.full((67, 67, 3), 255, np.uint8)]
    assert grids.overlapping([tile], trained).tolist() == [is_copy]


def test_nothing_overlaps_nothing(grids: Any) -> None:
    one = [cut(photograph(1))]
    assert grids.overlapping([], one).tolist() == []
    assert grids.overlapping(one, []).tolist() == [False]


def test_copies_are_one_group(grids: Any) -> None:
    tiles = [cut(photograph(1)), cut(photograph(2)), cut(photograph(1), 8, 5), cut(photograph(3))]
    assert grids.groups(tiles) == [[0, 2], [1], [3]]


@pytest.mark.parametrize(("y", "x"), [(3, 3), (4, 3), (0, 5)])
def test_the_gap_around_a_tile_is_left_out(grids: Any, y: int, x: int) -> None:
    whole = np.full((73, 72, 3), 255, np.uint8)
    tile = cut(photograph(4)) // 2
    whole[y : y + 67, x : x + 67] = tile
    assert np.array_equal(grids.trimmed(whole), tile)
    assert grids.trimmed(tile) is tile
