"""``solver-train tta``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add(commands: Any) -> None:
    """Add the command to ``solver-train``'s subparsers."""
    tta = commands.add_parser(
        "tta",
        help="let a text model look again at what it is unsure of",
        description="Test-time augmentation: pictures that the first look leaves in doubt are read "
        "from other views, too (squeezed, tilted, without thin lines ...). Which views, and how "
        "sure they make an answer, is fitted on held-back pictures of FOLDERS, named after what "
        "they say, and written into the contract of OUTPUT. More answers are right, and doubtful "
        "ones take a few times as long; Solver(tta=False) does without.",
    )
    tta.add_argument("model", type=Path, metavar="MODEL", help="an .onnx file of solver-train")
    tta.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    tta.add_argument("-o", "--output", type=Path, required=True, help="the .onnx file to write")
    tta.add_argument("--below", type=float, help="the confidence that is doubt; default: 0.8")
    tta.add_argument("--most", type=int, help="of views; default: 12")
    tta.set_defaults(run=_tta)


def _tta(options: argparse.Namespace) -> None:
    from training.exporting.tta import BELOW, MOST, write_tta

    fitted = write_tta(
        options.model,
        options.folders,
        options.output,
        below=BELOW if options.below is None else options.below,
        most=MOST if options.most is None else options.most,
    )
    print(fitted)
    print(f"{options.output}: {options.output.stat().st_size} bytes")
