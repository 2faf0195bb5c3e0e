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

from solver.errors import TaskError
from solver.results import Box, SlideAlternative, SlideResult
from solver.tasks.slide_change import Change
from solver.tasks.slide_gap import alone
from solver.tasks.slide_piece import SMALLEST, UInt8, cut_out, shrunk
from solver.tasks.slide_search import Place, Search

SURE = 0.9  # of a straight piece: then a turned one is not looked for
_ANSWERS = 5
# Pixels a side of a piece, as if it were a square: a larger one is made smaller with all the rest.
# On pages they are 40 to 120, or three times that on a fine screen.
_LARGEST = 400

Bounds = tuple[float, float, float, float]
Answer = tuple[float, Bounds, float]  # logit, the gap's box, where the piece's left edge comes


@dataclass(frozen=True, slots=True)
class Odds:
    """What turns logits into probabilities: a temperature, and the logit of "none of them"."""

    temperature: float
    none: float


WITH_PIECE = Odds(0.8, 4.5)
COMPARED_WITH_PIECE = Odds(2.4, 8.5)
_COMPARED = Odds(1.5, 7.5)
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

    ``full`` is the background without a gap: beside a piece, where it differs is further evidence,
    and where it does not, the piece counts alone. ``start`` is where the left edge of the piece's
    picture stands on the background before it moves, in the background's pixels; the distance is
    multiplied by ``scale``, the width of the picture on the page divided by its own.
    A piece of more than 400 pixels a side is looked at smaller, and the offset is as exact as that.

    Raises:
        TaskError: the pictures do not fit each other, or show no piece or gap; or the piece starts
            where it is not all on the background, or to the right of every gap.
    """
    height, width = background.shape[:2]
    if abs(start) >= width:
        raise TaskError(
            f"start: expected less than the background's {width} pixels, received {start!r}"
        )
    change = None if full is None else Change(background, full)
    if piece is None:
        return _result(*_gaps(background, change, start), start, scale)
    cut = cut_out(piece, alpha)
    left = start + cut.left
    if cut.width > width or cut.height > height:
        raise TaskError(
            f"piece: expected one that fits into the background of {width}×{height} pixels, "
            f"received {cut.width}×{cut.height}"
        )
    if left > width - cut.width:
        raise TaskError(
            f"start: expected the piece of {cut.width} pixels to stand within the background's "
            f"{width}, received {start!r}, with which it begins at {left:g}"
        )
    factor = max(math.ceil(math.sqrt(cut.width * cut.height) / _LARGEST), 1)
    small, cut = shrunk(background, factor), cut.shrunk(factor)
    across, down = width / small.shape[1], height / small.shape[0]
    before, odds = None, WITH_PIECE
    if change is not None and change.gaps:
        before, odds = change.before(small.shape), COMPARED_WITH_PIECE
    places = ranked(Search(small, cut, least=math.ceil(left / across), before=before), odds)
    # What moves is the piece as it is: a turned one turns about its middle.
    found: list[Answer] = []
    for place in places:
        x1, y1, x2, y2 = _bounds(place, cut.width, cut.height, small.shape)
        box = (x1 * across, y1 * down, x2 * across, y2 * down)
        found.append((place.logit, box, place.x * across))
    return _result(found, odds, left, scale)


def _gaps(background: UInt8, change: Change | None, start: float) -> tuple[list[Answer], Odds]:
    """The gaps that are seen without a piece, to the right of where it starts."""
    gaps, odds = (alone(background), _ALONE) if change is None else (change.gaps, _COMPARED)
    if not gaps:
        raise TaskError(
            f"full: expected a picture that differs from the background by a gap of at least "
            f"{SMALLEST}×{SMALLEST} pixels, received one without such a difference"
        )
    found = [(gap.logit, gap.box, gap.box[0]) for gap in gaps if gap.box[0] >= start]
    if not found:
        raise TaskError(f"start: expected a gap to the right of it, received {start!r}")
    return found, odds


def ranked(search: Search, odds: Odds) -> list[Place]:
    """The places of a piece, the best first; turned ones only where no straight one is sure."""
    places = search.straight()
    if not places or shares([place.logit for place in places], odds)[0] < SURE:
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


def _result(answers: Sequence[Answer], odds: Odds, left: float, scale: float) -> SlideResult:
    """The best answer and those after it; ``left`` is where the piece is seen at first."""
    chances = shares([logit for logit, _, _ in answers], odds)
    found = sorted(zip(chances, answers, strict=True), key=lambda item: -item[0])
    further = [
        SlideAlternative((corner - left) * scale, Box(*box, "gap", chance), chance)
        for chance, (_, box, corner) in found[:_ANSWERS]
    ]
    best = further.pop(0)
    return SlideResult(best.offset, best.box, best.confidence, tuple(further))
