"""Checks of a result's fields, and reading them back: each raises ValueError with the field."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any, TypeGuard, TypeVar

_T = TypeVar("_T")


def is_integer(value: object) -> TypeGuard[int]:
    """An integer of Python or NumPy; a bool is none."""
    # The plain type first, here and below: asking an abstract class is many times dearer.
    return type(value) is int or (isinstance(value, Integral) and not isinstance(value, bool))


def is_finite(value: object) -> bool:
    """A number of Python or NumPy that a float can hold, neither NaN nor infinite."""
    if type(value) is float:
        return math.isfinite(value)
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def check_unit(value: Any, name: str) -> None:
    if not (is_finite(value) and 0 <= value <= 1):
        raise ValueError(f"{name} should be a number from 0 to 1; received {value!r}")


def check_text(value: object, name: str) -> None:
    if not isinstance(value, str):
        raise ValueError(f"{name} should be a str; received {value!r}")


def check_tuple(value: object, kind: type, name: str) -> None:
    if not isinstance(value, tuple) or not all(isinstance(item, kind) for item in value):
        raise ValueError(f"{name} should be a tuple of {kind.__name__}; received {value!r}")


def fields_of(data: object, owner: str, *names: str) -> list[Any]:
    if not isinstance(data, Mapping):
        raise ValueError(f"{owner} should be read from a mapping; received {data!r}")
    missing = [name for name in names if name not in data]
    if missing:
        raise ValueError(f"{owner} lacks {', '.join(missing)}; received {sorted(data)}")
    return [data[name] for name in names]


def items_of(
    data: Mapping[str, Any], owner: str, name: str, read: Callable[[Mapping[str, Any]], _T]
) -> tuple[_T, ...]:
    values = data.get(name, ())
    if not isinstance(values, list | tuple):
        raise ValueError(f"{owner}.{name} should be a list; received {values!r}")
    return tuple(read(value) for value in values)
