"""Signs out of fonts, and looks that are asked for by name."""

from __future__ import annotations

import numpy as np
import pytest

from training.generators import ClickGenerator
from training.generators.fonts import FontFace
from training.generators.icon_shapes import ICONS
from training.generators.signs import find_signs, sign_mask
from training.generators.text import ALNUM

Faces = tuple[FontFace, ...]


@pytest.fixture(scope="module")
def signs() -> tuple[str, ...]:
    """Those of this machine; skips where its fonts have none."""
    found = find_signs()
    if not found:
        pytest.skip("no installed font draws signs (Debian: fonts-dejavu-core)")
    return found


def test_signs_are_neither_characters_nor_icons(signs: tuple[str, ...]) -> None:
    assert list(signs) == sorted(signs)
    assert not set(signs) & (set(ALNUM) | set(ICONS))


@pytest.mark.parametrize("side", [12, 200])
def test_a_sign_fills_its_side(signs: tuple[str, ...], side: int) -> None:
    for sign in signs[:: max(1, len(signs) // 20)]:
        first, same = (sign_mask(sign, side, np.random.default_rng(2)) for _ in range(2))
        assert max(first.shape) == side
        assert first.max() > 60
        assert (first == same).all()


def test_the_share_of_icons_that_are_signs(latin: Faces, signs: tuple[str, ...]) -> None:
    drawn = ClickGenerator(
        ALNUM, fonts=latin, kinds={"icons": 1.0}, shapes=0.3, signs=0.7, prompt=1.0
    )
    names = [
        mark.shape
        for seed in range(12)
        for mark in drawn.sample(np.random.default_rng(seed))[1].objects
    ]
    assert not set(names) & set(ICONS)
    share = np.mean([name in signs for name in names])
    assert 0.4 < share < 0.95


@pytest.mark.parametrize(
    "looks", [{"rimmed": 1.0}, {"dropped": 0.5, "flat": 0.5}, {"hollow": 0.2}, {}]
)
def test_looks_by_name(latin: Faces, looks: dict[str, float]) -> None:
    drawn = ClickGenerator(ALNUM, fonts=latin, kinds={"alnum": 1.0}, looks=looks)
    assert len(drawn.sample(np.random.default_rng(5))[1].objects) > 0


@pytest.mark.parametrize("looks", [{"blurred": 0.5}, {"flat": 0.7, "hollow": 0.6}, {"flat": -0.1}])
def test_bad_looks(latin: Faces, looks: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="looks: expected shares of"):
        ClickGenerator(ALNUM, fonts=latin, looks=looks)
