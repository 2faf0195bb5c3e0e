"""The commands ``solver crop`` and ``solver tiles``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from solver import images
from solver._cli_draw import Drawings
from solver._cli_read import (
    ESCAPES,
    OK,
    SOME_FAILED,
    USAGE,
    Form,
    Input,
    is_bare,
    open_drawings,
    report,
    unfold,
)
from solver.api import Solver, open_model
from solver.draw import draw_grid, draw_tiles
from solver.errors import ImageError, LowConfidenceError, ModelError, TaskError
from solver.grids import Grid, crop
from solver.layouts import Layout, find_layout
from solver.results import Failure, TilesResult

_ROLES = ("tile", "header")


def crop_grids(args: argparse.Namespace) -> int:
    """``solver crop``."""
    inputs = unfold(args.inputs)
    try:
        layout, drawings = find_layout(args.layout), open_drawings(args)
    except (TaskError, OSError) as error:
        sys.stderr.write(f"solver: {error}\n")
        return USAGE
    if not inputs:
        sys.stderr.write(f"solver: no picture files in {', '.join(args.inputs)}\n")
        return SOME_FAILED
    bare, code = is_bare(args), OK
    for index, item in enumerate(inputs):
        name = item.name.translate(ESCAPES)
        folder = args.out if bare else args.out / (Path(item.name).stem or "picture")
        try:
            grid = _crop_one(item, layout, folder, drawings)
        except (ImageError, TaskError, OSError) as error:
            code = SOME_FAILED
            sys.stderr.write(f"solver: {name}: {error}\n")
            if args.json:
                failure = Failure(index, item.name, error).to_dict()
                sys.stdout.write(json.dumps({"path": item.name, "error": failure["error"]}) + "\n")
            continue
        if args.json:
            sys.stdout.write(json.dumps({"path": item.name, **grid.to_dict()}) + "\n")
        else:
            sys.stdout.write(f"{folder}\n")
    return code


def _crop_one(item: Input, layout: Layout, folder: Path, drawings: Drawings | None) -> Grid:
    """Cut one picture into new files: header.png, tile_1.png … and grid.json.

    Raises:
        ImageError, TaskError: the picture cannot be cut.
        OSError: a file is there already, or cannot be written.
    """
    pixels = images.load(item.source)
    grid = crop(pixels, layout=layout)
    pieces: dict[str, npt.NDArray[np.uint8]] = {}
    if grid.header is not None:
        pieces["header.png"] = grid.header
    pieces |= {f"tile_{number}.png": tile for number, tile in enumerate(grid.tiles, start=1)}
    # All are looked for before the first is written: a folder never holds pieces of two pictures.
    for name in (*pieces, "grid.json"):
        if (folder / name).exists():
            raise FileExistsError(f"{folder / name} is there already; name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    for name, piece in pieces.items():
        with (folder / name).open("xb") as file:
            Image.fromarray(piece).save(file, "PNG")
    with (folder / "grid.json").open("x", encoding="utf-8") as text:
        text.write(json.dumps(grid.to_dict()) + "\n")
    if drawings is not None:
        drawings.write(draw_grid(pixels, grid), name=item.name)
    return grid


def read_tiles(args: argparse.Namespace) -> int:
    """``solver tiles``."""
    solver = _solver(args)
    inputs = unfold(args.inputs)
    try:
        layout, drawings = find_layout(args.layout), open_drawings(args)
        # The options are checked before the first picture is looked at.
        solver.tiles_many([], layout=layout, wanted=args.wanted)
    except (TaskError, OSError) as error:
        sys.stderr.write(f"solver: {error}\n")
        return USAGE

    def answers() -> Iterator[TilesResult | Failure]:
        for index, item in enumerate(inputs):
            try:
                pixels = images.load(item.source)
                answer = solver.tiles(
                    pixels, layout=layout, wanted=args.wanted, min_confidence=args.min_confidence
                )
                if drawings is not None:
                    drawings.write(draw_tiles(pixels, answer), name=item.name)
            except (ImageError, TaskError, LowConfidenceError) as error:
                yield Failure(index, item.name, error)
            except OSError as error:
                yield Failure(index, item.name, TaskError(f"the drawing is not written: {error}"))
            else:
                yield answer

    return report(args, inputs, answers(), _TILES_FORM)


def _solver(args: argparse.Namespace) -> Solver:
    """A solver with the models that were asked for, of which each is for a grid."""
    for source in args.model or ():
        role = open_model(source).spec.role
        if role not in _ROLES:
            raise ModelError(
                f"{source}: expected a model for the roles {' and '.join(_ROLES)}, it is {role!r}"
            )
    return Solver(*(args.model or ()), threads=args.threads)


def _prompt(answer: TilesResult) -> str:
    return " + ".join(word.label.translate(ESCAPES) for word in answer.prompt)


def _tile_rows(answer: TilesResult) -> list[str]:
    """The prompt, then a line a tile, those to click with their point."""
    lines = [f"{_prompt(answer)}\t{answer.confidence:.4f}"]
    for index, tile in enumerate(answer.tiles):
        line = f"{index}\t{tile.label.translate(ESCAPES)}\t{tile.match:.4f}"
        if index in answer.indices:
            line += "\t{:g},{:g}".format(*tile.point)
        lines.append(line)
    return lines


def _answer_row(answer: TilesResult) -> list[str]:
    """The prompt, the tiles to click, their points, the confidence."""
    indices = " ".join(map(str, answer.indices))
    points = " ".join(f"{x:g},{y:g}" for x, y in answer.points)
    return [f"{_prompt(answer)}\t{indices}\t{points}\t{answer.confidence:.4f}"]


_TILES_FORM = Form(
    bare=_tile_rows,
    rows=_answer_row,
    body=lambda answer: dict(answer.to_dict()),
    doubt=lambda answer: float(answer.confidence),
)
