"""What a solver answers: frozen values, checked once, that turn into JSON and back.

``confidence`` is one rule everywhere: the calibrated probability that the whole answer is right,
given what the caller allowed (``charset``, ``length``, ``pattern``). A detector's box has a
``score``, which promises less. ``alternatives`` hold the answers after the best one, most probable
first. Wrong fields raise ValueError.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from solver import errors
from solver._fields import check_text, check_tuple, check_unit, fields_of, is_finite, items_of


@dataclass(frozen=True, slots=True)
class Character:
    """One character of an answer and how sure the model is of it."""

    text: str
    confidence: float

    def __post_init__(self) -> None:
        check_text(self.text, "Character.text")
        check_unit(self.confidence, "Character.confidence")

    def to_dict(self) -> dict[str, Any]:
        return {"text": self.text, "confidence": float(self.confidence)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Character:
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
        return {"text": self.text, "confidence": float(self.confidence)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Alternative:
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
        return {
            "text": self.text,
            "confidence": float(self.confidence),
            "characters": [character.to_dict() for character in self.characters],
            "alternatives": [alternative.to_dict() for alternative in self.alternatives],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TextResult:
        name = cls.__name__
        text, confidence = fields_of(data, name, "text", "confidence")
        characters = items_of(data, name, "characters", Character.from_dict)
        return cls(text, confidence, characters, _alternatives(data, name))


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
        return {
            "label": self.label,
            "confidence": float(self.confidence),
            "alternatives": [alternative.to_dict() for alternative in self.alternatives],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ClassResult:
        label, confidence = fields_of(data, cls.__name__, "label", "confidence")
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
        return cls(*fields_of(data, cls.__name__, "x1", "y1", "x2", "y2", "label", "score"))


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
        return {
            "label": self.label,
            "confidence": float(self.confidence),
            "match": float(self.match),
            "xyxy": list(self.xyxy),
            "alternatives": [alternative.to_dict() for alternative in self.alternatives],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Tile:
        label, confidence, match, corners = fields_of(
            data, cls.__name__, "label", "confidence", "match", "xyxy"
        )
        if not isinstance(corners, list | tuple):
            raise ValueError(f"Tile.xyxy should be a list; received {corners!r}")
        return cls(label, confidence, match, tuple(corners), _alternatives(data, cls.__name__))


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
        return {
            "prompt": [word.to_dict() for word in self.prompt],
            "tiles": [tile.to_dict() for tile in self.tiles],
            "indices": list(self.indices),
            "points": [list(point) for point in self.points],
            "confidence": float(self.confidence),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TilesResult:
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
        return {
            "text": self.text,
            "point": None if self.point is None else list(self.point),
            "box": None if self.box is None else self.box.to_dict(),
            "confidence": float(self.confidence),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ClickTarget:
        text, point, box, confidence = fields_of(
            data, cls.__name__, "text", "point", "box", "confidence"
        )
        place: Any = tuple(map(float, point)) if isinstance(point, list | tuple) else point
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
        return {
            "points": [list(point) for point in self.points],
            "targets": [target.to_dict() for target in self.targets],
            "confidence": float(self.confidence),
            "missing": list(self.missing),
            "ambiguous": list(self.ambiguous),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ClickResult:
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


@dataclass(frozen=True, slots=True)
class SlideAlternative:
    """A further place of a slider's piece; as :class:`SlideResult`."""

    offset: float
    box: Box
    confidence: float

    def __post_init__(self) -> None:
        _check_slide(self)

    def to_dict(self) -> dict[str, Any]:
        return {
            "offset": float(self.offset),
            "box": self.box.to_dict(),
            "confidence": float(self.confidence),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SlideAlternative:
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
        return {
            "offset": float(self.offset),
            "box": self.box.to_dict(),
            "confidence": float(self.confidence),
            "alternatives": [alternative.to_dict() for alternative in self.alternatives],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SlideResult:
        name = cls.__name__
        offset, box, confidence = fields_of(data, name, "offset", "box", "confidence")
        further = items_of(data, name, "alternatives", SlideAlternative.from_dict)
        return cls(offset, Box.from_dict(box), confidence, further)


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
            check_text(self.source, "Failure.source")
        if not isinstance(self.error, Exception):
            raise ValueError(f"Failure.error should be an exception; received {self.error!r}")

    def to_dict(self) -> dict[str, Any]:
        """The exception as the name of its type and its message, with the answer that it holds."""
        error: dict[str, Any] = {"type": type(self.error).__name__, "message": str(self.error)}
        result: Any = getattr(self.error, "result", None)
        if type(result).__name__ in _RESULTS:
            error["result"] = {"type": type(result).__name__, **result.to_dict()}
        return {"index": self.index, "source": self.source, "error": error}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Failure:
        """The exception comes back with its message and the answer that it held.

        As SolverError if its type is not ours.
        """
        index, source, error = fields_of(data, cls.__name__, "index", "source", "error")
        kind, message = fields_of(error, "Failure.error", "type", "message")
        held = error.get("result")
        result = None
        if held is not None:
            (name,) = fields_of(held, "Failure.error.result", "type")
            if name not in _RESULTS:
                raise ValueError(
                    f"Failure.error.result.type should be of {', '.join(_RESULTS)}; "
                    f"received {name!r}"
                )
            result = _RESULTS[name].from_dict(held)
        return cls(index, source, _rebuilt(str(kind), str(message), result))


def _check_slide(answer: SlideAlternative | SlideResult) -> None:
    name = type(answer).__name__
    if not is_finite(answer.offset):
        raise ValueError(f"{name}.offset should be a finite number; received {answer.offset!r}")
    if not isinstance(answer.box, Box):
        raise ValueError(f"{name}.box should be a Box; received {answer.box!r}")
    check_unit(answer.confidence, f"{name}.confidence")


# What an error may hold, by the name of its type.
_RESULTS: dict[str, Any] = {
    kind.__name__: kind for kind in (TextResult, ClassResult, TilesResult, ClickResult, SlideResult)
}


def _rebuilt(kind: str, message: str, result: object) -> errors.SolverError:
    if kind == errors.LowConfidenceError.__name__:
        return errors.LowConfidenceError(message, result=result)
    known = getattr(errors, kind, None)
    if isinstance(known, type) and issubclass(known, errors.SolverError):
        return known(message)
    return errors.SolverError(f"{kind}: {message}")


def _alternatives(data: Mapping[str, Any], owner: str) -> tuple[Alternative, ...]:
    return items_of(data, owner, "alternatives", Alternative.from_dict)
