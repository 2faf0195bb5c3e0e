"""The answer of a grid of tiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from solver._fields import check_text, check_tuple, check_unit, fields_of, items_of
from solver.results.reading import Alternative, ClassResult, alternatives_of


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile of a grid: the class that it shows, and where it is.

    ``match`` is the probability that it shows what is wanted; the corners are pixels of the
    picture that was passed in, x2 and y2 exclusive.
    """

    label: str
    confidence: float
    match: float
    xyxy: tuple[int, int, int, int]
    alternatives: tuple[Alternative, ...] = ()

    def __post_init__(self) -> None:
        check_text(self.label, "Tile.label")
        check_unit(self.confidence, "Tile.confidence")
        check_unit(self.match, "Tile.match")
        check_tuple(self.xyxy, int, "Tile.xyxy")
        if len(self.xyxy) != 4 or self.xyxy[0] > self.xyxy[2] or self.xyxy[1] > self.xyxy[3]:
            raise ValueError(f"Tile.xyxy should be x1 <= x2, y1 <= y2; received {self.xyxy!r}")
        check_tuple(self.alternatives, Alternative, "Tile.alternatives")

    @property
    def point(self) -> tuple[float, float]:
        """The centre, in pixels."""
        x1, y1, x2, y2 = self.xyxy
        return (x1 + x2) / 2, (y1 + y2) / 2

    def to_dict(self) -> dict[str, Any]:
        """Numbers, texts and lists that JSON can hold; :meth:`from_dict` reads them back."""
        return {
            "label": self.label,
            "confidence": float(self.confidence),
            "match": float(self.match),
            "xyxy": list(self.xyxy),
            "alternatives": [alternative.to_dict() for alternative in self.alternatives],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Tile:
        """What :meth:`to_dict` gave; ValueError for a field that is missing or wrong."""
        label, confidence, match, corners = fields_of(
            data, cls.__name__, "label", "confidence", "match", "xyxy"
        )
        if not isinstance(corners, list | tuple):
            raise ValueError(f"Tile.xyxy should be a list; received {corners!r}")
        return cls(label, confidence, match, tuple(corners), alternatives_of(data, cls.__name__))


@dataclass(frozen=True, slots=True)
class TilesResult:
    """Which tiles of a grid show what is wanted.

    ``prompt`` is the wanted word, or the words, as the header was read (confidence 1 where the
    caller named them). ``tiles`` stand row by row; ``indices`` count them from 0 and rise;
    ``points`` are the centres of those tiles, in pixels of the picture that was passed in.
    """

    prompt: tuple[ClassResult, ...]
    tiles: tuple[Tile, ...]
    indices: tuple[int, ...]
    points: tuple[tuple[float, float], ...]
    confidence: float

    def __post_init__(self) -> None:
        check_tuple(self.prompt, ClassResult, "TilesResult.prompt")
        check_tuple(self.tiles, Tile, "TilesResult.tiles")
        check_tuple(self.indices, int, "TilesResult.indices")
        if list(self.indices) != sorted(set(self.indices) & set(range(len(self.tiles)))):
            raise ValueError(
                f"TilesResult.indices should rise from 0 to {len(self.tiles) - 1}; "
                f"received {self.indices!r}"
            )
        check_tuple(self.points, tuple, "TilesResult.points")
        if self.points != tuple(self.tiles[index].point for index in self.indices):
            raise ValueError(
                "TilesResult.points should be the centres of the tiles at "
                f"{self.indices!r}; received {self.points!r}"
            )
        check_unit(self.confidence, "TilesResult.confidence")

    def to_dict(self) -> dict[str, Any]:
        """Numbers, texts and lists that JSON can hold; :meth:`from_dict` reads them back."""
        return {
            "prompt": [word.to_dict() for word in self.prompt],
            "tiles": [tile.to_dict() for tile in self.tiles],
            "indices": list(self.indices),
            "points": [list(point) for point in self.points],
            "confidence": float(self.confidence),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TilesResult:
        """What :meth:`to_dict` gave; ValueError for a field that is missing or wrong."""
        name = cls.__name__
        indices, points, confidence = fields_of(data, name, "indices", "points", "confidence")
        for field, value in (("indices", indices), ("points", points)):
            if not isinstance(value, list | tuple):
                raise ValueError(f"{name}.{field} should be a list; received {value!r}")
        return cls(
            prompt=items_of(data, name, "prompt", ClassResult.from_dict),
            tiles=items_of(data, name, "tiles", Tile.from_dict),
            indices=tuple(indices),
            points=tuple(tuple(p) if isinstance(p, list) else p for p in points),
            confidence=confidence,
        )
