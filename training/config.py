"""``captcha.toml`` ⇄ frozen dataclasses. An unknown key or a bad value is named."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from solver.charset import ALNUM
from solver.errors import SolverError
from solver.spec import DecoderSpec, InputSpec

_T = TypeVar("_T")
SIDES = ("left", "right")
SCHEDULES = ("constant", "cosine", "linear")


class ConfigError(ValueError):
    """The settings file does not fit; the message names the key and what was expected."""


@dataclass(frozen=True, slots=True)
class Source:
    """Labelled pictures: a folder, or a labels file with its pictures below its own folder.

    ``repeat`` is how often an epoch shows them (0.5: half). ``reader`` says where labels come
    from: ``separator`` and ``side`` are for names of files, ``labels`` (a file) and ``columns``
    for tables, COCO and YOLO. ``only`` is a CSV list that leaves out all others.
    """

    path: str
    name: str = ""
    repeat: float = 1.0
    reader: str = "filename"
    separator: str = "_"
    side: str = "left"
    labels: str = ""
    columns: tuple[str, ...] = ()
    only: str = ""

    def __post_init__(self) -> None:
        if self.side not in SIDES:
            raise ConfigError(f"side: expected one of {', '.join(SIDES)}, received {self.side!r}")
        if len(self.columns) not in (0, 2, 3):
            raise ConfigError(
                "columns: expected the names of the file, label and, if there is one, group "
                f"columns; received {list(self.columns)}"
            )
        if self.repeat < 0:
            raise ConfigError(f"repeat: expected ≥ 0, received {self.repeat}")


@dataclass(frozen=True, slots=True)
class Data:
    """Training and validation sources, paths relative to the settings file."""

    train: tuple[Source, ...] = ()
    validation: tuple[Source, ...] = ()
    workers: int = 2
    cache_mb: int = 4096
    augment: bool = True


@dataclass(frozen=True, slots=True)
class Input:
    """Pixels to tensor; see :class:`solver.spec.InputSpec`."""

    height: int = 48
    channels: int = 3
    max_width: int = 320
    min_width: int = 48


@dataclass(frozen=True, slots=True)
class Model:
    """Size of the network."""

    width: int = 24
    context: int = 2
    dropout: float = 0.1


@dataclass(frozen=True, slots=True)
class Fit:
    """How to train. ``schedule`` runs over ``epochs`` after ``warmup`` steps."""

    batch: int = 64
    epochs: int = 20
    learning_rate: float = 2e-3
    schedule: str = "cosine"
    warmup: int = 300
    weight_decay: float = 1e-4
    clip_norm: float = 5.0
    mixed_precision: bool = False
    checkpoint_steps: int = 500


@dataclass(frozen=True, slots=True)
class Config:
    """Everything a run needs."""

    task: str = "ctc"
    name: str = "captcha"
    symbols: str = ALNUM
    seed: int = 1
    licence: str = ""
    data: Data = field(default_factory=Data)
    input: Input = field(default_factory=Input)
    model: Model = field(default_factory=Model)
    fit: Fit = field(default_factory=Fit)

    def __post_init__(self) -> None:
        if self.task != "ctc":
            raise ConfigError(f"task: expected 'ctc', received {self.task!r}")
        if self.fit.schedule not in SCHEDULES:
            raise ConfigError(
                f"fit.schedule: expected one of {', '.join(SCHEDULES)}, "
                f"received {self.fit.schedule!r}"
            )
        for name in ("batch", "epochs", "learning_rate", "checkpoint_steps"):
            if getattr(self.fit, name) <= 0:
                raise ConfigError(f"fit.{name}: expected > 0, received {getattr(self.fit, name)}")
        if self.input.height % 16:
            raise ConfigError(
                f"input.height: expected a multiple of 16, received {self.input.height}"
            )
        try:
            self.input_spec()
            self.decoder_spec()
        except SolverError as error:
            raise ConfigError(str(error)) from error

    def input_spec(self) -> InputSpec:
        """The contract's rule from picture to tensor."""
        return InputSpec(
            height=self.input.height,
            width=None,
            channels=self.input.channels,
            fit="height",
            min_width=self.input.min_width,
            max_width=self.input.max_width,
            scale=1 / 127.5,
            mean=(1.0,) * self.input.channels,
            std=(1.0,) * self.input.channels,
        )

    def decoder_spec(self, *, temperature: float = 1.0) -> DecoderSpec:
        """The contract's decoder."""
        return DecoderSpec(name="ctc", symbols=self.symbols, temperature=temperature)


def load(path: Path) -> Config:
    """Read a settings file; relative source paths are resolved against its folder.

    Raises:
        ConfigError: no such file, not TOML, an unknown key or a bad value.
    """
    try:
        body = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    return _build("", Config, body)


def _build(where: str, kind: type[_T], body: object) -> _T:
    if not isinstance(body, Mapping):
        raise ConfigError(f"{where}: expected a table, received {body!r}")
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
        return _build(f"{where}.", kind, value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ConfigError(f"{where}: expected {kind.__name__}, received {value!r}")
    return value
