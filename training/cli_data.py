"""``solver-train check`` and ``solver-train split``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.cli_labelling import add_labelling, source_of
from training.whole import write_whole

if TYPE_CHECKING:
    from training.config import Source
    from training.samples import Fault, Sample

NEAR_HELP = "bits of 256 up to which pictures are near duplicates; default: 6"
KINDS = ("text", "classes", "boxes")


def add(commands: Any) -> None:
    """Add both commands to ``solver-train``'s subparsers."""
    check = commands.add_parser("check", help="what is in the data, and what is wrong with it")
    check.add_argument(
        "sources",
        nargs="+",
        type=Path,
        metavar="SOURCE",
        help="a folder, a labels file, or a captcha.toml with its sources and charset",
    )
    check.add_argument(
        "--validation", nargs="+", type=Path, default=[], metavar="SOURCE", help="look for leaks to"
    )
    _add_reading(check)
    check.add_argument("--symbols", default="", help="the charset that labels must keep to")
    check.add_argument("--json", type=Path, help="write everything that was found here")
    check.add_argument("--html", type=Path, help="write a page with pictures here")
    check.add_argument("--strict", action="store_true", help="exit with 1 where there are problems")
    check.set_defaults(run=_check)

    split = commands.add_parser("split", help="lists for training, validation and test")
    split.add_argument("source", type=Path, metavar="SOURCE", help="a folder or a labels file")
    split.add_argument("--out", type=Path, required=True, help="a folder without a split")
    split.add_argument("--shares", default="0.8,0.1,0.1", help="train,validation,test")
    split.add_argument("--seed", type=int, default=1)
    _add_reading(split)
    split.set_defaults(run=_split)


def _add_reading(parser: argparse.ArgumentParser) -> None:
    add_labelling(parser)
    parser.add_argument("--kind", choices=KINDS, help="what labels are; default: by the reader")
    parser.add_argument("--near", type=int, default=None, help=NEAR_HELP)
    parser.add_argument("--workers", type=int, default=2)


def _check(options: argparse.Namespace) -> None:
    from training import config
    from training.data.anchor_fit import Canvas
    from training.data.check import check
    from training.data.check_page import to_html, to_text
    from training.data.sources import distinct
    from training.samples import DatasetError, shown

    sides: dict[str, dict[str, list[Sample]]] = {"train": {}, "validation": {}}
    symbols, kind = options.symbols, options.kind or _kind(options.reader)
    canvas = anchors = None
    drawn = False
    faults: list[Fault] = []
    for path in options.sources:
        if path.suffix.lower() == ".toml":
            settings = config.load(path)
            root = path.resolve().parent
            for side, sources in (
                ("train", settings.data.train),
                ("validation", settings.data.validation),
            ):
                for source in distinct(sources, root):
                    if source.is_drawn:
                        drawn = True
                        print(f"not checked: {shown(source.path)} is drawn while training")
                        continue
                    _read(source, root, sides[side], faults)
                    kind = kind or _kind(source.reader)
            kind = kind or ("classes" if settings.task == "classify" else None)
            symbols = symbols or settings.symbols
            if settings.task == "detect":
                canvas = Canvas(settings.input.height, settings.input.width)
                anchors = settings.detect.anchors()
        else:
            _read(source_of(path, options), Path(), sides["train"], faults)
    for path in options.validation:
        _read(source_of(path, options), Path(), sides["validation"], faults)
    if not drawn and not any(parts for side in sides.values() for parts in side.values()):
        raise DatasetError(
            "no picture to check: name folders, or sources under [[data.train]] in the settings"
        )
    report = check(
        sides["train"],
        sides["validation"],
        symbols=symbols,
        kind=kind,
        near=_near(options),
        workers=max(1, options.workers),
        canvas=canvas,
        anchors=anchors,
        faults=faults,
    )
    print(to_text(report))
    if options.json:
        write_whole(options.json, (json.dumps(report.to_dict(), indent=2) + "\n").encode())
    if options.html:
        write_whole(options.html, to_html(report).encode())
    if options.strict and report.problems:
        raise DatasetError(shown("; ".join(report.problems)))


def _split(options: argparse.Namespace) -> None:
    from training.data.split import split, write_lists
    from training.samples import shown, source_folder

    if options.seed < 0:
        raise ValueError(f"--seed: expected 0 or more, received {options.seed}")
    source = source_of(options.source, options)
    found: dict[str, list[Sample]] = {}
    faults: list[Fault] = []
    _read(source, Path(), found, faults)
    result = split(
        [sample for part in found.values() for sample in part],
        shares=_numbers(options.shares),
        seed=options.seed,
        kind=options.kind or _kind(options.reader),
        near=_near(options),
        workers=max(1, options.workers),
        faults=faults,
    )
    paths = write_lists(result, source_folder(source, Path()), options.out)
    for side, path in paths.items():
        print(f"{side}\t{len(result.sides[side])}\t{shown(path)}")
    print(f"{result.groups} groups of near duplicates, the largest of {result.largest}")
    for fault in result.faults:
        print(f"left out, no label: {shown(fault.reason)}")
    for item in result.damaged:
        print(f"left out, damaged: {shown(item.sample.path)}: {shown(item.reason)}")


def _read(source: Source, root: Path, into: dict[str, list[Sample]], faults: list[Fault]) -> None:
    """Add the samples of a source; to ``faults``, what has to be left out."""
    from training.samples import read_source, source_name

    samples = read_source(source, root, faults=faults)
    into.setdefault(source_name(source, root), []).extend(samples)


def _kind(reader: str) -> str | None:
    kinds = {"classes": "classes", "voc": "boxes", "coco": "boxes", "yolo": "boxes"}
    return kinds.get(reader)


def _near(options: argparse.Namespace) -> int:
    from training.data.likeness import BITS, NEAR

    if options.near is None:
        return NEAR
    if not 0 <= options.near < BITS // 4:
        raise ValueError(f"--near: expected 0 to {BITS // 4 - 1} bits, received {options.near}")
    return int(options.near)


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise ValueError(
            f"--shares: expected numbers such as 0.8,0.1,0.1, received {text!r}"
        ) from None
