"""Raw logits to results: pure functions, safe to call from any thread.

`TEXT_DECODERS` finds the decoder of a text model by the name in its spec.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from numpy.typing import ArrayLike

from solver.charset import Case, Charset
from solver.decoders import anchors, ctc, multi_head, softmax
from solver.decoders.constraints import Constraint, compile_constraint
from solver.results import TextResult

__all__ = [
    "TEXT_DECODERS",
    "Constraint",
    "TextDecoder",
    "anchors",
    "compile_constraint",
    "ctc",
    "multi_head",
    "softmax",
]


class TextDecoder(Protocol):
    """What `ctc.decode` and `multi_head.decode` have in common."""

    def __call__(
        self,
        logits: ArrayLike,
        *,
        charset: Charset,
        temperature: float = 1.0,
        constraint: Constraint | None = None,
        case: Case | None = None,
        top_k: int = 1,
    ) -> TextResult: ...


TEXT_DECODERS: Mapping[str, TextDecoder] = MappingProxyType(
    {"ctc": ctc.decode, "multi_head": multi_head.decode}
)
