"""The temperature that makes confidences probabilities, fitted on held-back pictures."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from solver.model import Model
from training.evaluate import answer, decode, reader_for, run_samples
from training.samples import Sample

TEMPERATURES = (0.4, 4.0)


def fit_temperature(model: Model, samples: Sequence[Sample]) -> float:
    """The temperature whose whole-answer confidences have the least log loss.

    Guo et al. 2017, over answers in place of classes: it is the probability that the answer is
    right that is fitted.
    """
    outputs = list(run_samples(model, samples))

    def log_loss(temperature: float) -> float:
        reader = reader_for(model, temperature=temperature)
        total = 0.0
        for logits, sample in zip(outputs, samples, strict=True):
            result = decode(reader, logits)
            chance = min(max(result.confidence, 1e-6), 1 - 1e-6)
            total -= np.log(chance if answer(result) == sample.label else 1 - chance)
        return float(total / len(samples))

    return _golden_section(log_loss, *TEMPERATURES)


def _golden_section(function: Callable[[float], float], low: float, high: float) -> float:
    """The minimum of a unimodal function of a positive number, to 2 % (Kiefer 1953)."""
    ratio = (math.sqrt(5) - 1) / 2
    low, high = math.log(low), math.log(high)
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = function(math.exp(left)), function(math.exp(right))
    while high - low > 0.02:
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = function(math.exp(left))
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = function(math.exp(right))
    return math.exp((low + high) / 2)
