"""The law of growth: found again where it is known, and honest where it is not."""

from __future__ import annotations

import math

import pytest

from training.figures.learning import PowerLaw, learning
from training.figures.shares import Share

LAW = PowerLaw(0.98, 6.0, 0.6)
SIZES = [50, 100, 200, 400, 800]


def shares(law: PowerLaw, sizes: list[int], *, count: int) -> list[Share]:
    return [Share(round(count * law.at(size)), count) for size in sizes]


def test_a_known_law_is_found_again() -> None:
    found = learning(SIZES, shares(LAW, SIZES, count=1_000_000))
    for count in (100, 1000, 5000):
        assert found.law.at(count) == pytest.approx(LAW.at(count), abs=0.01)
        low, high = found.range_at(count)
        assert low - 0.01 <= LAW.at(count) <= high + 0.01
    low, high = found.range_needed(0.9)
    assert low <= LAW.needed(0.9) * 1.1
    assert high >= LAW.needed(0.9) * 0.9
    assert found.largest == 800


def test_few_validation_pictures_give_a_wide_range() -> None:
    wide = learning(SIZES, shares(LAW, SIZES, count=50)).range_at(3000)
    narrow = learning(SIZES, shares(LAW, SIZES, count=5000)).range_at(3000)
    assert narrow[1] - narrow[0] < wide[1] - wide[0]
    few = learning(SIZES, shares(LAW, SIZES, count=50))
    assert few.range_needed(0.95)[0] < LAW.needed(0.95) < few.range_needed(0.95)[1]


@pytest.mark.parametrize("share", [0, 40, 100])
def test_what_stands_still(share: int) -> None:
    found = learning([10, 20, 40], [Share(share, 100)] * 3)
    assert found.law.at(1000) == pytest.approx(share / 100)
    assert found.law.a <= 1
    assert found.law.b >= 0


def test_falling_accuracy_is_no_growth() -> None:
    found = learning([10, 20, 40], [Share(90, 100), Share(80, 100), Share(70, 100)])
    assert found.law.b == 0
    assert found.law.needed(0.95) == math.inf


def test_it_is_seeded() -> None:
    measured = shares(LAW, SIZES, count=100)
    assert learning(SIZES, measured) == learning(SIZES, measured)
    assert learning(SIZES, measured, seed=2) != learning(SIZES, measured)


@pytest.mark.parametrize(
    ("law", "target", "needed"),
    [
        (PowerLaw(0.9, 1.0, 1.0), 0.9, math.inf),
        (PowerLaw(0.9, 1.0, 1.0), 0.8, 10.0),
        (PowerLaw(0.9, 0.0, 1.0), 0.8, 0.0),
        (PowerLaw(0.9, 0.9, 0.1), 0.9 - 1e-300, math.inf),
    ],
)
def test_needed(law: PowerLaw, target: float, needed: float) -> None:
    assert law.needed(target) == pytest.approx(needed)


@pytest.mark.parametrize(
    ("sizes", "measured"),
    [
        ([], []),
        ([10, 20], [Share(1, 2)] * 2),
        ([10, 10, 20], [Share(1, 2)] * 3),
        ([10, 20, 30], [Share(1, 2)] * 2),
        ([0, 20, 30], [Share(1, 2)] * 3),
        ([10, 20, 30], [Share(0, 0)] * 3),
    ],
)
def test_too_little(sizes: list[int], measured: list[Share]) -> None:
    with pytest.raises(ValueError, match="expected shares"):
        learning(sizes, measured)
