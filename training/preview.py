"""What training makes of pictures, as one sheet: each as it is used, and changed versions of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from solver import preprocess
from training.config import Config
from training.data.pipeline import Feeder, on_canvas
from training.data.sources import read_data
from training.samples import DatasetError, Sample, in_a_row
from training.sheets import INK, Cell, contact_sheet, framed

_log = logging.getLogger(__name__)

VERSIONS = 5
WIDTH, LEAST_HEIGHT = 220, 90
SOFT = "#6b7280"


def preview(
    config: Config,
    root: Path,
    *,
    count: int = 24,
    seed: int = 1,
    on_report: Callable[[str], None] = _log.info,
) -> Image.Image:
    """A sheet of ``count`` training pictures, a row each, drawn by chance from all sources.

    First what the network is given in use, with the label; then what :class:`Feeder` would show
    it in the first epochs. ``root`` is where relative data paths start; ``on_report`` gets a line
    for each damaged picture, in whose place another is shown.

    Raises:
        DatasetError: the data cannot be used, or none of the pictures can be read.
        ValueError: ``count`` is below 1.
    """
    if count < 1:
        raise ValueError(f"--count: expected 1 or more, received {count}")
    every = read_data(config, root).some(count)
    drawn = np.random.default_rng(seed).permutation(len(every))
    samples = _readable(every, drawn.tolist(), count, on_report)
    versions = _versions(config, samples, seed=seed)
    cells = []
    for sample, changed in zip(samples, versions, strict=True):
        canvas, placement = preprocess.canvas(sample.pixels(), config.input_spec())
        used = on_canvas(sample, placement, np.eye(2, 3), canvas.shape)
        cells.append(Cell(_drawn(canvas, used), ((_label(sample), INK), (_said(canvas), SOFT))))
        cells.extend(Cell(_drawn(*one), ((_said(one[0]), SOFT),)) for one in changed)
    shape = config.input.height / config.input.width if config.input.width else 0.0
    size = (WIDTH, min(WIDTH, max(LEAST_HEIGHT, round(WIDTH * shape))))
    return contact_sheet(cells, columns=1 + VERSIONS, size=size)


def _readable(
    samples: Sequence[Sample],
    order: Sequence[int],
    count: int,
    on_report: Callable[[str], None],
) -> list[Sample]:
    """The first ``count`` in this order that can be read, as ``samples`` has them sorted."""
    found: list[int] = []
    error: DatasetError | None = None
    for index in order:
        if len(found) == count:
            break
        try:
            samples[index].pixels()
        except DatasetError as caught:
            on_report(f"left out: {caught}")
            error = error or caught
        else:
            found.append(index)
    if error is not None and not found:
        raise error
    return [samples[index] for index in sorted(found)]


def _versions(
    config: Config, samples: Sequence[Sample], *, seed: int
) -> list[list[tuple[npt.NDArray[np.uint8], Sample]]]:
    feeder = Feeder(
        samples,
        [1.0] * len(samples),
        spec=config.input_spec(),
        targets=lambda _: None,
        batch=1,
        seed=seed,
        augmented=config.data.augment,
        is_strong=config.data.is_strong,
        flipped=config.detect.flip,
        is_photo=config.classify.photo,
        workers=1,
    )
    found: list[list[tuple[npt.NDArray[np.uint8], Sample]]] = [[] for _ in samples]
    for epoch in range(VERSIONS):
        for step, looks in enumerate(feeder.plan(epoch)):
            rng = np.random.default_rng([seed, epoch, step])
            for look in looks:
                found[look.index].append(feeder.show(look, rng))
    return found


def _drawn(canvas: npt.NDArray[np.uint8], sample: Sample) -> npt.NDArray[np.uint8]:
    """The canvas in colours, with the boxes that are on it."""
    colour = np.repeat(canvas, 3, axis=2) if canvas.shape[2] == 1 else canvas
    return framed(colour, sample.boxes)


def _label(sample: Sample) -> str:
    """What a picture shows: its text or class, or what is in its boxes."""
    return sample.label or in_a_row(box.label for box in sample.boxes)


def _said(canvas: npt.NDArray[np.uint8]) -> str:
    return f"{canvas.shape[1]} × {canvas.shape[0]}"
