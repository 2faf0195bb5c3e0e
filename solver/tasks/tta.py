"""What several looks at one picture say together.

Each look is a whole answer with its alternatives. A text's probability is the mean of what the
looks give it, so that one look that is sure counts as much as several that waver; the contract's
slope and offset then make that mean the probability that the answer is right.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from solver.results import Alternative, Character, TextResult

# Texts of each look that count; below the third hardly any is right.
DEPTH = 3
_SURE = 1e-9  # how near to 0 and 1 log odds are taken


def agree(
    looks: Sequence[TextResult], *, slope: float = 1.0, offset: float = 0.0, top_k: int = 1
) -> TextResult:
    """The answer of one or more looks, the first of them the picture as it is.

    ``slope`` and ``offset`` are those of log odds over the mean's. Only what some look has
    for its own answer is one; of equal ones, what an earlier look says. A character is as sure as
    the looks with this answer are on average. There may be fewer than ``top_k - 1`` alternatives.
    """
    means = _means(looks)
    own = dict.fromkeys(look.text for look in looks)
    best = max(own, key=lambda text: means[text])
    sure = _calibrated(means[best], slope, offset)
    # The others share what is left in the same proportions.
    rest = (1 - sure) / max(1 - means[best], _SURE)
    others = sorted(
        (text for text in means if text != best and means[text]), key=lambda text: -means[text]
    )
    return TextResult(
        text=best,
        confidence=sure,
        characters=_characters([look for look in looks if look.text == best]),
        alternatives=tuple(
            Alternative(text, min(sure, rest * means[text])) for text in others[: top_k - 1]
        ),
    )


def _means(looks: Sequence[TextResult]) -> Mapping[str, float]:
    """Text → mean probability over the looks, in the order in which texts were met."""
    sums: dict[str, float] = {}
    for look in looks:
        read = [(look.text, look.confidence)]
        read += [(other.text, other.confidence) for other in look.alternatives]
        for text, confidence in read:
            sums[text] = sums.get(text, 0.0) + confidence
    return {text: value / len(looks) for text, value in sums.items()}


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
