"""Batches, order, look-ahead and failures of the stream."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from solver.errors import ImageError, ModelError, TaskError
from solver.tasks.stream import LOOK_AHEAD, answer_many


class Bench:
    """A network that says which tensors it saw together; sources are widths."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.asked = 0

    def sources(self, widths: Sequence[int]) -> Iterator[int]:
        for width in widths:
            self.asked += 1
            yield width

    def prepare(self, width: int) -> Any:
        if width < 0:
            raise ImageError(f"width {width}")
        return np.zeros((1, width, 1), np.float32), f"w{width}"

    def run(self, tensors: Sequence[Any]) -> list[int]:
        self.batches.append([tensor.shape[1] for tensor in tensors])
        return self.batches[-1]

    def finish(self, width: int, kept: str) -> str:
        if width == 13:
            raise TaskError("unlucky")
        assert kept == f"w{width}"
        return kept

    def answers(self, widths: Sequence[int], batch_size: int) -> Iterator[tuple[int, Any]]:
        return answer_many(
            self.sources(widths),
            prepare=self.prepare,
            run=self.run,
            finish=self.finish,
            batch_size=batch_size,
        )


@pytest.mark.parametrize("batch_size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize(
    "widths", [[], [5], [5] * 10, [1, 2, 3], [-1, 5, 13, 5, -2], [1] + [2] * 30, [1, 2] * 20]
)
def test_every_source_is_answered_in_order(widths: list[int], batch_size: int) -> None:
    bench = Bench()
    got = list(bench.answers(widths, batch_size))
    assert [source for source, _ in got] == widths
    for source, answer in got:
        if source < 0:
            assert isinstance(answer, ImageError)
        elif source == 13:
            assert isinstance(answer, TaskError)
        else:
            assert answer == f"w{source}"
    assert all(len(set(batch)) == 1 and len(batch) <= batch_size for batch in bench.batches)
    assert sum(map(len, bench.batches)) == sum(width > 0 for width in widths)


def test_batches_are_full_where_widths_repeat() -> None:
    bench = Bench()
    list(bench.answers([1, 2] * 20, 10))
    assert sorted(map(len, bench.batches)) == [10, 10, 10, 10]


@pytest.mark.parametrize("widths", [[5] * 1000, list(range(1, 1001)), [1] + [2] * 999, [-1] * 1000])
def test_the_source_is_read_only_so_far_ahead(widths: list[int]) -> None:
    bench = Bench()
    for answered, _ in enumerate(bench.answers(widths, 4)):
        assert bench.asked - answered <= LOOK_AHEAD * 4


def test_nothing_is_read_before_the_first_answer_is_wanted() -> None:
    bench = Bench()
    bench.answers([1, 2, 3], 2)
    assert bench.asked == 0


def test_other_errors_stop_the_stream() -> None:
    def broken(tensors: Sequence[Any]) -> list[int]:
        raise ModelError("no network")

    bench = Bench()
    with pytest.raises(ModelError, match="no network"):
        list(answer_many([1], prepare=bench.prepare, run=broken, finish=bench.finish, batch_size=1))


def test_an_error_of_the_source_itself_comes_through() -> None:
    def sources() -> Iterator[int]:
        yield 1
        raise RuntimeError("disk gone")

    bench = Bench()
    answers = answer_many(
        sources(), prepare=bench.prepare, run=bench.run, finish=bench.finish, batch_size=1
    )
    assert next(answers) == (1, "w1")
    with pytest.raises(RuntimeError, match="disk gone"):
        next(answers)
