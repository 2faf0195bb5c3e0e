"""Optimisers by name, and learning-rate schedules as pure functions of the step."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import keras

from training.config import Fit

# The rate never falls below this share of its peak: what is learnt last still moves.
FLOOR = 1e-3


@keras.saving.register_keras_serializable(package="training")
class AdaBelief(keras.optimizers.Optimizer):  # type: ignore[misc]
    """AdaBelief (Zhuang et al. 2020): steps are long where gradients are as expected.

    Adam's second moment is of ``gradient - its running mean`` in place of the gradient. Weight
    decay is decoupled, as in AdamW; ``epsilon`` stands inside and outside the root, as in the
    paper.
    """

    def __init__(
        self,
        learning_rate: Any = 1e-3,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-14,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, **options)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def build(self, variables: Sequence[Any]) -> None:
        if self.built:
            return
        super().build(variables)
        self._means, self._surprises = self.add_optimizer_variables(variables, ["mean", "surprise"])

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        ops = keras.ops
        rate = ops.cast(learning_rate, variable.dtype)
        gradient = ops.cast(gradient, variable.dtype)
        step = ops.cast(self.iterations + 1, variable.dtype)
        mean = self._means[self._get_variable_index(variable)]
        surprise = self._surprises[self._get_variable_index(variable)]
        self.assign(mean, self.beta_1 * mean + (1 - self.beta_1) * gradient)
        apart = ops.square(gradient - mean)
        self.assign(surprise, self.beta_2 * surprise + (1 - self.beta_2) * apart + self.epsilon)
        mean_share = 1 - ops.power(ops.cast(self.beta_1, variable.dtype), step)
        surprise_share = 1 - ops.power(ops.cast(self.beta_2, variable.dtype), step)
        scale = ops.sqrt(surprise / surprise_share) + self.epsilon
        self.assign_sub(variable, rate * (mean / mean_share) / scale)

    def get_config(self) -> dict[str, Any]:
        own = {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
        return {**super().get_config(), **own}


OPTIMIZERS: dict[str, Callable[..., Any]] = {
    "adamw": keras.optimizers.AdamW,
    "adabelief": AdaBelief,
}


def make_optimizer(
    name: str, *, learning_rate: float, weight_decay: float = 0.0, clip_norm: float = 0.0
) -> keras.optimizers.Optimizer:
    """An optimiser by its name; ``clip_norm`` bounds the norm of all gradients, 0: no bound.

    Raises:
        ValueError: no such name.
    """
    if name not in OPTIMIZERS:
        raise ValueError(f"optimizer: expected one of {', '.join(OPTIMIZERS)}, received {name!r}")
    return OPTIMIZERS[name](
        learning_rate=learning_rate,
        weight_decay=weight_decay,
        global_clipnorm=clip_norm or None,
    )


@dataclass(frozen=True, slots=True)
class Plateau:
    """Where a plateau schedule stands: the share of the peak rate, the best score, how long ago.

    Part of a checkpoint by :meth:`to_dict`.
    """

    share: float = 1.0
    best: float | None = None
    waited: int = 0

    def to_dict(self) -> dict[str, float | int | None]:
        return asdict(self)

    def after(
        self, score: float, *, patience: int = 5, factor: float = 0.5, least: float = 1e-4
    ) -> Plateau:
        """The state after a validation ``score`` (higher is better).

        After ``patience`` scores in turn that do not better the best by ``least``, the rate is
        multiplied by ``factor``. A score that is not a number betters nothing.
        """
        if self.best is None or score > self.best + least:
            return Plateau(self.share, None if math.isnan(score) else score)
        if self.waited + 1 < patience:
            return Plateau(self.share, self.best, self.waited + 1)
        return Plateau(max(FLOOR, self.share * factor), self.best)


def scheduled_rate(
    schedule: str,
    *,
    peak: float,
    step: int,
    total: int,
    warmup: int = 0,
    drops: Sequence[float] = (0.6, 0.85),
    factor: float = 0.1,
    plateau: Plateau | None = None,
) -> float:
    """The learning rate at a step of ``total``: linear warm-up, then the schedule.

    ``cosine`` (Loshchilov and Hutter 2017) and ``linear`` fall to nearly zero; ``step``
    multiplies by ``factor`` at each share of the run in ``drops``; ``plateau`` follows the
    ``plateau`` state; ``constant`` stays.

    Raises:
        ValueError: no such schedule.
    """
    if schedule not in SCHEDULES:
        raise ValueError(f"schedule: expected one of {', '.join(SCHEDULES)}, received {schedule!r}")
    if step < warmup:
        return peak * (step + 1) / warmup
    done = min(1.0, (step - warmup) / max(1, total - warmup))
    if schedule == "plateau":
        share = plateau.share if plateau is not None else 1.0
    elif schedule == "step":
        share = factor ** sum(done >= drop for drop in drops)
    else:
        share = _SHAPES[schedule](done)
    return peak * max(share, FLOOR)


_SHAPES: dict[str, Callable[[float], float]] = {
    "constant": lambda done: 1.0,
    "cosine": lambda done: 0.5 * (1 + math.cos(math.pi * done)),
    "linear": lambda done: 1.0 - done,
}
SCHEDULES = (*_SHAPES, "step", "plateau")


def optimizer_for(fit: Fit) -> keras.optimizers.Optimizer:
    """The optimiser of these settings, with a running mean of the weights where they want one."""
    optimizer = make_optimizer(
        fit.optimizer,
        learning_rate=fit.learning_rate,
        weight_decay=fit.weight_decay,
        clip_norm=fit.clip_norm,
    )
    if fit.average:
        optimizer.use_ema = True
        optimizer.ema_momentum = fit.average
    return optimizer


@contextmanager
def averaged(model: Any) -> Iterator[None]:
    """The running mean of the weights in their place, where the optimiser keeps one."""
    optimizer = model.optimizer
    if not optimizer.use_ema:
        yield
        return
    variables = model.trainable_variables
    raw = [keras.ops.convert_to_numpy(variable) for variable in variables]
    optimizer.finalize_variable_values(variables)
    try:
        yield
    finally:
        for variable, value in zip(variables, raw, strict=True):
            variable.assign(value)
