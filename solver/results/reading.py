"""What a text or a class was read as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from solver._fields import check_text, check_tuple, check_unit, fields_of, items_of


@dataclass(frozen=True, slots=True)
class Character:
    """One character of an answer and how sure the model is of it."""

    text: str
    confidence: float

    def __post_init__(self) -> None:
        check_text(self.text, "Character.text")
        check_unit(self.confidence, "Character.confidence")

    def to_dict(self) -> dict[str, Any]:
        """Numbers, texts and lists that JSON can hold; :meth:`from_dict` reads them back."""
        return {"text": self.text, "confidence": float(self.confidence)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Character:
        """What :meth:`to_dict` gave; ValueError for a field that is missing or wrong."""
        return cls(*fields_of(data, cls.__name__, "text", "confidence"))


@dataclass(frozen=True, slots=True)
class Alternative:
    """A further answer (a text or a label) and the probability that it is the right one."""

    text: str
    confidence: float

    def __post_init__(self) -> None:
        check_text(self.text, "Alternative.text")
        check_unit(self.confidence, "Alternative.confidence")

    def to_dict(self) -> dict[str, Any]:
        """Numbers, texts and lists that JSON can hold; :meth:`from_dict` reads them back."""
        return {"text": self.text, "confidence": float(self.confidence)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Alternative:
        """What :meth:`to_dict` gave; ValueError for a field that is missing or wrong."""
        return cls(*fields_of(data, cls.__name__, "text", "confidence"))


@dataclass(frozen=True, slots=True)
class TextResult:
    """A text that was read. ``characters`` are in reading order and spell ``text``."""

    text: str
    confidence: float
    characters: tuple[Character, ...] = ()
    alternatives: tuple[Alternative, ...] = ()

    def __post_init__(self) -> None:
        check_text(self.text, "TextResult.text")
        check_unit(self.confidence, "TextResult.confidence")
        check_tuple(self.characters, Character, "TextResult.characters")
        check_tuple(self.alternatives, Alternative, "TextResult.alternatives")
        spelt = "".join(character.text for character in self.characters)
        if self.characters and spelt != self.text:
            raise ValueError(
                f"TextResult.characters should spell {self.text!r}; received {spelt!r}"
            )

    def to_dict(self) -> dict[str, Any]:
        """Numbers, texts and lists that JSON can hold; :meth:`from_dict` reads them back."""
        return {
            "text": self.text,
            "confidence": float(self.confidence),
            "characters": [character.to_dict() for character in self.characters],
            "alternatives": [alternative.to_dict() for alternative in self.alternatives],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TextResult:
        """What :meth:`to_dict` gave; ValueError for a field that is missing or wrong."""
        name = cls.__name__
        text, confidence = fields_of(data, name, "text", "confidence")
        characters = items_of(data, name, "characters", Character.from_dict)
        return cls(text, confidence, characters, alternatives_of(data, name))


@dataclass(frozen=True, slots=True)
class ClassResult:
    """The class of a whole picture."""

    label: str
    confidence: float
    alternatives: tuple[Alternative, ...] = ()

    def __post_init__(self) -> None:
        check_text(self.label, "ClassResult.label")
        check_unit(self.confidence, "ClassResult.confidence")
        check_tuple(self.alternatives, Alternative, "ClassResult.alternatives")

    def to_dict(self) -> dict[str, Any]:
        """Numbers, texts and lists that JSON can hold; :meth:`from_dict` reads them back."""
        return {
            "label": self.label,
            "confidence": float(self.confidence),
            "alternatives": [alternative.to_dict() for alternative in self.alternatives],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ClassResult:
        """What :meth:`to_dict` gave; ValueError for a field that is missing or wrong."""
        label, confidence = fields_of(data, cls.__name__, "label", "confidence")
        return cls(label, confidence, alternatives_of(data, cls.__name__))


def alternatives_of(data: Mapping[str, Any], owner: str) -> tuple[Alternative, ...]:
    """The ``alternatives`` of a result's dictionary."""
    return items_of(data, owner, "alternatives", Alternative.from_dict)
