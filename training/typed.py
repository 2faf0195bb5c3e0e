"""Tables of TOML → dataclasses, by their annotations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

_T = TypeVar("_T")


class ConfigError(ValueError):
    """The settings file does not fit; the message names the key and what was expected."""


def build(where: str, kind: type[_T], body: object) -> _T:
    """A dataclass, and those in it, from a table; ``where`` is what stands before its keys.

    Raises:
        ConfigError: an unknown or missing key, or a value of another type.
    """
    if not isinstance(body, Mapping):
        raise ConfigError(f"{where.rstrip('.')}: expected a table, received {body!r}")
    hints = get_type_hints(kind)
    known = {item.name: item for item in fields(kind)}  # type: ignore[arg-type]
    for key in body:
        if key not in known:
            raise ConfigError(f"{where}{key}: unknown key; expected one of {', '.join(known)}")
    for key, item in known.items():
        if item.default is MISSING and item.default_factory is MISSING and key not in body:
            raise ConfigError(f"{where}{key}: missing")
    return kind(**{key: _value(f"{where}{key}", hints[key], body[key]) for key in body})


def _value(where: str, kind: Any, value: object) -> Any:
    if get_origin(kind) is tuple:
        if not isinstance(value, list):
            raise ConfigError(f"{where}: expected a list, received {value!r}")
        item = get_args(kind)[0]
        return tuple(_value(f"{where}[{i}]", item, one) for i, one in enumerate(value))
    if isinstance(kind, UnionType):
        kind = get_args(kind)[0]
    if hasattr(kind, "__dataclass_fields__"):
        return build(f"{where}.", kind, value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ConfigError(f"{where}: expected {kind.__name__}, received {value!r}")
    return value
