"""A source of the settings → its samples, by the reader that it names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from training.config import Source
from training.plugins import is_reference
from training.samples.boxes import read_coco, read_voc, read_yolo
from training.samples.faults import Fault, refuse
from training.samples.folders import read_classes, read_filename
from training.samples.own import read_own
from training.samples.packs import read_pack
from training.samples.sample import DatasetError, Sample
from training.samples.tables import listed_files, read_csv, read_tsv

Reader = Callable[[Path, Source, list[Fault]], list[Sample]]

READERS: dict[str, Reader] = {
    "filename": read_filename,
    "csv": read_csv,
    "tsv": read_tsv,
    "voc": read_voc,
    "coco": read_coco,
    "yolo": read_yolo,
    "classes": read_classes,
    "pack": lambda path, options, _: read_pack(path, options),  # its labels were looked at
}


def source_name(source: Source, root: Path) -> str:
    """What a source is called in figures: its own name, else that of its folder or file."""
    path = root / source.path
    return source.name or (path.stem if path.is_file() else path.name or path.resolve().name)


def source_folder(source: Source, root: Path) -> Path:
    """Where the file names of a source start."""
    path = root / source.path
    return path.parent if path.is_file() else path


def read_source(source: Source, root: Path, *, faults: list[Fault] | None = None) -> list[Sample]:
    """The samples of a source, sorted by path; relative paths of the settings start at ``root``.

    With ``source.only`` those that this CSV list names, no others. Pictures whose labels cannot be
    used are added to ``faults`` and left out; without that list they are refused.

    Raises:
        DatasetError: no such reader, or it cannot use what it found, or nothing of it.
    """
    options = replace(
        source,
        name=source_name(source, root),
        labels=str(root / source.labels) if source.labels else "",
    )
    path = root / source.path
    if source.is_drawn:
        raise DatasetError(
            f"{path}: its pictures are drawn while training and are in no file; draw some into a "
            f"folder first: solver-train generate --settings {path} FOLDER"
        )
    found: list[Fault] = []
    if is_reference(source.reader):
        samples = read_own(path, options, root, found)
    elif source.reader in READERS:
        samples = READERS[source.reader](path, options, found)
    else:
        raise DatasetError(
            f"reader: expected one of {', '.join(READERS)} or 'my_module:read', "
            f"received {source.reader!r}"
        )
    if source.only:
        samples, found = _listed(source, root, samples, found)
    if found and (faults is None or not samples):
        refuse(found, are_all=not samples)
    if faults is not None:
        faults.extend(found)
    return samples


def _listed(
    source: Source, root: Path, samples: list[Sample], faults: list[Fault]
) -> tuple[list[Sample], list[Fault]]:
    """The samples and the faults that the list ``source.only`` names."""
    if not (root / source.only).exists():
        raise DatasetError(
            f"{root / source.only}: no such file; solver-train split makes such lists (a new "
            "captcha.toml has the command at its top), and without only all pictures are read"
        )
    packed = {sample.path for sample in samples if sample.record is not None}
    wanted = listed_files(root / source.only, source_folder(source, root), packed=packed)
    kept = [sample for sample in samples if sample.path in wanted]
    faults = [fault for fault in faults if fault.path in wanted]
    missing = wanted - {one.path for one in kept} - {fault.path for fault in faults}
    if missing or not (kept or faults):
        example = f": {min(missing)}" if missing else ""
        raise DatasetError(
            f"{root / source.only}: {len(missing)} of the {len(wanted)} pictures that it lists "
            f"have no label in {root / source.path}{example}"
        )
    return kept, faults


def read_folder(folder: Path, *, source: str | None = None) -> list[Sample]:
    """Read ``LABEL_anything.png`` files below a folder, sorted by path.

    Raises:
        DatasetError: no such folder, no pictures in it, or a name without a label.
    """
    return read_source(Source(str(folder), name=source or folder.name), Path())
