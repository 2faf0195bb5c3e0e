"""Labels from the names of files and folders."""

from __future__ import annotations

from pathlib import Path

from training.config import Source
from training.samples.faults import Fault, noted
from training.samples.sample import DatasetError, Sample, picture_files, shown


def read_filename(path: Path, options: Source, faults: list[Fault]) -> list[Sample]:
    """Read ``LABEL_hash.png`` files below a folder, sorted by path.

    ``options.side`` says on which side of ``options.separator`` the label stands: the left of the
    last one, or the right of the first. With an empty separator the whole name is the label.

    A name without a label is noted in ``faults``.

    Raises:
        DatasetError: no such folder, or no pictures in it.
    """
    samples = []
    for file in picture_files(path):
        with noted(faults, file, options.name):
            samples.append(Sample(file, _text(_in_name(file, options), file), options.name))
    return samples


def read_classes(path: Path, options: Source, faults: list[Fault]) -> list[Sample]:
    """Read a folder of class folders; each picture's label is the name of its class folder.

    A picture that lies in no class folder is noted in ``faults``.

    Raises:
        DatasetError: no such folder, or no pictures.
    """
    samples = []
    for file in picture_files(path):
        with noted(faults, file, options.name):
            samples.append(Sample(file, _text(_folder_in(file, path), file), options.name))
    return samples


def _in_name(file: Path, options: Source) -> str:
    separator, from_left = options.separator, options.side == "left"
    label, found = file.stem, True
    if separator:
        before, mark, after = (
            label.rpartition(separator) if from_left else label.partition(separator)
        )
        label, found = before if from_left else after, bool(mark)
    if not found or not label:
        example = f"LABEL{separator}hash" if from_left else f"hash{separator}LABEL"
        raise DatasetError(
            f"{shown(file)}: expected a name such as {example}.png, received {shown(file.name)}"
        )
    return label


def _folder_in(file: Path, root: Path) -> str:
    parts = file.relative_to(root).parts
    if len(parts) < 2:
        raise DatasetError(
            f"{shown(file)}: lies in no class folder; expected {root}/CLASS/{shown(file.name)}"
        )
    return parts[0]


def _text(label: str, file: Path) -> str:
    try:
        label.encode()
    except UnicodeEncodeError:
        raise DatasetError(
            f"{shown(file)}: the label in its name is not UTF-8; name a copy anew"
        ) from None
    return label
