"""The table ``[classify]`` of the settings: what only classifiers have."""

from __future__ import annotations

from dataclasses import dataclass

from training.typed import ConfigError

ROLES = ("class", "glyph", "header", "tile")


@dataclass(frozen=True, slots=True)
class Classify:
    """How a classifier learns and answers.

    ``role`` is what it is for: class, or glyph, header or tile, parts of what other verbs need.
    ``background`` is the class of what is none of the others: it is never an answer. ``photo``
    changes pictures as photographs may change (:mod:`training.photo`), and not as text; ``mix`` is
    the share of them that are mixed with another one. The exported network answers for the mean of
    a picture and its ``mirror`` image, and adds to its logits ``prototypes`` times the likeness
    (cosine) to each class's mean of the training pictures.
    """

    role: str = "class"
    background: str = ""
    photo: bool = False
    mix: float = 0.0
    mirror: bool = False
    prototypes: float = 0.0

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise ConfigError(f"classify.role: expected of {', '.join(ROLES)}, got {self.role!r}")
        if not 0 <= self.mix <= 1:
            raise ConfigError(f"classify.mix: expected 0 to 1, received {self.mix}")
        if not 0 <= self.prototypes <= 100:
            raise ConfigError(f"classify.prototypes: expected 0 to 100, received {self.prototypes}")
