"""Grids on pictures: native, scaled, framed, damaged, and none at all."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

import solver
from solver.errors import ImageError, TaskError
from solver.grids import Grid, crop, cut
from solver.layouts import LAYOUTS, Layout
from tests.solver.grids import NATIVE, draw_grid

TEXTURE = np.random.default_rng(5).integers(0, 200, (8, 67, 67, 3), dtype=np.uint8)


def textured() -> Any:
    """A grid whose tiles are noise, one of them white up to a spot in its middle."""
    picture = draw_grid()
    for (x1, y1, x2, y2), texture in zip(NATIVE.boxes(), TEXTURE, strict=True):
        picture[y1:y2, x1:x2] = texture
    picture[41:108, 77:144] = 255
    picture[60:90, 95:125] = 40
    return picture


def resized(picture: Any, scale: float) -> Any:
    size = round(picture.shape[1] * scale), round(picture.shape[0] * scale)
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC))


def framed(picture: Any, left: int, top: int, right: int, bottom: int) -> Any:
    return np.pad(
        picture, ((top, bottom), (left, right), (0, 0)), constant_values=int(picture[0, 0, 0])
    )


def jpeg(picture: Any, quality: int) -> Any:
    data = io.BytesIO()
    Image.fromarray(picture).save(data, "JPEG", quality=quality)
    return np.asarray(Image.open(data))


def test_native_is_exact() -> None:
    picture = textured()
    grid = crop(picture)
    assert grid.boxes == NATIVE.boxes()
    assert grid.header_box == (0, 0, 293, 30)
    assert grid.word == (116, 0, 293, 28)
    assert grid.size == (293, 190)
    assert grid.header is not None
    assert (grid.header == picture[:30]).all()
    for tile, (x1, y1, x2, y2) in zip(grid.tiles, grid.boxes, strict=True):
        assert (tile == picture[y1:y2, x1:x2]).all()
        assert not tile.flags.writeable
        assert tile.flags.c_contiguous


@pytest.mark.parametrize("scale", [0.5, 0.75, 1.25, 1.5, 2.0, 3.3, 6.0])
def test_scaled_pictures(scale: float) -> None:
    found = np.array(crop(resized(textured(), scale)).boxes)
    size = round(293 * scale) / 293, round(190 * scale) / 190
    truth = np.array(NATIVE.boxes()) * np.array([*size, *size])
    assert np.abs(found - truth).max() <= max(0.02 * 67 * scale, 1.0)


@pytest.mark.parametrize("frame", [(2, 2, 2, 2), (3, 0, 0, 0), (0, 3, 0, 0), (0, 0, 3, 2)])
def test_a_frame_of_some_pixels_is_found(frame: tuple[int, int, int, int]) -> None:
    found = np.array(crop(framed(textured(), *frame)).boxes)
    shift = np.array([frame[0], frame[1]] * 2)
    assert np.abs(found - shift - np.array(NATIVE.boxes())).max() <= 1


@pytest.mark.parametrize("change", [lambda p: jpeg(p, 40), lambda p: 255 - p])
def test_damage_and_dark_pages_change_nothing(change: Callable[[Any], Any]) -> None:
    assert crop(change(textured())).boxes == NATIVE.boxes()


def test_tiles_that_touch() -> None:
    picture = np.random.default_rng(1).integers(0, 255, (150, 150, 3), dtype=np.uint8)
    grid = crop(picture, layout="3x3")
    assert grid.header is None
    assert grid.boxes[4] == (50, 50, 100, 100)
    assert sum(tile.size for tile in grid.tiles) == picture.size


def test_one_tile() -> None:
    one = Layout(rows=1, columns=1, tile=(40, 30), gap=(4, 4), origin=(5, 5), size=(50, 40))
    picture = draw_grid((30,), layout=one)
    assert crop(picture, layout=one).boxes == ((5, 5, 45, 35),)


def blank(height: int, width: int, level: int = 255) -> Any:
    return np.full((height, width, 3), level, dtype=np.uint8)


def photo(height: int = 190, width: int = 293) -> Any:
    return np.random.default_rng(2).integers(0, 255, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("picture", "layout", "named"),
    [
        (blank(190, 293), "12306", "show nothing"),
        (blank(190, 293, 0), "12306", "show nothing"),
        (blank(300, 300), "3x3", "show nothing"),
        (photo(), "12306", "gaps between tiles"),
        (photo(190, 190), "12306", "of the shape 293 × 190"),
        (photo(293, 190), "12306", "of the shape 293 × 190"),
        (photo(1, 1), "12306", "of the shape"),
        (photo(1, 1), "3x3", "at least 8 pixels"),
        (photo(20, 31), "12306", "at least 8 pixels"),
        (blank(1900, 2930), "12306", "show nothing"),
    ],
)
def test_no_such_grid(picture: Any, layout: str, named: str) -> None:
    with pytest.raises(TaskError, match=named):
        crop(picture, layout=layout)


def test_a_huge_picture() -> None:
    picture = np.repeat(np.repeat(textured(), 14, axis=0), 14, axis=1)
    found = np.array(crop(picture).boxes) / 14
    assert np.abs(found - np.array(NATIVE.boxes())).max() < 1


def test_what_is_no_picture() -> None:
    with pytest.raises(ImageError):
        crop(b"no picture")
    with pytest.raises(TaskError, match="layout"):
        crop(b"no picture", layout="5x5")


def test_round_trip_through_json() -> None:
    picture = textured()
    grid = solver.crop(picture)
    again = Grid.from_dict(json.loads(json.dumps(grid.to_dict())), picture)
    assert again.to_dict() == grid.to_dict()
    assert all((a == b).all() for a, b in zip(again.tiles, grid.tiles, strict=True))
    bare = cut(photo(300, 300), LAYOUTS["3x3"])
    assert Grid.from_dict(bare.to_dict(), photo(300, 300)).header_box is None


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"size": [1, 1]}, "Grid.size"),
        ({"size": None}, "Grid.size"),
        ({"tiles": []}, "Grid.tiles"),
        ({"tiles": [[0, 0, 1]]}, "Grid.tiles"),
        ({"tiles": [[0, 0, 1, 900]]}, "Grid.tiles"),
        ({"tiles": [[5, 5, 5, 9]]}, "Grid.tiles"),
        ({"header": "x"}, "Grid.header"),
        ({"word": [0, 0, 5, 31]}, "Grid.word"),
    ],
)
def test_damaged_dicts_are_refused(changes: dict[str, Any], named: str) -> None:
    picture = textured()
    with pytest.raises(ValueError, match=named):
        Grid.from_dict({**crop(picture).to_dict(), **changes}, picture)
