"""A bounded queue in front of a few threads: what waits together is answered together.

A free thread takes the oldest job and, with it, up to ``micro_batch`` jobs that ask the same of
other pictures. Nothing is ever held back to fill a batch: under little load a job is alone, and
batches grow as jobs wait. Places in the queue are counted in pictures and are taken before any
picture is decoded.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

from solver.errors import ServiceError

_LOG = logging.getLogger(__name__)

Pictures = dict[str, bytes]
Outcome = Any  # an answer, or the Exception in its place
Settled = Sequence[Outcome] | Exception  # of a job: its outcomes, or why it has none
Run = Callable[[Any, Sequence[Pictures]], Sequence[Outcome]]
# How much the last batch counts for the time that a picture takes, which says when to come again.
_NEWEST = 0.1
_LONGEST_WAIT = 60


@dataclass(eq=False, slots=True)
class Job:
    """Pictures that ask the same, and where their answers go."""

    key: Hashable
    pictures: Sequence[Pictures]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Sequence[Outcome]]
    taken: float = field(default_factory=time.monotonic)
    started: float | None = None


class QueueFull(ServiceError):  # noqa: N818 -- a state of the queue, as queue.Full
    """There is no place for so many pictures now; ``retry_after`` is in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            f"all places in the queue are taken; try again in {retry_after} s", status_code=429
        )
        self.retry_after = retry_after


class Batcher:
    """``workers`` threads that answer jobs by ``run``, at most ``limit`` pictures at once.

    ``run(key, pictures)`` gives an outcome for each of them, in order. Where it raises, each job
    is tried alone, and what it raises then is raised by the job's future.
    """

    def __init__(
        self,
        run: Run,
        *,
        workers: int,
        limit: int,
        micro_batch: int,
        observe: Callable[[int], None] = lambda size: None,
    ) -> None:
        self._run = run
        self._limit = limit
        self._micro_batch = micro_batch
        self._observe = observe
        self._waiting: deque[Job] = deque()
        self._changed = threading.Condition()
        self._held = 0
        self._closing = False
        self._seconds = 0.0
        self._threads = [
            threading.Thread(target=self._work, name=f"answer-{number}", daemon=True)
            for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def held(self) -> int:
        """Pictures that were taken and are not yet answered."""
        return self._held

    def check_room(self, count: int = 1) -> None:
        """Raise QueueFull if ``count`` pictures would not be taken now."""
        if self._held + count > self._limit or self._closing:
            raise QueueFull(self._retry_after())

    def submit(self, key: Hashable, pictures: Sequence[Pictures]) -> Job:
        """Take pictures; the job's future gets an outcome for each. Call it on an event loop.

        Raises:
            QueueFull: there is no room; nothing was taken.
        """
        loop = asyncio.get_running_loop()
        job = Job(key, pictures, loop, loop.create_future())
        with self._changed:
            self.check_room(len(pictures))
            self._held += len(pictures)
            self._waiting.append(job)
            self._changed.notify()
        return job

    def abandon(self, job: Job) -> None:
        """Nobody waits for a job any more: it is not begun, if it was not. Call it on its loop."""
        job.future.cancel()
        with self._changed:
            if job.started is None and job in self._waiting:
                self._waiting.remove(job)
                self._held -= len(job.pictures)

    def close(self, timeout: float) -> None:
        """Answer what was taken, take nothing more, and end the threads."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        end = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _retry_after(self) -> int:
        """Whole seconds until what is held now should be answered."""
        seconds = self._held * self._seconds / len(self._threads)
        return max(1, min(_LONGEST_WAIT, round(seconds)))

    def _work(self) -> None:
        while jobs := self._take():
            outcomes = self._answer(jobs)
            self._settle(jobs)
            by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Job, Settled]]] = {}
            for job, outcome in zip(jobs, outcomes, strict=True):
                by_loop.setdefault(job.loop, []).append((job, outcome))
            for loop, settled in by_loop.items():
                try:
                    loop.call_soon_threadsafe(_deliver, settled)
                except RuntimeError:  # the loop was closed: its askers are gone
                    _LOG.info("%d answers had nobody to go to", len(settled))

    def _take(self) -> list[Job]:
        """The oldest job and those that can go with it; none when all is done and closed."""
        with self._changed:
            while not self._waiting:
                if self._closing:
                    return []
                self._changed.wait()
            first = self._waiting.popleft()
            jobs, room = [first], self._micro_batch - len(first.pictures)
            if room > 0:
                kept: deque[Job] = deque()
                for job in self._waiting:
                    if job.key == first.key and len(job.pictures) <= room:
                        jobs.append(job)
                        room -= len(job.pictures)
                    else:
                        kept.append(job)
                self._waiting = kept
            now = time.monotonic()
            for job in jobs:
                job.started = now
            return jobs

    def _answer(self, jobs: Sequence[Job]) -> list[Settled]:
        pictures = [picture for job in jobs for picture in job.pictures]
        self._observe(len(pictures))
        try:
            outcomes = self._run(jobs[0].key, pictures)
        except Exception as error:
            if len(jobs) > 1:  # one of them spoils it: the others must not suffer
                return [self._answer([job])[0] for job in jobs]
            return [error]
        parts: list[Settled] = []
        start = 0
        for job in jobs:
            parts.append(outcomes[start : start + len(job.pictures)])
            start += len(job.pictures)
        return parts

    def _settle(self, jobs: Sequence[Job]) -> None:
        count = sum(len(job.pictures) for job in jobs)
        each = (time.monotonic() - (jobs[0].started or 0.0)) / max(1, count)
        with self._changed:
            self._held -= count
            self._seconds += (_NEWEST if self._seconds else 1.0) * (each - self._seconds)


def _deliver(settled: Sequence[tuple[Job, Settled]]) -> None:
    for job, outcomes in settled:
        if job.future.done():
            continue
        if isinstance(outcomes, Exception):
            job.future.set_exception(outcomes)
        else:
            job.future.set_result(outcomes)


__all__ = ["Batcher", "Job", "Outcome", "Pictures", "QueueFull", "Run"]
