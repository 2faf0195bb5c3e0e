"""Where to click, in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from solver._fields import check_text, check_tuple, check_unit, fields_of, is_finite, items_of
from solver.results.boxes import Box


@dataclass(frozen=True, slots=True)
class ClickTarget:
    """One thing to click: where it is, or that it is not there.

    ``text`` is what was asked for; of a prompt's picture, what was read there, "" for an icon.
    ``point`` and ``box`` are pixels of the picture that was passed in, None where it was not found;
    ``confidence`` is the probability of what is said of this target.
    """

    text: str
    point: tuple[float, float] | None
    box: Box | None
    confidence: float

    def __post_init__(self) -> None:
        check_text(self.text, "ClickTarget.text")
        check_unit(self.confidence, "ClickTarget.confidence")
        if self.box is not None and not isinstance(self.box, Box):
            raise ValueError(f"ClickTarget.box should be a Box or None; received {self.box!r}")
        if (self.point is None) != (self.box is None):
            raise ValueError("ClickTarget should have both point and box, or neither")
        if self.point is not None:
            check_tuple(self.point, float, "ClickTarget.point")
            if len(self.point) != 2 or not all(map(is_finite, self.point)):
                raise ValueError(f"ClickTarget.point should be x, y; received {self.point!r}")

    def to_dict(self) -> dict[str, Any]:
        """Numbers, texts and lists that JSON can hold; :meth:`from_dict` reads them back."""
        return {
            "text": self.text,
            "point": None if self.point is None else list(self.point),
            "box": None if self.box is None else self.box.to_dict(),
            "confidence": float(self.confidence),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ClickTarget:
        """What :meth:`to_dict` gave; ValueError for a field that is missing or wrong."""
        text, point, box, confidence = fields_of(
            data, cls.__name__, "text", "point", "box", "confidence"
        )
        place: Any = point
        if isinstance(point, list | tuple):
            place = tuple(float(value) if is_finite(value) else value for value in point)
        return cls(text, place, None if box is None else Box.from_dict(box), confidence)


@dataclass(frozen=True, slots=True)
class ClickResult:
    """Where to click, in the order that was asked for.

    ``targets`` are aligned with what was asked for; ``points`` are those of the targets that were
    found, in their order. ``missing`` and ``ambiguous`` count targets from 0 and rise: those that
    are not in the picture, and those that were found but might be another mark.
    """

    points: tuple[tuple[float, float], ...]
    targets: tuple[ClickTarget, ...]
    confidence: float
    missing: tuple[int, ...] = ()
    ambiguous: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check_tuple(self.targets, ClickTarget, "ClickResult.targets")
        check_tuple(self.points, tuple, "ClickResult.points")
        check_unit(self.confidence, "ClickResult.confidence")
        if self.points != tuple(one.point for one in self.targets if one.point is not None):
            raise ValueError(
                f"ClickResult.points should be those of its targets; received {self.points!r}"
            )
        absent = tuple(place for place, one in enumerate(self.targets) if one.point is None)
        if self.missing != absent:
            raise ValueError(
                f"ClickResult.missing should be {absent!r}, the targets without a point; "
                f"received {self.missing!r}"
            )
        check_tuple(self.ambiguous, int, "ClickResult.ambiguous")
        found = set(range(len(self.targets))) - set(absent)
        if list(self.ambiguous) != sorted(set(self.ambiguous) & found):
            raise ValueError(
                "ClickResult.ambiguous should be places of targets that were found, rising; "
                f"received {self.ambiguous!r}"
            )

    def to_dict(self) -> dict[str, Any]:
        """Numbers, texts and lists that JSON can hold; :meth:`from_dict` reads them back."""
        return {
            "points": [list(point) for point in self.points],
            "targets": [target.to_dict() for target in self.targets],
            "confidence": float(self.confidence),
            "missing": list(self.missing),
            "ambiguous": list(self.ambiguous),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ClickResult:
        """What :meth:`to_dict` gave; ValueError for a field that is missing or wrong."""
        name = cls.__name__
        points, confidence, missing, ambiguous = fields_of(
            data, name, "points", "confidence", "missing", "ambiguous"
        )
        for field, value in (("points", points), ("missing", missing), ("ambiguous", ambiguous)):
            if not isinstance(value, list | tuple):
                raise ValueError(f"{name}.{field} should be a list; received {value!r}")
        return cls(
            points=tuple(tuple(p) if isinstance(p, list) else p for p in points),
            targets=items_of(data, name, "targets", ClickTarget.from_dict),
            confidence=confidence,
            missing=tuple(missing),
            ambiguous=tuple(ambiguous),
        )
