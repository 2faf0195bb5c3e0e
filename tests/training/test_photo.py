"""Changes of photographs keep shape and kind, and depend on the seed alone."""

from __future__ import annotations

import numpy as np
import pytest

from training import photo


def picture(seed: int = 0, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (24, 32, channels), np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("strength", [0.5, 1.0, 1.4])
def test_shape_and_kind_stay(channels: int, strength: float) -> None:
    for seed in range(40):
        rng = np.random.default_rng(seed)
        changed = photo.change(picture(seed, channels), rng, strength=strength)
        assert changed.shape == (24, 32, channels)
        assert changed.dtype == np.uint8


def test_a_seed_gives_the_same_again() -> None:
    first, again, other = (photo.change(picture(), np.random.default_rng(s)) for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_some_are_mirrored_and_none_is_lost() -> None:
    """A picture whose left half is dark: about half of its versions have it on the right."""
    half = np.full((32, 32, 3), 240, np.uint8)
    half[:, :16] = 10
    rng = np.random.default_rng(0)
    sides = []
    for _ in range(200):
        levels = photo.change(half, rng).mean(axis=(0, 2))
        sides.append(levels[:8].mean() < levels[-8:].mean())
    assert 0.35 < np.mean(sides) < 0.65


def test_mixing_says_what_is_left_of_each() -> None:
    pixels = np.zeros((16, 8, 8, 3), np.uint8)
    pixels += np.arange(0, 160, 10, dtype=np.uint8)[:, None, None, None]
    mixed, partners, kept = photo.mix(pixels, np.random.default_rng(4), share=1.0)
    assert mixed.shape == pixels.shape
    assert sorted(partners.tolist()) == list(range(16))
    means = mixed.mean(axis=(1, 2, 3))
    own, other = pixels[:, 0, 0, 0].astype(float), pixels[partners, 0, 0, 0].astype(float)
    assert means == pytest.approx(own * kept + other * (1 - kept), abs=1.0)
    assert ((kept >= 0) & (kept <= 1)).all()


def test_none_is_mixed_where_none_was_asked_for() -> None:
    pixels = np.stack([picture(seed) for seed in range(4)])
    mixed, _, kept = photo.mix(pixels, np.random.default_rng(0), share=0.0)
    assert np.array_equal(mixed, pixels)
    assert kept.tolist() == [1.0] * 4
