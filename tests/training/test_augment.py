"""Augmentation keeps shapes and obeys its seed."""

from __future__ import annotations

import numpy as np
import pytest

from training.augment import augment, stretch

PICTURE = np.random.default_rng(0).integers(0, 256, (48, 96, 3), dtype=np.uint8)


def test_a_seed_gives_the_same_picture_and_never_touches_the_input() -> None:
    before = PICTURE.copy()
    changed = 0
    for seed in range(60):
        one = augment(PICTURE, np.random.default_rng(seed))
        two = augment(PICTURE, np.random.default_rng(seed))
        assert one.shape == PICTURE.shape
        assert one.dtype == np.uint8
        assert (one == two).all()
        changed += bool((one != PICTURE).any())
    assert changed > 40
    assert (before == PICTURE).all()


@pytest.mark.parametrize("width", [8, 96, 200])
def test_stretch_changes_the_width_alone(width: int) -> None:
    assert stretch(PICTURE, width).shape == (48, width, 3)


def test_stretch_to_the_same_width_changes_nothing() -> None:
    assert (stretch(PICTURE, 96) == PICTURE).all()


@pytest.mark.parametrize("shape", [(48, 96), (48, 96, 1)])
def test_one_grey_channel_stays_one(shape: tuple[int, ...]) -> None:
    grey = PICTURE[..., 0].reshape(shape)
    for seed in range(30):
        assert augment(grey, np.random.default_rng(seed)).shape == (48, 96, 1)
