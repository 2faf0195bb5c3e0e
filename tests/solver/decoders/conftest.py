"""Small random logits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

Draw = Callable[..., NDArray[np.float32]]


@pytest.fixture
def draw() -> Draw:
    """``draw(*shape, seed=0, spread=2.0)``: normal float32 logits."""

    def make(*shape: int, seed: int = 0, spread: float = 2.0) -> NDArray[np.float32]:
        return np.random.default_rng(seed).normal(0, spread, shape).astype(np.float32)

    return make
