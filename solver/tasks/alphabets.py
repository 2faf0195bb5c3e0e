"""How likely a text is as a code, before anything is seen of it.

Whoever draws codes takes their characters from one alphabet: digits, or lower-case letters, or
digits and capitals ... A text of three digits and one letter is a rare draw from a large alphabet,
and four digits a common one from a small. So where a picture leaves open whether it shows an O or a
0, the characters beside it say something.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable
from functools import lru_cache

_KINDS: tuple[Callable[[str], bool], ...] = (str.isdecimal, str.islower, str.isupper)


class Alphabets:
    """All alphabets of whole kinds of ``symbols``: digits, small letters, capitals, and all else.

    Each of them is as likely as another, and each of its symbols.
    """

    def __init__(self, symbols: str) -> None:
        self._all = len(symbols)
        sizes = Counter(map(_kind, symbols))
        self._alphabets = [
            (frozenset(kinds), sum(sizes[kind] for kind in kinds))
            for count in range(1, len(sizes) + 1)
            for kinds in itertools.combinations(sorted(sizes), count)
        ]

    def log_odds(self, text: str) -> float:
        """The natural logarithm of how much likelier ``text`` is than if drawn from all symbols.

        Minus infinity where it has a symbol that is none of them.
        """
        kinds = set(map(_kind, text))
        terms = [
            len(text) * math.log(self._all / size)
            for alphabet, size in self._alphabets
            if kinds <= alphabet
        ]
        if not terms:
            return -math.inf
        most = max(terms)
        mean = math.fsum(math.exp(term - most) for term in terms) / len(self._alphabets)
        return most + math.log(mean)


@lru_cache(maxsize=64)
def alphabets_of(symbols: str) -> Alphabets:
    """The alphabets of these symbols, made once."""
    return Alphabets(symbols)


def _kind(symbol: str) -> int:
    return next((place for place, is_it in enumerate(_KINDS) if is_it(symbol)), len(_KINDS))
