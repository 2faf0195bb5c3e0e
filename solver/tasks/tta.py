"""What several looks at one picture say together.

The answer is the text that the looks give most probability on average, each to its own likeliest
texts alone, so that one look that is sure counts as much as several that waver; weighted, where
that is asked for, by how likely such a text is before it is seen. The contract's slope and offset
make that the probability that the answer is right.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence

from solver.results import Alternative, Character, TextResult
from solver.spec import TtaSpec
from solver.tasks.alphabets import alphabets_of

_SURE = 1e-9  # how near to 0 and 1 log odds are taken
_MOST = 300.0  # a logarithm whose number a float holds with room for products


def agree(
    looks: Sequence[TextResult],
    *,
    slope: float = 1.0,
    offset: float = 0.0,
    answers: int = 1,
    odds: Callable[[str], float] | None = None,
    top_k: int = 1,
) -> TextResult:
    """The answer of one or more looks, the first of them the picture as it is.

    A look's first ``answers`` texts count, its own answer and alternatives; only what is some
    look's own can be the answer. ``odds`` are those of a text before it is seen, None: of all
    alike. ``slope`` and ``offset`` are those of log odds over the probability that results. Of
    equally probable texts the one that an earlier look gave is the answer. Its characters are as
    sure as the looks that gave it are on average. There are ``top_k - 1`` alternatives at most:
    what other looks answered, and what any of them has for an alternative.
    """
    texts = [
        [(look.text, look.confidence), *((a.text, a.confidence) for a in look.alternatives)]
        for look in looks
    ]
    shares = _weighted(_means([some[:answers] for some in texts]), odds)
    best = max(dict.fromkeys(look.text for look in looks), key=lambda text: shares[text])
    sure = _calibrated(shares[best], slope, offset)
    seen = _weighted(_means(texts), odds)
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


def agree_by(
    rule: TtaSpec, looks: Sequence[TextResult], *, symbols: str, top_k: int = 1
) -> TextResult:
    """:func:`agree` as a contract says it, where texts are of ``symbols``."""
    odds: Callable[[str], float] | None = None
    if rule.alphabets:
        alphabets = alphabets_of(symbols)

        def odds(text: str) -> float:
            return math.exp(min(_MOST, rule.alphabets * alphabets.log_odds(text)))

    return agree(
        looks,
        slope=rule.slope,
        offset=rule.offset,
        answers=rule.answers,
        odds=odds,
        top_k=top_k,
    )


def _weighted(
    shares: Mapping[str, float], odds: Callable[[str], float] | None
) -> Mapping[str, float]:
    """The shares, and what they leave to all other texts, in the proportions of their odds.

    A text that is not among them is taken to be as likely as these are on average.
    """
    if odds is None:
        return shares
    factors = {text: odds(text) for text in shares}
    left = max(0.0, 1 - math.fsum(shares.values())) * sum(factors.values()) / len(factors)
    weights = {text: shares[text] * factors[text] for text in shares}
    whole = math.fsum(weights.values()) + left
    return {text: weight / whole for text, weight in weights.items()} if whole else shares


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
