"""How far to drag a slider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from solver._fields import check_tuple, check_unit, fields_of, is_finite, items_of
from solver.results.boxes import Box


@dataclass(frozen=True, slots=True)
class SlideAlternative:
    """A further place of a slider's piece; as :class:`SlideResult`."""

    offset: float
    box: Box
    confidence: float

    def __post_init__(self) -> None:
        _check_slide(self)

    def to_dict(self) -> dict[str, Any]:
        """Numbers, texts and lists that JSON can hold; :meth:`from_dict` reads them back."""
        return {
            "offset": float(self.offset),
            "box": self.box.to_dict(),
            "confidence": float(self.confidence),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SlideAlternative:
        """What :meth:`to_dict` gave; ValueError for a field that is missing or wrong."""
        offset, box, confidence = fields_of(data, cls.__name__, "offset", "box", "confidence")
        return cls(offset, Box.from_dict(box), confidence)


@dataclass(frozen=True, slots=True)
class SlideResult:
    """Where a slider's piece belongs.

    ``offset`` is the distance to drag it, in the background's pixels times the ``scale`` that was
    asked for; ``box`` is the gap, in the background's pixels.
    """

    offset: float
    box: Box
    confidence: float
    alternatives: tuple[SlideAlternative, ...] = ()

    def __post_init__(self) -> None:
        _check_slide(self)
        check_tuple(self.alternatives, SlideAlternative, "SlideResult.alternatives")

    def to_dict(self) -> dict[str, Any]:
        """Numbers, texts and lists that JSON can hold; :meth:`from_dict` reads them back."""
        return {
            "offset": float(self.offset),
            "box": self.box.to_dict(),
            "confidence": float(self.confidence),
            "alternatives": [alternative.to_dict() for alternative in self.alternatives],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SlideResult:
        """What :meth:`to_dict` gave; ValueError for a field that is missing or wrong."""
        name = cls.__name__
        offset, box, confidence = fields_of(data, name, "offset", "box", "confidence")
        further = items_of(data, name, "alternatives", SlideAlternative.from_dict)
        return cls(offset, Box.from_dict(box), confidence, further)


def _check_slide(answer: SlideAlternative | SlideResult) -> None:
    name = type(answer).__name__
    if not is_finite(answer.offset):
        raise ValueError(f"{name}.offset should be a finite number; received {answer.offset!r}")
    if not isinstance(answer.box, Box):
        raise ValueError(f"{name}.box should be a Box; received {answer.box!r}")
    check_unit(answer.confidence, f"{name}.confidence")
