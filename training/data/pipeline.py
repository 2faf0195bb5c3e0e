"""Batches of tensors from labelled files, seeded, in the same order on every run.

Pictures are decoded by :mod:`solver.images` and fitted by :mod:`solver.preprocess`; what training
adds (a horizontal stretch, :mod:`training.augment`) works on the uint8 canvas between the two.
No TensorFlow here.
"""

from __future__ import annotations

import itertools
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Container, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from solver import preprocess
from solver.geometry import Placement
from solver.spec import InputSpec
from training import photo
from training.augment import Matrix, augment_and_tell, distort, flip, moved_boxes, stretch, then
from training.data.stopwatch import Stopwatch
from training.samples import DatasetError, Sample

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]
Int32 = npt.NDArray[np.int32]
# What the samples of a batch should be answered with; boxes are pixels of the canvas.
Targets = Callable[[Sequence[Sample]], Any]

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
    """Decoded canvases by sample index, and where pictures lie on them; thread-safe.

    They are kept in memory up to ``limit`` bytes.
    """

    def __init__(
        self, samples: Sequence[Sample], spec: InputSpec, *, limit: int, watch: Stopwatch
    ) -> None:
        self._samples = samples
        self._spec = spec
        self._watch = watch
        self._limit = limit
        self._kept: dict[int, tuple[UInt8, Placement]] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._samples)

    @property
    def bytes(self) -> int:
        """Of the canvases that are kept."""
        return self._bytes

    def widths(self, *, workers: int) -> tuple[list[int], dict[int, DatasetError]]:
        """Decode every picture: how wide each canvas is, and which cannot be read, with why.

        Those have the least width that there is.
        """
        damaged: dict[int, DatasetError] = {}

        def width(index: int) -> int:
            try:
                return int(self[index][0].shape[1])
            except DatasetError as error:
                damaged[index] = error
                return self._spec.width or self._spec.min_width

        found = _parallel(width, range(len(self)), workers)
        return found, dict(sorted(damaged.items()))

    def drop(self, indices: Container[int]) -> list[Sample]:
        """Forget these samples; those after them move up. Returns what is left."""
        left = [index for index in range(len(self)) if index not in indices]
        self._kept = {
            place: self._kept[index] for place, index in enumerate(left) if index in self._kept
        }
        self._samples = [self._samples[index] for index in left]
        return list(self._samples)

    def __getitem__(self, index: int) -> tuple[UInt8, Placement]:
        kept = self._kept.get(index)
        if kept is not None:
            return kept
        with self._watch.time("read"):
            sample = self._samples[index]
            content = sample.content()
        with self._watch.time("decode"):
            canvas, placement = preprocess.canvas(sample.pixels(content), self._spec)
        with self._lock:
            if self._bytes + canvas.nbytes <= self._limit:
                self._kept[index] = canvas, placement
                self._bytes += canvas.nbytes
        return canvas, placement


class Feeder:
    """Batches for one training run.

    ``repeats[i]`` says how often an epoch shows sample i; a fraction is met by chance over
    epochs. ``targets`` turns the samples of a batch, their boxes where the canvas has them, into
    what the network should answer. ``is_strong`` adds :func:`training.augment.distort`, for samples
    without boxes. ``flipped`` is the share of looks that are mirrored. With
    ``is_photo`` pictures are changed as photographs, and ``mixed`` is the share of them that are
    mixed with another: the targets are then ``(N, 3) float32``, both classes and the share of the
    first. Order,
    stretch and augmentation depend on ``seed`` and the epoch alone. Where the width is free, a
    picture gets ``step_pixels`` for each CTC step of its label. ``is_full`` fills a last, smaller
    batch up with pictures of its own: a backend that compiles a step for each shape then sees few
    shapes. ``damaged`` are the pictures that cannot be read, by index: :meth:`leave_out` is for
    them, else the batch that shows one raises. ``watch`` is told how long the stages take.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        repeats: Sequence[float],
        *,
        spec: InputSpec,
        targets: Targets,
        batch: int,
        seed: int,
        augmented: bool = True,
        is_strong: bool = False,
        flipped: float = 0.0,
        is_photo: bool = False,
        mixed: float = 0.0,
        workers: int = 2,
        cache_bytes: int = 4 << 30,
        step_pixels: int = STEP_PIXELS,
        is_full: bool = False,
        watch: Stopwatch | None = None,
    ) -> None:
        if len(samples) != len(repeats):
            raise ValueError(f"expected {len(samples)} repeats, received {len(repeats)}")
        self._samples = samples
        self._repeats = np.asarray(repeats, dtype=np.float64)
        self._spec = spec
        self._targets = targets
        self._batch = batch
        self._seed = seed
        self._augmented = augmented
        self._is_strong = is_strong
        self._flipped = flipped
        self._is_photo = is_photo
        self._mixed = mixed
        self._workers = workers
        self._step_pixels = step_pixels
        self._is_full = is_full
        self._watch = watch or Stopwatch()
        self._canvases = Canvases(samples, spec, limit=cache_bytes, watch=self._watch)
        widths, self.damaged = self._canvases.widths(workers=workers)
        self.widths = np.array(widths)

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
        rests = [rest for rest in waiting.values() if len(rest) >= max(1, self._batch // 4)]
        if self._is_full:
            rests = [list(itertools.islice(itertools.cycle(r), self._batch)) for r in rests]
        batches.extend(rests)
        rng.shuffle(batches)  # type: ignore[arg-type]
        return batches

    @property
    def kept_bytes(self) -> int:
        """Of the decoded pictures that stay in memory."""
        return self._canvases.bytes

    def leave_out(self, indices: Sequence[int]) -> None:
        """Show these samples no more, in any epoch."""
        self._repeats[list(indices)] = 0.0

    def epoch(self, epoch: int, *, start: int = 0) -> Iterator[tuple[Float32, Any]]:
        """Yield ``(x (N, h, w, c) float32, targets)`` from step ``start``."""
        todo = list(enumerate(self.plan(epoch)))[start:]
        with ThreadPoolExecutor(self._workers, thread_name_prefix="feeder") as pool:
            running: deque[Future[tuple[Float32, Any]]] = deque()
            for step, looks in todo:
                running.append(pool.submit(self._make, epoch, step, looks))
                if len(running) > LOOK_AHEAD:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()

    def show(self, look: Look, rng: np.random.Generator) -> tuple[UInt8, Sample]:
        """What training makes of one picture, as ``(h, look.width, c) uint8``, and its sample.

        The sample has its boxes in pixels of that canvas, without those that were moved out.
        """
        canvas, placement = self._canvases[look.index]
        with self._watch.time("augment"):
            return self._shown(canvas, placement, look, rng)

    def _shown(
        self, canvas: UInt8, placement: Placement, look: Look, rng: np.random.Generator
    ) -> tuple[UInt8, Sample]:
        width, matrix = look.width, np.eye(2, 3)
        if self._augmented and self._is_photo:
            canvas = photo.change(stretch(canvas, width), rng)
        elif self._augmented:
            # Some pictures keep their shape and get padding, as they will in use.
            keep = canvas.shape[1] <= width and rng.random() < 0.4
            canvas = canvas if keep else stretch(canvas, width)
            if self._is_strong:
                canvas = distort(canvas, rng)
            canvas, matrix = augment_and_tell(canvas, rng)
            if self._flipped and rng.random() < self._flipped:
                canvas, mirrored = flip(canvas)
                matrix = then(matrix, mirrored)
        fitted = stretch(canvas, width) if canvas.shape[1] > width else canvas
        shape = (self._spec.height, width, self._spec.channels)
        padded = np.full(shape, self._spec.fill, dtype=np.uint8)
        padded[:, : fitted.shape[1]] = fitted.reshape(*fitted.shape[:2], -1)
        return padded, on_canvas(self._samples[look.index], placement, matrix, shape)

    def _train_width(self, index: int, factor: float) -> int:
        if self._spec.width is not None:
            return self._spec.width
        steps = steps_needed(self._samples[index].label)
        wanted = self.widths[index] * (factor if self._augmented else 1.0)
        wanted = max(wanted, steps * self._step_pixels, self._spec.min_width)
        return aligned(min(wanted, self._spec.max_width))

    def _make(self, epoch: int, step: int, looks: list[Look]) -> tuple[Float32, Any]:
        rng = np.random.default_rng([self._seed, epoch, step])
        shown = [self.show(look, rng) for look in looks]
        with self._watch.time("tensor"):
            pixels = np.stack([canvas for canvas, _ in shown])
            targets = self._targets([one for _, one in shown])
            if self._mixed:
                pixels, partners, kept = photo.mix(pixels, rng, share=self._mixed)
                targets = np.stack(
                    [targets[:, 0], targets[partners, 0], kept], axis=1, dtype=np.float32
                )
            return preprocess.tensor(pixels, self._spec), targets


def on_canvas(
    sample: Sample, placement: Placement, matrix: Matrix, shape: tuple[int, ...]
) -> Sample:
    """A sample with its boxes on the canvas ``(h, w, …)``, after a move; others are as they are.

    Boxes have a meaning only where the canvas has the width of the contract.
    """
    if not sample.boxes:
        return sample
    corners = np.array([(b.x1, b.y1, b.x2, b.y2) for b in sample.boxes], dtype=np.float64)
    boxes, kept = moved_boxes(
        placement.boxes_to_canvas(corners), matrix, width=shape[1], height=shape[0]
    )
    moved = [
        replace(sample.boxes[index], x1=x1, y1=y1, x2=x2, y2=y2)
        for index, (x1, y1, x2, y2) in zip(kept.tolist(), boxes.tolist(), strict=True)
    ]
    return replace(sample, boxes=tuple(moved))


def padded_codes(encode: Callable[[str], Sequence[int]], *, multiple: int = 1) -> Targets:
    """Targets of labels: ``(N, L) int32`` class indices, padded with -1.

    ``L`` is a multiple of ``multiple``: a step that is compiled for a shape then sees few shapes.
    """

    def targets(samples: Sequence[Sample]) -> Int32:
        codes = [list(encode(sample.label)) for sample in samples]
        longest = max(map(len, codes))
        y = np.full((len(codes), -(-longest // multiple) * multiple), -1, dtype=np.int32)
        for row, code in enumerate(codes):
            y[row, : len(code)] = code
        return y

    return targets


def predict_batches(
    samples: Sequence[Sample],
    spec: InputSpec,
    *,
    batch: int,
    workers: int = 2,
    canvases: Canvases | None = None,
) -> Iterator[tuple[list[int], Float32, list[Placement]]]:
    """Each sample exactly once, unchanged, as in use: ``(indices, x (N, h, w, c), placements)``.

    ``canvases`` of the samples spare what they keep from being decoded again.
    """
    waiting: dict[int, list[tuple[int, Float32, Placement]]] = defaultdict(list)

    def prepared(index: int) -> tuple[Float32, Placement]:
        if canvases is None:
            return preprocess.preprocess(samples[index].pixels(), spec)
        canvas, placement = canvases[index]
        return preprocess.tensor(canvas, spec), placement

    with ThreadPoolExecutor(workers) as pool:
        for index, (tensor, placement) in enumerate(pool.map(prepared, range(len(samples)))):
            bucket = waiting[tensor.shape[1]]
            bucket.append((index, tensor, placement))
            if len(bucket) == batch:
                yield _joined(bucket)
                bucket.clear()
    for bucket in waiting.values():
        if bucket:
            yield _joined(bucket)


def _joined(
    bucket: list[tuple[int, Float32, Placement]],
) -> tuple[list[int], Float32, list[Placement]]:
    return [i for i, _, _ in bucket], np.stack([x for _, x, _ in bucket]), [p for *_, p in bucket]


def aligned(width: float) -> int:
    """The width that a training batch has for pictures of a free width, in pixels."""
    return -(-int(width) // TRAIN_MULTIPLE) * TRAIN_MULTIPLE


def steps_needed(label: str) -> int:
    """CTC steps that a label takes: one a symbol, and a blank between equal neighbours."""
    return len(label) + sum(left == right for left, right in itertools.pairwise(label))


def _parallel(function: Callable[[int], int], items: range, workers: int) -> list[int]:
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(function, items, chunksize=256))
