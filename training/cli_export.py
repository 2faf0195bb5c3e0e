"""``solver-train export``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add(commands: Any) -> None:
    """Add the command to ``solver-train``'s subparsers."""
    export = commands.add_parser("export", help="weights to one ONNX file, checked against Keras")
    export.add_argument("config", type=Path, help="captcha.toml")
    export.add_argument("-o", "--output", type=Path, required=True, help="the .onnx file")
    export.add_argument("--run", dest="folder", type=Path, help="default: runs/NAME")
    export.add_argument(
        "--root", type=Path, help="where data paths start; default: CONFIG's folder"
    )
    export.add_argument("--weights", type=Path, help="default: the run's best")
    export.add_argument(
        "--calibrate",
        nargs="*",
        type=Path,
        metavar="FOLDER",
        help="fit confidence, or a detector's score threshold, on held-back pictures; none named: "
        "data.validation",
    )
    export.add_argument(
        "--int8",
        nargs="*",
        type=Path,
        metavar="FOLDER",
        help="an int8 twin, calibrated on pictures of these folders; none named: on some of "
        "data.validation",
    )
    export.add_argument(
        "--int8-loss",
        type=_share,
        default=0.01,
        metavar="SHARE",
        help="of all answers that int8 may lose, 0 to 1; default: 0.01",
    )
    export.add_argument("--saved-model", type=Path, metavar="FOLDER", help="for TensorFlow too")
    export.add_argument("--keras", type=Path, metavar="FILE", help="a .keras file too")
    export.add_argument("--card", type=Path, metavar="FILE", help="default: OUTPUT with .md")
    export.set_defaults(run=_export)


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"expected 0 to 1, received {text}")
    return value


def _export(options: argparse.Namespace) -> None:
    from training import config, export

    settings = config.load(options.config)
    root = options.root or options.config.resolve().parent
    run = options.folder or root / "runs" / settings.name
    written = export.export(
        settings,
        root,
        options.weights or run / "best.weights.h5",
        options.output,
        calibration=options.calibrate,
        extras=export.Extras(
            int8=options.int8,
            int8_loss=options.int8_loss,
            saved_model=options.saved_model,
            keras_file=options.keras,
            card=options.card or options.output.with_suffix(".md"),
        ),
        on_report=print,
    )
    for path in written:
        print(path if path.is_dir() else f"{path}: {path.stat().st_size} bytes")
