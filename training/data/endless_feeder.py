"""Batches of pictures that are drawn while the network trains, files among them if there are."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from training.data.drawing import Artists, Wanted
from training.data.endless import Endless
from training.data.pipeline import STRETCH, Feeder, Float32, Look
from training.samples import Sample

# So many batches are drawn at once, and sorted by width where it is free.
DRAFT = 16

# Samples and how often each is shown → a feeder of them, a Draft.
MakeDraft: TypeAlias = Callable[[Sequence[Sample], Sequence[float]], Feeder]


class Draft(Feeder):
    """A feeder whose plan has a known number of batches, whatever the widths of its pictures.

    Pictures are sorted by width before they are put together, where the width is free.
    """

    def plan(self, epoch: int) -> list[list[Look]]:
        """The batches; all are full but perhaps one, and each has the width of its widest look."""
        rng = np.random.default_rng([self._seed, epoch])
        looks = []
        for index, times in enumerate(self._repeats.astype(int).tolist()):
            for factor in rng.uniform(np.log(STRETCH[0]), np.log(STRETCH[1]), size=times):
                looks.append(Look(index, self._train_width(index, float(np.exp(factor)))))
        rng.shuffle(looks)  # type: ignore[arg-type]
        looks.sort(key=lambda look: look.width)
        batches = []
        for start in range(0, len(looks), self._batch):
            part = looks[start : start + self._batch]
            if self._is_full:
                part = list(itertools.islice(itertools.cycle(part), self._batch))
            batches.append([Look(look.index, part[-1].width) for look in part])
        rng.shuffle(batches)  # type: ignore[arg-type]
        return batches


class EndlessFeeder:
    """Batches as :class:`Feeder` gives them, ``source.count`` new pictures of each source an epoch.

    An epoch is made in drafts: while one is trained on, ``workers`` processes draw the next. Going
    on in the middle of an epoch draws anew what is left of one draft. ``make`` gives a draft's
    own feeder, ``width`` the most pixels that a batch can have.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        repeats: Sequence[float],
        *,
        endless: Sequence[Endless],
        make: MakeDraft,
        batch: int,
        width: int,
        seed: int,
        workers: int,
    ) -> None:
        self._samples = samples
        self._repeats = np.asarray(repeats, dtype=np.float64)
        self._endless = tuple(endless)
        self._make = make
        self._batch = batch
        self._width = width
        self._seed = seed
        self._workers = workers
        self._artists: Artists | None = None
        files = make(samples, repeats)
        self.widths: npt.NDArray[Any] = files.widths
        self.damaged = files.damaged

    def plan(self, epoch: int) -> list[list[Look]]:
        """An epoch's batches in full; only ``index`` of a look means something before it is drawn.

        Below ``len(samples)`` it is one of them, above it the next picture of the sources.
        """
        order = self._order(epoch)
        looks = [Look(index, self._width) for index in order.tolist()]
        batches = [looks[i : i + self._batch] for i in range(0, len(looks), self._batch)]
        if len(batches) > 1 and len(batches[-1]) < self._batch // 4:
            batches.pop()
        return batches

    @property
    def kept_bytes(self) -> int:
        """Of the decoded pictures that stay in memory: of drafts none does."""
        return 0

    def leave_out(self, indices: Sequence[int]) -> None:
        """Show these samples no more, in any epoch."""
        self._repeats[list(indices)] = 0.0

    def epoch(self, epoch: int, *, start: int = 0) -> Iterator[tuple[Float32, Any]]:
        """Yield ``(x (N, h, w, c) float32, targets)`` from step ``start``.

        Raises:
            DatasetError: a generator failed, or a process that draws ended.
        """
        plan = self.plan(epoch)
        drafts = [plan[first : first + DRAFT] for first in range(0, len(plan), DRAFT)]
        # Every draft has seeds of its own: they are counted over all epochs.
        count = -(-self._most() // DRAFT)
        number = start // DRAFT
        with ThreadPoolExecutor(1, thread_name_prefix="draft") as pool:
            coming: Future[Feeder] | None = None
            while number < len(drafts):
                draft = (coming or pool.submit(self._drawn, epoch, drafts[number])).result()
                if number + 1 < len(drafts):
                    coming = pool.submit(self._drawn, epoch, drafts[number + 1])
                yield from draft.epoch(epoch * count + number, start=max(0, start - number * DRAFT))
                number += 1

    def _most(self) -> int:
        """Batches that an epoch has at most: what chance decides about repeats, taken up."""
        every = int(np.ceil(self._repeats).sum()) + sum(source.count for source in self._endless)
        return -(-every // self._batch)

    def _order(self, epoch: int) -> npt.NDArray[np.int64]:
        rng = np.random.default_rng([self._seed, epoch])
        whole = np.floor(self._repeats)
        counts = whole + (rng.random(len(self._samples)) < self._repeats - whole)
        files = np.repeat(np.arange(len(self._samples)), counts.astype(np.int64))
        total = sum(source.count for source in self._endless)
        order = np.concatenate([files, len(self._samples) + np.arange(total)])
        rng.shuffle(order)
        return order

    def _drawn(self, epoch: int, batches: Sequence[Sequence[Look]]) -> Feeder:
        """A feeder of these batches' pictures, each once."""
        if self._artists is None:
            self._artists = Artists(self._endless, workers=self._workers)
            weakref.finalize(self, self._artists.close)
        indices = [look.index for looks in batches for look in looks]
        new = [self._wanted(index, epoch) for index in indices if index >= len(self._samples)]
        files = [self._samples[index] for index in indices if index < len(self._samples)]
        samples = [*files, *self._artists.draw(new)]
        return self._make(samples, [1.0] * len(samples))

    def _wanted(self, index: int, epoch: int) -> Wanted:
        number = index - len(self._samples)
        for place, source in enumerate(self._endless):
            if number < source.count:
                return place, epoch, number
            number -= source.count
        raise IndexError(index)
