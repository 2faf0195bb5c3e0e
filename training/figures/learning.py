"""How accuracy grows with the number of training pictures, and how many more would be needed.

The law is ``share(n) = a - b * n**-c`` (inverse power law, Cortes et al. 1993; Figueroa et al.
2012): ``a`` is where it ends, ``c`` how fast it gets there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.figures.shares import Share

Float64 = npt.NDArray[np.float64]
EXPONENTS = np.geomspace(0.1, 3.0, 60)
DRAWS = 1000
BEYOND = 10  # times the largest measured size: farther on nothing is claimed
FEWEST = 3


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """``share(n) = a - b * n**-c`` with ``a ≤ 1`` and ``b ≥ 0``."""

    a: float
    b: float
    c: float

    def at(self, count: float) -> float:
        """The share of right answers after ``count`` training pictures, 0–1."""
        return min(max(self.a - self.b * count**-self.c, 0.0), 1.0)

    def needed(self, target: float) -> float:
        """How many pictures reach a share; infinite where the law ends below it."""
        if self.a <= target:
            return math.inf
        if self.b <= 0:
            return 0.0
        logarithm = math.log(self.b / (self.a - target)) / self.c
        return math.exp(logarithm) if logarithm < 700 else math.inf


@dataclass(frozen=True, slots=True)
class Learning:
    """The law through what was measured, and those through what could as well have been."""

    law: PowerLaw
    others: tuple[PowerLaw, ...]
    largest: int

    def range_at(self, count: float) -> tuple[float, float]:
        """In which 95 of 100 laws lie after ``count`` pictures."""
        low, high = np.quantile([law.at(count) for law in self.others], [0.025, 0.975])
        return float(low), float(high)

    def range_needed(self, target: float) -> tuple[float, float]:
        """The numbers of pictures between which 95 of 100 laws reach a share."""
        found = sorted(law.needed(target) for law in self.others)
        last = len(found) - 1
        return found[round(0.025 * last)], found[round(0.975 * last)]


def learning(sizes: Sequence[int], shares: Sequence[Share], *, seed: int = 1) -> Learning:
    """Fit the law to shares that were measured after so many training pictures.

    The other laws are fitted to shares drawn from what is known of each measured one (Jeffreys'
    posterior); a size may occur several times.

    Raises:
        ValueError: fewer than three different sizes, a size below 1, or nothing measured.
    """
    if len(sizes) != len(shares) or len(set(sizes)) < FEWEST or min(sizes) < 1:
        raise ValueError(f"expected shares at {FEWEST} sizes or more, received {list(sizes)}")
    if not all(share.count for share in shares):
        raise ValueError("expected shares of at least one picture")
    right = np.array([share.right for share in shares], float)
    count = np.array([share.count for share in shares], float)
    smooth = (right + 0.5) / (count + 1)
    weights = count / (smooth * (1 - smooth))
    n = np.asarray(sizes, float)
    rng = np.random.default_rng(seed)
    drawn = rng.beta(right + 0.5, count - right + 0.5, (DRAWS, len(n)))
    law, *others = _fit(n, np.vstack([right / count, drawn]), weights)
    return Learning(law, tuple(others), max(sizes))


def _fit(n: Float64, shares: Float64, weights: Float64) -> list[PowerLaw]:
    """Weighted least squares for each row of ``shares (D, S)``: linear in a and b for each c."""
    rows = len(shares)
    best = np.full(rows, math.inf)
    found = np.zeros((rows, 3))
    w = weights / weights.sum()
    for c in EXPONENTS:
        x = n**-c
        mean_x, mean_y = w @ x, shares @ w
        spread = w @ (x - mean_x) ** 2
        slope = -((shares - mean_y[:, None]) @ (w * (x - mean_x))) / spread
        slope = np.maximum(slope, 0.0)
        top = mean_y + slope * mean_x
        # Beyond 1 the best of the allowed laws ends at 1.
        is_over = top > 1
        slope = np.where(is_over, (1 - shares) @ (w * x) / (w @ x**2), slope)
        top = np.where(is_over, 1.0, top)
        error = ((top[:, None] - slope[:, None] * x - shares) ** 2) @ w
        is_better = error < best
        best = np.where(is_better, error, best)
        found[is_better] = np.column_stack([top, slope, np.full(rows, c)])[is_better]
    return [PowerLaw(*map(float, row)) for row in found]
