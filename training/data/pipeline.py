"""Batches of tensors from labelled files, seeded, in the same order on every run.

Pictures are decoded by :mod:`solver.images` and fitted by :mod:`solver.preprocess`; what training
adds (a horizontal stretch, :mod:`training.augment`) works on the uint8 canvas between the two.
No TensorFlow here.
"""

from __future__ import annotations

import itertools
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solver import images, preprocess
from solver.spec import InputSpec
from training.augment import augment, stretch
from training.samples import Sample

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]
Int32 = npt.NDArray[np.int32]

TRAIN_MULTIPLE = 32
STRETCH = (0.8, 1.25)
STEP_PIXELS = 4
LOOK_AHEAD = 6


@dataclass(frozen=True, slots=True)
class Look:
    """One look at one sample: which sample, and how wide its canvas shall be."""

    index: int
    width: int


class Canvases:
    """Decoded canvases by sample index, kept in memory up to ``limit`` bytes; thread-safe."""

    def __init__(self, samples: Sequence[Sample], spec: InputSpec, *, limit: int) -> None:
        self._samples = samples
        self._spec = spec
        self._limit = limit
        self._kept: dict[int, UInt8] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> UInt8:
        kept = self._kept.get(index)
        if kept is not None:
            return kept
        picture = images.load(self._samples[index].content())
        canvas, _ = preprocess.canvas(picture, self._spec)
        with self._lock:
            if self._bytes + canvas.nbytes <= self._limit:
                self._kept[index] = canvas
                self._bytes += canvas.nbytes
        return canvas


class Feeder:
    """Batches for one training run.

    ``repeats[i]`` says how often an epoch shows sample i; a fraction is met by chance over
    epochs. ``encode`` turns a label into class indices. Order, stretch and augmentation depend
    on ``seed`` and the epoch alone.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        repeats: Sequence[float],
        *,
        spec: InputSpec,
        encode: Callable[[str], Sequence[int]],
        batch: int,
        seed: int,
        augmented: bool = True,
        workers: int = 2,
        cache_bytes: int = 4 << 30,
    ) -> None:
        if len(samples) != len(repeats):
            raise ValueError(f"expected {len(samples)} repeats, received {len(repeats)}")
        self._samples = samples
        self._repeats = np.asarray(repeats, dtype=np.float64)
        self._spec = spec
        self._encode = encode
        self._batch = batch
        self._seed = seed
        self._augmented = augmented
        self._workers = workers
        self._canvases = Canvases(samples, spec, limit=cache_bytes)
        self._widths = np.array(_parallel(self._native_width, range(len(samples)), workers))

    def plan(self, epoch: int) -> list[list[Look]]:
        """The batches of an epoch; every batch has one width, where it is free a multiple of 32."""
        rng = np.random.default_rng([self._seed, epoch])
        whole = np.floor(self._repeats)
        counts = whole + (rng.random(len(self._samples)) < self._repeats - whole)
        order = np.repeat(np.arange(len(self._samples)), counts.astype(np.int64))
        rng.shuffle(order)
        factors = np.exp(rng.uniform(np.log(STRETCH[0]), np.log(STRETCH[1]), size=len(order)))
        waiting: dict[int, list[Look]] = defaultdict(list)
        batches: list[list[Look]] = []
        for index, factor in zip(order.tolist(), factors.tolist(), strict=True):
            width = self._train_width(index, factor)
            bucket = waiting[width]
            bucket.append(Look(index, width))
            if len(bucket) == self._batch:
                batches.append(bucket)
                waiting[width] = []
        batches.extend(rest for rest in waiting.values() if len(rest) >= self._batch // 4)
        rng.shuffle(batches)  # type: ignore[arg-type]
        return batches

    def epoch(self, epoch: int, *, start: int = 0) -> Iterator[tuple[Float32, Int32]]:
        """Yield ``(x (N, h, w, c) float32, y (N, L) int32 padded with -1)`` from step ``start``."""
        todo = list(enumerate(self.plan(epoch)))[start:]
        with ThreadPoolExecutor(self._workers, thread_name_prefix="feeder") as pool:
            running: deque[Future[tuple[Float32, Int32]]] = deque()
            for step, looks in todo:
                running.append(pool.submit(self._make, epoch, step, looks))
                if len(running) > LOOK_AHEAD:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()

    def canvas(self, look: Look, rng: np.random.Generator) -> UInt8:
        """What training makes of one picture, as ``(h, look.width, c) uint8``."""
        canvas, width = self._canvases[look.index], look.width
        if self._augmented:
            # Some pictures keep their shape and get padding, as they will in use.
            keep = canvas.shape[1] <= width and rng.random() < 0.4
            canvas = augment(canvas if keep else stretch(canvas, width), rng)
        fitted = stretch(canvas, width) if canvas.shape[1] > width else canvas
        shape = (self._spec.height, width, self._spec.channels)
        padded = np.full(shape, self._spec.fill, dtype=np.uint8)
        padded[:, : fitted.shape[1]] = fitted.reshape(*fitted.shape[:2], -1)
        return padded

    def _native_width(self, index: int) -> int:
        return int(self._canvases[index].shape[1])

    def _train_width(self, index: int, factor: float) -> int:
        if self._spec.width is not None:
            return self._spec.width
        steps = steps_needed(self._samples[index].label)
        wanted = self._widths[index] * (factor if self._augmented else 1.0)
        wanted = min(max(wanted, steps * STEP_PIXELS, self._spec.min_width), self._spec.max_width)
        return -(-int(wanted) // TRAIN_MULTIPLE) * TRAIN_MULTIPLE

    def _make(self, epoch: int, step: int, looks: list[Look]) -> tuple[Float32, Int32]:
        rng = np.random.default_rng([self._seed, epoch, step])
        pixels = np.stack([self.canvas(look, rng) for look in looks])
        codes = [list(self._encode(self._samples[look.index].label)) for look in looks]
        y = np.full((len(looks), max(map(len, codes))), -1, dtype=np.int32)
        for row, code in enumerate(codes):
            y[row, : len(code)] = code
        return preprocess.tensor(pixels, self._spec), y


def predict_batches(
    samples: Sequence[Sample], spec: InputSpec, *, batch: int, workers: int = 2
) -> Iterator[tuple[list[int], Float32]]:
    """Each sample exactly once, unchanged, as in use: ``(indices, x (N, h, w, c))``."""
    waiting: dict[int, list[tuple[int, Float32]]] = defaultdict(list)

    def tensor(index: int) -> Float32:
        return preprocess.preprocess(images.load(samples[index].content()), spec)[0]

    with ThreadPoolExecutor(workers) as pool:
        for index, one in enumerate(pool.map(tensor, range(len(samples)))):
            bucket = waiting[one.shape[1]]
            bucket.append((index, one))
            if len(bucket) == batch:
                yield [i for i, _ in bucket], np.stack([x for _, x in bucket])
                bucket.clear()
    for bucket in waiting.values():
        if bucket:
            yield [i for i, _ in bucket], np.stack([x for _, x in bucket])


def steps_needed(label: str) -> int:
    """CTC steps that a label takes: one a symbol, and a blank between equal neighbours."""
    return len(label) + sum(left == right for left, right in itertools.pairwise(label))


def _parallel(function: Callable[[int], int], items: range, workers: int) -> list[int]:
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(function, items, chunksize=256))
