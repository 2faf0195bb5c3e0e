"""``solver-train``: generate, fit, evaluate, export."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from solver._require import require_cv2
from training import (
    cli_data,
    cli_errors,
    cli_evaluate,
    cli_export,
    cli_generate,
    cli_grids,
    cli_pretrain,
    cli_project,
    cli_study,
    cli_tta,
)

EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_STOPPED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    0 done, 1 failed with a sentence, 2 usage, 130 stopped by Ctrl C.
    """
    options = _parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    _quieten()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        require_cv2()  # nearly every command draws, or looks at pictures
        options.run(options)
    except KeyboardInterrupt:
        print(f"solver-train {options.command}: stopped", file=sys.stderr)
        return EXIT_STOPPED
    except Exception as error:
        said = cli_errors.sentence(error)
        if options.debug or said is None:
            raise
        print(f"solver-train {options.command}: {said}", file=sys.stderr)
        return EXIT_FAILED
    return EXIT_OK


def _quieten() -> None:
    """Hold back what other packages say of their own doings; their warnings stay."""
    logging.getLogger("tf2onnx").setLevel(logging.WARNING)
    # A step is built for each width of picture, and for each training of a search: that is meant.
    logging.getLogger("tensorflow").addFilter(_is_no_retracing)


def _is_no_retracing(record: logging.LogRecord) -> bool:
    return "triggered tf.function retracing" not in str(record.msg)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="solver-train",
        description="Make pictures, train on them, measure and export the network.",
    )
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    commands = parser.add_subparsers(dest="command", required=True)

    cli_project.add(commands)
    cli_generate.add(commands)
    cli_data.add(commands)
    cli_grids.add(commands)
    cli_pretrain.add(commands)

    fit = commands.add_parser("fit", help="train, or go on with a run that was stopped")
    fit.add_argument("config", type=Path, help="captcha.toml")
    fit.add_argument("--run", dest="folder", type=Path, default=None, help="default: runs/NAME")
    fit.add_argument("--root", type=Path, help="where data paths start; default: CONFIG's folder")
    fit.add_argument(
        "--from",
        dest="start_from",
        help="begin with the weights of a .weights.h5 file, or of an embedded model; "
        "default: fit.start_from",
    )
    fit.add_argument(
        "--from-config",
        type=Path,
        metavar="CONFIG",
        help="the captcha.toml that a .weights.h5 file was trained with; default: the settings "
        "beside it",
    )
    fit.add_argument(
        "--profile", action="store_true", help="time and memory, into the run's profile.txt"
    )
    fit.set_defaults(run=_fit)

    cli_evaluate.add(commands)
    cli_study.add(commands)

    cli_export.add(commands)
    cli_tta.add(commands)
    return parser


def _fit(options: argparse.Namespace) -> None:
    from training import bases, config, trainer

    settings = config.load(options.config)
    root = options.root or options.config.resolve().parent
    run = options.folder or root / "runs" / settings.name
    if options.from_config and not options.start_from:
        raise ValueError("--from-config: says what --from was trained with; name the weights too")
    base = None
    if options.start_from:
        base = bases.find(options.start_from, declared=options.from_config)
    trainer.fit(settings, root, run, base=base, profile=options.profile)
    print(run / "best.weights.h5")


if __name__ == "__main__":
    sys.exit(main())
