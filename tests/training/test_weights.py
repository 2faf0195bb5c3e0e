"""Weights as a file: those of the network, and a sentence where the disk is full."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("keras")

import keras

from training import weights

pytestmark = pytest.mark.training


def network(start: float) -> keras.Model:
    image = keras.Input((2,))
    constant = keras.initializers.Constant(start)
    return keras.Model(image, keras.layers.Dense(3, kernel_initializer=constant)(image))


def test_what_is_written_is_loaded_again(tmp_path: Path) -> None:
    path = tmp_path / "a.weights.h5"
    wanted = network(0.5)
    write = weights.writer(wanted)
    wanted.layers[-1].set_weights([np.zeros((2, 3)), np.zeros(3)])  # later: another matter
    write(path)
    found = network(0.0)
    weights.load(found, path)
    assert found.get_weights()[0].tolist() == [[0.5] * 3] * 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_an_error_and_not_the_end_of_the_process(tmp_path: Path) -> None:
    path = tmp_path / "a.weights.h5"
    path.symlink_to("/dev/full")
    with pytest.raises(OSError) as caught:  # noqa: PT011 - the number says which
        weights.writer(network(0.5))(path)
    assert caught.value.errno == errno.ENOSPC
