"""Options of ``solver-train`` that say where the labels of a source are."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from training.config import Source


def add_labelling(parser: argparse.ArgumentParser, *, by_role: str = "") -> None:
    """Add the options that say where a source's labels are; :func:`source_of` takes them.

    With ``by_role``, which says how, the reader is None where none is named.
    """
    parser.add_argument(
        "--reader",
        default=None if by_role else "filename",
        help="filename, csv, tsv, voc, coco, yolo, classes, pack or my_module:read; "
        f"default: {by_role or 'filename'}",
    )
    parser.add_argument("--separator", default="_", help="between label and rest of a file name")
    parser.add_argument("--side", default="left", choices=["left", "right"], help="of the label")
    parser.add_argument("--labels", default="", help="the file of labels, or of classes' names")
    parser.add_argument("--columns", default="", help="of a table, such as filename,words")


def source_of(
    path: Path, options: argparse.Namespace, *, reader: str = "", name: str = "", only: str = ""
) -> Source:
    """A source whose labels are where the options say; ``reader`` where they name none."""
    from training.config import Source

    return Source(
        str(path),
        name=name,
        only=only,
        reader=options.reader or reader,
        separator=options.separator,
        side=options.side,
        labels=options.labels,
        columns=tuple(filter(None, (name.strip() for name in options.columns.split(",")))),
    )
