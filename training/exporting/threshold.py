"""The least probability with which a tile is an answer, chosen for whole grids.

Grids are put together from held-back tiles, and the threshold is the one that answers most of them
exactly; no grid picture is needed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from solver.decoders import softmax
from solver.model import Model
from training.evaluate import run_samples
from training.samples import DatasetError, Sample

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

TILES = 8
GRIDS = 4000
# How often a grid has one, two, three or four answers: few are commoner than many.
COUNTS = (0.4, 0.3, 0.2, 0.1)
THRESHOLDS: Float64 = np.arange(0.02, 0.981, 0.01)


def fit_threshold(model: Model, samples: Sequence[Sample], *, seed: int = 1) -> tuple[float, float]:
    """The threshold for a tile model, and the share of grids that are then right.

    The model's own temperature counts.

    Raises:
        DatasetError: fewer than two classes among the samples.
    """
    decoder = model.spec.decoder
    places = {label: place for place, label in enumerate(decoder.labels)}
    classes = np.array([places[sample.label] for sample in samples], np.int64)
    if len(set(classes.tolist())) < 2:
        raise DatasetError("a threshold needs held-back tiles of two classes or more")
    shares = np.stack(
        [
            softmax.probabilities(logits[0], decoder.labels, decoder.temperature)
            for logits in run_samples(model, samples)
        ]
    )
    return best_threshold(shares, classes, seed=seed)


def best_threshold(shares: Float64, classes: Int64, *, seed: int = 1) -> tuple[float, float]:
    """The same from probabilities ``(N, C)`` of tiles and their classes ``(N,)``.

    A grid asks for one word; where no tile reaches the threshold, the likeliest is the answer. Of
    equally good thresholds the middle one is taken.
    """
    rng = np.random.default_rng(seed)
    right = np.zeros(len(THRESHOLDS))
    known = np.unique(classes)
    for _ in range(GRIDS):
        word = int(rng.choice(known))
        own, others = np.flatnonzero(classes == word), np.flatnonzero(classes != word)
        count = min(len(own), int(rng.choice(len(COUNTS), p=COUNTS)) + 1)
        shown = rng.choice(own, count, replace=False)
        rest = rng.choice(others, TILES - count, replace=len(others) < TILES)
        lowest = float(shares[shown, word].min())
        highest = float(shares[rest, word].max())
        above = highest < THRESHOLDS
        right += above & ((lowest >= THRESHOLDS) | ((count == 1) & (lowest > highest)))
    best = np.flatnonzero(right == right.max())
    chosen = best[len(best) // 2]
    return round(float(THRESHOLDS[chosen]), 2), float(right[chosen] / GRIDS)
