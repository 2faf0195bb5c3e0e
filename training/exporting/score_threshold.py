"""The least score of a box that is an answer, chosen for a detector on held-back pictures.

A box that is missed and one that is not there weigh the same: the threshold is that of the best F1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from solver.model import Model
from training.evaluate import BoxesResult, predict, reader_for
from training.figures.boxes import judge
from training.metrics import BOX_FLOOR
from training.samples import DatasetError, Sample

THRESHOLDS: npt.NDArray[np.float64] = np.arange(max(BOX_FLOOR, 0.02), 0.981, 0.01)


def fit_score_threshold(model: Model, samples: Sequence[Sample]) -> tuple[float, float]:
    """The threshold for a detector, and the F1 of its boxes there, at IoU .5.

    Files that are no pictures are left out.

    Raises:
        DatasetError: no picture has a box, or the model finds none that is right.
    """
    scores: list[float] = []
    right: list[bool] = []
    wanted = 0
    for prediction in predict(reader_for(model), samples, unreadable=[]):
        assert isinstance(prediction.result, BoxesResult)  # so says the model's role
        found, truths = prediction.result.candidates, prediction.sample.boxes
        # The best score takes its truth first: what a threshold leaves is judged as it would be.
        right += judge(found, truths).right
        scores += [box.score for box in found]
        wanted += len(truths)
    if not any(right):
        raise DatasetError(
            "a score threshold needs held-back pictures of which the model finds boxes; received "
            f"{len(samples)} pictures with {wanted} boxes, and it finds none: train longer, "
            "or export without --calibrate"
        )
    return best_score(np.array(scores), np.array(right), wanted)


def best_score(
    scores: npt.NDArray[np.float64], right: npt.NDArray[np.bool_], wanted: int
) -> tuple[float, float]:
    """The same from scores ``(N,)`` of boxes, which of them are right, and how many there are.

    Of equally good thresholds the middle one is taken.
    """
    kept = scores[None, :] >= THRESHOLDS[:, None]
    f1 = 2 * (kept & right).sum(axis=1) / (kept.sum(axis=1) + wanted)
    best = np.flatnonzero(f1 == f1.max())
    chosen = best[len(best) // 2]
    return round(float(THRESHOLDS[chosen]), 2), float(f1[chosen])
