"""Things that are no mark: drawn under the marks, never over them, and in no label."""

from __future__ import annotations

import numpy as np
import pytest

from training.generators import ClickGenerator
from training.generators.fonts import FontFace
from training.generators.lookalikes import PAINTERS, cut_in, draw_lookalikes
from training.generators.text import ALNUM

Faces = tuple[FontFace, ...]


@pytest.mark.parametrize("name", sorted(PAINTERS))
@pytest.mark.parametrize("size", [6.0, 40.0])
def test_each_draws_about_its_size(name: str, size: float) -> None:
    for seed in range(12):
        pictures = [np.full((120, 160, 3), 90, np.uint8) for _ in range(2)]
        for picture in pictures:
            PAINTERS[name](picture, np.random.default_rng(seed), size, (250.0, 30.0, 200.0))
        assert (pictures[0] == pictures[1]).all()
        rows, columns = np.nonzero((np.abs(pictures[0].astype(int) - 90) > 40).any(axis=2))
        if len(rows):  # all of it may lie outside
            assert np.ptp(rows) <= 2.2 * size + 4
            assert np.ptp(columns) <= 2.2 * size + 4


def test_a_piece_of_another_ground_stays_at_its_place() -> None:
    picture, other = np.zeros((60, 80, 3), np.uint8), np.zeros((60, 80, 3), np.uint8)
    other[..., 0] = np.arange(80)
    cut_in(picture, other, np.random.default_rng(3), 30)
    cut = picture[..., 0] > 0
    assert 20 < cut.sum() < 60 * 80
    assert (picture[..., 0] <= other[..., 0]).all()
    assert (picture[..., 0] >= other[..., 0] - 1.0)[cut].mean() > 0.3


def test_any_picture_gets_some() -> None:
    changed = 0
    for seed in range(20):
        picture = np.full((90, 120, 3), 128, np.uint8)
        draw_lookalikes(
            picture, np.random.default_rng(seed), size=30, kind="vivid",
            other=lambda: np.zeros((90, 120, 3), np.uint8),
        )  # fmt: skip
        changed += int((picture != 128).any())
    assert changed >= 18


def test_they_are_in_no_label(latin: Faces) -> None:
    drawn = ClickGenerator(
        ALNUM, fonts=latin, kinds={"alnum": 1.0}, asked=(2, 2), decoys=(0, 0), lookalikes=1.0
    )
    for seed in range(6):
        _, label = drawn.sample(np.random.default_rng(seed))
        assert 1 <= len(label.objects) <= 2
        assert all(one.text for one in label.objects)
