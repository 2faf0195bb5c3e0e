"""``solver-train new``, ``clean``, ``preview``, ``summary`` and ``pack``."""

from __future__ import annotations

import argparse
import io
import json
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training import cli_labelling, template, workspace
from training.whole import write_whole

if TYPE_CHECKING:
    from training.config import Source
    from training.data.pack import Packed

_CONFIG = "captcha.toml"


def add(commands: Any) -> None:
    """Add the commands to ``solver-train``'s subparsers."""
    new = commands.add_parser("new", help="a folder for a new model, with commented settings")
    new.add_argument("folder", type=Path, metavar="DIR")
    new.add_argument("--task", choices=template.TASKS, help="needed, but for --from")
    new.add_argument(
        "--from",
        dest="start_from",
        default="",
        help="begin with text-general, or with a run's best.weights.h5: its settings are taken",
    )
    new.add_argument("--name", default="", help="of the model; default: the folder's")
    new.set_defaults(run=_new)

    clean = commands.add_parser("clean", help="move what a project made into its trash folder")
    clean.add_argument("folder", type=Path, metavar="DIR")
    for part in workspace.CLEANABLE:
        clean.add_argument(f"--{part}", action="store_true", help=workspace.FOLDERS[part])
    clean.set_defaults(run=_clean)

    preview = commands.add_parser("preview", help="what training makes of pictures, as one PNG")
    _add_config(preview)
    preview.add_argument("--out", type=Path, required=True, help="the PNG")
    preview.add_argument("--count", type=int, default=24, help="pictures; default: 24")
    preview.add_argument("--seed", type=int, default=1)
    preview.set_defaults(run=_preview)

    summary = commands.add_parser("summary", help="a network's layers and what it costs")
    _add_config(summary)
    summary.add_argument("--width", type=int, help="for ctc: pixels; default: the largest")
    summary.add_argument("--json", type=Path, help="write all layers here")
    summary.add_argument("--svg", type=Path, help="draw the network here")
    summary.set_defaults(run=_summary)

    pack = commands.add_parser("pack", help="many small pictures into a few TFRecord files")
    pack.add_argument(
        "source",
        type=Path,
        metavar="SOURCE",
        help="a folder, a labels file, or a captcha.toml: a pack for each of its sources",
    )
    pack.add_argument("--out", type=Path, required=True, help="a new folder")
    pack.add_argument("--shards", type=int, help="files; default: one each 256 MiB")
    cli_labelling.add_labelling(pack)
    pack.set_defaults(run=_pack)


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", type=Path, help=_CONFIG)
    parser.add_argument("--root", type=Path, help="where data paths start; default: its folder")


def _new(options: argparse.Namespace) -> None:
    from training import config

    if not options.task and not options.start_from:
        raise ValueError(f"--task: expected one of {', '.join(template.TASKS)}, or --from WEIGHTS")
    path = workspace.new(
        options.folder,
        task=options.task or "",
        name=options.name,
        start_from=options.start_from,
    )
    print(f"{path}: settings, with comments")
    for name, what in workspace.FOLDERS.items():
        print(f"{options.folder / name}: {what}")
    reader = template.READERS.get(config.load(path).task, "")
    reader = reader and f" --reader {reader}"
    print(
        f"next: put pictures into {options.folder / 'data'}, then\n"
        f"  cd {shlex.quote(str(options.folder))}\n"
        f"  solver-train check data{reader}\n"
        f"  solver-train split data{reader} --out splits\n"
        f"  solver-train preview {_CONFIG} --out reports/preview.png\n"
        f"  solver-train fit {_CONFIG}"
    )


def _clean(options: argparse.Namespace) -> None:
    parts = tuple(part for part in workspace.CLEANABLE if getattr(options, part))
    moved = workspace.clean(options.folder, parts)
    for item in moved:
        print(f"{item.before} moved to {item.after}")
    print(f"{len(moved)} moved, nothing deleted")


def _preview(options: argparse.Namespace) -> None:
    from training import config
    from training.preview import preview

    if options.out.suffix.lower() not in ("", ".png"):
        raise ValueError(f"--out: expected a name that ends in .png, received {options.out.name!r}")
    settings = config.load(options.config)
    root = options.root or options.config.resolve().parent
    sheet = preview(settings, root, count=options.count, seed=options.seed, on_report=print)
    body = io.BytesIO()
    sheet.save(body, "PNG")
    print(write_whole(options.out, body.getvalue()))


def _summary(options: argparse.Namespace) -> None:
    from training import config
    from training.data.sources import read_data
    from training.models import build, drawing, summary, transfer

    settings = config.load(options.config)
    root = options.root or options.config.resolve().parent
    if options.width is not None and not settings.is_ctc:
        raise ValueError(f"--width: only for ctc; {options.config} has a width of its own")
    if options.width is not None and options.width < settings.input.min_width:
        raise ValueError(
            f"--width: expected {settings.input.min_width} (input.min_width) or more, "
            f"received {options.width}"
        )
    is_open = settings.has_labels and not settings.labels
    labels = read_data(settings, root).labels if is_open else ()
    # What weights it starts from changes no count, and may be a download.
    plain = replace(settings, model=replace(settings.model, weights=""))
    network = build(plain, labels=labels, root=root)
    if settings.model.freeze:
        transfer.freeze(network, until=settings.model.freeze)
    if settings.model.freeze_batch_norm:
        transfer.freeze_batch_norm(network)
    width = (options.width or settings.input.max_width) if settings.is_ctc else None
    found = summary.summarise(network, width=width)
    print(found.to_text())
    if width:
        print(f"for pictures of {width} × {settings.input.height} pixels")
    if options.json:
        body = json.dumps(found.to_dict(), indent=2) + "\n"
        print(write_whole(options.json, body.encode()))
    if options.svg:
        print(write_whole(options.svg, drawing.draw(found).encode()))


def _pack(options: argparse.Namespace) -> None:
    from training import config
    from training.data.pack import pack, refuse_filled
    from training.data.sources import distinct
    from training.samples import read_source, source_folder, source_name

    if options.shards is not None and options.shards < 1:
        raise ValueError(f"--shards: expected 1 or more, received {options.shards}")
    shards = options.shards or 0
    if options.source.suffix.lower() != ".toml":
        source = cli_labelling.source_of(options.source, options)
        samples = read_source(source, Path())
        folder = source_folder(source, Path())
        _tell(pack(samples, folder, options.out, shards=shards))
        _show("train", source, options.out, source_name(source, Path()), root=Path())
        return
    settings = config.load(options.source)
    root = options.source.resolve().parent
    todo = [
        (side, source, out)
        for side in ("train", "validation")
        for source, out in _places(
            [x for x in distinct(getattr(settings.data, side), root) if not x.is_drawn],
            root,
            options.out / side,
        )
    ]
    if not todo:
        raise ValueError(f"{options.source}: no sources with files; add one: [[data.train]]")
    found = [read_source(source, root) for _, source, _ in todo]
    for _, _, out in todo:
        refuse_filled(out)
    for (_, source, out), samples in zip(todo, found, strict=True):
        _tell(pack(samples, source_folder(source, root), out, shards=shards))
    print("to train from them, put these in place of the sources:")
    for side, source, out in todo:
        _show(side, source, out, source_name(source, root), root=root)


def _places(sources: Sequence[Source], root: Path, out: Path) -> list[tuple[Source, Path]]:
    """A folder for each source, called like it as far as folders can be; no two the same."""
    from training.samples import source_name

    taken: set[str] = set()
    places = []
    for source in sources:
        plain = "".join(
            c if c.isalnum() or c in "-_." else "_" for c in source_name(source, root)
        ).strip(".")
        name, number = plain or "pack", 1
        while name.casefold() in taken:
            number += 1
            name = f"{plain}-{number}"
        taken.add(name.casefold())
        places.append((source, out / name))
    return places


def _tell(packed: Packed) -> None:
    from training.samples import shown

    print(
        f"{packed.folder}: {packed.pictures} pictures in {packed.shards} files, "
        f"{packed.bytes} bytes: {packed.bytes / packed.picture_bytes:.3f} × the pictures"
    )
    for item in packed.damaged:
        print(f"left out, damaged: {shown(item.sample.path)}: {shown(item.reason)}")


def _show(side: str, source: Source, out: Path, name: str, *, root: Path) -> None:
    place, start = out.resolve(), root.resolve()
    path = place.relative_to(start) if place.is_relative_to(start) else place
    lines = [f"[[data.{side}]]", f"path = {template.toml(path.as_posix())}", 'reader = "pack"']
    if out.name != name:
        lines.append(f"name = {template.toml(name)}")
    if source.repeat != 1:
        lines.append(f"repeat = {source.repeat}")
    print("\n".join(lines))
