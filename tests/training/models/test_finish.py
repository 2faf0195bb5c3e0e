"""What an exported classifier does beyond the trained one."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("keras")

import keras

from training.models.classify import build_classify
from training.models.finish import POOL, finish, prototypes

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(2)
    return build_classify(height=32, width=32, channels=3, classes=3, filters=4, dropout=0.0)


def pictures(count: int = 5) -> np.ndarray:
    return np.random.default_rng(1).standard_normal((count, 32, 32, 3)).astype(np.float32)


def run(model: keras.Model, x: np.ndarray) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(model(x, training=False)))


def test_nothing_asked_for_is_the_network_itself(network: keras.Model) -> None:
    assert finish(network) is network


def test_both_sides_are_the_mean_of_two_looks(network: keras.Model) -> None:
    x = pictures()
    both = finish(network, mirror=True)
    assert run(both, x) == pytest.approx(
        (run(network, x) + run(network, x[:, :, ::-1])) / 2, abs=1e-5
    )
    assert run(both, x[:, :, ::-1]) == pytest.approx(run(both, x), abs=1e-5)
    assert both.input_shape == network.input_shape
    assert both.count_params() == network.count_params()


def test_prototypes_add_their_likeness(network: keras.Model) -> None:
    x, y = pictures(6), np.array([0, 0, 1, 1, 1, 0], np.int32)
    known = prototypes(network, [(x[:3], y[:3]), (x[3:], y[3:])], 3)
    assert known.directions.shape == (3, network.get_layer(POOL).output.shape[-1])
    assert np.linalg.norm(known.directions, axis=1) == pytest.approx([1, 1, 0], abs=1e-5)
    added = run(finish(network, weight=2.0, known=known), x) - run(network, x)
    assert np.abs(added).max() <= 2.0 + 1e-4
    assert added[:, 2] == pytest.approx(0, abs=1e-5)  # no picture of that class
    features = run(keras.Model(network.input, network.get_layer(POOL).output), x) - known.middle
    units = features / np.linalg.norm(features, axis=1, keepdims=True)
    assert added == pytest.approx(2 * units @ known.directions.T, abs=1e-2)


def test_both_together(network: keras.Model) -> None:
    x, y = pictures(4), np.array([0, 1, 2, 0], np.int32)
    known = prototypes(network, [(x, y)], 3)
    one = finish(network, weight=1.5, known=known)
    both = finish(network, mirror=True, weight=1.5, known=known)
    assert run(both, x) == pytest.approx((run(one, x) + run(one, x[:, :, ::-1])) / 2, abs=1e-5)
