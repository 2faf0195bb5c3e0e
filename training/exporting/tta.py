"""Test-time augmentation for a text model: which views to read doubtful pictures from, and how sure
that makes it. Both are fitted on held-back pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from solver.errors import SpecError
from solver.model import Model
from solver.results import TextResult
from solver.spec import VIEWS, TtaSpec
from solver.tasks.text import TextReader
from solver.tasks.tta import agree_by
from training.config import Source
from training.exporting.onnx_file import set_spec
from training.samples import DatasetError, Sample, read_source
from training.whole import beside

Float64 = npt.NDArray[np.float64]

BELOW, MOST = 0.8, 12
# So many texts of each look count, and alphabets for one of these powers.
ANSWERS = 2
POWERS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
# What a look gives a text that is not its answer, at the least.
_LEAST = 1e-3
# Fewer doubtful pictures than this say nothing of views.
FEWEST = 50


@dataclass(frozen=True, slots=True)
class FittedTta:
    """The rule, and what it makes of the pictures that it was fitted on."""

    rule: TtaSpec
    pictures: int
    doubtful: int
    right_before: int
    right_after: int

    def __str__(self) -> str:
        return (
            f"{self.doubtful} of {self.pictures} pictures are in doubt (below "
            f"{self.rule.below:g}): {self.right_before} of them right at one look, "
            f"{self.right_after} with {', '.join(self.rule.views)}; alphabets count to the power "
            f"of {self.rule.alphabets:g}"
        )


def write_tta(
    model: Path, folders: Sequence[Path], output: Path, *, below: float = BELOW, most: int = MOST
) -> FittedTta:
    """Fit the rule on the pictures of folders, and write ``output``: ``model`` with the rule.

    Raises:
        SpecError, DatasetError, ValueError: as :func:`fit_tta`.
        ModelError: ``model`` is none.
        OSError: ``output`` cannot be written; what was there stays.
    """
    found = Model.open(model)
    samples = [one for folder in folders for one in read_source(Source(str(folder)), Path())]
    fitted = fit_tta(found, samples, below=below, most=most)
    data = model.read_bytes()
    with beside(output) as draft:
        draft.write_bytes(data)
        set_spec(draft, replace(found.spec, tta=fitted.rule))
    return fitted


def fit_tta(
    model: Model, samples: Sequence[Sample], *, below: float = BELOW, most: int = MOST
) -> FittedTta:
    """Choose at most so many views, one after the other, each the one that makes the labels most
    probable beside those chosen; then how much alphabets count, by the same measure; then the
    calibration of what they agree on.

    Raises:
        SpecError: the model reads no texts.
        ValueError: ``below`` is not in 0 to 1, or ``most`` less than 1.
        DatasetError: fewer than ``FEWEST`` pictures are in doubt, or a file is no picture.
    """
    if not (0 <= below <= 1 and most >= 1):
        raise ValueError(
            f"expected below in 0 to 1 and most from 1, received {below!r} and {most!r}"
        )
    if model.spec.role != TextReader.role:
        raise SpecError(f"{model.source}: expected a model of texts, received {model.spec.role!r}")
    reader = TextReader(model, tta=False)
    once, options = reader.options(), reader.options(top_k=ANSWERS)
    looks, labels = [], []
    for sample in samples:
        picture = sample.pixels()
        outputs = model.run(reader.prepare(picture))
        if reader.decode(outputs, once).confidence < below:
            first = reader.decode(outputs, options)
            looks.append([first, *reader.views(picture, options, VIEWS)])
            labels.append(sample.label)
    if len(looks) < FEWEST:
        raise DatasetError(
            f"{len(looks)} of {len(samples)} pictures are in doubt (below {below:g}); expected "
            f"{FEWEST} or more: give more pictures, or harder ones"
        )
    chosen = choose_views(_chances(looks, labels), most=most)
    rule = TtaSpec(tuple(VIEWS[place] for place in chosen), below=below, answers=ANSWERS)
    seen = [[row[0], *(row[place + 1] for place in chosen)] for row in looks]
    rule = fit_alphabets(rule, seen, labels, symbols=options.symbols)
    means = [agree_by(rule, row, symbols=options.symbols) for row in seen]
    right = np.array([one.text == label for one, label in zip(means, labels, strict=True)])
    slope, offset = fit_log_odds(np.array([one.confidence for one in means]), right)
    return FittedTta(
        rule=replace(rule, slope=slope, offset=offset),
        pictures=len(samples),
        doubtful=len(looks),
        right_before=sum(s[0].text == label for s, label in zip(seen, labels, strict=True)),
        right_after=int(right.sum()),
    )


def choose_views(chances: Float64, *, most: int) -> list[int]:
    """Places of views, best first, by ``(N, 1 + V)`` probabilities of N labels: the first look's,
    and each view's.
    """
    chances = np.maximum(chances, _LEAST)
    total = chances[:, 0].copy()
    chosen: list[int] = []
    reached = float(np.log(total).mean())
    while len(chosen) < most:
        sums = (total[:, None] + chances[:, 1:]) / (len(chosen) + 2)
        values = np.log(sums).mean(axis=0)
        values[chosen] = -np.inf
        best = int(values.argmax())
        if values[best] <= reached:
            break
        reached = float(values[best])
        chosen.append(best)
        total += chances[:, 1 + best]
    return chosen or [int(np.log(chances[:, :1] + chances[:, 1:]).mean(axis=0).argmax())]


def fit_alphabets(
    rule: TtaSpec, looks: Sequence[Sequence[TextResult]], labels: Sequence[str], *, symbols: str
) -> TtaSpec:
    """The rule with the power of :data:`POWERS` that makes the labels most probable.

    ``looks`` are N rows, the first look of a picture and its views; ``labels`` what N pictures say.
    """
    many = ANSWERS * (len(VIEWS) + 1)

    def value(power: float) -> float:
        tried = replace(rule, alphabets=power)
        shares = [
            _share(agree_by(tried, row, symbols=symbols, top_k=many), label)
            for row, label in zip(looks, labels, strict=True)
        ]
        return float(np.log(np.maximum(shares, _LEAST)).mean())

    return replace(rule, alphabets=max(POWERS, key=value))


def fit_log_odds(shares: Float64, right: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and offset of log odds that make ``(N,)`` shares the probabilities of being right.

    Logistic regression (Platt 1999) by Newton's method, held a little to slope 1 and offset 0, so
    that answers that are all right have finite ones.
    """
    held = np.clip(shares, _LEAST, 1 - _LEAST)
    inputs = np.stack([np.log(held / (1 - held)), np.ones_like(held)], axis=1)
    start = np.array([1.0, 0.0])
    weights = start.copy()
    for _ in range(50):
        guess = 1 / (1 + np.exp(-np.clip(inputs @ weights, -500, 500)))
        slope = inputs.T @ (guess - right) + (weights - start)
        bend = (inputs * (guess * (1 - guess))[:, None]).T @ inputs + np.eye(2)
        step = np.linalg.solve(bend, slope)
        weights -= step
        if np.abs(step).max() < 1e-9:
            break
    return round(float(max(weights[0], 0.05)), 4), round(float(weights[1]), 4)


def _chances(looks: Sequence[Sequence[TextResult]], labels: Sequence[str]) -> Float64:
    """``(N, 1 + V)``: the probability that each look gives the label."""
    return np.array(
        [[_share(look, label) for look in row] for row, label in zip(looks, labels, strict=True)]
    )


def _share(result: TextResult, label: str) -> float:
    """The probability that it gives the label, if it has it at all."""
    if result.text == label:
        return result.confidence
    return next((one.confidence for one in result.alternatives if one.text == label), 0.0)
