"""The samples of a run, read from its settings and held against what the model can say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from training.config import Config
from training.samples import (
    DatasetError,
    Sample,
    labels_outside,
    read_source,
    source_name,
)


@dataclass(frozen=True, slots=True)
class Data:
    """The samples of a run by source, and the classes of a classifier, in their order.

    ``repeats[i]`` is how often an epoch shows training sample i.
    """

    train: Mapping[str, list[Sample]]
    validation: Mapping[str, list[Sample]]
    labels: tuple[str, ...]
    repeats: tuple[float, ...]

    @property
    def samples(self) -> list[Sample]:
        """All training samples, in the order of their sources."""
        return [sample for part in self.train.values() for sample in part]


def read_data(config: Config, root: Path) -> Data:
    """Read every source; ``root`` is where relative paths start.

    Raises:
        DatasetError: a source cannot be read, there is none to train on, or a label does not fit
            the model.
    """
    sides = []
    for sources in (config.data.train, config.data.validation):
        found: dict[str, list[Sample]] = {}
        for source in sources:
            found.setdefault(source_name(source, root), []).extend(read_source(source, root))
        sides.append(found)
    train, validation = sides
    if not train:
        raise DatasetError('data.train: no source; add one, such as [{path = "pictures"}]')
    labels = config.labels
    if config.task == "classify":
        labels = labels or tuple(sorted({s.label for part in train.values() for s in part}))
        if len(labels) < 2:
            raise DatasetError(
                f"{', '.join(train)}: one class only, {labels[0]!r}; a classifier needs two"
            )
    for name, samples in [*train.items(), *validation.items()]:
        _check_labels(config, name, samples, labels)
    wanted = {source_name(source, root): source.repeat for source in config.data.train}
    repeats = tuple(wanted[name] for name, part in train.items() for _ in part)
    return Data(train, validation, labels, repeats)


def _check_labels(
    config: Config, name: str, samples: Sequence[Sample], labels: tuple[str, ...]
) -> None:
    if config.task == "classify":
        foreign = [sample for sample in samples if sample.label not in labels]
        if foreign:
            raise DatasetError(
                f"{foreign[0].path}: class {foreign[0].label!r} is not one of the model's "
                f"{len(labels)} ({len(foreign)} such pictures in {name})"
            )
        return
    foreign = labels_outside(samples, config.symbols)
    if foreign:
        raise DatasetError(
            f"{foreign[0].path}: label {foreign[0].label!r} is outside the charset "
            f"({len(foreign)} such pictures in {name}); add the symbols or leave them out"
        )
    long = [sample for sample in samples if config.length and len(sample.label) > config.length]
    if long:
        raise DatasetError(
            f"{long[0].path}: label {long[0].label!r} has more than length = {config.length} "
            f"characters ({len(long)} such pictures in {name}); raise length"
        )
