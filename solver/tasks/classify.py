"""The class of a whole picture."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from solver.decoders import softmax
from solver.errors import SpecError
from solver.model import Float32, Model, Outputs
from solver.preprocess import preprocess
from solver.results import ClassResult


class Classifier:
    """Sorts pictures into the labels of one network.

    ``temperature`` stands in place of the contract's.

    Raises:
        SpecError: the network is not for this.
    """

    role: ClassVar[str] = "class"

    def __init__(self, model: Model, *, temperature: float | None = None) -> None:
        decoder = model.spec.decoder
        if model.spec.role != self.role or decoder.name != "softmax":
            raise SpecError(
                f"{model.source}: expected role {self.role!r} with a softmax decoder, "
                f"received {model.spec.role!r} with {decoder.name}"
            )
        self.model = model
        self._decoder = decoder
        self._temperature = temperature or decoder.temperature

    def prepare(self, image: npt.NDArray[np.uint8]) -> Float32:
        """The network's tensor of an ``(H, W, 3)`` RGB picture."""
        return preprocess(image, self.model.spec.input)[0]

    def decode(self, outputs: Outputs, *, top_k: int = 1) -> ClassResult:
        """The result in the network's outputs for one picture: logits ``(C,)``."""
        return softmax.decode(
            outputs[0],
            labels=self._decoder.labels,
            temperature=self._temperature,
            top_k=top_k,
            background=self._decoder.background,
        )

    def classify(self, image: npt.NDArray[np.uint8], *, top_k: int = 1) -> ClassResult:
        """The class of one ``(H, W, 3)`` RGB picture, with ``top_k - 1`` alternatives."""
        return self.decode(self.model.run(self.prepare(image)), top_k=top_k)
