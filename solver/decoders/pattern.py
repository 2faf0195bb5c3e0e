"""A small regular-expression subset, compiled without backtracking.

This module reads the pattern into a tree; `automaton` turns the tree into a DFA. Case matters, if
it is not merged, and the pattern describes the whole answer: ``^`` before it and ``$`` after it are
taken and change nothing.

Supported: literals, ``.``, classes ``[A-Z0-9]`` and ``[^0O]``, ``\\d`` ([0-9]), ``\\w`` (letters
and digits, not the underscore), ``\\`` before punctuation, groups ``(…)`` and ``(?:…)``, ``|``,
``?``, ``*``, ``+``, ``{m}``, ``{m,}``, ``{m,n}``. Anything else is a TaskError that names the
position.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from solver.decoders.automaton import Choice, Dfa, Node, One, Repeat, Sequence, determinise
from solver.errors import TaskError

MAX_PATTERN = 1_000  # characters of a pattern
MAX_REPEAT = 200  # {m,n}
MAX_DEPTH = 50  # nested groups

SUPPORTED = (
    r"supported are literals, ., [A-Z0-9], [^…], \d, \w, \ before punctuation, (…), |, "
    "?, *, +, {m}, {m,} and {m,n}"
)
_COUNTS = re.compile(r"\{([0-9]{1,6})(?:(,)([0-9]{0,6}))?\}", re.ASCII)
_SIMPLE_COUNTS: dict[str, tuple[int, int | None]] = {"?": (0, 1), "*": (0, None), "+": (1, None)}


def compile_pattern(pattern: str, symbols: str, *, ignore_case: bool = False) -> Dfa:
    """The automaton of `pattern` over these symbols. TaskError names the place of a mistake.

    With `ignore_case` a symbol is meant wherever its lower or upper case is.
    """
    if not isinstance(pattern, str) or not pattern:
        raise TaskError(f"pattern is a string that is not empty; received {pattern!r}")
    if len(pattern) > MAX_PATTERN:
        raise TaskError(f"a pattern has at most {MAX_PATTERN} characters; received {len(pattern)}")
    return determinise(_Parser(pattern, symbols, ignore_case).parse(), len(symbols))


class _Parser:
    """Recursive descent; one method a level of binding."""

    def __init__(self, pattern: str, symbols: str, ignore_case: bool) -> None:
        self.pattern = pattern
        self.symbols = symbols
        self.ignore_case = ignore_case
        self.at = 0

    def parse(self) -> Node:
        self._take("^")  # the whole answer is meant anyway, as with the $ at the end
        node = self._choice(0)
        if self.at == len(self.pattern) - 1:
            self._take("$")
        if self.at < len(self.pattern):
            raise self._error("unmatched ')'")
        return node

    def _choice(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self._error(f"groups nested more than {MAX_DEPTH} deep")
        parts = [self._sequence(depth)]
        while self._take("|"):
            parts.append(self._sequence(depth))
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def _sequence(self, depth: int) -> Node:
        parts: list[Node] = []
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            if depth == 0 and self.pattern[self.at :] == "$":
                break
            parts.append(self._repeated(depth))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _repeated(self, depth: int) -> Node:
        node = self._atom(depth)
        counts = self._counts()
        if counts is None:
            return node
        if self.at < len(self.pattern) and self.pattern[self.at] in "?*+{":
            raise self._error(f"a second repetition {self.pattern[self.at]!r}")
        return Repeat(node, *counts)

    def _counts(self) -> tuple[int, int | None] | None:
        mark = self.pattern[self.at : self.at + 1]
        if mark in _SIMPLE_COUNTS:
            self.at += 1
            return _SIMPLE_COUNTS[mark]
        if mark != "{":
            return None
        match = _COUNTS.match(self.pattern, self.at)
        if match is None:
            raise self._error("a '{' that opens no {m}, {m,} or {m,n}")
        least = int(match[1])
        most = least if match[2] is None else int(match[3]) if match[3] else None
        if max(least, most or 0) > MAX_REPEAT:
            raise self._error(f"more than {MAX_REPEAT} repetitions")
        if most is not None and most < least:
            raise self._error("a repetition whose first number is the larger")
        self.at = match.end()
        return least, most

    def _atom(self, depth: int) -> Node:
        mark = self.pattern[self.at]
        if mark in "?*+{":
            raise self._error(f"{mark!r} with nothing before it to repeat")
        if mark in "^$":
            raise self._error(f"{mark!r} inside: a pattern is the whole answer")
        if mark in "]}":
            raise self._error(f"{mark!r} that closes nothing (write \\{mark} for the character)")
        if mark == "(":
            return self._group(depth)
        if mark == "[":
            return One(self._class())
        self.at += 1
        if mark == ".":
            return One((1 << len(self.symbols)) - 1)
        return One(self._escape() if mark == "\\" else self._mask(mark))

    def _group(self, depth: int) -> Node:
        opened = self.at
        self.at += 1
        if self.pattern.startswith("?", self.at) and not self._take("?:"):
            raise self._error("a group of the kind (?…)")
        node = self._choice(depth + 1)
        if not self._take(")"):
            self.at = opened
            raise self._error("a '(' that is not closed")
        return node

    def _class(self) -> int:
        opened = self.at
        self.at += 1
        negated = self._take("^")
        mask = 0
        first = True
        while not self._take("]"):
            if self.at >= len(self.pattern):
                self.at = opened
                raise self._error("a '[' that is not closed")
            mask |= self._class_item()
            first = False
        if first:
            self.at = opened
            raise self._error("an empty class")
        return ((1 << len(self.symbols)) - 1) & ~mask if negated else mask

    def _class_item(self) -> int:
        start = self.at
        low = self._class_symbol()
        dash = self.pattern.startswith("-", self.at) and self.at + 1 < len(self.pattern)
        if not dash or self.pattern[self.at + 1] == "]":
            return low if isinstance(low, int) else self._mask(low)
        self.at += 1
        high = self._class_symbol()
        if isinstance(low, int) or isinstance(high, int) or high < low:
            self.at = start
            raise self._error("a range that does not go from a character up to another")
        return self._where(lambda symbol: low <= symbol <= high)

    def _class_symbol(self) -> str | int:
        """One character, or the bit set of a \\d or \\w."""
        mark = self.pattern[self.at]
        if mark == "[":
            raise self._error("a '[' inside a class (write \\[ for the character)")
        self.at += 1
        if mark != "\\":
            return mark
        if self.pattern[self.at : self.at + 1] in ("d", "w"):
            return self._escape()
        self._escape()
        return self.pattern[self.at - 1]

    def _escape(self) -> int:
        """The bit set of what follows a backslash."""
        mark = self.pattern[self.at : self.at + 1]
        if mark == "d":
            mask = self._where(lambda symbol: symbol in "0123456789")
        elif mark == "w":
            mask = self._where(str.isalnum)
        elif not mark or mark.isalnum():
            self.at -= 1
            raise self._error(f"the escape '\\{mark}'")
        else:
            mask = self._mask(mark)
        self.at += 1
        return mask

    def _forms(self, symbol: str) -> set[str]:
        """The symbol and, where case is ignored, what it is in the other one."""
        forms = {symbol, symbol.lower(), symbol.upper()} if self.ignore_case else {symbol}
        return {form for form in forms if len(form) == 1}

    def _mask(self, symbol: str) -> int:
        places = [self.symbols.find(form) for form in self._forms(symbol)]
        return sum(1 << place for place in places if place >= 0)

    def _where(self, holds: Callable[[str], bool]) -> int:
        return sum(
            1 << place
            for place, symbol in enumerate(self.symbols)
            if any(map(holds, self._forms(symbol)))
        )

    def _take(self, mark: str) -> bool:
        found = self.pattern.startswith(mark, self.at)
        self.at += len(mark) if found else 0
        return found

    def _error(self, what: str) -> TaskError:
        return TaskError(
            f"pattern {self.pattern[:80]!r} has {what} at position {self.at}; {SUPPORTED}"
        )
