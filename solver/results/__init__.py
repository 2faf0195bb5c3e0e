"""What a solver answers: frozen values, checked once, that turn into JSON and back.

``confidence`` is one rule everywhere: the calibrated probability that the whole answer is right,
given what the caller allowed (``charset``, ``length``, ``pattern``). A detector's box has a
``score``, which promises less. ``alternatives`` hold the answers after the best one, most probable
first. Wrong fields raise ValueError.
"""

from solver.results.boxes import Box
from solver.results.click import ClickResult, ClickTarget
from solver.results.failure import Failure
from solver.results.reading import Alternative, Character, ClassResult, TextResult
from solver.results.slide import SlideAlternative, SlideResult
from solver.results.tiles import Tile, TilesResult

__all__ = [
    "Alternative",
    "Box",
    "Character",
    "ClassResult",
    "ClickResult",
    "ClickTarget",
    "Failure",
    "SlideAlternative",
    "SlideResult",
    "TextResult",
    "Tile",
    "TilesResult",
]
