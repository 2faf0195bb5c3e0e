"""What a finished model file answers on labelled pictures, read by the runtime itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solver import images, pretrained
from solver.errors import ImageError, SpecError
from solver.model import Model, Outputs
from solver.preprocess import preprocess
from solver.results import ClassResult, TextResult
from solver.tasks.classify import Classifier
from solver.tasks.text import TextReader
from training.figures.classes import TOP, ClassFigures, class_figures
from training.figures.text import TextFigures, text_figures
from training.samples import DatasetError, Sample

CHUNK = 256

Reader = TextReader | Classifier
Figures = TextFigures | ClassFigures
_READERS: dict[str, type[TextReader] | type[Classifier]] = {
    reader.role: reader for reader in (TextReader, Classifier)
}


@dataclass(frozen=True, slots=True)
class Prediction:
    """One picture and what the model made of it."""

    sample: Sample
    result: TextResult | ClassResult

    @property
    def answer(self) -> str:
        """The text or the class."""
        return answer(self.result)

    @property
    def confidence(self) -> float:
        """That the whole answer is right, 0–1."""
        return self.result.confidence

    @property
    def is_right(self) -> bool:
        """Whether the answer is exactly the label."""
        return self.answer == self.sample.label

    @property
    def ranked(self) -> list[str]:
        """The answer, then the alternatives."""
        return [self.answer, *(other.text for other in self.result.alternatives)]


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
    """A text or class model by its file or, where there is no suffix, by its embedded name.

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
        SpecError: its role is neither text nor class.
    """
    if model.spec.role not in _READERS:
        raise SpecError(
            f"{model.source}: expected a model of role {' or '.join(_READERS)}, "
            f"received {model.spec.role!r}"
        )
    return _READERS[model.spec.role](model, temperature=temperature)


def decode(reader: Reader, outputs: Outputs) -> TextResult | ClassResult:
    """The result in a network's raw outputs for one picture."""
    if isinstance(reader, TextReader):
        return reader.decode(outputs, reader.options())
    return reader.decode(outputs, top_k=min(TOP, len(reader.model.spec.decoder.labels)))


def answer(result: TextResult | ClassResult) -> str:
    """The text or the class."""
    return result.text if isinstance(result, TextResult) else result.label


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


def predict(
    reader: Reader, samples: Sequence[Sample], *, unreadable: list[Unreadable]
) -> Iterator[Prediction]:
    """The answer for each sample, in order; what cannot be read is added to ``unreadable``."""
    for start in range(0, len(samples), CHUNK):
        kept, tensors = [], []
        for sample in samples[start : start + CHUNK]:
            try:
                tensors.append(reader.prepare(images.load(sample.content())))
            except ImageError as error:
                unreadable.append(Unreadable(sample, str(error)))
            else:
                kept.append(sample)
        for sample, outputs in zip(kept, reader.model.run_many(tensors), strict=True):
            yield Prediction(sample, decode(reader, outputs))


def figures(reader: Reader, predictions: Sequence[Prediction]) -> Figures:
    """The figures of some of a model's predictions.

    Raises:
        ValueError: there are none, or a label is not a class of the model.
    """
    truths = [prediction.sample.label for prediction in predictions]
    confidences = [prediction.confidence for prediction in predictions]
    decoder = reader.model.spec.decoder
    if isinstance(reader, TextReader):
        answers = [prediction.answer for prediction in predictions]
        aligned = decoder.name == "ctc"
        return text_figures(answers, truths, confidences, aligned=aligned)
    ranked = [prediction.ranked for prediction in predictions]
    return class_figures(ranked, truths, confidences, labels=decoder.labels)


def run_samples(model: Model, samples: Sequence[Sample]) -> Iterator[Outputs]:
    """The network's raw outputs for each sample, in order, a bounded number in memory.

    Raises:
        ImageError: a file is no picture.
    """
    for start in range(0, len(samples), CHUNK):
        yield from model.run_many(
            [
                preprocess(images.load(sample.content()), model.spec.input)[0]
                for sample in samples[start : start + CHUNK]
            ]
        )


def line(found: Figures) -> str:
    """One line for a person."""
    whole = found.exact if isinstance(found, TextFigures) else found.top1
    low, high = whole.interval
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
