"""Augmentation keeps shapes and obeys its seed."""

from __future__ import annotations

import numpy as np
import pytest

from training.augment import (
    augment,
    augment_and_tell,
    distort,
    flip,
    moved_boxes,
    stretch,
    then,
)

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


@pytest.mark.parametrize("channels", [1, 3])
def test_distortion_keeps_shape_and_colours_and_moves_little(channels: int) -> None:
    picture = np.full((48, 96, channels), 200, dtype=np.uint8)
    picture[20:28, 40:56] = 60
    before = picture.copy()
    changed = 0
    for seed in range(60):
        one = distort(picture, np.random.default_rng(seed))
        assert (one == distort(picture, np.random.default_rng(seed))).all()
        assert one.shape == picture.shape
        assert one.dtype == np.uint8
        # What is laid over has colours that are there, and what is bent lies between them.
        assert one.min() >= 60
        assert one.max() <= 200
        # The middle of the block stays in the block, unless something was laid over it.
        held = int((one[22:26, 44:52] < 130).sum())
        changed += held < 16 * channels
    assert (picture == before).all()
    assert changed < 15


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


BOX = np.array([[20.0, 10.0, 44.0, 30.0]])


def test_the_matrix_says_where_pixels_went() -> None:
    dots = np.zeros((96, 96, 3), dtype=np.uint8)
    dots[40:44, 60:64] = 255
    moved = 0
    for seed in range(80):
        changed, matrix = augment_and_tell(dots, np.random.default_rng(seed))
        x, y = matrix @ [62.0, 42.0, 1.0]
        level = changed.astype(float).mean(axis=2)
        at = level[round(y - 0.5), round(x - 0.5)]
        assert abs(at - np.median(level)) > 40
        moved += bool((matrix != np.eye(2, 3)).any())
    assert 20 < moved < 60


def test_boxes_of_no_move_stay() -> None:
    boxes, kept = moved_boxes(BOX, np.eye(2, 3), width=96, height=48)
    assert boxes.tolist() == BOX.tolist()
    assert kept.tolist() == [0]
    boxes, kept = moved_boxes(np.zeros((0, 4)), np.eye(2, 3), width=96, height=48)
    assert boxes.shape == (0, 4)
    assert kept.tolist() == []


def test_mirrored_twice_is_as_before() -> None:
    pixels, matrix = flip(PICTURE)
    assert (pixels[:, 0] == PICTURE[:, -1]).all()
    boxes, _ = moved_boxes(BOX, matrix, width=96, height=48)
    assert boxes.tolist() == [[52.0, 10.0, 76.0, 30.0]]
    again, _ = moved_boxes(BOX, then(matrix, matrix), width=96, height=48)
    assert again.tolist() == BOX.tolist()


@pytest.mark.parametrize(("shift", "left"), [(-19.0, 1), (-31.0, 1), (-33.0, 0), (90.0, 0)])
def test_boxes_that_leave_are_left_out(shift: float, left: int) -> None:
    matrix = np.array([[1.0, 0.0, shift], [0.0, 1.0, 0.0]])
    boxes, kept = moved_boxes(BOX, matrix, width=96, height=48)
    assert len(boxes) == len(kept) == left
    assert (boxes >= 0).all()


def test_a_turned_box_lies_between_its_corners_and_its_ellipse() -> None:
    angle = np.deg2rad(45)
    cos, sin = np.cos(angle), np.sin(angle)
    matrix = np.array([[cos, -sin, 50.0], [sin, cos, 0.0]])
    boxes, _ = moved_boxes(np.array([[0.0, 20.0, 10.0, 30.0]]), matrix, width=96, height=96)
    width = boxes[0, 2] - boxes[0, 0]
    assert 10 < width < 10 * np.sqrt(2)
