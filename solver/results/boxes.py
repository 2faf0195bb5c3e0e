"""Something found in a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from solver._fields import check_text, check_unit, fields_of, is_finite


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
            if not is_finite(value):
                raise ValueError(f"Box.{name} should be a finite number; received {value!r}")
        if self.x2 < self.x1 or self.y2 < self.y1:
            raise ValueError(f"Box should have x1 <= x2 and y1 <= y2; received xyxy={self.xyxy!r}")
        check_text(self.label, "Box.label")
        check_unit(self.score, "Box.score")

    @property
    def xyxy(self) -> tuple[float, float, float, float]:
        """The corners, in pixels."""
        return self.x1, self.y1, self.x2, self.y2

    def to_dict(self) -> dict[str, Any]:
        """Numbers, texts and lists that JSON can hold; :meth:`from_dict` reads them back."""
        return {
            "x1": float(self.x1),
            "y1": float(self.y1),
            "x2": float(self.x2),
            "y2": float(self.y2),
            "label": self.label,
            "score": float(self.score),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Box:
        """What :meth:`to_dict` gave; ValueError for a field that is missing or wrong."""
        return cls(*fields_of(data, cls.__name__, "x1", "y1", "x2", "y2", "label", "score"))
