"""What the server remembers: challenges that wait for an answer, and what became of each.

A challenge belongs to one visitor (a cookie) and is good for one answer, right or wrong, for a
while. A visitor who asks for another loses the one before. Both asking and answering are limited
by address.
"""

from __future__ import annotations

import itertools
import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from examples.demo_site.challenges import Challenge, Form, Kind

MOST_VISITORS = 10_000
OPEN, SOLVED, WRONG, EXPIRED, REPLACED = "open", "solved", "wrong", "expired", "replaced"
NONE = "none"


@dataclass(slots=True)
class Record:
    """One challenge; times are the server's clock, seconds."""

    number: int
    kind: str
    visitor: str
    made: float
    answered: float | None = None
    outcome: str = OPEN


@dataclass(frozen=True, slots=True)
class Summary:
    """A kind's records, by visitor: each visitor logs in once, in as many tries as that takes."""

    kind: str
    visitors: int
    first: int  # whose first answer was right
    answers: int
    solved: int
    seconds: float | None  # from a visitor's first picture to being in, mean over those who are


class LimitedError(Exception):
    """Too much at once; ``seconds`` until it is worth another attempt."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"too many requests: wait {seconds:.0f} s")
        self.seconds = seconds


class Desk:
    """Hands challenges out and judges answers. Safe to share between threads.

    Options: ``lifetime`` of a challenge in seconds; ``limit``, how many challenges and how many
    answers an address may have in a minute; ``seed`` for the drawings; ``clock`` in seconds.
    """

    def __init__(
        self,
        kinds: dict[str, Kind],
        *,
        lifetime: float = 120.0,
        limit: int = 600,
        seed: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.kinds = kinds
        self.lifetime, self.limit = lifetime, limit
        self._clock = clock
        self._seeds = np.random.SeedSequence(seed)
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._waiting: OrderedDict[tuple[str, str], tuple[Record, Challenge]] = OrderedDict()
        self._recent: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()
        self._records: deque[Record] = deque(maxlen=100_000)

    @staticmethod
    def visitor() -> str:
        """A name for somebody new."""
        return secrets.token_urlsafe(18)

    def ask(self, kind: str, *, visitor: str, address: str) -> Challenge:
        """A new challenge; the visitor's former one of that kind is void.

        Raises:
            KeyError: there is no such kind.
            LimitedError: the address asks too often.
        """
        maker = self.kinds[kind]
        with self._lock:
            self._count(("ask", address))
            rng = np.random.default_rng(self._seeds.spawn(1)[0])
        challenge = maker.make(rng)
        with self._lock:
            before = self._waiting.pop((visitor, kind), None)
            if before is not None:
                before[0].outcome = REPLACED
            record = Record(next(self._numbers), kind, visitor, self._clock())
            self._records.append(record)
            self._waiting[visitor, kind] = record, challenge
            while len(self._waiting) > MOST_VISITORS:
                _, (lost, _) = self._waiting.popitem(last=False)
                lost.outcome = EXPIRED
        return challenge

    def judge(self, kind: str, form: Form, *, visitor: str, address: str) -> str:
        """``solved``, ``wrong``, ``expired``, or ``none`` where no challenge waits.

        Raises:
            LimitedError: the address answers too often.
        """
        with self._lock:
            self._count(("answer", address))
            record, challenge = self._waiting.pop((visitor, kind), (None, None))
            if record is None or challenge is None:
                return NONE
            record.answered = self._clock()
            if record.answered - record.made > self.lifetime:
                record.outcome = EXPIRED
            else:
                record.outcome = SOLVED if challenge.right(form) else WRONG
            return record.outcome

    def answer(self, kind: str, *, visitor: str | None = None) -> Form:
        """The right answer to what a visitor, or the last one, was asked: a hook for tests, which
        no address of the server leads to.

        Raises:
            KeyError: nothing waits for an answer.
        """
        with self._lock:
            for (name, asked), (_, challenge) in reversed(self._waiting.items()):
                if asked == kind and visitor in (None, name):
                    return challenge.answer
        raise KeyError(f"no challenge of the kind {kind!r} waits for an answer")

    def records(self) -> list[Record]:
        """Every challenge, oldest first."""
        with self._lock:
            return list(self._records)

    def summary(self, kind: str) -> Summary:
        """What became of a kind's challenges."""
        visits: dict[str, list[Record]] = {}
        for record in self.records():
            if record.kind == kind:
                visits.setdefault(record.visitor, []).append(record)
        answered = {
            name: [record for record in records if record.answered is not None]
            for name, records in visits.items()
        }
        answered = {name: records for name, records in answered.items() if records}
        times = []
        for name, records in answered.items():
            done = next((r.answered for r in records if r.outcome == SOLVED), None)
            if done is not None:
                times.append(done - visits[name][0].made)
        return Summary(
            kind=kind,
            visitors=len(answered),
            first=sum(records[0].outcome == SOLVED for records in answered.values()),
            answers=sum(map(len, answered.values())),
            solved=sum(r.outcome == SOLVED for records in answered.values() for r in records),
            seconds=sum(times) / len(times) if times else None,
        )

    def _count(self, what: tuple[str, str]) -> None:
        """Take one of an address's turns of the last minute."""
        now = self._clock()
        turns = self._recent.setdefault(what, deque())
        self._recent.move_to_end(what)
        while turns and now - turns[0] >= 60:
            turns.popleft()
        if len(turns) >= self.limit:
            raise LimitedError(60 - (now - turns[0]))
        turns.append(now)
        while len(self._recent) > MOST_VISITORS:
            self._recent.popitem(last=False)
