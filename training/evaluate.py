"""What a finished model file answers on labelled pictures, read by the runtime itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from solver import images, pretrained
from solver.errors import ImageError, SpecError
from solver.geometry import Placement
from solver.model import Float32, Model, Outputs
from solver.preprocess import preprocess
from solver.results import Box, ClassResult, TextResult
from solver.tasks.classify import Classifier
from solver.tasks.detect import Detector
from solver.tasks.glyphs import GlyphReader
from solver.tasks.text import TextReader
from solver.tasks.tiles import HeaderReader, TileReader
from training.figures.boxes import BoxFigures, Verdict, box_figures, judge
from training.figures.classes import TOP, ClassFigures, class_figures
from training.figures.text import TextFigures, text_figures
from training.metrics import BOX_FLOOR
from training.samples import Annotation, DatasetError, Sample, ailment, in_a_row, shown

CHUNK = 256
# The tensors and outputs of a detector are large.
DETECTOR_CHUNK = 32


@dataclass(frozen=True, slots=True)
class BoxesResult:
    """What a detector found in a picture, best score first.

    ``candidates`` score at least :data:`training.metrics.BOX_FLOOR`; the ``boxes`` among them are
    the answer.
    """

    candidates: tuple[Box, ...]
    threshold: float

    @property
    def boxes(self) -> tuple[Box, ...]:
        """Those that score at least the model's threshold."""
        return tuple(box for box in self.candidates if box.score >= self.threshold)

    @property
    def confidence(self) -> float:
        """The lowest score of the answer; 0 where it is empty."""
        return min((box.score for box in self.boxes), default=0.0)


Reader = TextReader | Classifier | Detector
Result = TextResult | ClassResult | BoxesResult
Figures = TextFigures | ClassFigures | BoxFigures
_READERS: dict[str, type[TextReader] | type[Classifier]] = {
    reader.role: reader
    for reader in (TextReader, Classifier, GlyphReader, HeaderReader, TileReader)
}


@dataclass(frozen=True, slots=True)
class Prediction:
    """One picture and what the model made of it."""

    sample: Sample
    result: Result

    @property
    def label(self) -> str:
        """What the picture shows: its text or class, or what is in its boxes, from the left."""
        return self.sample.label or _from_the_left(self.sample.boxes)

    @property
    def answer(self) -> str:
        """The text or the class, or what is in the boxes, from the left."""
        return answer(self.result)

    @property
    def confidence(self) -> float:
        """That the whole answer is right, 0–1; of boxes, the lowest score."""
        return self.result.confidence

    @property
    def is_right(self) -> bool:
        """Whether the answer is exactly the label; of boxes, whether all were found, no other."""
        if isinstance(self.result, BoxesResult):
            return self.verdict.is_whole
        return self.answer == self.sample.label

    @property
    def verdict(self) -> Verdict:
        """Which boxes of the answer are right, and which of the picture were found."""
        boxes = self.result.boxes if isinstance(self.result, BoxesResult) else ()
        return judge(boxes, self.sample.boxes)

    @property
    def ranked(self) -> list[str]:
        """The answer, then the alternatives."""
        others = getattr(self.result, "alternatives", ())
        return [self.answer, *(other.text for other in others)]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that was left out, and why."""

    sample: Sample
    reason: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Every prediction, and the figures of each source and of all together."""

    model: str
    predictions: tuple[Prediction, ...]
    unreadable: tuple[Unreadable, ...]
    sources: dict[str, Figures]
    pooled: Figures

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: the figures, and the files that were left out."""
        return {
            "model": self.model,
            "pooled": self.pooled.to_dict(),
            "sources": {name: figures.to_dict() for name, figures in self.sources.items()},
            "unreadable": [
                {"path": str(item.sample.path), "reason": item.reason} for item in self.unreadable
            ],
        }


def open_reader(source: str) -> Reader:
    """A model by its file or, where there is no suffix, by its embedded name.

    Raises:
        ModelError: there is no such file or name, or its role is another.
    """
    if Path(source).suffix:
        model = Model.open(source)
    else:
        model = Model(pretrained.find(source).read(), source=source)
    return reader_for(model)


def reader_for(model: Model, *, temperature: float | None = None) -> Reader:
    """The task that a model's role asks for; ``temperature`` in place of the contract's.

    Raises:
        SpecError: no reader is for its role.
    """
    if model.spec.role == Detector.role:
        return Detector(model)
    if model.spec.role not in _READERS:
        raise SpecError(
            f"{model.source}: expected a model of role {', '.join(_READERS)} or {Detector.role}, "
            f"received {model.spec.role!r}"
        )
    return _READERS[model.spec.role](model, temperature=temperature)


def prepare(reader: Reader, picture: npt.NDArray[np.uint8]) -> tuple[Float32, Placement]:
    """A network's tensor of an ``(H, W, 3)`` RGB picture, and where that lies on it."""
    return preprocess(picture, reader.model.spec.input)


def decode(
    reader: Reader,
    outputs: Outputs,
    placement: Placement | None = None,
    picture: npt.NDArray[np.uint8] | None = None,
) -> Result:
    """The result in a network's raw outputs for one picture.

    Boxes need to know where the picture lay; a text that is in doubt is looked at again where there
    is the picture, or what :meth:`TextReader.keep` keeps of it.
    """
    if isinstance(reader, TextReader):
        return reader.settle(outputs, picture, reader.options())
    if isinstance(reader, Classifier):
        return reader.decode(outputs, top_k=min(TOP, len(reader.model.spec.decoder.labels)))
    rules = reader.model.spec.decoder.anchors
    assert placement is not None
    assert rules is not None  # so says the contract
    threshold = min(BOX_FLOOR, rules.score_threshold)
    found = reader.decode(outputs, placement, threshold=threshold)
    return BoxesResult(tuple(found), rules.score_threshold)


def answer(result: Result) -> str:
    """The text or the class, or what is in the boxes, from the left."""
    if isinstance(result, BoxesResult):
        return _from_the_left(result.boxes)
    return result.text if isinstance(result, TextResult) else result.label


def _from_the_left(boxes: Sequence[Box | Annotation]) -> str:
    return in_a_row(box.label for box in sorted(boxes, key=lambda box: (box.x1, box.y1)))


def evaluate(reader: Reader, samples: Sequence[Sample]) -> Evaluation:
    """Read every sample exactly once and compare with its label, each source apart and all.

    Files that are no pictures are left out and listed.

    Raises:
        DatasetError: there are no samples, none is a picture, or a label is no class.
    """
    unreadable: list[Unreadable] = []
    predictions = tuple(predict(reader, samples, unreadable=unreadable))
    if not predictions:
        first = f"; the first: {unreadable[0].reason}" if unreadable else ""
        raise DatasetError(f"none of {len(samples)} files can be read as a picture{first}")
    by_source: dict[str, list[Prediction]] = {}
    for prediction in predictions:
        by_source.setdefault(prediction.sample.source, []).append(prediction)
    try:
        return Evaluation(
            model=reader.model.source,
            predictions=predictions,
            unreadable=tuple(unreadable),
            sources={name: figures(reader, part) for name, part in by_source.items()},
            pooled=figures(reader, predictions),
        )
    except ValueError as error:
        raise DatasetError(f"{reader.model.source}: {error}") from error


def strange(reader: Reader, samples: Sequence[Sample]) -> list[str]:
    """A line where labels cannot be right: a text has symbols, a box a class the model lacks.

    Upper and lower case are told apart, as in ``exact``. A classifier refuses such labels.
    """
    decoder = reader.model.spec.decoder
    if isinstance(reader, TextReader):
        known, what = set(decoder.symbols), "labels hold symbols that the model cannot write"
        held = [set(one.label) for one in samples]
    elif isinstance(reader, Detector):
        known, what = set(decoder.labels), "pictures have boxes of classes that the model lacks"
        held = [{box.label for box in one.boxes} for one in samples]
    else:
        return []
    lacking = Counter(x for one in held for x in sorted(one - known))
    if not lacking:
        return []
    count = sum(not known.issuperset(one) for one in held)
    named = ", ".join(f"{shown(symbol)!r} in {times}" for symbol, times in lacking.most_common(5))
    more = ", …" if len(lacking) > 5 else ""
    said = [f"{count} of {len(samples)} {what}, and so count as wrong: {named}{more}"]
    if isinstance(reader, Detector):
        known_ones = ", ".join(repr(shown(label)) for label in decoder.labels[:5])
        said.append(f"it knows {known_ones}{', …' if len(decoder.labels) > 5 else ''}")
    return ["; ".join(said)]


def predict(
    reader: Reader, samples: Sequence[Sample], *, unreadable: list[Unreadable]
) -> Iterator[Prediction]:
    """The answer for each sample, in order; what cannot be read is added to ``unreadable``."""
    size = DETECTOR_CHUNK if isinstance(reader, Detector) else CHUNK
    for start in range(0, len(samples), size):
        kept, tensors = [], []
        for sample in samples[start : start + size]:
            try:
                picture = images.load(sample.content())
                tensor, placement = prepare(reader, picture)
            except ImageError as error:
                unreadable.append(Unreadable(sample, ailment(error)))
            else:
                tensors.append(tensor)
                again = reader.keep(picture) if isinstance(reader, TextReader) else None
                kept.append((sample, placement, again))
        found = reader.model.run_many(tensors)
        for (sample, placement, again), outputs in zip(kept, found, strict=True):
            yield Prediction(sample, decode(reader, outputs, placement, again))


def figures(reader: Reader, predictions: Sequence[Prediction]) -> Figures:
    """The figures of some of a model's predictions.

    Raises:
        ValueError: there are none, a label is not a class of the model, or no box is to be found.
    """
    if isinstance(reader, Detector):
        return _box_figures(predictions)
    truths = [prediction.sample.label for prediction in predictions]
    confidences = [prediction.confidence for prediction in predictions]
    decoder = reader.model.spec.decoder
    if isinstance(reader, TextReader):
        answers = [prediction.answer for prediction in predictions]
        aligned = decoder.name == "ctc"
        return text_figures(answers, truths, confidences, aligned=aligned)
    ranked = [prediction.ranked for prediction in predictions]
    return class_figures(ranked, truths, confidences, labels=decoder.labels)


def _box_figures(predictions: Sequence[Prediction]) -> BoxFigures:
    results = [one.result for one in predictions if isinstance(one.result, BoxesResult)]
    return box_figures(
        [result.candidates for result in results],
        [one.sample.boxes for one in predictions],
        threshold=results[0].threshold if results else 0.0,
    )


def run_samples(model: Model, samples: Sequence[Sample]) -> Iterator[Outputs]:
    """The network's raw outputs for each sample, in order, a bounded number in memory.

    Raises:
        DatasetError: a file is no picture; the message names it.
    """
    for start in range(0, len(samples), CHUNK):
        yield from model.run_many(
            [
                preprocess(sample.pixels(), model.spec.input)[0]
                for sample in samples[start : start + CHUNK]
            ]
        )


def line(found: Figures) -> str:
    """One line for a person."""
    whole = found.whole
    low, high = whole.interval
    if isinstance(found, BoxFigures):
        return (
            f"{found.count} pictures, {found.recall.count} boxes  AP@.5 {found.ap50:.3f}  "
            f"AP@[.5:.95] {found.ap:.3f}  found {found.recall.value:.3f}  "
            f"right {found.precision.value:.3f}  "
            f"whole pictures {whole.value:.3f} [{low:.3f}, {high:.3f}]"
        )
    if isinstance(found, TextFigures):
        shares = (
            f"exact {whole.value:.3f} [{low:.3f}, {high:.3f}]  "
            f"case-insensitive {found.case_insensitive.value:.3f}  "
            f"CER {found.character_error_rate:.3f}"
        )
    else:
        shares = (
            f"top-1 {whole.value:.3f} [{low:.3f}, {high:.3f}]  top-{TOP} {found.top5.value:.3f}"
        )
    error = found.confidence.expected_error
    return f"{found.count} pictures  {shares}  calibration error {error:.3f}"
