"""Processes that draw pictures, each at the other end of a pipe.

Drawing is Python's work: in a thread it would hold up the training, which needs the same lock. A
process ends when its pipe does, so none is left behind by a run that was killed.
"""

from __future__ import annotations

import signal
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import TypeAlias

from training.data.endless import Endless
from training.samples import DatasetError, Sample

# Which source, which epoch, which picture of it.
Wanted: TypeAlias = tuple[int, int, int]
CHUNK = 32


class Artists:
    """Processes that draw; any number of threads may ask them."""

    def __init__(self, sources: Sequence[Endless], *, workers: int) -> None:
        """Start ``workers`` processes.

        Each imports the program that was started anew: in a script, what trains must stand below
        ``if __name__ == "__main__":``.
        """
        # A fresh process each: a fork would copy locks that TensorFlow's threads hold.
        context = get_context("spawn")
        self._idle: SimpleQueue[Connection] = SimpleQueue()
        self._pipes: list[Connection] = []
        self._processes = []
        for _ in range(workers):
            ours, theirs = context.Pipe()
            process = context.Process(target=serve, args=(theirs, sources), daemon=True)
            process.start()
            theirs.close()
            self._processes.append(process)
            self._pipes.append(ours)
            self._idle.put(ours)

    def draw(self, wanted: Sequence[Wanted]) -> list[Sample]:
        """The pictures, in the order that they were asked for.

        Raises:
            DatasetError: a generator failed, or a process ended.
        """
        chunks = [wanted[start : start + CHUNK] for start in range(0, len(wanted), CHUNK)]
        with ThreadPoolExecutor(len(self._pipes), thread_name_prefix="artists") as threads:
            return [sample for part in threads.map(self._ask, chunks) for sample in part]

    def _ask(self, wanted: Sequence[Wanted]) -> list[Sample]:
        pipe = self._idle.get()
        try:
            pipe.send(wanted)
            answer: list[Sample] | str = pipe.recv()
        except (EOFError, OSError) as error:
            raise DatasetError(
                "a process that draws pictures has ended: too little memory, or a script that "
                'trains without `if __name__ == "__main__":` above its work'
            ) from error
        finally:
            self._idle.put(pipe)
        if isinstance(answer, str):
            raise DatasetError(answer)
        return answer

    def close(self) -> None:
        """End the processes."""
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.join()


def serve(pipe: Connection, sources: Sequence[Endless]) -> None:
    """Draw what the other end of the pipe asks for, until it closes."""
    import cv2

    cv2.setNumThreads(1)
    # Control-C is for the program that trains; the end of the pipe tells this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            wanted: Sequence[Wanted] = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            pipe.send(_drawn(sources, wanted))
        except OSError:
            return


def _drawn(sources: Sequence[Endless], wanted: Sequence[Wanted]) -> list[Sample] | str:
    """The pictures, or the sentence that says why there are none."""
    found = []
    for number, epoch, picture in wanted:
        try:
            found.append(sources[number].draw(epoch, picture))
        except Exception as error:  # a generator may raise anything; the run says what
            source = sources[number]
            return f"{source.path}: its generator failed: {type(error).__name__}: {error}"
    return found
