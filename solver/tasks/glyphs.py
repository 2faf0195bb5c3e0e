"""What single glyphs show that were cut out of a picture, and how alike two of them are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from solver.cutouts import cut_out
from solver.decoders import softmax
from solver.model import Float32
from solver.results import Box
from solver.tasks.classify import Classifier

UInt8 = npt.NDArray[np.uint8]
Float64 = npt.NDArray[np.float64]

# More glyphs than any picture has: all of one picture go through the network together.
BATCH = 64
# Pixels a side of what is cut out; of a box twice as large or more, every second pixel will do.
LARGEST = 512
# Even odds at a cosine of a half.
DEFAULT_LIKENESS = (12.0, -6.0)
# A glyph that a prompt shows is looked at so far turned (degrees, clockwise): marks are turned.
TURNS = (0.0, -15.0, 15.0)
# What two glyphs read as, beside how alike they look: a power of its odds. Chosen with drawn
# pictures, as is that reading may speak for two glyphs being the same and not against it: most
# icons have no class.
READING = 0.3


class GlyphReader(Classifier):
    """Reads glyphs with one ``softmax`` network: characters, and icons by a name or number."""

    role: ClassVar[str] = "glyph"

    @property
    def labels(self) -> tuple[str, ...]:
        """What a glyph can be."""
        return self._decoder.labels

    @property
    def background(self) -> str | None:
        """The label of what is none of the others, which is never an answer."""
        return self._decoder.background

    @property
    def likeness(self) -> tuple[float, float]:
        """Slope and offset of log odds over :func:`likeness`: the contract's, if it has them."""
        slope, offset = self._decoder.likeness or DEFAULT_LIKENESS
        return slope, offset

    def logits(self, image: UInt8, boxes: Sequence[Box]) -> Float64:
        """Raw logits ``(N, C)`` of what lies in the boxes of an ``(H, W, 3)`` RGB picture."""
        tensors = [self.prepare(_cut_out(image, box)) for box in boxes]
        outputs: list[Float32] = [out[0] for out in self.model.run_many(tensors, batch_size=BATCH)]
        if not outputs:
            return np.zeros((0, len(self.labels)))
        return np.stack(outputs).astype(np.float64)

    def views(self, image: UInt8, boxes: Sequence[Box]) -> Float64:
        """Raw logits ``(N, len(TURNS), C)`` of what lies in the boxes, turned by each of TURNS."""
        tensors = [self.prepare(_cut_out(image, box, turn=turn)) for box in boxes for turn in TURNS]
        outputs: list[Float32] = [out[0] for out in self.model.run_many(tensors, batch_size=BATCH)]
        return np.array(outputs, dtype=np.float64).reshape(len(boxes), len(TURNS), -1)

    def same(self, views: Float64, logits: Float64) -> Float64:
        """``(N, M)`` odds that glyphs seen in ``(N, V, C)`` views are those of ``(M, C)`` logits.

        How alike they look, by the mean of the views and the best of them, and whether they read
        as the same class.
        """
        count, turns, classes = views.shape
        flat = views.reshape(count * turns, classes)
        alike = likeness(flat, logits).reshape(count, turns, -1)
        slope, offset = self.likeness
        looks = slope * (alike.mean(axis=1) + alike.max(axis=1)) / 2 + offset
        shares = self.probabilities(flat).reshape(count, turns, classes).mean(axis=1)
        reads = 1 + classes * _products(shares, self.probabilities(logits))
        return np.asarray(np.exp(looks) * reads**READING)

    def probabilities(self, logits: Float64) -> Float64:
        """``(N, C)``, rows that sum to 1, after the temperature."""
        rows = [softmax.probabilities(row, self.labels, self._temperature) for row in logits]
        return np.stack(rows) if rows else np.zeros((0, len(self.labels)))


def _cut_out(image: UInt8, box: Box, *, turn: float = 0.0) -> UInt8:
    """As :func:`solver.cutouts.cut_out`, but no larger than is looked at."""
    step = int(max(box.x2 - box.x1, box.y2 - box.y1)) // LARGEST
    if step > 1:
        image = np.ascontiguousarray(image[::step, ::step])
    return cut_out(image, [value / max(step, 1) for value in box.xyxy], turn=turn)


def likeness(first: Float64, second: Float64) -> Float64:
    """The cosine of the angle between every two of ``(N, C)`` and ``(M, C)`` logits: ``(N, M)``.

    Logits less their mean are what the network's features say about each class: glyphs that it
    has no class for point the same way, too, when they look alike.
    """

    def directions(logits: Float64) -> Float64:
        middle = logits - logits.mean(axis=1, keepdims=True)
        length: Float64 = np.linalg.norm(middle, axis=1, keepdims=True)
        return np.asarray(middle / np.maximum(length, 1e-12))

    return _products(directions(first), directions(second))


def _products(first: Float64, second: Float64) -> Float64:
    """Scalar products of rows ``(N, C)`` and ``(M, C)``: ``(N, M)``.

    BLAS would start a thread a core for so little, and they spin on through the networks' runs: a
    prompt would cost 1.6 times as much.
    """
    return np.asarray(np.einsum("nc,mc->nm", first, second), dtype=np.float64)
