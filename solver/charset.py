"""Symbols that a text model can write, and the one rule that maps them to classes.

Symbol ``i`` of a charset is class ``i``; the blank is the last class, ``len(charset)``, for
``ctc`` and ``multi_head`` alike. Encoding (for training) and decoding (for reading) live here
together so that they cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from solver.errors import SpecError, TaskError

DIGITS = "0123456789"
LOWER = "abcdefghijklmnopqrstuvwxyz"
UPPER = LOWER.upper()
ALNUM = DIGITS + LOWER + UPPER

# What may stand for no symbol, the usual one first.
BLANKS = ("_", "␣", "∅")

Case = Literal["lower", "upper"]

_FOLDS = {"lower": str.lower, "upper": str.upper}


@dataclass(init=False, frozen=True, slots=True)
class Charset:
    """An ordered set of single printable code points, and the blank that is not one of them.

    Raises SpecError when a symbol is not one printable code point, occurs twice, or is the blank.
    """

    symbols: str
    blank: str
    _index: dict[str, int] = field(repr=False, compare=False)

    def __init__(self, symbols: str | Sequence[str], *, blank: str = "_") -> None:
        index: dict[str, int] = {}
        _check_symbol(blank, "blank")
        for place, symbol in enumerate(symbols):
            _check_symbol(symbol, "symbol")
            if symbol in index:
                raise SpecError(
                    f"a charset holds every symbol once; {symbol!r} is at {index[symbol]} "
                    f"and again at {place}"
                )
            index[symbol] = place
        if not index:
            raise SpecError("a charset needs at least one symbol; received none")
        if blank in index:
            raise SpecError(
                f"the blank {blank!r} is also symbol {index[blank]}; choose a blank that is not "
                "among the symbols"
            )
        object.__setattr__(self, "symbols", "".join(symbols))
        object.__setattr__(self, "blank", blank)
        object.__setattr__(self, "_index", index)

    def __len__(self) -> int:
        return len(self.symbols)

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._index

    @property
    def blank_index(self) -> int:
        """Class of the blank: the last one."""
        return len(self.symbols)

    @property
    def classes(self) -> int:
        """Number of classes of a network with this charset, the blank included."""
        return len(self.symbols) + 1

    def index(self, symbol: str) -> int:
        """Class of one symbol; TaskError when the charset lacks it."""
        try:
            return self._index[symbol]
        except KeyError:
            raise TaskError(
                f"symbol {symbol!r} is not in the charset {shown(self.symbols)}"
            ) from None

    def encode(self, text: str) -> list[int]:
        """Classes of the characters of `text`; TaskError names the first unknown symbol."""
        return [self.index(symbol) for symbol in text]

    def encode_padded(self, text: str, length: int) -> list[int]:
        """`length` classes: those of `text`, then blanks. TaskError when `text` is longer."""
        if len(text) > length:
            raise TaskError(
                f"the text {text!r} has {len(text)} characters; expected at most {length}"
            )
        return self.encode(text) + [self.blank_index] * (length - len(text))

    def decode(self, indices: Iterable[int]) -> str:
        """The symbols of these classes, the blank written as itself."""
        table = self.symbols + self.blank
        written = []
        for index in indices:
            if not 0 <= index < len(table):
                raise TaskError(f"class {index} does not exist; expected 0 to {len(table) - 1}")
            written.append(table[index])
        return "".join(written)

    def fold(self, case: Case) -> tuple[Charset, tuple[int, ...]]:
        """The charset with letters in one case, and for every class here its class there.

        A letter whose other case is not a single code point (``ß``), or is the blank, stays as it
        is. The last entry of the map is the blank's. TaskError when `case` is another word.
        """
        if not isinstance(case, str) or case not in _FOLDS:
            raise TaskError(f"case is None, 'lower' or 'upper'; received {case!r}")
        return _fold(self, case)

    def folded(self, text: str, case: Case) -> str:
        """`text` as this charset's letters are after `fold`."""
        change = _FOLDS[case]
        others = [(symbol, change(symbol)) for symbol in text]
        return "".join(
            symbol if len(other) != 1 or other == self.blank else other for symbol, other in others
        )


@lru_cache(maxsize=64)
def _fold(charset: Charset, case: Case) -> tuple[Charset, tuple[int, ...]]:
    folded = charset.folded(charset.symbols, case)
    merged = Charset("".join(dict.fromkeys(folded)), blank=charset.blank)
    return merged, (*merged.encode(folded), merged.blank_index)


def free_blank(symbols: str) -> str:
    """The first of :data:`BLANKS` that is none of the symbols; SpecError where all of them are."""
    for blank in BLANKS:
        if blank not in symbols:
            return blank
    raise SpecError(f"symbols: leave out one of {' '.join(BLANKS)}: it has to be the blank")


def _check_symbol(symbol: object, what: str) -> None:
    if not isinstance(symbol, str) or len(symbol) != 1:
        raise SpecError(f"a {what} is a string of one code point; received {symbol!r}")
    if not symbol.isprintable():
        raise SpecError(f"a {what} is a printable code point; received {symbol!r}")


def shown(symbols: str, most: int = 80) -> str:
    """Symbols in a message: quoted, and not too many."""
    return repr(symbols) if len(symbols) <= most else f"{symbols[:most]!r} and more"
