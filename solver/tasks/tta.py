"""What several looks at one picture say together.

The answer is the text that the looks give most probability on average, each to its own answer
alone, so that one look that is sure counts as much as several that waver. The contract's slope and
offset make that mean the probability that the answer is right.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

from solver.results import Alternative, Character, TextResult

_SURE = 1e-9  # how near to 0 and 1 log odds are taken


def agree(
    looks: Sequence[TextResult], *, slope: float = 1.0, offset: float = 0.0, top_k: int = 1
) -> TextResult:
    """The answer of one or more looks, the first of them the picture as it is.

    ``slope`` and ``offset`` are those of log odds over the mean's. Of equally probable texts the
    one that an earlier look gave is the answer. Its characters are as sure as the looks that gave
    it are on average. There are ``top_k - 1`` alternatives at most: what other looks answered, and
    what any of them has for an alternative.
    """
    own = _means([[(look.text, look.confidence)] for look in looks])
    best = max(own, key=lambda text: own[text])
    sure = _calibrated(own[best], slope, offset)
    seen = _means(
        [
            [
                (look.text, look.confidence),
                *((one.text, one.confidence) for one in look.alternatives),
            ]
            for look in looks
        ]
    )
    # The others share what is left in the same proportions.
    rest = (1 - sure) / max(1 - seen[best], _SURE)
    others = sorted((text for text in seen if text != best), key=lambda text: -seen[text])
    return TextResult(
        text=best,
        confidence=sure,
        characters=_characters([look for look in looks if look.text == best]),
        alternatives=tuple(
            Alternative(text, min(sure, rest * seen[text]))
            for text in others[: top_k - 1]
            if seen[text]
        ),
    )


def _means(answers: Sequence[Sequence[tuple[str, float]]]) -> Mapping[str, float]:
    """Text → mean probability over all looks' answers, in the order in which texts were met."""
    sums: dict[str, float] = {}
    for text, confidence in itertools.chain.from_iterable(answers):
        sums[text] = sums.get(text, 0.0) + confidence
    return {text: value / len(answers) for text, value in sums.items()}


def _calibrated(mean: float, slope: float, offset: float) -> float:
    """A probability of the mean's log odds; what has none keeps none."""
    if mean <= 0:
        return 0.0
    held = min(max(mean, _SURE), 1 - _SURE)
    odds = slope * math.log(held / (1 - held)) + offset
    return 1 / (1 + math.exp(-odds)) if odds > -700 else 0.0


def _characters(looks: Sequence[TextResult]) -> tuple[Character, ...]:
    """The characters that these looks share, each as sure as they are on average."""
    places = zip(*(look.characters for look in looks), strict=True)
    return tuple(
        Character(one[0].text, sum(seen.confidence for seen in one) / len(one)) for one in places
    )
