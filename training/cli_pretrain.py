"""``solver-train pretrain``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add(commands: Any) -> None:
    """Add the command to ``solver-train``'s subparsers."""
    pretrain = commands.add_parser(
        "pretrain",
        help="a classifier's network learns from pictures without labels",
        description="Train the network of a classifier on the pictures of data.train and of the "
        "FOLDERs, without their labels: changed versions of one picture should have like "
        "features. Then: solver-train fit CONFIG --from RUN/best.weights.h5",
    )
    pretrain.add_argument("config", type=Path, help="captcha.toml, task classify")
    pretrain.add_argument(
        "folders", nargs="*", type=Path, metavar="FOLDER", help="of pictures without labels"
    )
    pretrain.add_argument("--run", dest="folder", type=Path, help="default: runs/NAME-pretrained")
    pretrain.add_argument(
        "--root", type=Path, help="where data paths start; default: CONFIG's folder"
    )
    pretrain.add_argument("--epochs", type=int, default=100)
    pretrain.add_argument("--batch", type=int, default=128, help="pictures, each looked at twice")
    pretrain.add_argument("--learning-rate", type=float, default=1e-3)
    pretrain.add_argument(
        "--labels", action="store_true", help="pictures of one class of data.train are alike too"
    )
    pretrain.set_defaults(run=_pretrain)


def _pretrain(options: argparse.Namespace) -> None:
    from training import config
    from training.pretrain import pretrain

    for name in ("epochs", "batch", "learning_rate"):
        if getattr(options, name) <= 0:
            raise ValueError(f"--{name.replace('_', '-')}: expected > 0")
    settings = config.load(options.config)
    root = options.root or options.config.resolve().parent
    written = pretrain(
        settings,
        root,
        options.folder or root / "runs" / f"{settings.name}-pretrained",
        options.folders,
        epochs=options.epochs,
        batch=options.batch,
        learning_rate=options.learning_rate,
        with_labels=options.labels,
    )
    print(written)
