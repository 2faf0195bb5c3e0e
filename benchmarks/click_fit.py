"""What `click` should call doubtful: thresholds against pictures that click_accuracy.py never sees.

    python benchmarks/click_fit.py

Finds and reads the marks of each picture once, then decides anew for every setting of the numbers
in solver/tasks/click.py. A setting is worth its place where most of what is wrong is flagged, few
sound pictures are, and confidences say how often an answer is right.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import _click_hard as hard
import _common as common
import _scores as scores
import numpy as np
import numpy.typing as npt
from _click_hard import SOUND, WRONG, HardGenerator, HardPicture
from click_accuracy import inside

from solver import Solver, images
from solver.results import Box
from solver.tasks import click
from solver.tasks.click import Clicker
from solver.tasks.detect import Detector
from solver.tasks.glyphs import GlyphReader

FIRST_SEED = 980_000
GRID: Mapping[str, Sequence[float]] = {
    "PRESENT": (0.9, 0.97, 0.99),
    "CHANCE": (0.003, 0.01, 0.03),
    "SURE": (0.8, 0.9),
    "RIVAL": (0.02, 0.05, 0.15),
    "PLAIN": (0.1, 0.25, 0.5),
}
SHOWN = 15


@dataclass(frozen=True)
class Read:
    picture: HardPicture
    boxes: list[Box]
    odds: npt.NDArray[np.float64]
    classes: int


def read(solver: Solver, count: int) -> Iterator[Read]:
    models = solver.models
    reader = GlyphReader(models["glyph"])
    clicker = Clicker(Detector(models["detector"]), reader)
    with mock.patch.object(hard, "FIRST_SEED", FIRST_SEED):
        generator = HardGenerator()
        for kind, number in itertools.product((*WRONG, SOUND), range(count)):
            picture = generator.draw(kind, number)
            boxes, odds = clicker.odds(images.load(picture.data), picture.asked)
            yield Read(picture, boxes, odds, len(reader.labels))


def judge(reads: Sequence[Read], setting: Mapping[str, float]) -> list[object]:
    flags: dict[str, list[bool]] = {kind: [] for kind in (*WRONG, SOUND)}
    sure, right = [], []
    with mock.patch.multiple(click, **setting):
        for one in reads:
            asked, doubtful = one.picture.asked, one.picture.doubtful
            plain = click.PLAIN * one.classes
            result = click.decide(asked, one.boxes, one.odds, asked, plain=plain)
            doubts = {*result.missing, *result.ambiguous}
            flags[one.picture.kind].append(bool(doubts) if doubtful is None else doubtful in doubts)
            if doubtful is None:
                sure.append(result.confidence)
                pairs = zip(result.targets, one.picture.boxes, strict=True)
                right.append(all(inside(target.point, box) for target, box in pairs if box))
    wrong = [flag for kind in WRONG for flag in flags[kind]]
    shares = [float(np.mean(own)) for own in (wrong, *flags.values(), right)]
    error = scores.expected_calibration_error(sure, right)
    return [*setting.values(), *(f"{share:.3f}" for share in shares), f"{error:.3f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="a detector; default: the embedded one")
    parser.add_argument("--glyphs", type=Path, help="a glyph model; default: the embedded one")
    parser.add_argument("--pictures", type=int, default=60, help="of each kind")
    options = parser.parse_args()
    solver = Solver(*[str(path) for path in (options.model, options.glyphs) if path])
    reads = list(read(solver, options.pictures))
    names = list(GRID)
    rows = [
        judge(reads, dict(zip(names, values, strict=True)))
        for values in itertools.product(*GRID.values())
    ]
    # Most that is wrong flagged, less what is sound and flagged all the same.
    place = len(names)
    rows.sort(key=lambda row: float(str(row[place])) - 0.25 * float(str(row[place + 4])))
    header = (*names, "wrong: flagged", *WRONG, "sound: flagged", "sound: right", "ECE")
    print(common.table(header, reversed(rows[-SHOWN:])))


if __name__ == "__main__":
    main()
