"""The text of a picture, read by a ``ctc`` or ``multi_head`` network.

Where the contract says how (:class:`solver.spec.TtaSpec`), a picture that the first look leaves in
doubt is read from other views, too, and what they agree on is the answer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from solver._require import require_cv2
from solver.charset import Case, Charset
from solver.decoders import TEXT_DECODERS
from solver.decoders.constraints import Constraint, compile_constraint
from solver.decoders.scores import check_top_k
from solver.errors import SpecError, TaskError
from solver.model import Float32, Model, Outputs
from solver.preprocess import preprocess
from solver.results import Alternative, TextResult
from solver.tasks.tta import agree_by

# Sides of what views are made of, in those of the network's canvas.
FINEST = 3
# Texts that each of several looks is asked for where alternatives are wanted: rarer ones in a look
# come to nothing.
ALTERNATIVES = 10

UInt8 = npt.NDArray[np.uint8]
Length = int | range | tuple[int, int]


@dataclass(frozen=True, slots=True)
class TextOptions:
    """What a caller asks of an answer, compiled for one network's charset.

    ``symbols`` are all that an answer may be of.
    """

    constraint: Constraint | None
    case: Case | None
    top_k: int
    symbols: str


class TextReader:
    """Reads pictures with one network; ``temperature`` stands in place of the contract's.

    ``tta``: whether a doubtful picture is looked at again, where the contract says how.

    Raises:
        SpecError: the network is not for this.
    """

    role: ClassVar[str] = "text"

    def __init__(self, model: Model, *, temperature: float | None = None, tta: bool = True) -> None:
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
        self._tta = model.spec.tta if tta else None

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
        return TextOptions(constraint, case, top_k, _symbols(self._charset, charset, case))

    def prepare(self, image: UInt8) -> Float32:
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

    def keep(self, image: UInt8) -> UInt8 | None:
        """As much of an ``(H, W, 3)`` RGB picture as :meth:`settle` wants of it, a copy.

        What a caller passes in may be written to again before its turn comes.
        """
        if self._tta is None:
            return None
        seen = self._reduced(image)
        return image.copy() if seen is image else seen

    def settle(self, outputs: Outputs, image: UInt8 | None, options: TextOptions) -> TextResult:
        """The result in the network's outputs for a picture, or for what was kept of it.

        Where that is in doubt, the picture's other views are read, too.

        Raises:
            TaskError: the options leave no answer.
            MissingDependencyError: it is in doubt, and OpenCV does not import.
        """
        first = self.decode(outputs, options)
        rule = self._tta
        if rule is None or image is None or first.confidence >= rule.below:
            return first
        # How sure an alternative is must not depend on how many are asked for.
        most = 1 if options.top_k == 1 else max(ALTERNATIVES, options.top_k)
        asked = replace(options, top_k=max(most, rule.answers))
        if asked != options:
            first = self.decode(outputs, asked)
        looks = [first, *self.views(image, asked, rule.views)]
        return agree_by(rule, looks, symbols=options.symbols, top_k=options.top_k)

    def views(self, image: UInt8, options: TextOptions, names: Sequence[str]) -> list[TextResult]:
        """What is read in these views of an ``(H, W, 3)`` RGB picture.

        A view that has no room for what is allowed says nothing: its text is empty, confidence 0.

        Raises:
            MissingDependencyError: OpenCV does not import.
        """
        # OpenCV is for these alone: a first answer that is sure does not wait for it.
        require_cv2()
        from solver.views import VIEWS

        seen = self._reduced(image)
        results = []
        for name in names:
            outputs = self.model.run(self.prepare(VIEWS[name](seen)))
            try:
                results.append(self.decode(outputs, options))
            except TaskError:
                results.append(TextResult("", 0.0))
        return results

    def read(self, image: UInt8, options: TextOptions) -> TextResult:
        """The text of one ``(H, W, 3)`` RGB picture."""
        return self.settle(self.model.run(self.prepare(image)), image, options)

    def _reduced(self, image: UInt8) -> UInt8:
        """The picture, shrunk where it has many times the canvas's pixels: nothing finer is seen.

        Views of a large picture would cost as much as the picture is large, and keeping it until
        its turn comes too much memory.
        """
        rule = self.model.spec.input
        most = FINEST**2 * rule.height * (rule.width or rule.max_width)
        height, width = image.shape[:2]
        ratio = math.sqrt(most / (height * width))
        if ratio >= 1:
            return image
        # Rounded down, so that what was reduced is left as it is.
        size = (max(1, int(width * ratio)), max(1, int(height * ratio)))
        return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX))


@lru_cache(maxsize=64)
def _symbols(charset: Charset, allowed: str | None, case: Case | None) -> str:
    """What answers may be of: the charset's symbols, or those of them that are ``allowed``."""
    folded = charset if case is None else charset.fold(case)[0]
    if allowed is None:
        return folded.symbols
    wanted = set(allowed if case is None else folded.folded(allowed, case))
    return "".join(symbol for symbol in folded.symbols if symbol in wanted)


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
