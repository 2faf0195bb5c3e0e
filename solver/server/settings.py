"""What a server may be told: checked once, from keywords or from a TOML file."""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from solver._session import MOST_THREADS

LOOPBACK = ("127.0.0.1", "::1", "localhost")
_MAX_FILE = 65_536  # bytes


def _cores() -> int:
    """The processors that this process may use; no more than eight threads answer."""
    usable = getattr(os, "sched_getaffinity", None)
    return min(8, len(usable(0)) if usable else os.cpu_count() or 1)


@dataclass(frozen=True, kw_only=True)
class ServerSettings:
    """How a server listens, what it takes at once, and when it warns.

    Sizes are in bytes, times in seconds, ``queue`` counts pictures that are taken and not yet
    answered. ``models`` maps a name to a file, or to an embedded model. ``alarm_below`` is the
    mean confidence of the last ``alarm_window`` answers under which a warning is given; 0 is off.

    Raises:
        ValueError: a field is malformed.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    models: Mapping[str, str] = field(default_factory=dict)
    threads: int = 1
    tta: bool = True
    workers: int = field(default_factory=_cores)
    queue: int = 256
    micro_batch: int = 16
    max_pictures: int = 64
    max_body: int = 16 * 2**20
    max_waiting: int = 128 * 2**20
    max_connections: int = 1_000
    timeout: float = 30.0
    body_timeout: float = 10.0
    stop_timeout: float = 30.0
    alarm_below: float = 0.5
    alarm_window: int = 200
    allowed_hosts: tuple[str, ...] = ()
    api_key: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for name in ("host", "api_key"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, str) or not value.strip()):
                raise ValueError(f"{name}: expected a text that is not empty")
        if not isinstance(self.tta, bool):
            raise ValueError(f"tta: expected true or false, received {self.tta!r}")
        _check_number("port", self.port, 0, 65_535, whole=True)
        _check_number("threads", self.threads, 1, MOST_THREADS, whole=True)
        for name in ("workers", "micro_batch", "max_pictures", "alarm_window"):
            _check_number(name, getattr(self, name), 1, 4_096, whole=True)
        for name in ("queue", "max_body", "max_waiting", "max_connections"):
            _check_number(name, getattr(self, name), 1, 2**40, whole=True)
        for name in ("timeout", "body_timeout", "stop_timeout"):
            _check_number(name, getattr(self, name), 0.001, 86_400)
        _check_number("alarm_below", self.alarm_below, 0, 1)
        if self.max_pictures > self.queue:
            raise ValueError(
                f"max_pictures: expected at most queue ({self.queue}), or no batch of that size "
                f"could be taken; received {self.max_pictures}"
            )
        if self.max_body > self.max_waiting:
            raise ValueError(
                f"max_body: expected at most max_waiting ({self.max_waiting}), "
                f"received {self.max_body}"
            )
        if not isinstance(self.models, Mapping) or not all(
            isinstance(text, str) and text for pair in self.models.items() for text in pair
        ):
            raise ValueError(f"models: expected names and files, received {self.models!r}")
        hosts: Any = self.allowed_hosts  # a list, as it comes from TOML
        if isinstance(hosts, str) or not all(isinstance(host, str) and host for host in hosts):
            raise ValueError(f"allowed_hosts: expected a list of names, received {hosts!r}")
        object.__setattr__(self, "models", MappingProxyType(dict(self.models)))
        object.__setattr__(self, "allowed_hosts", tuple(hosts))

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return self.host in LOOPBACK

    @property
    def hosts(self) -> frozenset[str]:
        """The names in a request's ``Host`` that are answered; empty: all."""
        if self.allowed_hosts:
            return frozenset(name.lower() for name in self.allowed_hosts)
        return frozenset(LOOPBACK) if self.loopback else frozenset()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ServerSettings:
        """Read the fields by their names.

        Raises:
            ValueError: a field is unknown or malformed.
        """
        known = sorted(item.name for item in fields(cls))
        unknown = sorted(set(data) - set(known))
        if unknown:
            raise ValueError(f"unknown field {unknown[0]!r}; expected of {', '.join(known)}")
        return cls(**data)


def read_settings(path: Path) -> dict[str, Any]:
    """The fields of a TOML file; the paths of its models count from its folder.

    Raises:
        ValueError: it cannot be read, or is no TOML.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_FILE + 1)
        if len(text) > _MAX_FILE:
            raise ValueError(f"expected at most {_MAX_FILE:,} bytes")
        data = tomllib.loads(text.decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:  # TOML and UTF-8 errors: ValueError
        raise ValueError(f"{path}: {error}") from error
    models = data.get("models")
    if isinstance(models, dict):
        data["models"] = {
            name: str(path.parent / file)
            if isinstance(file, str) and file.lower().endswith(".onnx")
            else file
            for name, file in models.items()
        }
    return data


def _check_number(name: str, value: Any, low: float, high: float, *, whole: bool = False) -> None:
    kinds = int if whole else int | float
    fits = isinstance(value, kinds) and not isinstance(value, bool) and math.isfinite(value)
    if not fits or not low <= value <= high:
        kind = "an integer" if whole else "a number"
        raise ValueError(f"{name}: expected {kind} from {low:g} to {high:g}, received {value!r}")
