"""Where time goes: seconds and calls by the name of a stage, from any thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spent:
    """``seconds`` on the clock of the thread that did it, over ``calls``; threads add up."""

    seconds: float = 0.0
    calls: int = 0


class Stopwatch:
    """Adds up what is timed; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spent: dict[str, Spent] = {}

    @contextmanager
    def time(self, name: str) -> Iterator[None]:
        """Add the time of a ``with`` block to a stage, also where it raises."""
        start = time.perf_counter()
        try:
            yield
        finally:
            took = time.perf_counter() - start
            with self._lock:
                before = self._spent.get(name, Spent())
                self._spent[name] = Spent(before.seconds + took, before.calls + 1)

    def spent(self) -> dict[str, Spent]:
        """Every stage so far, in the order of their first ends."""
        with self._lock:
            return dict(self._spent)
