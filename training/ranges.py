"""Which numbers a setting may have, by its name in ``captcha.toml``."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from training.typed import ConfigError

_RULES: Mapping[str, tuple[Callable[[float], bool], tuple[str, ...]]] = {
    "> 0": (
        lambda value: value > 0,
        (
            *("data.workers", "model.width", "model.features"),
            *("fit.batch", "fit.epochs", "fit.learning_rate", "fit.checkpoint_steps"),
        ),
    ),
    "≥ 0": (
        lambda value: value >= 0,
        (
            *("seed", "length", "data.cache_mb", "model.context"),
            *("fit.warmup", "fit.weight_decay", "fit.clip_norm", "fit.patience"),
        ),
    ),
    "other than 0": (lambda value: value != 0, ("input.scale",)),
    "≥ 0 and < 1": (
        lambda value: 0 <= value < 1,
        ("model.dropout", "fit.label_smoothing", "fit.average"),
    ),
}


def check(settings: object) -> None:
    """Look at every number of the settings that has a rule.

    Raises:
        ConfigError: one breaks its rule; the message names it.
    """
    for words, (fits, names) in _RULES.items():
        for name in names:
            value: object = settings
            for part in name.split("."):
                value = getattr(value, part)
            if not isinstance(value, int | float) or not math.isfinite(value) or not fits(value):
                raise ConfigError(f"{name}: expected {words}, received {value}")
