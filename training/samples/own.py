"""The user's own reader, named ``"my_module:read"``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from training.config import Source
from training.plugins import PluginError, load_function
from training.samples.faults import Fault, noted
from training.samples.sample import DatasetError, Sample


def read_own(path: Path, options: Source, root: Path, faults: list[Fault]) -> list[Sample]:
    """Call ``read(path)`` of the user's module, which gives ``(file, label)`` pairs or samples.

    Files are relative to ``path`` or absolute: whoever wrote the reader may read anywhere. A pair
    without a label, or whose file is not there, is noted in ``faults``.

    Raises:
        DatasetError: no such function, it fails, or it gives something else or nothing.
    """
    try:
        function = load_function(options.reader, root=root, setting="reader")
    except PluginError as error:
        raise DatasetError(str(error)) from error
    where = f"reader {options.reader}"
    try:
        answer = function(path)
        items = list(answer) if isinstance(answer, Iterable) else None
    except Exception as error:  # the user's code may raise anything; the sentence says what
        raise DatasetError(f"{where}: failed on {path}: {type(error).__name__}: {error}") from error
    if items is None:
        raise DatasetError(
            f"{where}: expected (file, label) pairs, received a {type(answer).__name__}"
        )
    if not items:
        raise DatasetError(f"{where}: found nothing in {path}")
    samples = []
    for number, item in enumerate(items):
        sample = _sample(item, number, path, options, where)
        with noted(faults, sample.path, options.name):
            _need_usable(sample, f"{where}: item {number}")
            samples.append(sample)
    return sorted(samples, key=lambda sample: (sample.path, sample.label))


def _sample(item: object, number: int, folder: Path, options: Source, where: str) -> Sample:
    if isinstance(item, Sample):
        return replace(item, path=folder / item.path, source=options.name)
    if not isinstance(item, (tuple, list)) or len(item) != 2:
        raise DatasetError(
            f"{where}: item {number}: expected a (file, label) pair or a Sample, received {item!r}"
        )
    return Sample(folder / str(item[0]), item[1], options.name)


def _need_usable(sample: Sample, where: str) -> None:
    if not isinstance(sample.label, str) or not (sample.label or sample.boxes):
        raise DatasetError(f"{where}: expected a label, received {sample.label!r}")
    if not sample.path.is_file():
        raise DatasetError(f"{where}: no such picture as {sample.path}")
