"""What a validation says of an epoch: a few shares of one source's answers, by task."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from solver.results import Box
from training.figures.boxes import box_figures
from training.metrics import score_text
from training.samples import Sample


@dataclass(frozen=True, slots=True)
class Score:
    """Shares in 0–1 over ``count`` pictures, by name; ``main`` names the one that decides.

    Every score has ``exact``: pictures whose whole answer is right. ``loss`` is the mean loss a
    picture, of those whose label the network can emit (None: of none).
    """

    count: int
    main: str
    values: Mapping[str, float]
    loss: float | None = None

    @property
    def value(self) -> float:
        """The share that decides which epoch is the best."""
        return self.values[self.main]


def columns(task: str) -> tuple[str, ...]:
    """The names of the shares that :func:`score` gives."""
    return ("exact", "ap50", "ap") if task == "detect" else ("exact", "case_insensitive")


def score(
    task: str, answers: Sequence[Any], samples: Sequence[Sample], *, threshold: float = 0.0
) -> Score:
    """Compare the answers of a task with its samples, in order.

    Answers are texts, classes, or lists of boxes; ``threshold`` is the score from which a box
    counts as an answer (average precision looks at all).

    Raises:
        ValueError: lengths differ, or there is nothing to compare.
    """
    return _SCORES[task](answers, samples, threshold)


def _score_text(answers: Sequence[str], samples: Sequence[Sample], threshold: float) -> Score:
    del threshold
    found = score_text(answers, [sample.label for sample in samples])
    shares = {"exact": found.exact, "case_insensitive": found.case_insensitive}
    return Score(found.count, "exact", shares)


def _score_boxes(
    answers: Sequence[Sequence[Box]], samples: Sequence[Sample], threshold: float
) -> Score:
    found = box_figures(answers, [sample.boxes for sample in samples], threshold=threshold)
    shares = {"exact": found.exact.value, "ap50": found.ap50, "ap": found.ap}
    return Score(found.count, "ap50", shares)


_SCORES: Mapping[str, Callable[[Sequence[Any], Sequence[Sample], float], Score]] = {
    "ctc": _score_text,
    "ctc-tiny": _score_text,
    "multi-head": _score_text,
    "classify": _score_text,
    "detect": _score_boxes,
}
