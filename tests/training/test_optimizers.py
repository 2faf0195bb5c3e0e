"""Optimisers against steps worked out in NumPy; schedules against their definitions."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras

from training import config
from training.optimizers import (
    OPTIMIZERS,
    SCHEDULES,
    AdaBelief,
    Plateau,
    make_optimizer,
    scheduled_rate,
)

pytestmark = pytest.mark.training

START = np.array([1.0, -2.0, 0.5], np.float32)
GRADIENTS = np.array([[0.1, -0.2, 0.0], [0.3, -0.2, 0.0], [-0.5, -0.2, 0.0]], np.float32)


def by_hand(decay: float, rate: float = 0.01) -> np.ndarray:
    """Zhuang et al. 2020, algorithm 2, in float64; decay as in AdamW."""
    x, m, s = START.astype(np.float64), np.zeros(3), np.zeros(3)
    for t, g in enumerate(GRADIENTS.astype(np.float64), 1):
        x = x - decay * rate * x
        m = 0.9 * m + 0.1 * g
        s = 0.999 * s + 0.001 * (g - m) ** 2 + 1e-8
        x = x - rate * (m / (1 - 0.9**t)) / (np.sqrt(s / (1 - 0.999**t)) + 1e-8)
    return np.asarray(x)


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_adabelief_takes_the_papers_steps(decay: float) -> None:
    optimizer = AdaBelief(0.01, epsilon=1e-8, weight_decay=decay)
    variable = keras.Variable(START)
    for gradient in GRADIENTS:
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [variable])
    found = keras.ops.convert_to_numpy(variable)
    assert found == pytest.approx(by_hand(decay), rel=1e-4)
    assert found[2] == pytest.approx(0.5 * (1 - decay * 0.01) ** 3)


def test_adabelief_goes_through_a_configuration() -> None:
    first = AdaBelief(0.02, beta_1=0.8, epsilon=1e-10, weight_decay=0.01, global_clipnorm=3.0)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(first))
    assert isinstance(again, AdaBelief)
    assert again.get_config() == first.get_config()


def test_the_settings_know_every_name() -> None:
    assert tuple(OPTIMIZERS) == config.OPTIMIZERS
    assert set(SCHEDULES) | {"plateau"} == set(config.SCHEDULES)


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_optimisers_by_name_find_the_bottom(name: str) -> None:
    optimizer = make_optimizer(name, learning_rate=0.1, weight_decay=1e-4, clip_norm=1.0)
    assert optimizer.global_clipnorm == 1.0
    variable = keras.Variable(START)
    for _ in range(60):
        optimizer.apply([2 * variable.value], [variable])
    assert np.abs(keras.ops.convert_to_numpy(variable)).max() < 0.2


def test_no_clipping_unless_asked_for() -> None:
    assert make_optimizer("adamw", learning_rate=0.1).global_clipnorm is None
    with pytest.raises(ValueError, match="expected one of adamw, adabelief, received 'sgd'"):
        make_optimizer("sgd", learning_rate=0.1)


@pytest.mark.parametrize(
    ("schedule", "options", "rates"),
    [
        ("constant", {}, [1, 1, 1, 1, 1]),
        ("linear", {}, [1, 0.75, 0.5, 0.25, 1e-3]),
        ("cosine", {}, [1, 0.8536, 0.5, 0.1464, 1e-3]),
        ("step", {}, [1, 1, 1, 0.1, 0.01]),
        ("step", {"drops": (0.25, 0.5), "factor": 0.5}, [1, 0.5, 0.25, 0.25, 0.25]),
        ("step", {"drops": ()}, [1, 1, 1, 1, 1]),
        ("plateau", {}, [1, 1, 1, 1, 1]),
        ("plateau", {"plateau": Plateau(0.25)}, [0.25] * 5),
    ],
)
def test_schedules(schedule: str, options: dict[str, Any], rates: list[float]) -> None:
    found = [
        scheduled_rate(schedule, peak=2.0, step=step, total=110, warmup=10, **options)
        for step in (10, 35, 60, 85, 110)
    ]
    assert found == pytest.approx([2 * rate for rate in rates], rel=1e-3)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_schedule_warms_up_and_stays_above_zero(schedule: str) -> None:
    rates = [scheduled_rate(schedule, peak=1.0, step=s, total=8, warmup=4) for s in range(20)]
    assert rates[:4] == [0.25, 0.5, 0.75, 1.0]
    assert all(0 < rate <= 1 for rate in rates)
    assert scheduled_rate(schedule, peak=1.0, step=0, total=0) == 1.0


def test_an_unknown_schedule_is_named() -> None:
    with pytest.raises(ValueError, match=r"expected one of constant, .*, received 'zigzag'"):
        scheduled_rate("zigzag", peak=1.0, step=0, total=1)


def test_plateau_waits_then_halves() -> None:
    state, shares = Plateau(), []
    for score in (0.1, 0.2, 0.2, 0.2, 0.3, 0.3, 0.29, math.nan, 0.3):
        state = state.after(score, patience=2)
        shares.append(state.share)
    assert shares == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125]
    assert Plateau(**json.loads(json.dumps(state.to_dict()))) == state


def test_plateau_has_a_floor_and_bears_a_score_that_is_no_number() -> None:
    state = Plateau().after(math.nan)
    assert state == Plateau()
    for _ in range(50):
        state = state.after(0.0, patience=1)
    assert state.share == 1e-3
