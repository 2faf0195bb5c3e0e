"""Words cut from drawn headers, known and unknown."""

from __future__ import annotations

import numpy as np
import pytest

from training.generators import OTHER, HeaderWordGenerator
from training.generators.fonts import FontFace

WORDS = ("teacup", "bell", "flag")


def test_known_words_are_cut_out(latin: tuple[FontFace, ...]) -> None:
    drawer = HeaderWordGenerator(WORDS, latin, outside=0.0, scaled=0.0)
    assert drawer.labels == WORDS
    for number in range(12):
        picture, label = drawer.sample(np.random.default_rng(number))
        assert label in WORDS
        assert 10 <= picture.height <= 30
        assert picture.width < 177
        assert np.asarray(picture).min() < 128


def test_a_seed_gives_the_same_again(latin: tuple[FontFace, ...]) -> None:
    drawer = HeaderWordGenerator(WORDS, latin, outside=0.0)
    first, again = (drawer.sample(np.random.default_rng(5)) for _ in range(2))
    assert first[1] == again[1]
    assert np.array_equal(np.asarray(first[0]), np.asarray(again[0]))


def test_scaled_headers_give_larger_and_smaller_words(latin: tuple[FontFace, ...]) -> None:
    drawer = HeaderWordGenerator(WORDS, latin, outside=0.0, scaled=1.0)
    heights = [drawer.sample(np.random.default_rng(n))[0].height for n in range(40)]
    assert max(heights) > 30
    assert min(heights) < 18


def test_other_words_are_none_of_the_known(chinese: tuple[FontFace, ...]) -> None:
    words = ("茶杯", "旗子", "铃铛")
    drawer = HeaderWordGenerator(words, chinese, outside=1.0)
    assert drawer.labels == (*words, OTHER)
    rng = np.random.default_rng(1)
    unknown = {drawer._unknown(rng) for _ in range(200)}
    assert not unknown & set(words)
    assert {len(word) for word in unknown} == {1, 2, 3, 4}
    assert {drawer.sample(rng)[1] for _ in range(5)} == {OTHER}


@pytest.mark.parametrize(
    ("words", "options", "named"),
    [
        (("cat", OTHER), {}, "none of them"),
        (WORDS, {"outside": 1.5}, "shares"),
        (WORDS, {"scaled": -0.1}, "shares"),
        ((), {"outside": 0.0}, "words"),
    ],
)
def test_what_cannot_be(
    latin: tuple[FontFace, ...], words: tuple[str, ...], options: dict[str, float], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        HeaderWordGenerator(words, latin, **options)
