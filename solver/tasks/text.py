"""The text of a picture, read by a ``ctc`` or ``multi_head`` network."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from solver.charset import Case
from solver.decoders import TEXT_DECODERS
from solver.decoders.constraints import Constraint, compile_constraint
from solver.decoders.scores import check_top_k
from solver.errors import SpecError
from solver.model import Float32, Model, Outputs
from solver.preprocess import preprocess
from solver.results import Alternative, TextResult

Length = int | range | tuple[int, int]


@dataclass(frozen=True, slots=True)
class TextOptions:
    """What a caller asks of an answer, compiled for one network's charset."""

    constraint: Constraint | None
    case: Case | None
    top_k: int


class TextReader:
    """Reads pictures with one network; ``temperature`` stands in place of the contract's.

    Raises:
        SpecError: the network is not for this.
    """

    role: ClassVar[str] = "text"

    def __init__(self, model: Model, *, temperature: float | None = None) -> None:
        decoder = model.spec.decoder
        if model.spec.role != self.role or decoder.name not in TEXT_DECODERS:
            raise SpecError(
                f"{model.source}: expected role {self.role!r} with one of the decoders "
                f"{', '.join(TEXT_DECODERS)}, received {model.spec.role!r} with {decoder.name}"
            )
        self.model = model
        self._decode = TEXT_DECODERS[decoder.name]
        self._charset = decoder.charset
        self._temperature = temperature or decoder.temperature
        self._min_length = decoder.min_length

    def options(
        self,
        *,
        charset: str | None = None,
        length: Length | None = None,
        pattern: str | None = None,
        case: Case | None = None,
        top_k: int = 1,
    ) -> TextOptions:
        """Compile a caller's options; equal ones are compiled once.

        Raises:
            TaskError: an option is malformed, or together they leave no text.
        """
        check_top_k(top_k)
        constraint = compile_constraint(
            charset=self._charset, allowed=charset, length=length, pattern=pattern, case=case
        )
        return TextOptions(constraint, case, top_k)

    def prepare(self, image: npt.NDArray[np.uint8]) -> Float32:
        """The network's tensor of an ``(H, W, 3)`` RGB picture."""
        return preprocess(image, self.model.spec.input)[0]

    def decode(self, outputs: Outputs, options: TextOptions) -> TextResult:
        """The result in the network's outputs for one picture.

        Logits ``(T, C)`` or ``(L, C)``, or L heads of ``(C,)``. A text shorter than any that the
        network learned has the confidence 0.
        """
        result = self._decode(
            outputs[0] if len(outputs) == 1 and outputs[0].ndim > 1 else np.stack(outputs),
            charset=self._charset,
            temperature=self._temperature,
            constraint=options.constraint,
            case=options.case,
            top_k=options.top_k,
        )
        return _disbelieved(result, self._min_length)

    def read(self, image: npt.NDArray[np.uint8], options: TextOptions) -> TextResult:
        """The text of one ``(H, W, 3)`` RGB picture."""
        return self.decode(self.model.run(self.prepare(image)), options)


def _disbelieved(result: TextResult, min_length: int) -> TextResult:
    """The result without any confidence in texts of fewer characters."""
    others = result.alternatives
    if min([len(result.text), *(len(one.text) for one in others)]) >= min_length:
        return result
    others = tuple(
        one if len(one.text) >= min_length else Alternative(one.text, 0.0) for one in others
    )
    return replace(
        result,
        confidence=result.confidence if len(result.text) >= min_length else 0.0,
        alternatives=tuple(sorted(others, key=lambda one: -one.confidence)),
    )
