"""Views: what each keeps, on odd sizes too."""

from __future__ import annotations

import numpy as np
import pytest

from solver.views import VIEWS


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (2, 3), (31, 97), (200, 64)])
@pytest.mark.parametrize("name", VIEWS)
def test_every_view_of_every_size_is_a_picture(name: str, size: tuple[int, int]) -> None:
    picture = np.random.default_rng(3).integers(0, 256, (*size, 3), np.uint8)
    before = picture.copy()
    seen = VIEWS[name](picture)
    assert seen.dtype == np.uint8
    assert seen.ndim == 3
    assert seen.shape[2] == 3
    assert seen.size
    assert (picture == before).all()
    assert np.array_equal(seen, VIEWS[name](picture))


@pytest.mark.parametrize("name", sorted(set(VIEWS) - {"negative"}))
def test_an_even_ground_stays_what_it_is(name: str) -> None:
    seen = VIEWS[name](np.full((40, 90, 3), 120, np.uint8))
    assert (seen == 120).all() or name == "contrast"


def test_thin_lines_go_and_thick_strokes_stay() -> None:
    for level, name in ((0, "no_dark_lines"), (255, "no_light_lines")):
        picture = np.full((60, 120, 3), 128, np.uint8)
        picture[30] = level  # one pixel
        picture[10:50, 20:35] = level
        seen = VIEWS[name](picture)
        assert (seen[30, 60:] == 128).all()
        assert (seen[15:45, 24:31] == level).all()
        other = VIEWS["no_light_lines" if level == 0 else "no_dark_lines"](picture)
        assert (other[30] == level).all()


def test_sizes_and_levels() -> None:
    picture = np.zeros((50, 100, 3), np.uint8)
    picture[:, :50] = (200, 100, 30)
    shapes = {name: VIEWS[name](picture).shape[:2] for name in VIEWS}
    assert shapes["wide"] == (50, 120)
    assert shapes["slim"] == (50, 85)
    assert shapes["zoomed"] == (42, 100)
    assert shapes["padded"] == (58, 108)
    assert shapes["top"] == (34, 100)
    assert (VIEWS["negative"](picture) == 255 - picture).all()
    grey = VIEWS["grey"](picture)
    assert (grey[0, 0] == 110).all()
    assert set(np.unique(VIEWS["contrast"](picture)).tolist()) == {0, 255}
