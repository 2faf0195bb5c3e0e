"""Whether confidences are probabilities, and what is gained by leaving out the unsure.

Calibration: Brier 1950; expected calibration error, Naeini et al. 2015. Risk and coverage:
El-Yaniv & Wiener 2010; area under their curve, Geifman et al. 2019.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

BINS = 10
TARGETS = (0.01, 0.02, 0.05)
MAX_POINTS = 200


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers whose confidence lies in ``low``–``high``: how sure, and how often right."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Point:
    """Answer only from ``threshold`` up: the share answered, and the share of those wrong."""

    coverage: float
    risk: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Target:
    """The most that can be answered with at most ``risk`` of it wrong.

    ``threshold`` is the least confidence to take (``min_confidence``), None where no threshold
    keeps the promise; coverage is then 0.
    """

    risk: float
    coverage: float
    threshold: float | None


@dataclass(frozen=True, slots=True)
class ConfidenceFigures:
    """Calibration over ten equal bins (the empty ones left out), and the risk–coverage curve."""

    brier: float
    expected_error: float
    bins: tuple[Bin, ...]
    area: float
    curve: tuple[Point, ...]
    targets: tuple[Target, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for JSON."""
        return asdict(self)


def confidence_figures(confidences: Sequence[float], right: Sequence[bool]) -> ConfidenceFigures:
    """All of it, from the confidence of each answer and whether the answer was right.

    Raises:
        ValueError: lengths differ, nothing to look at, or a confidence outside 0–1.
    """
    sure = np.asarray(confidences, dtype=np.float64)
    truth = np.asarray(right, dtype=np.float64)
    if sure.shape != truth.shape or sure.ndim != 1 or not sure.size:
        raise ValueError(
            f"expected as many confidences as verdicts, at least one; "
            f"received {sure.shape} and {truth.shape}"
        )
    if not ((sure >= 0) & (sure <= 1)).all():
        raise ValueError(f"expected confidences in 0–1; received {sure.min()} to {sure.max()}")
    bins = _bins(sure, truth)
    curve, area = _risk_coverage(sure, truth)
    return ConfidenceFigures(
        brier=float(np.mean((sure - truth) ** 2)),
        expected_error=sum(b.count * abs(b.confidence - b.accuracy) for b in bins) / len(sure),
        bins=bins,
        area=area,
        curve=_thinned(curve),
        targets=tuple(_target(curve, risk) for risk in TARGETS),
    )


def _bins(sure: np.ndarray, truth: np.ndarray) -> tuple[Bin, ...]:
    number = np.minimum((sure * BINS).astype(int), BINS - 1)
    return tuple(
        Bin(
            low=index / BINS,
            high=(index + 1) / BINS,
            count=int(inside.sum()),
            confidence=float(sure[inside].mean()),
            accuracy=float(truth[inside].mean()),
        )
        for index in range(BINS)
        if (inside := number == index).any()
    )


def _risk_coverage(sure: np.ndarray, truth: np.ndarray) -> tuple[list[Point], float]:
    """One point a threshold, and the mean risk over all coverages.

    Answers that are equally sure cannot be told apart by a threshold: they come in together.
    """
    order = np.argsort(-sure, kind="stable")
    sure, wrong = sure[order], 1 - truth[order]
    last = np.append(sure[1:] != sure[:-1], True)
    kept = np.flatnonzero(last) + 1
    risks = np.cumsum(wrong)[last] / kept
    area = float((risks * np.diff(kept, prepend=0)).sum() / len(sure))
    points = [
        Point(float(count / len(sure)), float(risk), float(sure[count - 1]))
        for count, risk in zip(kept, risks, strict=True)
    ]
    return points, area


def _target(curve: Sequence[Point], risk: float) -> Target:
    kept = [point for point in curve if point.risk <= risk]
    if not kept:
        return Target(risk, 0.0, None)
    return Target(risk, kept[-1].coverage, kept[-1].threshold)


def _thinned(curve: list[Point]) -> tuple[Point, ...]:
    """At most MAX_POINTS of the points, the first and the last among them."""
    if len(curve) <= MAX_POINTS:
        return tuple(curve)
    chosen = np.unique(np.linspace(0, len(curve) - 1, MAX_POINTS).round().astype(int))
    return tuple(curve[index] for index in chosen)
