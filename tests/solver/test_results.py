"""Results: JSON and back, immutable, checked once."""

from __future__ import annotations

import json
import math
from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest

from solver.errors import ImageError, LowConfidenceError, SolverError, TaskError
from solver.results import (
    Alternative,
    Box,
    Character,
    ClassResult,
    ClickResult,
    ClickTarget,
    Failure,
    SlideAlternative,
    SlideResult,
    TextResult,
    Tile,
    TilesResult,
)

TILE = Tile("cat", 0.9, 0.25, (0, 10, 5, 20), (Alternative("dog", 0.1),))
FOUND = ClickTarget("龙", (5.0, 7.5), Box(0, 5, 10, 10, "mark", 0.4), 0.9)
GONE = ClickTarget("年", None, None, 0.8)
RESULTS = [
    FOUND,
    GONE,
    ClickResult((), (), 1.0),
    ClickResult(((5.0, 7.5),), (GONE, FOUND), 0.6, (0,), (1,)),
    TILE,
    TilesResult((), (), (), (), 0.0),
    TilesResult((ClassResult("cat", 1.0),), (TILE, TILE), (1,), ((2.5, 15.0),), 0.5),
    Character("é", 0.5),
    Alternative("ab", 0.0),
    TextResult("", 1.0),
    TextResult("ab", 0.75, (Character("a", 0.9), Character("b", 1)), (Alternative("aB", 0.25),)),
    ClassResult("traffic light", 0.9),
    ClassResult("bus", 0.9, (Alternative("car", 0.1),)),
    Box(0, 0.5, 10, 0.5, "a", 0.25),
    SlideAlternative(-3.5, Box(0, 0, 9, 9, "gap", 0.1), 0.1),
    SlideResult(80, Box(80, 0, 99, 9, "gap", 0.9), 0.9),
    SlideResult(
        1.5,
        Box(80, 0, 99, 9, "gap", 0.9),
        0.9,
        (SlideAlternative(2, Box(0, 0, 9, 9, "gap", 0.1), 0.1),),
    ),
]


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: type(result).__name__)
def test_round_trip_through_json(result: Any) -> None:
    data = json.loads(json.dumps(result.to_dict()))
    assert type(result).from_dict(data) == result


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: type(result).__name__)
def test_frozen_and_hashable(result: Any) -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(result, next(iter(result.to_dict())), None)
    assert hash(result) == hash(type(result).from_dict(result.to_dict()))


def test_box_corners() -> None:
    assert Box(1, 2, 3, 4, "a", 0.5).xyxy == (1, 2, 3, 4)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: Character("a", 1.5), "Character.confidence"),
        (lambda: Character(1, 0.5), "Character.text"),  # type: ignore[arg-type]
        (lambda: Alternative("a", math.nan), "Alternative.confidence"),
        (lambda: TextResult("a", True), "TextResult.confidence"),
        (lambda: TextResult("a", "1"), "TextResult.confidence"),  # type: ignore[arg-type]
        (lambda: TextResult("ab", 0.5, (Character("a", 0.5),)), "spell 'ab'"),
        (lambda: TextResult("a", 0.5, [Character("a", 0.5)]), "tuple"),  # type: ignore[arg-type]
        (lambda: TextResult("a", 0.5, (), ("b",)), "Alternative"),  # type: ignore[arg-type]
        (lambda: ClassResult(None, 0.5), "ClassResult.label"),  # type: ignore[arg-type]
        (lambda: ClassResult("a", -0.1), "ClassResult.confidence"),
        (lambda: Box(2, 0, 1, 1, "a", 0.5), "x1 <= x2"),
        (lambda: Box(0, 0, math.inf, 1, "a", 0.5), "Box.x2"),
        (lambda: Box(0, 0, 1, 1, "a", 2), "Box.score"),
        (lambda: SlideResult(math.nan, Box(0, 0, 1, 1, "", 0), 0.5), "SlideResult.offset"),
        (lambda: SlideResult(1, (0, 0, 1, 1), 0.5), "SlideResult.box"),  # type: ignore[arg-type]
        (lambda: SlideAlternative(1, Box(0, 0, 1, 1, "", 0), 2), "SlideAlternative.confidence"),
        (lambda: Tile("a", 1.0, 2.0, (0, 0, 1, 1)), "Tile.match"),
        (lambda: Tile("a", 1.0, 0.5, (2, 0, 1, 1)), "Tile.xyxy"),
        (lambda: TilesResult((), (TILE,), (1,), (), 0.5), "TilesResult.indices"),
        (lambda: TilesResult((), (TILE,), (0,), ((0.0, 0.0),), 0.5), "TilesResult.points"),
        (lambda: ClickTarget("a", (1.0, 2.0), None, 0.5), "both point and box"),
        (lambda: ClickTarget("a", (1.0,), FOUND.box, 0.5), "ClickTarget.point"),  # type: ignore[arg-type]
        (lambda: ClickTarget("a", None, "b", 0.5), "ClickTarget.box"),  # type: ignore[arg-type]
        (lambda: ClickResult((), (FOUND,), 0.5), "ClickResult.points"),
        (lambda: ClickResult((), (GONE,), 0.5), "ClickResult.missing"),
        (lambda: ClickResult((), (GONE,), 0.5, (0,), (0,)), "ClickResult.ambiguous"),
        (lambda: Failure(-1, None, TaskError()), "Failure.index"),
        (lambda: Failure(0, b"x", TaskError()), "Failure.source"),  # type: ignore[arg-type]
        (lambda: Failure(0, None, "x"), "Failure.error"),  # type: ignore[arg-type]
    ],
)
def test_wrong_values_are_refused(make: Any, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        make()


@pytest.mark.parametrize(
    ("kind", "data", "named"),
    [
        (TextResult, {}, "TextResult lacks text, confidence"),
        (TextResult, [], "mapping"),
        (TextResult, {"text": "a", "confidence": 0.5, "characters": "a"}, "list"),
        (TextResult, {"text": "a", "confidence": 0.5, "alternatives": [{}]}, "Alternative lacks"),
        (Box, {"x1": 0}, "Box lacks x2|Box lacks y1"),
        (ClickTarget, {**FOUND.to_dict(), "point": [None, 1]}, "ClickTarget.point"),
        (ClickTarget, {**FOUND.to_dict(), "point": ["1", 1]}, "ClickTarget.point"),
        (ClickTarget, {**FOUND.to_dict(), "point": [10**400, 1]}, "ClickTarget.point"),
        (ClickTarget, {**FOUND.to_dict(), "point": "12"}, "ClickTarget.point"),
        (Failure, {"index": 0, "source": None, "error": "x"}, "Failure.error"),
    ],
)
def test_damaged_dicts_are_refused(kind: Any, data: Any, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        kind.from_dict(data)


@pytest.mark.parametrize(
    "result", [TextResult("ab", 0.25), ClassResult("bus", 0.5), TilesResult((), (), (), (), 0.0)]
)
def test_failure_keeps_the_answer_that_was_not_sure_enough(result: Any) -> None:
    failure = Failure(0, None, LowConfidenceError("low", result=result))
    data = json.loads(json.dumps(failure.to_dict()))
    assert data["error"]["result"]["confidence"] == result.confidence
    twin = Failure.from_dict(data)
    assert isinstance(twin.error, LowConfidenceError)
    assert twin.error.result == result
    data["error"]["result"]["type"] = "Path"
    with pytest.raises(ValueError, match=r"Failure.error.result.type should be of TextResult"):
        Failure.from_dict(data)


def test_fields_of_numpy_are_numbers() -> None:
    half = np.float32(0.5)
    results = [
        TextResult("a", half, (Character("a", half),), (Alternative("b", half),)),
        Box(np.float32(1), np.int64(1), np.float16(2), 2, "a", half),
    ]
    for result in results:
        data = json.loads(json.dumps(result.to_dict()))
        assert type(result).from_dict(data) == result


@pytest.mark.parametrize("corner", [10**400, np.float32("nan"), True, "1", None])
def test_a_corner_is_a_finite_number(corner: Any) -> None:
    with pytest.raises(ValueError, match=r"Box.x1 should be a finite number"):
        Box(corner, 0, 1, 1, "a", 0.5)


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (ImageError("too large"), ImageError, "too large"),
        (LowConfidenceError("low", result=None), LowConfidenceError, "low"),
        (KeyError("x"), SolverError, "KeyError: 'x'"),
    ],
)
def test_failure_keeps_type_and_message(
    error: Exception, kind: type[SolverError], message: str
) -> None:
    failure = Failure(3, "a.png", error)
    twin = Failure.from_dict(json.loads(json.dumps(failure.to_dict())))
    assert (twin.index, twin.source) == (3, "a.png")
    assert type(twin.error) is kind
    assert str(twin.error) == message
