"""Many pictures through one network: true batches, answers in order, bounded look-ahead.

A batch holds tensors of one shape only, so that nothing is padded and an answer does not depend
on its neighbours. Where widths differ, pictures wait in a bucket a width until it is full, or
until :data:`LOOK_AHEAD` batches of pictures have been read past the oldest unanswered one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from solver.errors import ImageError, LowConfidenceError, TaskError

LOOK_AHEAD = 4
# What is wrong with one picture; anything else (a damaged model, say) stops the run.
PICTURE_ERRORS = (ImageError, TaskError, LowConfidenceError)

Float32 = npt.NDArray[np.float32]
PictureError = ImageError | TaskError | LowConfidenceError
Source = TypeVar("Source")
Kept = TypeVar("Kept")
Output = TypeVar("Output")
Answer = TypeVar("Answer")


def answer_many(
    sources: Iterable[Source],
    *,
    prepare: Callable[[Source], tuple[Float32, Kept]],
    run: Callable[[Sequence[Float32]], Sequence[Output]],
    finish: Callable[[Output, Kept], Answer],
    batch_size: int,
) -> Iterator[tuple[Source, Answer | PictureError]]:
    """Yield every source with its answer, or with what is wrong with it, in order.

    ``prepare`` makes a source's tensor, and what is kept of it for ``finish``, which turns one
    output into an answer; ``run`` takes at most ``batch_size`` tensors of one shape. At most
    ``LOOK_AHEAD * batch_size`` sources are read ahead of the one that is yielded.
    """
    waiting: dict[int, Source] = {}  # read and not yet yielded, oldest first
    done: dict[int, Answer | PictureError] = {}
    buckets: dict[tuple[int, ...], dict[int, tuple[Float32, Kept]]] = {}
    shapes: dict[int, tuple[int, ...]] = {}

    def run_bucket(shape: tuple[int, ...]) -> None:
        bucket = buckets.pop(shape)
        outputs = run([tensor for tensor, _ in bucket.values()])
        for (index, (_, kept)), output in zip(bucket.items(), outputs, strict=True):
            del shapes[index]
            try:
                done[index] = finish(output, kept)
            except PICTURE_ERRORS as error:
                done[index] = error

    def ready() -> Iterator[tuple[Source, Answer | PictureError]]:
        while waiting and (oldest := next(iter(waiting))) in done:
            yield waiting.pop(oldest), done.pop(oldest)

    for index, source in enumerate(sources):
        waiting[index] = source
        try:
            tensor, kept = prepare(source)
        except PICTURE_ERRORS as error:
            done[index] = error
        else:
            shapes[index] = tensor.shape
            bucket = buckets.setdefault(tensor.shape, {})
            bucket[index] = tensor, kept
            if len(bucket) >= batch_size:
                run_bucket(tensor.shape)
        yield from ready()
        if len(waiting) >= LOOK_AHEAD * batch_size:
            run_bucket(shapes[next(iter(waiting))])
            yield from ready()
    while buckets:
        run_bucket(next(iter(buckets)))
    yield from ready()
