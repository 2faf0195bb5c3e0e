"""What training makes of pictures, as one sheet: each as it is used, and changed versions of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from solver import images, preprocess
from training.config import Config
from training.data.pipeline import Feeder
from training.data.sources import read_data
from training.samples import Sample
from training.sheets import INK, Cell, contact_sheet

VERSIONS = 5
SOFT = "#6b7280"


def preview(config: Config, root: Path, *, count: int = 24, seed: int = 1) -> Image.Image:
    """A sheet of ``count`` training pictures, a row each, drawn by chance from all sources.

    First what the network is given in use, with the label; then what :class:`Feeder` would show
    it in the first epochs. ``root`` is where relative data paths start.

    Raises:
        DatasetError: the data cannot be used.
        ImageError: one of the pictures is damaged.
        ValueError: ``count`` is below 1.
    """
    if count < 1:
        raise ValueError(f"--count: expected 1 or more, received {count}")
    every = read_data(config, root).samples
    drawn = np.random.default_rng(seed).permutation(len(every))[:count]
    samples = [every[index] for index in sorted(drawn.tolist())]
    versions = _versions(config, samples, seed=seed)
    cells = []
    for sample, changed in zip(samples, versions, strict=True):
        canvas, _ = preprocess.canvas(images.load(sample.content()), config.input_spec())
        cells.append(Cell(_rgb(canvas), ((sample.label, INK), (_said(canvas), SOFT))))
        cells.extend(Cell(_rgb(one), ((_said(one), SOFT),)) for one in changed)
    return contact_sheet(cells, columns=1 + VERSIONS)


def _versions(
    config: Config, samples: Sequence[Sample], *, seed: int
) -> list[list[npt.NDArray[np.uint8]]]:
    feeder = Feeder(
        samples,
        [1.0] * len(samples),
        spec=config.input_spec(),
        encode=lambda _: [],
        batch=1,
        seed=seed,
        augmented=config.data.augment,
        workers=1,
    )
    found: list[list[npt.NDArray[np.uint8]]] = [[] for _ in samples]
    for epoch in range(VERSIONS):
        for step, looks in enumerate(feeder.plan(epoch)):
            rng = np.random.default_rng([seed, epoch, step])
            for look in looks:
                found[look.index].append(feeder.canvas(look, rng))
    return found


def _rgb(canvas: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return np.repeat(canvas, 3, axis=2) if canvas.shape[2] == 1 else canvas


def _said(canvas: npt.NDArray[np.uint8]) -> str:
    return f"{canvas.shape[1]} × {canvas.shape[0]}"
