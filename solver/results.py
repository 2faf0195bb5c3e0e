"""What a solver answers: frozen values, checked once, that turn into JSON and back.

``confidence`` is one rule everywhere: the calibrated probability that the whole answer is right.
A detector's box has a ``score``, which promises less. ``alternatives`` hold the answers after the
best one, most probable first. Wrong fields raise ValueError.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from solver import errors

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Character:
    """One character of an answer and how sure the model is of it."""

    text: str
    confidence: float

    def __post_init__(self) -> None:
        _check_text(self.text, "Character.text")
        _check_unit(self.confidence, "Character.confidence")

    def to_dict(self) -> dict[str, Any]:
        return {"text": self.text, "confidence": self.confidence}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Character:
        return cls(*_fields(data, cls.__name__, "text", "confidence"))


@dataclass(frozen=True, slots=True)
class Alternative:
    """A further answer (a text or a label) and the probability that it is the right one."""

    text: str
    confidence: float

    def __post_init__(self) -> None:
        _check_text(self.text, "Alternative.text")
        _check_unit(self.confidence, "Alternative.confidence")

    def to_dict(self) -> dict[str, Any]:
        return {"text": self.text, "confidence": self.confidence}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Alternative:
        return cls(*_fields(data, cls.__name__, "text", "confidence"))


@dataclass(frozen=True, slots=True)
class TextResult:
    """A text that was read. ``characters`` are in reading order and spell ``text``."""

    text: str
    confidence: float
    characters: tuple[Character, ...] = ()
    alternatives: tuple[Alternative, ...] = ()

    def __post_init__(self) -> None:
        _check_text(self.text, "TextResult.text")
        _check_unit(self.confidence, "TextResult.confidence")
        _check_tuple(self.characters, Character, "TextResult.characters")
        _check_tuple(self.alternatives, Alternative, "TextResult.alternatives")
        spelt = "".join(character.text for character in self.characters)
        if self.characters and spelt != self.text:
            raise ValueError(
                f"TextResult.characters should spell {self.text!r}; received {spelt!r}"
            )

    def to_dict(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "confidence": self.confidence,
            "characters": [character.to_dict() for character in self.characters],
            "alternatives": [alternative.to_dict() for alternative in self.alternatives],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TextResult:
        name = cls.__name__
        text, confidence = _fields(data, name, "text", "confidence")
        characters = _items(data, name, "characters", Character.from_dict)
        return cls(text, confidence, characters, _alternatives(data, name))


@dataclass(frozen=True, slots=True)
class ClassResult:
    """The class of a whole picture."""

    label: str
    confidence: float
    alternatives: tuple[Alternative, ...] = ()

    def __post_init__(self) -> None:
        _check_text(self.label, "ClassResult.label")
        _check_unit(self.confidence, "ClassResult.confidence")
        _check_tuple(self.alternatives, Alternative, "ClassResult.alternatives")

    def to_dict(self) -> dict[str, Any]:
        return {
            "label": self.label,
            "confidence": self.confidence,
            "alternatives": [alternative.to_dict() for alternative in self.alternatives],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ClassResult:
        label, confidence = _fields(data, cls.__name__, "label", "confidence")
        return cls(label, confidence, _alternatives(data, cls.__name__))


@dataclass(frozen=True, slots=True)
class Box:
    """A detected object, in pixels of the picture that was passed in; x2 and y2 are exclusive."""

    x1: float
    y1: float
    x2: float
    y2: float
    label: str
    score: float

    def __post_init__(self) -> None:
        for name, value in zip(("x1", "y1", "x2", "y2"), self.xyxy, strict=True):
            if not _is_finite(value):
                raise ValueError(f"Box.{name} should be a finite number; received {value!r}")
        if self.x2 < self.x1 or self.y2 < self.y1:
            raise ValueError(f"Box should have x1 <= x2 and y1 <= y2; received xyxy={self.xyxy!r}")
        _check_text(self.label, "Box.label")
        _check_unit(self.score, "Box.score")

    @property
    def xyxy(self) -> tuple[float, float, float, float]:
        """The corners, in pixels."""
        return self.x1, self.y1, self.x2, self.y2

    def to_dict(self) -> dict[str, Any]:
        return {
            "x1": self.x1,
            "y1": self.y1,
            "x2": self.x2,
            "y2": self.y2,
            "label": self.label,
            "score": self.score,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Box:
        return cls(*_fields(data, cls.__name__, "x1", "y1", "x2", "y2", "label", "score"))


@dataclass(frozen=True, slots=True)
class Failure:
    """An input of a batch that could not be answered, while the others went on.

    ``index`` counts the inputs from 0; ``source`` names the input where it has a name (a path).
    """

    index: int
    source: str | None
    error: Exception

    def __post_init__(self) -> None:
        if not isinstance(self.index, int) or isinstance(self.index, bool) or self.index < 0:
            raise ValueError(f"Failure.index should be an int from 0; received {self.index!r}")
        if self.source is not None:
            _check_text(self.source, "Failure.source")
        if not isinstance(self.error, Exception):
            raise ValueError(f"Failure.error should be an exception; received {self.error!r}")

    def to_dict(self) -> dict[str, Any]:
        """The exception as the name of its type and its message."""
        error = {"type": type(self.error).__name__, "message": str(self.error)}
        return {"index": self.index, "source": self.source, "error": error}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Failure:
        """The exception comes back with its message; as SolverError if its type is not ours."""
        index, source, error = _fields(data, cls.__name__, "index", "source", "error")
        kind, message = _fields(error, "Failure.error", "type", "message")
        return cls(index, source, _rebuilt(str(kind), str(message)))


def _rebuilt(kind: str, message: str) -> errors.SolverError:
    if kind == errors.LowConfidenceError.__name__:
        return errors.LowConfidenceError(message, result=None)
    known = getattr(errors, kind, None)
    if isinstance(known, type) and issubclass(known, errors.SolverError):
        return known(message)
    return errors.SolverError(f"{kind}: {message}")


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _check_unit(value: object, name: str) -> None:
    if not (isinstance(value, float | int) and not isinstance(value, bool) and 0 <= value <= 1):
        raise ValueError(f"{name} should be a number from 0 to 1; received {value!r}")


def _check_text(value: object, name: str) -> None:
    if not isinstance(value, str):
        raise ValueError(f"{name} should be a str; received {value!r}")


def _check_tuple(value: object, kind: type, name: str) -> None:
    if not isinstance(value, tuple) or not all(isinstance(item, kind) for item in value):
        raise ValueError(f"{name} should be a tuple of {kind.__name__}; received {value!r}")


def _fields(data: object, owner: str, *names: str) -> list[Any]:
    if not isinstance(data, Mapping):
        raise ValueError(f"{owner} should be read from a mapping; received {data!r}")
    missing = [name for name in names if name not in data]
    if missing:
        raise ValueError(f"{owner} lacks {', '.join(missing)}; received {sorted(data)}")
    return [data[name] for name in names]


def _items(
    data: Mapping[str, Any], owner: str, name: str, read: Callable[[Mapping[str, Any]], _T]
) -> tuple[_T, ...]:
    values = data.get(name, ())
    if not isinstance(values, list | tuple):
        raise ValueError(f"{owner}.{name} should be a list; received {values!r}")
    return tuple(read(value) for value in values)


def _alternatives(data: Mapping[str, Any], owner: str) -> tuple[Alternative, ...]:
    return _items(data, owner, "alternatives", Alternative.from_dict)
