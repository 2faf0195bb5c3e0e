"""The contrastive loss against arithmetic by hand."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("keras")

from training.contrast import contrastive_loss

pytestmark = pytest.mark.training


def by_hand(owners: np.ndarray, codes: np.ndarray, temperature: float) -> float:
    units = codes / np.linalg.norm(codes, axis=1, keepdims=True)
    alike = units @ units.T / temperature
    losses = []
    for row in range(len(codes)):
        others = [i for i in range(len(codes)) if i != row]
        total = np.log(sum(np.exp(alike[row, i]) for i in others))
        partners = [i for i in others if owners[i] == owners[row]]
        if partners:
            losses.append(-np.mean([alike[row, i] - total for i in partners]))
    return float(np.mean(losses)) if losses else 0.0


@pytest.mark.parametrize(
    "owners", [[0, 1, 2, 0, 1, 2], [0, 0, 0, 1, 1, 2], [0, 0, 0, 0, 0, 0], [0, 1, 2, 3, 4, 5]]
)
def test_it_is_the_mean_over_partners(owners: list[int]) -> None:
    codes = np.random.default_rng(0).standard_normal((6, 4)).astype(np.float32)
    found = float(contrastive_loss(np.array(owners), codes, temperature=0.3))
    assert found == pytest.approx(by_hand(np.array(owners), codes, 0.3), abs=1e-4)


def test_alike_is_better() -> None:
    owners = np.array([0, 1, 0, 1])
    good = np.array([[1, 0], [0, 1], [1, 0], [0, 1]], np.float32)
    assert float(contrastive_loss(owners, good)) < float(
        contrastive_loss(owners, good[::-1][[0, 0, 1, 1]])
    )
