"""Scores of whole answers: shares with their intervals, calibration, risk against coverage."""

from __future__ import annotations

import math
from collections.abc import Sequence

Z95 = 1.959964


def letters_and_digits(text: str) -> str:
    """``text`` without what a captcha of this kind never holds (spaces, signs, other scripts)."""
    return "".join(c for c in text if c.isascii() and c.isalnum())


def wilson(right: int, count: int, *, z: float = Z95) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927)."""
    if not count:
        return 0.0, 1.0
    share, square = right / count, z * z / count
    middle = share + square / 2
    half = z * math.sqrt(share * (1 - share) / count + square / (4 * count))
    # Rounding must not push an end past what it cannot pass.
    low = 0.0 if right == 0 else (middle - half) / (1 + square)
    high = 1.0 if right == count else (middle + half) / (1 + square)
    return low, high


def brier(confidences: Sequence[float], right: Sequence[bool]) -> float:
    """Mean squared distance between confidence and truth (Brier 1950)."""
    return sum((c - r) ** 2 for c, r in zip(confidences, right, strict=True)) / len(right)


def expected_calibration_error(
    confidences: Sequence[float], right: Sequence[bool], *, bins: int = 10
) -> float:
    """Mean gap between confidence and accuracy over equal-width bins, by their share of answers.

    Naeini et al. 2015.
    """
    gaps = [0.0] * bins
    for confidence, hit in zip(confidences, right, strict=True):
        gaps[min(bins - 1, int(confidence * bins))] += confidence - hit
    return sum(map(abs, gaps)) / len(right)


def coverage_at(
    confidences: Sequence[float], right: Sequence[bool], risk: float
) -> tuple[float, float | None]:
    """The largest share of answers, surest first, of which at most ``risk`` are wrong.

    The threshold that keeps those answers comes with it; None where no threshold does.
    Answers of equal confidence are kept or dropped together.
    """
    ordered = sorted(zip(confidences, right, strict=True), reverse=True)
    best: tuple[float, float | None] = 0.0, None
    wrong = 0
    for kept, (confidence, hit) in enumerate(ordered, start=1):
        wrong += not hit
        last_of_its_kind = kept == len(ordered) or ordered[kept][0] != confidence
        if last_of_its_kind and wrong <= risk * kept:
            best = kept / len(ordered), confidence
    return best
