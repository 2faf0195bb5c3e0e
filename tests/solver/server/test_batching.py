"""The queue: order, bounds, what waits together goes together, and one that spoils nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from solver.server.batching import Batcher, Pictures, QueueFull


class Runner:
    """Answers with the picture's name; keeps the batches; can be held."""

    def __init__(self) -> None:
        self.batches: list[tuple[Any, int]] = []
        self.free = threading.Event()
        self.free.set()
        self.begun = threading.Event()

    def __call__(self, key: Any, pictures: Sequence[Pictures]) -> list[Any]:
        self.begun.set()
        assert self.free.wait(30)
        self.batches.append((key, len(pictures)))
        if any(picture["image"] == b"bad" for picture in pictures):
            raise RuntimeError("spoilt")
        return [picture["image"] for picture in pictures]


def pictures(*names: bytes) -> list[Pictures]:
    return [{"image": name} for name in names]


def run(test: Callable[[Batcher, Runner], Awaitable[None]], **options: Any) -> None:
    runner = Runner()
    batcher = Batcher(runner, **{"workers": 1, "limit": 8, "micro_batch": 4, **options})

    async def main() -> None:
        try:
            await asyncio.wait_for(test(batcher, runner), 30)
        finally:
            runner.free.set()
            await asyncio.get_running_loop().run_in_executor(None, batcher.close, 30)

    asyncio.run(main())
    assert batcher.held == 0


async def hold(batcher: Batcher, runner: Runner) -> Any:
    """Occupy the only thread; returns its job."""
    runner.free.clear()
    job = batcher.submit("first", pictures(b"0"))
    assert await asyncio.get_running_loop().run_in_executor(None, runner.begun.wait, 30)
    return job


def test_one_alone() -> None:
    async def test(batcher: Batcher, runner: Runner) -> None:
        job = batcher.submit("key", pictures(b"a"))
        assert await job.future == [b"a"]
        assert runner.batches == [("key", 1)]

    run(test)


def test_what_waits_and_asks_the_same_goes_together() -> None:
    async def test(batcher: Batcher, runner: Runner) -> None:
        first = await hold(batcher, runner)
        jobs = [
            batcher.submit(key, pictures(name))
            for key, name in [("x", b"1"), ("y", b"2"), ("x", b"3"), ("x", b"4")]
        ]
        runner.free.set()
        answers = [await job.future for job in [first, *jobs]]
        assert answers == [[b"0"], [b"1"], [b"2"], [b"3"], [b"4"]]
        assert runner.batches == [("first", 1), ("x", 3), ("y", 1)]

    run(test)


def test_a_batch_is_no_larger_than_it_may_be() -> None:
    async def test(batcher: Batcher, runner: Runner) -> None:
        first = await hold(batcher, runner)
        sizes = [2, 1, 3, 1]
        jobs = [batcher.submit("x", pictures(*[b"p"] * size)) for size in sizes]
        runner.free.set()
        for job in [first, *jobs]:
            await job.future
        # The job of three does not fit beside the others; one that is larger than a batch is alone.
        assert runner.batches == [("first", 1), ("x", 4), ("x", 3)]

    run(test)


def test_the_queue_counts_pictures_and_refuses_beyond_its_limit() -> None:
    async def test(batcher: Batcher, runner: Runner) -> None:
        first = await hold(batcher, runner)
        job = batcher.submit("x", pictures(*[b"p"] * 7))
        assert batcher.held == 8
        with pytest.raises(QueueFull) as caught:
            batcher.submit("x", pictures(b"q"))
        assert caught.value.retry_after >= 1
        assert caught.value.status_code == 429
        runner.free.set()
        assert len(await job.future) == 7
        await first.future
        assert await batcher.submit("x", pictures(b"q")).future == [b"q"]

    run(test)


def test_what_nobody_waits_for_is_not_begun() -> None:
    async def test(batcher: Batcher, runner: Runner) -> None:
        first = await hold(batcher, runner)
        gone = batcher.submit("x", pictures(b"gone"))
        batcher.abandon(gone)
        batcher.abandon(gone)
        assert batcher.held == 1
        runner.free.set()
        await first.future
        assert gone.future.cancelled()
        assert runner.batches == [("first", 1)]

    run(test)


def test_one_that_fails_does_not_spoil_its_neighbours() -> None:
    async def test(batcher: Batcher, runner: Runner) -> None:
        await hold(batcher, runner)
        jobs = [batcher.submit("x", pictures(name)) for name in (b"a", b"bad", b"c")]
        runner.free.set()
        assert (await jobs[0].future, await jobs[2].future) == ([b"a"], [b"c"])
        with pytest.raises(RuntimeError, match="spoilt"):
            await jobs[1].future

    run(test)


def test_closing_answers_what_was_taken_and_takes_no_more() -> None:
    async def test(batcher: Batcher, runner: Runner) -> None:
        first = await hold(batcher, runner)
        waiting = batcher.submit("x", pictures(b"1"))
        loop = asyncio.get_running_loop()
        closing = loop.run_in_executor(None, batcher.close, 30)
        runner.free.set()
        assert await first.future == [b"0"]
        assert await waiting.future == [b"1"]
        await closing
        with pytest.raises(QueueFull):
            batcher.submit("x", pictures(b"2"))

    run(test)


def test_many_threads_give_each_asker_its_own_answer() -> None:
    async def test(batcher: Batcher, runner: Runner) -> None:
        names = [str(number).encode() for number in range(200)]

        async def ask(name: bytes) -> bool:
            return await batcher.submit("x", pictures(name)).future == [name]

        assert all(await asyncio.gather(*map(ask, names)))

    run(test, workers=4, limit=200)
