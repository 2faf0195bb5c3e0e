"""Where the time of a training goes, and how much memory it takes: ``fit --profile``."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from training.data.stopwatch import Spent, Stopwatch
from training.whole import write_whole

_T = TypeVar("_T")
# What the training thread does one after the other; the rest is done by threads beside it.
STAGES = {
    "waiting": "waiting for pictures",
    "step": "training steps",
    "validation": "validation",
    "checkpoint": "checkpoints",
}
SHOWN_STEPS = 40
WAITING = 0.25  # of the time of the steps: more is worth a word


@dataclass(frozen=True, slots=True)
class Step:
    """One step; ``waiting`` and ``training`` are in seconds, ``width`` in pixels."""

    epoch: int
    step: int
    pictures: int
    width: int
    waiting: float
    training: float


class Profiler:
    """Times the stages of a run and, where it is on, each step. ``watch`` is told by threads."""

    def __init__(self, *, is_on: bool = False) -> None:
        self.is_on = is_on
        self.watch = Stopwatch()
        self.steps: list[Step] = []
        self._start = time.perf_counter()
        self._waited = 0.0

    def waiting(self, batches: Iterator[_T]) -> Iterator[_T]:
        """The same batches; the time until each one is there counts as waiting."""
        while True:
            start = time.perf_counter()
            with self.watch.time("waiting"):
                batch = next(batches, None)
            self._waited = time.perf_counter() - start
            if batch is None:
                return
            yield batch

    @contextmanager
    def step(self, epoch: int, step: int, shape: Sequence[int]) -> Iterator[None]:
        """Time a training step on tensors of a shape ``(N, h, w, c)``."""
        start = time.perf_counter()
        with self.watch.time("step"):
            yield
        if self.is_on:
            took = time.perf_counter() - start
            self.steps.append(Step(epoch, step, shape[0], shape[2], self._waited, took))

    def write(self, folder: Path) -> str:
        """Write ``profile.json`` and ``profile.txt``, and return the sentence that sums them up.

        Raises:
            OSError: the folder cannot be written.
        """
        body = summarise(self.steps, self.watch.spent(), seconds=time.perf_counter() - self._start)
        for name, text in (
            ("profile.json", json.dumps(body, indent=1) + "\n"),
            ("profile.txt", describe(body)),
        ):
            write_whole(folder / name, text.encode())
        return headline(body)


def summarise(steps: Sequence[Step], spent: dict[str, Spent], *, seconds: float) -> dict[str, Any]:
    """What a profile says, as JSON holds it.

    ``pictures_per_second`` leaves the first step out: compiling is in it.
    """
    later = steps[1:]
    busy = sum(step.waiting + step.training for step in later)
    own = {name: asdict(spent.get(name, Spent())) for name in STAGES}
    known = sum(float(stage["seconds"]) for stage in own.values())
    return {
        "seconds": seconds,
        "pictures": sum(step.pictures for step in steps),
        "pictures_per_second": sum(step.pictures for step in later) / busy if busy else None,
        "first_step_seconds": steps[0].training if steps else None,
        "median_step_seconds": statistics.median(s.training for s in later) if later else None,
        "waiting_share": sum(step.waiting for step in later) / busy if busy else None,
        "peak_memory_bytes": peak_memory(),
        "training_thread": {**own, "other": {"seconds": max(0.0, seconds - known), "calls": 1}},
        "loading_threads": {
            name: asdict(stage) for name, stage in spent.items() if name not in STAGES
        },
        "steps": [asdict(step) for step in steps],
    }


def headline(body: dict[str, Any]) -> str:
    """One sentence of a profile, and what to do where pictures come too slowly."""
    parts = []
    if body["pictures_per_second"] is not None:
        parts.append(f"{body['pictures_per_second']:.0f} pictures/s in training")
        parts.append(f"{body['median_step_seconds'] * 1000:.0f} ms a step")
    if body["first_step_seconds"] is not None:
        parts.append(f"the first took {body['first_step_seconds']:.1f} s")
    if body["peak_memory_bytes"] is not None:
        parts.append(f"peak memory {body['peak_memory_bytes'] / 1e6:.0f} MB")
    said = f"profile: {', '.join(parts)}"
    if (body["waiting_share"] or 0) > WAITING:
        said += (
            f". {body['waiting_share']:.0%} of it is waiting for pictures: raise data.workers up "
            "to the number of cores, or data.cache_mb until all decoded pictures are kept"
        )
    return said


def describe(body: dict[str, Any]) -> str:
    """A profile as text: stages, then steps: all of them, or the first and evenly spaced ones."""
    lines = [headline(body), "", f"{'training thread':24}{'s':>10}{'share':>8}{'calls':>8}"]
    for name, stage in body["training_thread"].items():
        share = stage["seconds"] / body["seconds"] if body["seconds"] else 0.0
        shown = STAGES.get(name, name)
        lines.append(f"{shown:24}{stage['seconds']:10.2f}{share:8.0%}{stage['calls']:8}")
    lines += ["", f"{'loading threads, beside':24}{'s':>10}{'ms each':>8}{'calls':>8}"]
    for name, stage in body["loading_threads"].items():
        each = 1000 * stage["seconds"] / stage["calls"]
        lines.append(f"{name:24}{stage['seconds']:10.2f}{each:8.2f}{stage['calls']:8}")
    steps = body["steps"]
    stride = max(1, -(-len(steps) // SHOWN_STEPS))
    lines += [
        "",
        f"{'epoch':>6}{'step':>7}{'pictures':>10}{'width':>7}{'waiting ms':>12}{'ms':>10}",
    ]
    for one in steps[::stride]:
        lines.append(
            f"{one['epoch'] + 1:6}{one['step'] + 1:7}{one['pictures']:10}{one['width']:7}"
            f"{1000 * one['waiting']:12.1f}{1000 * one['training']:10.1f}"
        )
    if stride > 1:
        lines.append(f"every {stride}th of {len(steps)} steps; all are in profile.json")
    return "\n".join(lines) + "\n"


def peak_memory() -> int | None:
    """The most resident memory that this process has had, in bytes; None where nobody counts."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
