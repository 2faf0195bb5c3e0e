"""What an answer may be: a set of characters, a length, a pattern, compiled to one automaton.

The automaton is the product of the pattern's DFA, the allowed symbols and a counter, without the
states that no accepted string passes through. Decoders mask with it while they decode, so there
is never a dead end and nothing is deleted afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from solver._fields import is_integer
from solver.charset import Case, Charset, shown
from solver.decoders.automaton import Dfa, anything
from solver.decoders.pattern import compile_pattern
from solver.errors import TaskError

MAX_LENGTH = 200  # characters of an answer
MAX_STATES = 2_000
MAX_CELLS = 4_000_000  # states × symbols


@dataclass(frozen=True, slots=True, eq=False)
class Constraint:
    """A trimmed DFA over the symbols that occur in at least one allowed answer.

    ``classes`` (K,) are the classes of those symbols, ascending. ``steps`` (Q + 1, K) is the next
    state, where state Q is dead and leads to itself; ``accepting`` (Q + 1,) says where an answer
    may end. State 0 is the start. ``charset`` is the (case-folded) one whose classes are meant.
    The arrays are read-only and may be shared between threads.
    """

    charset: Charset
    classes: NDArray[np.intp]
    steps: NDArray[np.intp]
    accepting: NDArray[np.bool_]
    description: str

    @property
    def dead(self) -> int:
        """Number Q of the dead state, and of the live states."""
        return len(self.accepting) - 1

    @property
    def is_free(self) -> bool:
        """True when every string is allowed."""
        every = len(self.classes) == len(self.charset)
        return every and self.dead == 1 and bool(self.accepting[0]) and not self.steps[0].any()

    def states(self, classes: list[int]) -> list[int]:
        """The states before, between and after these classes: one more than there are classes."""
        visited = [0]
        for symbol in classes:
            column = int(np.searchsorted(self.classes, symbol))
            known = column < len(self.classes) and self.classes[column] == symbol
            visited.append(int(self.steps[visited[-1], column]) if known else self.dead)
        return visited

    def accepts(self, classes: list[int]) -> bool:
        """Whether the string of these classes is allowed."""
        return bool(self.accepting[self.states(classes)[-1]])


def compile_constraint(
    *,
    charset: Charset,
    allowed: str | None = None,
    length: int | range | tuple[int, int] | None = None,
    pattern: str | None = None,
    case: Case | None = None,
) -> Constraint | None:
    """The constraint of a caller's options, or None when they restrict nothing.

    `charset` is the model's, `allowed` the caller's literal set of characters. `length` counts
    characters: a number, a range (its end excluded, as always), or a (lowest, highest) pair with
    both ends included. With `case` a letter of the other options stands for both of its cases, as
    in an answer. Compiled once for equal options.

    Raises TaskError for an option of the wrong kind, characters that the model cannot write, a
    pattern that is not understood, and options that together allow no answer.
    """
    if allowed is None and length is None and pattern is None and case is None:
        return None
    if allowed is not None and (not isinstance(allowed, str) or not allowed):
        raise TaskError(f"charset is a string of the characters allowed; received {allowed!r}")
    lengths = None if length is None else _lengths(length)
    if case is not None:
        charset, _ = charset.fold(case)
        allowed = None if allowed is None else charset.folded(allowed, case)
    if pattern is not None and not isinstance(pattern, str):
        raise TaskError(f"pattern is a string; received {pattern!r}")
    wanted = None if allowed is None else "".join(sorted(set(allowed)))
    unknown = "".join(symbol for symbol in wanted or "" if symbol not in charset)
    if unknown:
        raise TaskError(
            f"charset: this model cannot write {shown(unknown)}; its symbols are "
            f"{shown(charset.symbols)}"
        )
    if wanted is None and lengths is None and pattern is None:
        return None
    compiled = _compile(charset, wanted, lengths, pattern, case is not None)
    return None if compiled.is_free else compiled


@lru_cache(maxsize=64)
def unconstrained(charset: Charset) -> Constraint:
    """The automaton that allows every string."""
    return _tables(charset, anything(len(charset)), "any text")


@lru_cache(maxsize=256)
def _compile(
    charset: Charset,
    allowed: str | None,
    lengths: range | None,
    pattern: str | None,
    ignore_case: bool,
) -> Constraint:
    """Intersect the options one after the other, so that an error names the one that fails."""
    dfa = anything(len(charset))
    said: list[str] = []
    if pattern is not None:
        said.append(f"pattern={pattern!r}")
        dfa = compile_pattern(pattern, charset.symbols, ignore_case=ignore_case)
        dfa = _checked(dfa, charset, said)
    if allowed is not None:
        said.append(f"charset={allowed!r}")
        dfa = _checked(_keep(dfa, charset, allowed), charset, said)
    if lengths is not None:
        said.append(f"length={_shown(lengths)}")
        dfa = _checked(_counted(dfa, lengths), charset, said)
    return _tables(charset, dfa, ", ".join(said))


def _lengths(length: object) -> range:
    """The wanted lengths as a range that is not empty and within 0 to MAX_LENGTH."""
    if is_integer(length):
        lengths = range(int(length), int(length) + 1)
    elif isinstance(length, range):
        lengths = length if length.step > 0 else length[::-1]
    elif isinstance(length, tuple) and len(length) == 2 and all(map(is_integer, length)):
        lengths = range(int(length[0]), int(length[1]) + 1)
    else:
        raise TaskError(
            f"length is a number, a range, or a (lowest, highest) pair; received {length!r}"
        )
    if not lengths or lengths[0] < 0 or lengths[-1] > MAX_LENGTH:
        raise TaskError(f"length holds numbers from 0 to {MAX_LENGTH}; received {length!r}")
    return lengths


def _shown(lengths: range) -> str:
    if len(lengths) == 1:
        return str(lengths[0])
    step = f" in steps of {lengths.step}" if lengths.step > 1 else ""
    return f"{lengths[0]} to {lengths[-1]}{step}"


def _keep(dfa: Dfa, charset: Charset, allowed: str) -> Dfa:
    """`dfa` without the symbols that are not allowed."""
    wanted = sum(1 << charset.index(symbol) for symbol in allowed)
    kept = [place for place, block in enumerate(dfa.blocks) if block & wanted]
    return Dfa(
        blocks=tuple(dfa.blocks[place] & wanted for place in kept),
        steps=tuple(tuple(row[place] for place in kept) for row in dfa.steps),
        accepting=dfa.accepting,
    )


def _counted(dfa: Dfa, lengths: range) -> Dfa:
    """The product of `dfa` and a counter of characters."""
    states = {(0, 0): 0}
    queue = [(0, 0)]
    steps: list[tuple[int, ...]] = []
    while len(steps) < len(queue):
        state, count = queue[len(steps)]
        row = []
        for target in dfa.steps[state]:
            pair = (target, count + 1)
            if target < 0 or count >= lengths[-1]:
                row.append(-1)
                continue
            if pair not in states:
                states[pair] = len(states)
                queue.append(pair)
            row.append(states[pair])
        steps.append(tuple(row))
        _check_size(len(states))
    accepting = tuple(dfa.accepting[state] and count in lengths for state, count in queue)
    return Dfa(dfa.blocks, tuple(steps), accepting)


def _checked(dfa: Dfa, charset: Charset, said: list[str]) -> Dfa:
    """`dfa` without the states that lead to no answer; TaskError when it allows none."""
    before: list[list[int]] = [[] for _ in dfa.steps]
    for state, row in enumerate(dfa.steps):
        for target in row:
            if target >= 0:
                before[target].append(state)
    useful = {state for state, accepts in enumerate(dfa.accepting) if accepts}
    stack = list(useful)
    while stack:
        for state in before[stack.pop()]:
            if state not in useful:
                useful.add(state)
                stack.append(state)
    if 0 not in useful or not any(target in useful for target in dfa.steps[0]):
        raise TaskError(
            f"{' with '.join(said)} allows no text at all that this model can write; its symbols "
            f"are {shown(charset.symbols)}"
        )
    return _renumbered(dfa, useful)


def _renumbered(dfa: Dfa, useful: set[int]) -> Dfa:
    """Only the useful states that the start reaches, the start first."""
    numbers = {0: 0}
    queue = [0]
    for state in queue:
        for target in dfa.steps[state]:
            if target in useful and target not in numbers:
                numbers[target] = len(numbers)
                queue.append(target)
    return Dfa(
        blocks=dfa.blocks,
        steps=tuple(tuple(numbers.get(to, -1) for to in dfa.steps[state]) for state in queue),
        accepting=tuple(dfa.accepting[state] for state in queue),
    )


def _tables(charset: Charset, dfa: Dfa, description: str) -> Constraint:
    """`dfa` over classes instead of blocks, as read-only arrays."""
    _check_size(len(dfa.steps), len(charset))
    columns = {}
    for place, block in enumerate(dfa.blocks):
        if any(row[place] >= 0 for row in dfa.steps):
            columns.update({c: place for c in range(len(charset)) if block >> c & 1})
    classes = np.array(sorted(columns), dtype=np.intp)
    dead = len(dfa.steps)
    steps = np.full((dead + 1, len(classes)), dead, dtype=np.intp)
    rows = np.array(dfa.steps, dtype=np.intp)[:, [columns[c] for c in classes.tolist()]]
    steps[:dead] = np.where(rows < 0, dead, rows)
    accepting = np.array([*dfa.accepting, False])
    for table in (classes, steps, accepting):
        table.setflags(write=False)
    return Constraint(charset, classes, steps, accepting, description)


def _check_size(states: int, symbols: int = 1) -> None:
    if states > MAX_STATES or states * symbols > MAX_CELLS:
        raise TaskError(
            f"the constraint is too large: it needs more than {MAX_STATES} states, or more than "
            f"{MAX_CELLS} states × symbols; use a simpler pattern or fewer lengths"
        )
