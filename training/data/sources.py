"""The samples of a run, read from its settings and held against what the model can say."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from training.config import Config, Source
from training.data.endless import Endless, endless_source, fixed_samples
from training.samples import (
    DatasetError,
    Sample,
    fingerprint,
    labels_outside,
    read_source,
    source_name,
)

# Pictures that a generator draws to see whether its labels fit.
PROBE = 32
# And to see how short they are: enough to meet each of twenty lengths.
DRAWN = 256


class LabelError(DatasetError):
    """Labels that the model can never answer; ``samples`` are all of that source."""

    def __init__(self, message: str, samples: Sequence[Sample]) -> None:
        super().__init__(message)
        self.samples = tuple(samples)


@dataclass(frozen=True, slots=True)
class Data:
    """The samples of a run by source, and the classes that it tells apart, in their order.

    ``repeats[i]`` is how often an epoch shows training sample i. ``endless`` are the sources that
    are drawn while training; what is validated from a generator is drawn once, and is a sample.
    """

    train: Mapping[str, list[Sample]]
    validation: Mapping[str, list[Sample]]
    labels: tuple[str, ...]
    repeats: tuple[float, ...]
    endless: tuple[Endless, ...] = ()

    @property
    def samples(self) -> list[Sample]:
        """All training samples, in the order of their sources."""
        return [sample for part in self.train.values() for sample in part]

    def some(self, count: int) -> list[Sample]:
        """All training samples, and the first ``count`` of each source that is drawn."""
        drawn = [one.draw(0, number) for one in self.endless for number in range(count)]
        return [*self.samples, *drawn]

    @property
    def shortest(self) -> int:
        """Characters of the shortest label that is trained on; of a generator, of its first."""
        drawn = (one.draw(0, number) for one in self.endless for number in range(DRAWN))
        return min(len(sample.label) for sample in itertools.chain(self.samples, drawn))

    @property
    def fingerprint(self) -> str:
        """SHA-256 that tells apart what is trained on: samples, and settings of generators."""
        files = fingerprint(self.samples)
        if not self.endless:
            return files
        lines = [f"{one.name}\0{one.count}\0{one.seed}\0{one.digest}" for one in self.endless]
        return hashlib.sha256("\n".join([files, *lines]).encode()).hexdigest()


def read_data(config: Config, root: Path) -> Data:
    """Read every source; ``root`` is where relative paths start.

    Raises:
        DatasetError: a source cannot be read, there is none to train on, or a label does not fit
            the model.
    """
    named = distinct(config.data.train, root)
    endless = tuple(
        endless_source(source, root, seed=config.seed, place=place)
        for place, source in enumerate(named)
        if source.is_drawn
    )
    train: dict[str, list[Sample]] = {}
    shown: dict[str, list[float]] = {}
    for source in named:
        if not source.is_drawn:
            samples = read_source(source, root)
            train.setdefault(source.name, []).extend(samples)
            shown.setdefault(source.name, []).extend([source.repeat] * len(samples))
    validation: dict[str, list[Sample]] = {}
    for source in distinct(config.data.validation, root):
        read = fixed_samples if source.is_drawn else read_source
        validation.setdefault(source.name, []).extend(read(source, root))
    if not train and not endless:
        raise DatasetError('data.train: no source; add one, such as [{path = "pictures"}]')
    labels = config.labels or tuple(dict.fromkeys(x for one in endless for x in one.labels))
    if config.has_labels:
        if endless and not labels:
            raise DatasetError(
                "labels: expected the classes; a generator does not say beforehand what it draws"
            )
        of = _CLASSES[config.task]
        labels = labels or tuple(
            sorted({x for part in train.values() for s in part for x in of(s)})
        )
        if config.task == "classify" and len(labels) < 2:
            raise DatasetError(
                f"{', '.join(train)}: one class only, {labels[0]!r}; a classifier needs two"
            )
        if not labels:
            raise DatasetError(
                f"{', '.join(train)}: no boxes; a detector learns from labelled boxes: say how "
                'they are written, such as reader = "voc", "coco" or "yolo"'
            )
    probes = [(one.name, [one.draw(0, number) for number in range(PROBE)]) for one in endless]
    for name, samples in [*train.items(), *probes, *validation.items()]:
        _check_labels(config, name, samples, labels)
    blank = [name for name, part in validation.items() if not any(one.boxes for one in part)]
    if config.task == "detect" and blank:
        raise DatasetError(f"data.validation: {blank[0]} has no boxes: nothing could be found")
    repeats = tuple(repeat for part in shown.values() for repeat in part)
    return Data(train, validation, labels, repeats, endless)


def distinct(sources: Sequence[Source], root: Path) -> list[Source]:
    """The sources with their names: their paths, where two folders have the same.

    Names that the settings give stay: sources of one name are scored as one.
    """
    names = [source_name(source, root) for source in sources]
    counts = Counter(names)
    return [
        replace(source, name=name if source.name or counts[name] == 1 else str(Path(source.path)))
        for source, name in zip(sources, names, strict=True)
    ]


# What a picture shows, by task.
_CLASSES: Mapping[str, Callable[[Sample], Sequence[str]]] = {
    "classify": lambda sample: (sample.label,),
    "detect": lambda sample: [one.label for one in sample.boxes],
}


def _check_labels(
    config: Config, name: str, samples: Sequence[Sample], labels: tuple[str, ...]
) -> None:
    if config.has_labels:
        of, known = _CLASSES[config.task], set(labels)
        strange = [(sample, x) for sample in samples for x in of(sample) if x not in known]
        if strange:
            (first, label), count = strange[0], len({sample.path for sample, _ in strange})
            raise DatasetError(
                f"{first.path}: class {label!r} is not one of the model's "
                f"{len(labels)} ({count} such pictures in {name})"
            )
        return
    foreign = labels_outside(samples, config.symbols)
    if foreign:
        raise LabelError(
            f"{foreign[0].path}: label {foreign[0].label!r} is outside the charset "
            f"({len(foreign)} such pictures in {name}); add the symbols or leave them out",
            samples,
        )
    long = [sample for sample in samples if config.length and len(sample.label) > config.length]
    if long:
        raise LabelError(
            f"{long[0].path}: label {long[0].label!r} has more than length = {config.length} "
            f"characters ({len(long)} such pictures in {name}); raise length",
            samples,
        )
