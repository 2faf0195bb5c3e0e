"""``solver-train label``, ``solver-train search`` and ``solver-train curve``."""

from __future__ import annotations

import argparse
from contextlib import suppress
from pathlib import Path
from typing import Any


def add(commands: Any) -> None:
    """Add the three commands to ``solver-train``'s subparsers."""
    label = commands.add_parser("label", help="label pictures on a local page")
    label.add_argument("folder", type=Path, help="of pictures; they are only looked at")
    label.add_argument("--out", type=Path, required=True, help="a CSV file, begun or gone on with")
    label.add_argument("--model", help="an .onnx file or an embedded name, to guess")
    label.add_argument("--port", type=int, default=0, help="on 127.0.0.1; default: a free one")
    label.set_defaults(run=_label)

    search = commands.add_parser("search", help="try learning rate, batch, width and dropout")
    _add_study(search, "the best trials train for so many epochs; default: CONFIG's")
    search.add_argument("--trials", type=int, default=12)
    search.add_argument("--seed", type=int, default=1)
    search.set_defaults(run=_search)

    curve = commands.add_parser("curve", help="how many pictures are needed")
    _add_study(curve, "default: CONFIG's; every size is trained for as many steps")
    curve.add_argument("--sizes", default="", help="such as 100,200,500; default: halves of all")
    curve.add_argument("--repeats", type=int, default=1, help="trainings of each size")
    curve.add_argument("--target", default="90,95,99", help="shares in %%; default: 90,95,99")
    curve.set_defaults(run=_curve)


def _add_study(parser: argparse.ArgumentParser, epochs: str) -> None:
    parser.add_argument("config", type=Path, help="captcha.toml")
    parser.add_argument("--out", type=Path, help="default: runs/NAME-COMMAND")
    parser.add_argument("--root", type=Path, help="where data paths start; default: its folder")
    parser.add_argument("--epochs", type=int, help=epochs)


def _label(options: argparse.Namespace) -> None:
    from training.evaluate import open_reader
    from training.label import Session, Store, serve
    from training.samples import shown

    if not 0 <= options.port <= 65535:
        raise ValueError(f"--port: expected 0 to 65535, received {options.port}")
    if not options.out.absolute().parent.is_dir():
        raise ValueError(f"--out: no such folder as {shown(options.out.absolute().parent)}")
    reader = open_reader(options.model) if options.model else None
    store = Store(options.out)
    session = Session(options.folder, store, reader=reader)
    for reason in session.left_out:
        print(f"left out: {reason}")

    def tell(url: str) -> None:
        print(f"open {url}\nCtrl C ends; every answer is kept at once", flush=True)

    with suppress(KeyboardInterrupt):  # the way to stop
        serve(session, port=options.port, on_start=tell)
    found = session.describe(None)
    print(
        f"\n{found['labelled']} of {found['total']} pictures have a label, "
        f"{found['unusable']} are unusable: {shown(options.out)}"
    )


def _search(options: argparse.Namespace) -> None:
    from training import search

    settings, root, out = _study(options)
    trials = search.search(
        settings,
        root,
        out,
        trials=options.trials,
        seed=options.seed,
        epochs=options.epochs,
    )
    for trial in sorted(trials, key=lambda one: (-one.epochs, -one.share.value)):
        print(search.line(trial))
    print(search.verdict(trials))
    print(f"{out / 'search.csv'}\n{out / 'best.toml'}")


def _curve(options: argparse.Namespace) -> None:
    from training import curve

    settings, root, out = _study(options)
    found = curve.curve(
        settings,
        root,
        out,
        sizes=[int(size) for size in _numbers("--sizes", options.sizes, "100,200,500")],
        repeats=options.repeats,
        epochs=options.epochs,
        targets=[share / 100 for share in _numbers("--target", options.target, "90,95")],
    )
    for point in found.points:
        print(curve.line(point))
    print(curve.sentence(found))
    print("\n".join(str(out / f"curve.{suffix}") for suffix in ("csv", "json", "png")))


def _study(options: argparse.Namespace) -> tuple[Any, Path, Path]:
    from training import config

    if options.epochs is not None and options.epochs < 1:
        raise ValueError(f"--epochs: expected 1 or more, received {options.epochs}")
    settings = config.load(options.config)
    root = options.root or options.config.resolve().parent
    return settings, root, options.out or root / "runs" / f"{settings.name}-{options.command}"


def _numbers(name: str, text: str, example: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise ValueError(f"{name}: expected numbers such as {example}, received {text!r}") from None
