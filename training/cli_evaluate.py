"""``solver-train evaluate`` and ``solver-train heatmap``."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def add(commands: Any) -> None:
    """Add both commands to ``solver-train``'s subparsers."""
    evaluate = commands.add_parser("evaluate", help="how well a model file reads labelled pictures")
    evaluate.add_argument("model", help="an .onnx file or an embedded name")
    evaluate.add_argument("folders", nargs="+", type=Path, help="each is scored apart")
    evaluate.add_argument("--json", type=Path, help="write all figures here")
    evaluate.add_argument("--html", type=Path, help="write a page with plots and pictures here")
    evaluate.add_argument("--csv", type=Path, help="write every prediction here")
    evaluate.add_argument("--sheet", type=Path, help="write the worst 50 as one PNG here")
    evaluate.set_defaults(run=_evaluate)


def _evaluate(options: argparse.Namespace) -> None:
    from training import evaluate
    from training.report.files import write_csv, write_json, write_sheet
    from training.report.html import write_html
    from training.samples import read_folder

    reader = evaluate.open_reader(options.model)
    samples = [
        sample
        for folder, name in zip(options.folders, _names(options.folders), strict=True)
        for sample in read_folder(folder, source=name)
    ]
    found = evaluate.evaluate(reader, samples)
    for name, figures in found.sources.items():
        print(f"{name}\t{evaluate.line(figures)}")
    if len(found.sources) > 1:
        print(f"all together\t{evaluate.line(found.pooled)}")
    for item in found.unreadable:
        print(f"left out: {item.sample.path}: {item.reason}")
    writers = (
        (options.json, write_json),
        (options.html, write_html),
        (options.csv, write_csv),
        (options.sheet, write_sheet),
    )
    for path, write in writers:
        if path is not None:
            print(write(found, path))


def _names(folders: Sequence[Path]) -> list[str]:
    """The folders' own names, or their paths where two share one name."""
    counts = Counter(folder.resolve().name for folder in folders)
    return [
        folder.resolve().name if counts[folder.resolve().name] == 1 else str(folder)
        for folder in folders
    ]
