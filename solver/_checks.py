"""Checks of a contract's fields: each raises SpecError with the field, the rule and the value."""

from __future__ import annotations

import sys
from typing import Any

from solver.errors import SpecError

LARGEST = sys.float_info.max


def kind(where: str, value: object, wanted: Any) -> None:
    """An instance of a type; a bool is no number."""
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise SpecError(f"{where}: expected {wanted}, received {value!r}")


def choice(where: str, value: object, choices: tuple[str, ...]) -> None:
    """One of a few words."""
    if value not in choices:
        raise SpecError(f"{where}: expected one of {', '.join(choices)}, received {value!r}")


def integer(where: str, value: object, low: int, high: int) -> None:
    """An integer between two others, both included."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise SpecError(f"{where}: expected an integer in {low}–{high}, received {value!r}")


def number(where: str, value: object) -> None:
    """A finite number."""
    fits = isinstance(value, int | float) and not isinstance(value, bool)
    # Compared, because math.isfinite fails on an integer that no float can hold.
    if not fits or not -LARGEST <= value <= LARGEST:  # type: ignore[operator]
        raise SpecError(f"{where}: expected a finite number, received {str(value)[:40]}")


def between(where: str, value: object, low: float, high: float) -> None:
    """A finite number between two others, both included."""
    number(where, value)
    if not low <= value <= high:  # type: ignore[operator]
        raise SpecError(f"{where}: expected a number in {low:g}–{high:g}, received {value!r}")
