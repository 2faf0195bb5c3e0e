"""Assignments held against all of them, counted one by one."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pytest

from solver.tasks import assign as module
from solver.tasks.assign import NO_BOX, Assignment, assign, heaviest

Float64 = npt.NDArray[np.float64]


def counted(odds: Float64, absent: float) -> tuple[tuple[int, ...], Float64, float]:
    """The heaviest assignment, the shares and the confidence, from every assignment."""
    targets, boxes = odds.shape
    shares, total, best = np.zeros((targets, boxes + 1)), 0.0, ((), 0.0)
    for places in itertools.product(range(-1, boxes), repeat=targets):
        taken = [place for place in places if place != NO_BOX]
        if len(set(taken)) < len(taken):
            continue
        weight = 1.0
        for row, place in enumerate(places):
            weight *= absent if place == NO_BOX else odds[row, place]
        total += weight
        for row, place in enumerate(places):
            shares[row, place] += weight
        best = max(best, (places, weight), key=lambda item: item[1])
    return best[0], shares / total, best[1] / total


@pytest.mark.parametrize("shape", [(1, 0), (1, 1), (2, 3), (3, 2), (4, 4), (5, 2)])
@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_sum_over_all_assignments(shape: tuple[int, int], seed: int) -> None:
    rng = np.random.default_rng([seed, *shape])
    odds, absent = np.exp(rng.normal(0, 3, shape)), float(np.exp(rng.normal()))
    found = assign(odds, absent=absent, names=[None] * shape[0])
    boxes, shares, confidence = counted(odds, absent)
    assert found.boxes == boxes
    np.testing.assert_allclose(found.shares, shares, atol=1e-12)
    assert found.confidence == pytest.approx(confidence)


@pytest.mark.parametrize("shape", [(1, 0), (1, 1), (2, 3), (3, 2), (4, 4), (5, 2)])
def test_many_targets_get_the_same_boxes(
    shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(shape)
    odds, names = np.exp(rng.normal(0, 3, shape)), [None] * shape[0]
    exact = assign(odds, absent=0.5, names=names)
    monkeypatch.setattr(module, "EXACT", 0)
    assert assign(odds, absent=0.5, names=names).boxes == exact.boxes


def test_no_targets_and_no_boxes() -> None:
    assert assign(np.zeros((0, 3)), absent=0.1, names=[]).boxes == ()
    nothing = assign(np.zeros((2, 0)), absent=0.1, names=["a", "b"])
    assert nothing.boxes == (NO_BOX, NO_BOX)
    assert nothing.confidence == pytest.approx(1)


def test_what_is_asked_for_twice_may_change_places() -> None:
    odds = np.array([[900.0, 950.0, 0.1], [900.0, 950.0, 0.1]])
    apart = assign(odds, absent=0.01, names=[None, None])
    alike = assign(odds, absent=0.01, names=["天", "天"])
    assert apart.confidence == pytest.approx(0.5, abs=0.01)
    assert alike.confidence == pytest.approx(1, abs=0.01)
    assert alike.boxes == (0, 1)


def test_of_two_that_are_asked_for_and_one_that_is_there_the_second_is_absent() -> None:
    odds = np.array([[900.0, 0.001], [900.0, 0.001]])
    found = assign(odds, absent=0.01, names=["天", "天"])
    assert found.boxes == (0, NO_BOX)


@pytest.mark.parametrize("size", [1e-300, 1e300])
def test_huge_and_tiny_odds_stay_numbers(size: float) -> None:
    found = assign(np.full((8, 10), size), absent=1.0, names=[None] * 8)
    assert np.isfinite(found.shares).all()
    assert 0 <= found.confidence <= 1


@pytest.mark.parametrize(
    ("odds", "absent", "names"),
    [
        (np.ones(3), 1.0, [None] * 3),
        (np.array([[np.nan]]), 1.0, [None]),
        (np.array([[-1.0]]), 1.0, [None]),
        (np.ones((1, 1)), 0.0, [None]),
        (np.ones((1, 1)), 1.0, []),
    ],
)
def test_hostile_odds_are_refused(odds: Float64, absent: float, names: list[str | None]) -> None:
    with pytest.raises(ValueError, match=r"odds:|absent > 0"):
        assign(odds, absent=absent, names=names)


def test_the_answer_is_a_value() -> None:
    found = assign(np.ones((1, 1)), absent=1.0, names=[None])
    assert isinstance(found, Assignment)
    np.testing.assert_allclose(found.shares, [[0.5, 0.5]])


@pytest.mark.parametrize(
    ("odds", "weight"),
    [
        ([[]], 0.5),
        ([[4.0, 1.0], [1.0, 8.0]], 32.0),
        ([[4.0, 9.0], [1.0, 8.0]], 32.0),
        ([[0.1, 0.2], [8.0, 0.1]], 4.0),
    ],
)
def test_the_heaviest_weight(odds: list[list[float]], weight: float) -> None:
    assert heaviest(np.array(odds), absent=0.5) == pytest.approx(np.log(weight))
