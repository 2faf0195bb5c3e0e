"""``solver-train cut`` and ``solver-train harvest``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from training.pieces import Report


def add(commands: Any) -> None:
    """Add both commands to ``solver-train``'s subparsers."""
    cut = commands.add_parser(
        "cut",
        help="whole labelled grids to tiles and words in class folders",
        description="SOURCE is a labels.tsv (file, header word, answer tiles from 0), or its "
        "folder. Answer tiles go to OUT/tiles/WORD, headers' words to OUT/words/WORD, the other "
        "tiles to OUT/unlabelled. Next: solver-train split OUT/tiles --reader classes, which "
        "keeps tiles that look nearly the same on one side.",
    )
    cut.add_argument("source", type=Path, metavar="SOURCE")
    _add_places(cut)
    cut.set_defaults(run=_cut)

    harvest = commands.add_parser(
        "harvest",
        help="answers that your site confirmed, to new labelled tiles",
        description='ANSWERS is what solver tiles --json printed; lines with "confirmed": true '
        "count, no others. Tiles that OUT/tiles has already, or one that looks nearly the same, "
        "are not taken again.",
    )
    harvest.add_argument("answers", type=Path, metavar="ANSWERS")
    harvest.add_argument(
        "--pictures", type=Path, default=Path(), help="where relative paths start; default: here"
    )
    _add_places(harvest)
    harvest.set_defaults(run=_harvest)


def _add_places(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--out", type=Path, required=True, help="a folder, begun or new")
    parser.add_argument("--layout", default="12306", help="a built-in name or a .toml file")


def _cut(options: argparse.Namespace) -> None:
    from solver.layouts import find_layout
    from training.pieces import cut_answers, read_answers

    layout = find_layout(options.layout)
    _tell(cut_answers(read_answers(options.source), options.out, layout), options.out)


def _harvest(options: argparse.Namespace) -> None:
    from solver.layouts import find_layout
    from training.pieces import TILES, Known, cut_answers, read_confirmed

    layout = find_layout(options.layout)
    answers = read_confirmed(options.answers, options.pictures)
    known = Known(options.out / TILES)
    _tell(cut_answers(answers, options.out, layout, known=known), options.out)


def _tell(report: Report, out: Path) -> None:
    for line in report.left_out:
        print(f"left out: {line}")
    if not (report.tiles or report.words or report.unlabelled or report.known):
        raise ValueError(
            "not one picture could be cut; look whether --layout is theirs, and the files are whole"
        )
    print(
        f"{report.tiles} tiles, {report.words} words, {report.unlabelled} unlabelled tiles in {out}"
        + (f"; {report.known} tiles were known" if report.known else "")
    )
