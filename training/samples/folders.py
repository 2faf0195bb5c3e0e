"""Labels from the names of files and folders."""

from __future__ import annotations

from pathlib import Path

from training.config import Source
from training.samples.sample import DatasetError, Sample, picture_files, shown


def read_filename(path: Path, options: Source) -> list[Sample]:
    """Read ``LABEL_hash.png`` files below a folder, sorted by path.

    ``options.side`` says on which side of ``options.separator`` the label stands: the left of the
    last one, or the right of the first. With an empty separator the whole name is the label.

    Raises:
        DatasetError: no such folder, no pictures in it, or a name without a label.
    """
    separator, from_left = options.separator, options.side == "left"
    example = f"LABEL{separator}hash" if from_left else f"hash{separator}LABEL"
    samples = []
    for file in picture_files(path):
        label, found = file.stem, True
        if separator:
            before, mark, after = (
                label.rpartition(separator) if from_left else label.partition(separator)
            )
            label, found = before if from_left else after, bool(mark)
        if not found or not label:
            raise DatasetError(
                f"{shown(file)}: expected a name such as {example}.png, received {shown(file.name)}"
            )
        samples.append(Sample(file, _text(label, file), options.name))
    return samples


def read_classes(path: Path, options: Source) -> list[Sample]:
    """Read a folder of class folders; each picture's label is the name of its class folder.

    Raises:
        DatasetError: no such folder, no pictures, or a picture that lies in no class folder.
    """
    samples = []
    for file in picture_files(path):
        parts = file.relative_to(path).parts
        if len(parts) < 2:
            raise DatasetError(
                f"{shown(file)}: lies in no class folder; expected {path}/CLASS/{shown(file.name)}"
            )
        samples.append(Sample(file, _text(parts[0], file), options.name))
    return samples


def _text(label: str, file: Path) -> str:
    try:
        label.encode()
    except UnicodeEncodeError:
        raise DatasetError(
            f"{shown(file)}: the label in its name is not UTF-8; name a copy anew"
        ) from None
    return label
