"""Syntax tree → Thompson NFA → DFA, over the symbols of one charset.

Sets of symbols and sets of NFA states are Python integers used as bit sets. Symbols that no part
of the tree tells apart share a block, so the cost does not grow with the charset. Every stage is
bounded: beyond a bound it is a TaskError, never a blow-up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from solver.errors import TaskError

MAX_NFA = 1_000  # states, and visits of tree nodes
MAX_DFA = 2_000  # states
MAX_WORK = 2_000_000  # steps of the subset construction


@dataclass(frozen=True, slots=True)
class One:
    """One symbol of a bit set."""

    symbols: int


@dataclass(frozen=True, slots=True)
class Sequence:
    """All parts, one after the other; without parts, the empty string."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Any one of the parts."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """`part` from `least` to `most` times; without bound when `most` is None."""

    part: Node
    least: int
    most: int | None


Node = One | Sequence | Choice | Repeat


@dataclass(frozen=True, slots=True)
class Dfa:
    """A regular language; state 0 is the start.

    ``blocks`` are disjoint bit sets of symbols that together are all symbols,
    ``steps[state][block]`` is the next state or -1, ``accepting[state]`` says where a string may
    end.
    """

    blocks: tuple[int, ...]
    steps: tuple[tuple[int, ...], ...]
    accepting: tuple[bool, ...]


def anything(size: int) -> Dfa:
    """The language of all strings over `size` symbols."""
    return Dfa(blocks=((1 << size) - 1,), steps=((0,),), accepting=(True,))


def determinise(node: Node, size: int) -> Dfa:
    """The automaton of a tree over `size` symbols, by subset construction."""
    nfa = _Nfa(node)
    blocks = _blocks((mask for mask, _ in nfa.consuming.values()), size)
    start = nfa.closure(nfa.start)
    states = {start: 0}
    queue = [start]
    steps: list[tuple[int, ...]] = []
    work = 0
    while len(steps) < len(queue):
        edges = [nfa.consuming[place] for place in _bits(queue[len(steps)] & nfa.mask)]
        work += (len(edges) + 1) * len(blocks)
        row = []
        for block in blocks:
            following = 0
            for mask, target in edges:
                if mask & block:
                    following |= nfa.closure(target)
            if following and following not in states:
                states[following] = len(states)
                queue.append(following)
            row.append(states[following] if following else -1)
        steps.append(tuple(row))
        if len(states) > MAX_DFA or work > MAX_WORK:
            raise TaskError(
                f"the pattern is too complex: its automaton has more than {MAX_DFA} states or "
                f"takes more than {MAX_WORK} steps to build; write a simpler pattern"
            )
    accepting = tuple(bool(state >> nfa.final & 1) for state in queue)
    return Dfa(blocks, tuple(steps), accepting)


class _Nfa:
    """Thompson's construction, built from the end so that every part knows what follows it."""

    def __init__(self, node: Node) -> None:
        self.silent: list[list[int]] = []
        self.consuming: dict[int, tuple[int, int]] = {}  # state -> (bit set of symbols, target)
        self._visits = 0
        self._closures: dict[int, int] = {}
        self.final = self._state()
        self.start = self._build(node, self.final)
        self.mask = sum(1 << place for place in self.consuming)

    def closure(self, state: int) -> int:
        """Bit set of the states that `state` reaches without a symbol, itself included."""
        if state not in self._closures:
            seen = 0
            stack = [state]
            while stack:
                place = stack.pop()
                if not seen >> place & 1:
                    seen |= 1 << place
                    stack.extend(self.silent[place])
            self._closures[state] = seen
        return self._closures[state]

    def _state(self, *targets: int) -> int:
        self.silent.append(list(targets))
        return len(self.silent) - 1

    def _build(self, node: Node, following: int) -> int:
        """Entry state of `node` when it is followed by the state `following`."""
        self._visits += 1
        if self._visits > MAX_NFA or len(self.silent) > MAX_NFA:
            raise TaskError(
                f"the pattern is too long: written out it has more than {MAX_NFA} parts; use "
                "smaller repetitions"
            )
        match node:
            case One(symbols):
                entry = self._state()
                self.consuming[entry] = (symbols, following)
                return entry
            case Sequence(parts):
                for part in reversed(parts):
                    following = self._build(part, following)
                return following
            case Choice(parts):
                return self._state(*[self._build(part, following) for part in parts])
            case Repeat(part, least, most):
                entry = self._optional(part, following, None if most is None else most - least)
                for _ in range(least):
                    entry = self._build(part, entry)
                return entry

    def _optional(self, part: Node, following: int, most: int | None) -> int:
        if most is None:
            loop = self._state(following)
            self.silent[loop].append(self._build(part, loop))
            return loop
        entry = following
        for _ in range(most):
            entry = self._state(self._build(part, entry), following)
        return entry


def _blocks(masks: Iterable[int], size: int) -> tuple[int, ...]:
    """The coarsest division of the symbols that every mask is a union of."""
    blocks = {(1 << size) - 1}
    for mask in sorted(set(masks)):
        blocks = {part for block in blocks for part in (block & mask, block & ~mask) if part}
    return tuple(sorted(blocks))


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
