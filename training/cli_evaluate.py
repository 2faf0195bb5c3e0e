"""``solver-train evaluate`` and ``solver-train heatmap``."""

from __future__ import annotations

import argparse
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training import cli_labelling

_LABELLED = {
    "text": "filename",
    "detector": "coco",
    **dict.fromkeys(("class", "glyph", "header", "tile"), "classes"),
}


def add(commands: Any) -> None:
    """Add both commands to ``solver-train``'s subparsers."""
    evaluate = commands.add_parser("evaluate", help="how well a model file reads labelled pictures")
    evaluate.add_argument("model", help="an .onnx file or an embedded name")
    evaluate.add_argument(
        "folders", nargs="+", type=Path, help="of pictures, or label files; each is scored apart"
    )
    cli_labelling.add_labelling(
        evaluate,
        by_role="filename, classes where the model is a classifier, coco where it is a detector",
    )
    evaluate.add_argument(
        "--only", default="", help="a list that split wrote, such as test.csv: no others are read"
    )
    evaluate.add_argument("--json", type=Path, help="write all figures here")
    evaluate.add_argument("--html", type=Path, help="write a page with plots and pictures here")
    evaluate.add_argument("--csv", type=Path, help="write every prediction here")
    evaluate.add_argument("--sheet", type=Path, help="write the worst 50 as one PNG here")
    evaluate.set_defaults(run=_evaluate)

    heatmap = commands.add_parser("heatmap", help="where the network looks for each character")
    heatmap.add_argument("config", type=Path, help="captcha.toml")
    heatmap.add_argument("pictures", nargs="+", type=Path)
    heatmap.add_argument("--out", type=Path, required=True, help="folder for STEM.heatmap.png")
    heatmap.add_argument("--run", dest="folder", type=Path, help="default: runs/NAME")
    heatmap.add_argument("--root", type=Path, help="where runs/ lies; default: CONFIG's folder")
    heatmap.add_argument("--weights", type=Path, help="default: the run's best")
    heatmap.add_argument("--layer", help="default: the last one with height and width")
    heatmap.set_defaults(run=_heatmap)


def _evaluate(options: argparse.Namespace) -> None:
    from training import evaluate
    from training.report.files import write_csv, write_json, write_sheet
    from training.report.html import write_html
    from training.samples import read_source, shown

    reader = evaluate.open_reader(options.model)
    samples = [
        sample
        for folder, name in zip(options.folders, _names(options.folders), strict=True)
        for sample in read_source(
            cli_labelling.source_of(
                folder, options, reader=_LABELLED[reader.role], name=name, only=options.only
            ),
            Path(),
        )
    ]
    found = evaluate.evaluate(reader, samples)
    for name, figures in found.sources.items():
        print(f"{name}\t{evaluate.line(figures)}")
    if len(found.sources) > 1:
        print(f"all together\t{evaluate.line(found.pooled)}")
    for line in evaluate.strange(reader, samples):
        print(line)
    for item in found.unreadable:
        print(f"left out: {shown(item.sample.path)}: {shown(item.reason)}")
    writers = (
        (options.json, write_json),
        (options.html, write_html),
        (options.csv, write_csv),
        (options.sheet, write_sheet),
    )
    for path, write in writers:
        if path is not None:
            print(write(found, path))


def _heatmap(options: argparse.Namespace) -> None:
    import keras

    from solver import images
    from solver.errors import ImageError
    from training import bases, config, heatmap, weights
    from training.data.sources import read_data
    from training.models import build
    from training.samples import ailment, shown
    from training.whole import write_whole

    settings = config.load(options.config)
    root = options.root or options.config.resolve().parent
    run = options.folder or root / "runs" / settings.name
    keras.mixed_precision.set_global_policy("float32")
    labels = read_data(settings, root).labels if settings.has_labels else ()
    names = _file_names(options.pictures, options.out)
    best = options.weights or run / "best.weights.h5"
    bases.hold(settings, labels, best)
    network = build(settings, labels=labels, root=root)
    weights.load(network, best)
    left_out: list[str] = []
    for path, name in zip(options.pictures, names, strict=True):
        try:
            picture = images.load(path)
        except ImageError as error:
            left_out.append(f"{shown(path)}: {ailment(error)}")
            print(f"left out: {left_out[-1]}")
            continue
        heats = heatmap.explain(
            network,
            picture,
            rule=settings.input_spec(),
            decoder=settings.decoder_spec(labels=labels),
            layer=options.layer,
        )
        drawn = io.BytesIO()
        heatmap.draw(picture, heats).save(drawn, "PNG")
        write_whole(options.out / name, drawn.getvalue())
        read = " ".join(heat.target.label for heat in heats) or "nothing"
        print(f"{options.out / name}\t{read}")
    if len(left_out) == len(options.pictures):
        raise ImageError(f"{left_out[0]}; give pictures that open")


def _file_names(pictures: Sequence[Path], out: Path) -> list[str]:
    """``STEM.heatmap.png``, numbered where two pictures share a stem.

    Raises:
        ValueError: one of them would take the place of a picture that is looked at.
    """
    counts = Counter(path.stem for path in pictures)
    names = [
        f"{path.stem}.heatmap.png" if counts[path.stem] == 1 else f"{path.stem}-{at}.heatmap.png"
        for at, path in enumerate(pictures, 1)
    ]
    inputs = {path.resolve() for path in pictures}
    for name in names:
        if (out / name).resolve() in inputs:
            raise ValueError(
                f"{out / name}: is one of the pictures, and would be written over; name another "
                "folder: --out"
            )
    return names


def _names(folders: Sequence[Path]) -> list[str]:
    """The folders' own names, or their paths where two share one name."""
    counts = Counter(folder.resolve().name for folder in folders)
    return [
        folder.resolve().name if counts[folder.resolve().name] == 1 else str(folder)
        for folder in folders
    ]
