"""``solver``: the command line. Nothing heavy is imported before a command needs it.

Exit codes: 0 all answered; 1 some inputs failed, the others were answered; 2 wrong usage;
3 a model is missing or damaged, or a package that it needs; 4 the answers cannot be written.
"""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from solver import __version__, _cli_serve, _cli_values
from solver.errors import MissingDependencyError, ModelError

OK, SOME_FAILED, USAGE, NO_MODEL, NOT_WRITTEN, INTERRUPTED = 0, 1, 2, 3, 4, 130
# What a write may end with that is nobody's mistake here.
_UNWRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)

_EXIT_CODES = """\
exit codes:
  0  every input was answered
  1  some inputs failed; the others were answered
  2  wrong usage
  3  a model is missing or damaged, or a package that it needs
  4  the answers cannot be written: no space is left, or a fault of the disk
"""
_INPUTS = (
    "picture files; a folder stands for all picture files in it and below, sorted; "
    "- reads one picture from standard input"
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code (argparse itself exits with 2)."""
    args = _parser().parse_args(argv)
    # A path or label that the terminal's encoding lacks must not end the run.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        code: int = args.run(args)
        sys.stdout.flush()
    except (ModelError, MissingDependencyError) as error:
        print(f"solver: {error}", file=sys.stderr)
        return NO_MODEL
    except BrokenPipeError:  # the reader went away: solver text … | head
        _close_output()
        return SOME_FAILED
    except OSError as error:
        if error.errno not in _UNWRITTEN:
            raise
        print(f"solver: the answers cannot be written: {error.strerror}", file=sys.stderr)
        _close_output()
        return NOT_WRITTEN
    except KeyboardInterrupt:
        return INTERRUPTED
    return code


def _close_output() -> None:
    """Let nothing be written at exit, when what could not be would fail once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run_text(args: argparse.Namespace) -> int:
    from solver._cli_read import read_texts

    return read_texts(args)


def _run_classify(args: argparse.Namespace) -> int:
    from solver._cli_read import read_classes

    return read_classes(args)


def _run_detect(args: argparse.Namespace) -> int:
    from solver._cli_read import read_boxes

    return read_boxes(args)


def _run_click(args: argparse.Namespace) -> int:
    from solver._cli_click import read_click

    return read_click(args)


def _run_slide(args: argparse.Namespace) -> int:
    from solver._cli_slide import read_slide

    return read_slide(args)


def _run_crop(args: argparse.Namespace) -> int:
    from solver._cli_grid import crop_grids

    return crop_grids(args)


def _run_tiles(args: argparse.Namespace) -> int:
    from solver._cli_grid import read_tiles

    return read_tiles(args)


def _run_models(args: argparse.Namespace) -> int:
    from solver import _cli_models

    return _cli_models.run(args)


def _parser() -> argparse.ArgumentParser:
    parser = _new_parser(prog="solver", description="Read image captchas.")
    parser.add_argument("--version", action="version", version=f"solver-sdk {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_text(commands)
    _add_classify(commands)
    _add_detect(commands)
    _add_crop(commands)
    _add_tiles(commands)
    _add_click(commands)
    _add_slide(commands)
    _add_models(commands)
    _cli_serve.add_command(commands, epilog=_EXIT_CODES)
    return parser


def _new_parser(**options: Any) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        formatter_class=argparse.RawDescriptionHelpFormatter, epilog=_EXIT_CODES, **options
    )


def _add_text(commands: Any) -> None:
    text = commands.add_parser(
        "text",
        help="read the text of pictures",
        description="Read the text of pictures. One input prints the bare answer, several print\n"
        "path, text and confidence with tabs. Doubtful answers are flagged on stderr.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_EXIT_CODES,
    )
    _add_shared(text)
    text.add_argument(
        "--charset",
        metavar="SET",
        type=_cli_values.charset,
        help="only these symbols: DIGITS, LOWER, UPPER or ALNUM (in any case), else a literal set "
        "such as 0123abc",
    )
    text.add_argument(
        "--length", metavar="N|N-M", type=_cli_values.length, help="number of characters"
    )
    text.add_argument("--pattern", help=r"a pattern of the whole answer, such as '[A-Z]{2}\d{4}'")
    text.add_argument("--case", choices=("lower", "upper"), help="merge upper and lower case")
    text.add_argument(
        "--no-tta",
        dest="tta",
        action="store_false",
        help="look at every picture once, also where the first look leaves it in doubt",
    )
    text.set_defaults(run=_run_text)


def _add_classify(commands: Any) -> None:
    classify = commands.add_parser(
        "classify",
        help="name the class of pictures",
        description="Name the class of pictures; prints as the text command does.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_EXIT_CODES,
    )
    _add_shared(classify)
    classify.set_defaults(run=_run_classify)


def _add_detect(commands: Any) -> None:
    detect = commands.add_parser(
        "detect",
        help="find the things in pictures",
        description="Find the things in pictures. One line a box: label, score and corners\n"
        "x1, y1, x2, y2 in pixels, with tabs; after the path, where there are several inputs.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_EXIT_CODES,
    )
    _add_inputs(detect)
    detect.add_argument(
        "--threshold",
        type=_cli_values.unit,
        metavar="P",
        help="leave out boxes that score less (0 to 1; default: the model's)",
    )
    detect.add_argument(
        "--draw",
        metavar="OUT",
        help="draw the boxes: a new picture file where there is one input, else a folder",
    )
    detect.set_defaults(run=_run_detect)


def _add_click(commands: Any) -> None:
    click = commands.add_parser(
        "click",
        help="find what to click, in order",
        description="Find what to click. One line a target, in their order: target, x,y in pixels\n"
        "(- where it is missing), probability, with tabs. Missing and ambiguous targets are\n"
        "flagged on stderr. - is standard input.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_EXIT_CODES,
    )
    click.add_argument("picture", metavar="PICTURE|-", help="the picture to click on")
    asked = click.add_mutually_exclusive_group(required=True)
    asked.add_argument("--targets", metavar="TEXT", help="characters, in the order of the clicks")
    asked.add_argument(
        "--target", action="append", metavar="LABEL", help="one target, again for the next"
    )
    asked.add_argument("--prompt", metavar="FILE|-", help="a picture that shows the targets")
    click.add_argument(
        "--model",
        action="append",
        metavar="FILE|NAME",
        help="an .onnx file or an embedded model; once for the detector, once for the glyphs",
    )
    _add_min_confidence(click)
    click.add_argument("--json", action="store_true", help="one JSON object")
    click.add_argument("--draw", metavar="OUT", help="draw the answer: a new picture file")
    _add_threads(click)
    click.set_defaults(run=_run_click)


def _add_slide(commands: Any) -> None:
    slide = commands.add_parser(
        "slide",
        help="find how far to drag a slider's piece",
        description="Find how far to drag a slider's piece; prints the distance. Needs no model.\n"
        "Give the piece's picture, or --full, or both, or neither. - is standard input.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_EXIT_CODES,
    )
    slide.add_argument("background", metavar="BACKGROUND|-", help="the picture with the gap")
    slide.add_argument(
        "piece", nargs="?", metavar="PIECE|-", help="cropped, or a strip of the same height"
    )
    slide.add_argument("--full", metavar="FILE", help="the background without a gap")
    slide.add_argument(
        "--scale",
        type=_cli_values.scale,
        default=1.0,
        metavar="F",
        help="width of the picture on the page, divided by its own (default: 1)",
    )
    slide.add_argument(
        "--start",
        type=_cli_values.number,
        default=0.0,
        metavar="X",
        help="where the left edge of the piece's picture stands at first, in pixels (default: 0)",
    )
    _add_min_confidence(slide)
    slide.add_argument("--json", action="store_true", help="one JSON object")
    slide.add_argument("--draw", metavar="OUT", help="draw the gap: a new picture file")
    slide.set_defaults(run=_run_slide)


def _add_crop(commands: Any) -> None:
    crop = commands.add_parser(
        "crop",
        help="cut grid pictures into header and tiles",
        description="Cut grid pictures into header.png, tile_1.png and so on, row by row, with\n"
        "their boxes in grid.json; prints the folder. No model is used. Nothing is overwritten.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_EXIT_CODES,
    )
    crop.add_argument("inputs", nargs="+", metavar="FILE|FOLDER|-", help=_INPUTS)
    crop.add_argument(
        "-o",
        "--out",
        metavar="DIR",
        required=True,
        type=Path,
        help="the folder of the pieces; where there are several inputs, of a folder for each",
    )
    crop.add_argument("--json", action="store_true", help="print the boxes, one object a line")
    _add_grid(crop, "draw the lines that were found")
    crop.set_defaults(run=_run_crop)


def _add_tiles(commands: Any) -> None:
    tiles = commands.add_parser(
        "tiles",
        help="say which tiles of grids show what the header asks for",
        description="Say which tiles of a grid show what its header asks for. One input prints\n"
        "the word, then a line a tile, with the points to click; several print path, word, tiles\n"
        "(from 0), points and confidence with tabs. Doubtful answers are flagged on stderr.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_EXIT_CODES,
    )
    _add_inputs(tiles, several=True)
    tiles.add_argument(
        "--wanted",
        action="append",
        metavar="WORD",
        help="what to look for, in place of the header; twice for two words",
    )
    _add_min_confidence(tiles)
    _add_grid(tiles, "draw the answer")
    tiles.set_defaults(run=_run_tiles)


def _add_grid(command: argparse.ArgumentParser, what: str) -> None:
    command.add_argument(
        "--layout",
        default="12306",
        metavar="NAME|FILE",
        help="12306 (default), 3x3, 4x4, or a .toml file that says where the tiles lie",
    )
    command.add_argument(
        "--draw",
        metavar="OUT",
        help=f"{what}: a new picture file where there is one input, else a folder",
    )


def _add_shared(command: argparse.ArgumentParser) -> None:
    _add_inputs(command)
    command.add_argument(
        "--top-k",
        type=_cli_values.count,
        default=1,
        metavar="N",
        help="best N answers; those after the first are printed with --json",
    )
    _add_min_confidence(command)


def _add_inputs(command: argparse.ArgumentParser, *, several: bool = False) -> None:
    command.add_argument("inputs", nargs="+", metavar="FILE|FOLDER|-", help=_INPUTS)
    if several:
        command.add_argument(
            "--model",
            action="append",
            metavar="FILE|NAME",
            help="an .onnx file or an embedded model; once for the tiles, once for the header",
        )
    else:
        command.add_argument(
            "--model", metavar="FILE|NAME", help="an .onnx file or an embedded model"
        )
    command.add_argument("--json", action="store_true", help="one JSON object a line")
    _add_threads(command)


def _add_min_confidence(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--min-confidence",
        type=_cli_values.unit,
        metavar="P",
        help="an answer below this probability (0 to 1) is a failure",
    )


def _add_threads(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--threads",
        type=_cli_values.threads,
        default=1,
        metavar="N",
        help="CPU threads (default: 1)",
    )


def _add_models(commands: Any) -> None:
    models = commands.add_parser(
        "models",
        help="list, verify and describe models",
        description="List the embedded models, verify models, or print a model's card.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_EXIT_CODES,
    )
    models.set_defaults(run=_run_models, action="list")
    actions = models.add_subparsers(title="actions", metavar="ACTION")
    actions.add_parser("list", help="name, role, size and licence (default)").set_defaults(
        action="list"
    )
    verify = actions.add_parser("verify", help="check checksums and contracts, and load each")
    verify.add_argument("names", nargs="*", metavar="NAME|FILE", help="default: all embedded")
    verify.set_defaults(action="verify")
    show = actions.add_parser("show", help="print an embedded model's card, or a file's contract")
    show.add_argument("name", metavar="NAME|FILE")
    show.set_defaults(action="show")
    labels = actions.add_parser("labels", help="all that a model may answer, one a line")
    labels.add_argument("name", metavar="NAME|FILE")
    labels.set_defaults(action="labels")
