"""How far a slider's piece has to be dragged: no network, OpenCV and NumPy alone.

The confidence is a softmax over the places that were looked at closely and one more: "none of
them". Temperature and that one's logit were fitted for each kind of call, for log loss, on pairs
that ``training.generators.slide`` drew, with a piece some of another picture, by
``benchmarks/slide_fit.py confidence``. So it is the share of such pairs whose offset is right
within 3 pixels. Pictures of another kind may be surer or less sure than that: measure yours.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from solver._fields import is_finite
from solver.errors import TaskError
from solver.results import Box, SlideAlternative, SlideResult
from solver.tasks.slide_gap import alone, compare
from solver.tasks.slide_piece import UInt8, cut_out
from solver.tasks.slide_search import Place, Search

SURE = 0.9  # of a straight piece: then a turned one is not looked for
_ANSWERS = 5
_LARGEST_SCALE = 1000.0

Bounds = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Odds:
    """What turns logits into probabilities: a temperature, and the logit of "none of them"."""

    temperature: float
    none: float


_WITH_PIECE = Odds(0.8, 4.5)
_COMPARED = Odds(1.5, 7.5)
_COMPARED_WITH_PIECE = Odds(3.1, 10.5)
_ALONE = Odds(1.2, 10.5)


def slide(
    background: UInt8,
    piece: UInt8 | None = None,
    *,
    alpha: UInt8 | None = None,
    full: UInt8 | None = None,
    scale: float = 1.0,
    start: float = 0.0,
) -> SlideResult:
    """The distance to drag, from ``(H, W, 3)`` RGB pictures and the piece's alpha ``(H, W)``.

    ``full`` is the background without a gap. ``start`` is where the left edge of the piece's
    picture stands on the background before it moves, in the background's pixels; the distance is
    multiplied by ``scale``, the width of the picture on the page divided by its own.

    Raises:
        TaskError: the pictures do not fit each other, or show no piece or gap; or the piece starts
            beyond the background.
        ValueError: ``scale`` is not a number above 0 and up to 1000, or ``start`` not a finite one.
    """
    if not (is_finite(scale) and 0 < scale <= _LARGEST_SCALE):
        raise ValueError(
            f"scale: expected a number above 0, up to {_LARGEST_SCALE:g}, received {scale!r}"
        )
    if not is_finite(start):
        raise ValueError(f"start: expected a finite number, received {start!r}")
    width = background.shape[1]
    if abs(start) >= width:
        raise TaskError(
            f"start: expected less than the background's {width} pixels, received {start!r}"
        )
    cut = None if piece is None else cut_out(piece, alpha)
    left = start if cut is None else start + cut.left
    if full is not None or cut is None:
        if full is None:
            gaps, odds = alone(background), _ALONE
        else:
            gaps = compare(background, full, cut)
            odds = _COMPARED if cut is None else _COMPARED_WITH_PIECE
        found = [(gap.logit, gap.box, gap.box[0]) for gap in gaps]
        return _result(found, odds, left, scale)
    places = ranked(Search(background, cut, least=math.ceil(left)))
    # What moves is the piece as it is: a turned one turns about its middle.
    found = [
        (place.logit, _bounds(place, cut.width, cut.height, background.shape), float(place.x))
        for place in places
    ]
    return _result(found, _WITH_PIECE, left, scale)


def ranked(search: Search) -> list[Place]:
    """The places of a piece, the best first; turned ones only where no straight one is sure."""
    places = search.straight()
    if not places or shares([place.logit for place in places], _WITH_PIECE)[0] < SURE:
        places = search.merged([*places, *search.turned()])
    return places


def shares(logits: Sequence[float], odds: Odds) -> list[float]:
    """Probability of each answer, when none of them may be right too."""
    scaled = [logit / odds.temperature for logit in (*logits, odds.none)]
    highest = max(scaled)
    weights = [math.exp(value - highest) for value in scaled]
    return [weight / sum(weights) for weight in weights[:-1]]


def _bounds(place: Place, width: int, height: int, shape: tuple[int, ...]) -> Bounds:
    """The box of the gap, within the picture; larger than the piece where that is turned."""
    turn = math.radians(abs(place.angle))
    wide = (width * math.cos(turn) + height * math.sin(turn) - width) / 2
    high = (height * math.cos(turn) + width * math.sin(turn) - height) / 2
    return (
        max(place.x - wide, 0.0),
        max(place.y - high, 0.0),
        min(place.x + width + wide, float(shape[1])),
        min(place.y + height + high, float(shape[0])),
    )


def _result(
    answers: Sequence[tuple[float, Bounds, float]], odds: Odds, left: float, scale: float
) -> SlideResult:
    """Of (logit, box, corner) of each place; ``left`` is where the piece is seen at first."""
    chances = shares([logit for logit, _, _ in answers], odds)
    found = sorted(zip(chances, answers, strict=True), key=lambda item: -item[0])
    further = [
        SlideAlternative((corner - left) * scale, Box(*box, "gap", chance), chance)
        for chance, (_, box, corner) in found[:_ANSWERS]
    ]
    best = further.pop(0)
    return SlideResult(best.offset, best.box, best.confidence, tuple(further))
