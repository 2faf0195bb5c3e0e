"""A share with its interval: so many of so many."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from training.metrics import wilson_interval


@dataclass(frozen=True, slots=True)
class Share:
    """``right`` of ``count``; of nothing the value is 0 and the interval all of 0–1.

    An average precision over ``count`` pictures is held as a share of them, with ``right`` no whole
    number; the interval of such a share is rough.
    """

    right: float
    count: int

    @property
    def value(self) -> float:
        """The share, 0–1."""
        return self.right / self.count if self.count else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval."""
        return wilson_interval(self.right, self.count) if self.count else (0.0, 1.0)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for JSON."""
        low, high = self.interval
        return {
            "right": self.right,
            "count": self.count,
            "share": self.value,
            "low": low,
            "high": high,
        }


def share(flags: Iterable[bool]) -> Share:
    """Count the true ones."""
    values = list(flags)
    return Share(sum(values), len(values))
