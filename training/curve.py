"""How many pictures are needed: train on more and more of them, and draw the curve on.

Each size holds all pictures of the smaller ones. Validation is the same for all, and so is the
number of training steps: fewer pictures are shown more often.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from training.charts import PALETTE, Chart, Series
from training.config import Config, Source
from training.data.sources import read_data
from training.figures.learning import BEYOND, FEWEST, Learning, learning
from training.figures.shares import Share
from training.plots import draw
from training.samples import DatasetError, Sample, listed_name, read_source, source_folder
from training.trials import (
    AP50,
    EXACT,
    FitFunction,
    Ledger,
    digest,
    measure,
    need_validation,
    train,
)
from training.whole import write_whole

_log = logging.getLogger(__name__)

SIZES = 5  # by default: all pictures, half of them, a quarter …
SMALLEST = 20
TARGETS = (0.9, 0.95, 0.99)
TITLES = {
    EXACT: "Whole captcha right, by training pictures",
    AP50: "Average precision at IoU .5, by training pictures",
}


@dataclass(frozen=True, slots=True)
class Point:
    """One training on ``size`` pictures; ``error`` says why nothing came of it."""

    size: int
    repeat: int
    share: Share
    error: str = ""


@dataclass(frozen=True, slots=True)
class Curve:
    """All points in order of size, and the law through them where there are enough.

    ``measure`` is what is drawn: "exact", or "ap50" of a detector.
    """

    name: str
    points: tuple[Point, ...]
    law: Learning | None
    targets: tuple[float, ...]
    measure: str = EXACT

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; a number of pictures that is never reached is null."""
        body: dict[str, Any] = {
            "name": self.name,
            "measure": self.measure,
            "points": [
                {"size": p.size, "repeat": p.repeat, **p.share.to_dict(), "error": p.error}
                for p in self.points
            ],
            "sentence": sentence(self),
        }
        if self.law is not None:
            found = self.law.law
            body["law"] = {"formula": "a - b * n**-c", "a": found.a, "b": found.b, "c": found.c}
            body["needed"] = []
            for target in self.targets:
                low, high = self.law.range_needed(target)
                row = {"share": target, "pictures": found.needed(target), "low": low, "high": high}
                finite = {k: None if math.isinf(v) else round(v, 4) for k, v in row.items()}
                body["needed"].append(finite)
        return body


def curve(
    config: Config,
    root: Path,
    out: Path,
    *,
    sizes: Sequence[int] = (),
    repeats: int = 1,
    epochs: int | None = None,
    targets: Sequence[float] = TARGETS,
    fit: FitFunction = train,
    on_report: Callable[[str], None] = _log.info,
) -> Curve:
    """Measure, or go on measuring, in the folder ``out``.

    ``sizes`` count training pictures of all sources together (empty: all, half of them, …, five
    sizes). Each of ``repeats`` takes other pictures and another seed. Written are
    ``trials.jsonl``, ``curve.csv``, ``curve.json``, ``curve.png``, and for each training a list
    of its pictures and a run's folder.

    Raises:
        DatasetError: the data cannot be used, there is no validation, or too few pictures.
        StudyError: ``out`` holds a study with other settings, pictures or options.
    """
    if epochs is not None:
        config = replace(config, fit=replace(config.fit, epochs=epochs))
    if repeats < 1:
        raise DatasetError(f"--repeats: expected 1 or more, received {repeats}")
    bad = [f"{100 * target:g}" for target in targets if not 0 < target < 1]
    if bad:
        raise DatasetError(
            f"--target: expected shares of more than 0 and less than 100 %, received {bad[0]}"
        )
    data = read_data(config, root)
    checked = [sample for part in data.validation.values() for sample in part]
    need_validation(checked)
    # A class that a small subset lacks is a class all the same.
    config = replace(config, labels=data.labels)
    parts = [read_source(source, root) for source in config.data.train]
    total = sum(map(len, parts))
    wanted = _sizes(sizes, total)
    header = {
        "study": "curve",
        "base": digest(config, [*data.samples, *checked]),
        "sizes": wanted,
        "repeats": repeats,
    }
    ledger = Ledger(out / "trials.jsonl", header)
    points = []
    for size in wanted:
        for repeat in range(1, repeats + 1):
            folder = out / f"size-{size:06d}-{repeat}"
            tried = subset(config, root, folder, parts, size=size, seed=config.seed + repeat - 1)
            record = ledger.run(
                f"{size}/{repeat}",
                lambda tried=tried, folder=folder: fit(tried, root, folder),  # type: ignore[misc]
                {"size": size, "repeat": repeat},
            )
            share = Share(record["right"], record["count"])
            points.append(Point(size, repeat, share, record["error"]))
            on_report(line(points[-1]))
    law = _law(points, config.seed)
    found = Curve(config.name, tuple(points), law, tuple(targets), measure(config))
    write_whole(out / "curve.csv", table(found).encode())
    write_whole(out / "curve.json", (json.dumps(found.to_dict(), indent=2) + "\n").encode())
    write_whole(out / "curve.png", _png(chart(found)))
    return found


def subset(
    config: Config,
    root: Path,
    folder: Path,
    parts: Sequence[Sequence[Sample]],
    *,
    size: int,
    seed: int,
) -> Config:
    """The configuration with ``size`` of its training pictures, named by lists in ``folder``.

    ``parts`` are the samples of each source. The first pictures of one seeded order are taken, so
    that a larger subset holds a smaller one; each is shown as many times more as there are fewer.

    Raises:
        DatasetError: no list can hold the name of a picture.
    """
    every = [(index, sample) for index, part in enumerate(parts) for sample in part]
    order = np.random.default_rng(seed).permutation(len(every))
    taken: dict[int, list[Sample]] = {}
    for place in sorted(order[:size].tolist()):
        index, sample = every[place]
        taken.setdefault(index, []).append(sample)
    sources: list[Source] = []
    for index, samples in sorted(taken.items()):
        source = config.data.train[index]
        start = source_folder(source, root)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["file", "label"])
        writer.writerows([listed_name(sample.path, start), sample.label] for sample in samples)
        only = write_whole(folder / f"pictures-{index + 1}.csv", text.getvalue().encode())
        more = source.repeat * len(every) / size
        sources.append(replace(source, only=str(only.resolve()), repeat=more))
    return replace(config, seed=seed, data=replace(config.data, train=tuple(sources)))


def sentence(found: Curve) -> str:
    """The answer, with how sure it is."""
    good = [point for point in found.points if not point.error]
    if not good:
        return f"no training came to anything: {found.points[-1].error}"
    largest = max(point.size for point in good)
    last = next(point for point in good if point.size == largest)
    low, high = last.share.interval
    share = f"{100 * last.share.value:.1f} %"
    text = f"AP@.5 is {share}" if found.measure == AP50 else f"{share} are read right"
    text = f"With {largest:,} pictures {text} [{100 * low:.1f}, {100 * high:.1f}]"
    if not any(point.share.right for point in good):
        return f"{text}: nothing was learnt yet; train for longer (--epochs), then look ahead."
    if found.law is None:
        return f"{text}; to look further ahead, measure {FEWEST} sizes or more."
    return "; ".join([text, *(_target(found.law, target) for target in found.targets)]) + "."


def line(point: Point) -> str:
    """One training for a person."""
    low, high = point.share.interval
    figures = f"{point.share.value:.3f} [{low:.3f}, {high:.3f}] of {point.share.count}"
    return f"{point.size:7,d} pictures  {point.error or figures}"


def table(found: Curve) -> str:
    """All trainings as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["size", "repeat", found.measure, "low", "high", "validation_pictures", "error"]
    )
    for point in found.points:
        low, high = point.share.interval
        shares = [f"{value:.5f}" for value in (point.share.value, low, high)]
        writer.writerow([point.size, point.repeat, *shares, point.share.count, point.error])
    return text.getvalue()


def chart(found: Curve) -> Chart:
    """What was measured with its intervals, and the law with its range, to three times as far."""
    good = [point for point in found.points if not point.error]
    largest = max((point.size for point in found.points), default=1)
    bars = [
        Series("", tuple((float(p.size), end) for end in p.share.interval), is_quiet=True)
        for p in good
    ]
    means = {
        size: float(np.mean([p.share.value for p in good if p.size == size]))
        for size in sorted({p.size for p in good})
    }
    measured = Series(
        "measured, with 95 % intervals",
        tuple((float(size), share) for size, share in means.items()),
        colour=PALETTE[0],
        has_marks=True,
    )
    lines = [*bars, measured]
    if found.law is not None:
        at = np.linspace(min(means), 3 * largest, 80).tolist()
        ranges = [found.law.range_at(n) for n in at]
        lower, upper = ([end[i] for end in ranges] for i in (0, 1))
        lines = [
            Series("95 % range", tuple(zip(at, lower, strict=True)), is_quiet=True),
            Series("", tuple(zip(at, upper, strict=True)), is_quiet=True),
            Series("a - b / n^c", tuple((n, found.law.law.at(n)) for n in at), colour=PALETTE[1]),
            *lines,
        ]
    return Chart(
        TITLES[found.measure],
        "training pictures",
        f"{found.measure}, on validation",
        tuple(lines),
        x_range=(0.0, float((3 if found.law else 1) * largest)),
        y_range=(0.0, 1.0),
        is_percent=True,
    )


def _target(law: Learning, target: float) -> str:
    needed = law.law.needed(target)
    low, high = law.range_needed(target)
    share, most = f"{100 * target:g} %", BEYOND * law.largest
    if low > most:
        return f"{share} would take more than {most:,}, as far as this can tell"
    span = f"{_round(low)} to {_round(high) if high <= most else f'more than {most:,}'}"
    if needed <= law.largest:
        return f"{share} is reached with about {_round(needed)} ({span})"
    if needed > most:
        return f"{share} would take {_round(low)} at least, and perhaps more pictures do not help"
    return f"{share} would take about {_round(needed)} ({span})"


def _round(count: float) -> str:
    """Two figures: more are not known."""
    if count < 1:
        return "1"
    power = 10 ** max(0, math.floor(math.log10(count)) - 1)
    return f"{round(count / power) * power:,}"


def _law(points: Sequence[Point], seed: int) -> Learning | None:
    good = [point for point in points if not point.error]
    # Where nothing was right there is nothing to go on from.
    if len({point.size for point in good}) < FEWEST or not any(p.share.right for p in good):
        return None
    return learning([point.size for point in good], [point.share for point in good], seed=seed)


def _sizes(sizes: Sequence[int], total: int) -> list[int]:
    if not sizes:
        halves = [total >> power for power in range(SIZES)]
        return sorted({size for size in halves if size >= SMALLEST} or {total})
    if min(sizes) < 1 or max(sizes) > total:
        raise DatasetError(
            f"--sizes: expected 1 to {total} (all training pictures), "
            f"received {', '.join(map(str, sizes))}"
        )
    return sorted(set(sizes))


def _png(drawn: Chart) -> bytes:
    buffer = io.BytesIO()
    draw([drawn]).save(buffer, "PNG")
    return buffer.getvalue()
