"""What grid models answer on real 12306 pictures: words, tiles, and whole pictures.

    python benchmarks/grid_accuracy.py
    python benchmarks/grid_accuracy.py --headers
    python benchmarks/grid_accuracy.py --models header.onnx tile.onnx

The models are the embedded ones where none is named. Tiles that look like one that trained
(`_grids.overlapping`) are dropped from every score of tiles, and pictures of which any answer tile
does so from the score of whole pictures. `whole_gavin` may have served pre-training without its
labels; `wudinaonao` was never seen. Unknown words are drawn: how sure is the header of those?
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import _grids as grids
import numpy as np
from _common import Bar, finish, make_parser, table
from _scores import brier, expected_calibration_error, wilson

from solver import Solver
from solver.grids import cut
from solver.layouts import LAYOUTS
from solver.results import Failure, TilesResult
from solver.tasks.tiles import HeaderReader, TileReader
from solver.words import cut_words
from training.generators import OTHER, HeaderWordGenerator

LAYOUT = LAYOUTS["12306"]
UNKNOWN, SURE = 400, 0.5


def main() -> None:
    """Measure, print, compare with the bars."""
    parser = make_parser(__doc__, peers=False)
    parser.add_argument("--models", nargs="+", type=Path, default=[], help="header and tile files")
    parser.add_argument("--quick", action="store_true", help="twelve pictures, forty words")
    parser.add_argument("--headers", action="store_true", help="the headers alone: no tile model")
    options = parser.parse_args()
    solver = Solver(*map(str, options.models))
    if options.headers:
        headers(solver, options)
        return
    trained = [tile.pixels for tile in grids.read_tiles(options.data, grids.TRAINED)]
    pictures = grids.read_whole(options.data)[: 12 if options.quick else None]
    start = time.process_time()
    answers = list(solver.tiles_many([p.data for p in pictures], on_error="return"))
    spent = 1000 * (time.process_time() - start) / len(pictures)
    pieces = [cut(picture.pixels, LAYOUT).tiles for picture in pictures]
    copies = grids.overlapping([tile for tiles in pieces for tile in tiles], trained)
    seen = list(copies.reshape(len(pieces), -1))

    word, word_figures = words(pictures, answers)
    unknown = strangers(solver, 40 if options.quick else UNKNOWN)
    others = grids.read_tiles(options.data, grids.OTHER)[: 20 if options.quick else None]
    sets = {
        "whole_gavin, answer tiles": [
            grids.Tile(f"{picture.name} {place}", picture.word, pieces[number][place])
            for number, picture in enumerate(pictures)
            for place in picture.answers
        ],
        "wudinaonao": others,
    }
    rows, found = [], {}
    reader = TileReader(solver.models["tile"])
    for name, tiles in sets.items():
        fresh = ~grids.overlapping([tile.pixels for tile in tiles], trained)
        kept = [tile for tile, is_fresh in zip(tiles, fresh, strict=True) if is_fresh]
        found[name] = ranks(reader, kept)
        rows.append(tile_row(name, found[name], len(tiles) - len(kept)))
    found["all"] = [rank for ranked in found.values() for rank in ranked]
    rows.append(tile_row("all", found["all"], 0))

    print(f"{len(pictures)} pictures, {spent:.1f} CPU ms each\n")
    right, count = word
    print(f"header word: {right} of {count}, {share(right, count)}")
    print_unknown(unknown)
    header = ["tiles", "n", "dropped", "top-1 (95 %)", "top-5 (95 %)"]
    print(table(header, rows) + "\n")
    whole_rows, whole = wholes(pictures, answers, seen)
    print(
        table(
            ["whole pictures", "n", "right (95 %)", "mean confidence", "Brier", "ECE"], whole_rows
        )
    )
    top = found["all"]
    bars = [
        Bar("header word", right / count, 0.95, True),
        Bar("tile top-1", sum(r == 0 for r in top) / len(top), 0.40, True),
        Bar("tile top-5", sum(r < 5 for r in top) / len(top), 0.65, True),
    ]
    figures = {
        "words": word_figures,
        "unknown": unknown,
        "tiles": found,
        "pictures": whole,
        "milliseconds": spent,
    }
    finish(bars, figures, options)


def headers(solver: Solver, options: argparse.Namespace) -> None:
    """The words of the headers as ``tiles`` cuts and reads them, with no look at the tiles."""
    pictures = grids.read_whole(options.data)[: 12 if options.quick else None]
    reader = HeaderReader(solver.models["header"])
    found = []
    start = time.process_time()
    for picture in pictures:
        grid = cut(picture.pixels, LAYOUT)
        assert grid.header is not None
        read = reader.read(cut_words(grid.header, grid.word))
        found.append(
            {
                "file": picture.name,
                "word": picture.word,
                "read": [word.label for word in read],
                "sure": min(word.confidence for word in read),
            }
        )
    spent = 1000 * (time.process_time() - start) / len(pictures)
    right = sum(one["read"] == [one["word"]] for one in found)
    unknown = strangers(solver, 40 if options.quick else UNKNOWN)
    print(f"{len(pictures)} headers, {spent:.1f} CPU ms each, cutting the picture included")
    print(f"header word: {right} of {len(pictures)}, {share(right, len(pictures))}")
    print_unknown(unknown)
    figures = {"words": found, "unknown": unknown, "milliseconds": spent}
    finish([Bar("header word", right / len(pictures), 0.95, True)], figures, options)


def print_unknown(sure: Sequence[float]) -> None:
    """How little is thought of words outside of the 80."""
    print(
        f"unknown words: {len(sure)} drawn, {sum(c < SURE for c in sure)} below {SURE:g}, "
        f"median confidence {np.median(sure):.3f}\n"
    )


def words(
    pictures: Sequence[grids.Picture], answers: Sequence[TilesResult | Failure]
) -> tuple[tuple[int, int], list[dict[str, Any]]]:
    """How many headers were read right; one that is taken for two words is wrong."""
    found = []
    for picture, answer in zip(pictures, answers, strict=True):
        said = [] if isinstance(answer, Failure) else [word.label for word in answer.prompt]
        sure = 0.0 if isinstance(answer, Failure) else min(w.confidence for w in answer.prompt)
        found.append({"file": picture.name, "word": picture.word, "read": said, "sure": sure})
    return (sum(one["read"] == [one["word"]] for one in found), len(found)), found


def strangers(solver: Solver, count: int) -> list[float]:
    """The confidences with which words are read that the header model does not know."""
    generator = HeaderWordGenerator(outside=1.0)
    reader = HeaderReader(solver.models["header"])
    drawn = [generator.sample(np.random.default_rng([77, i])) for i in range(count)]
    assert all(label == OTHER for _, label in drawn)
    return [read.confidence for read in reader.read([np.asarray(p) for p, _ in drawn])]


def ranks(reader: TileReader, tiles: Sequence[grids.Tile]) -> list[int]:
    """At which place, from 0, each tile's label is."""
    order = [
        np.argsort(-logits, kind="stable").tolist()
        for logits in reader.logits([tile.pixels for tile in tiles])
    ]
    places = [reader.labels.index(tile.label) for tile in tiles]
    return [row.index(place) for row, place in zip(order, places, strict=True)]


def tile_row(name: str, ranked: Sequence[int], dropped: int) -> tuple[str, ...]:
    count = len(ranked)
    top = [share(sum(rank < most for rank in ranked), count) for most in (1, 5)]
    return name, str(count), str(dropped), *top


def wholes(
    pictures: Sequence[grids.Picture],
    answers: Sequence[TilesResult | Failure],
    seen: Sequence[np.ndarray],
) -> tuple[list[tuple[str, ...]], list[dict[str, Any]]]:
    """Pictures answered exactly, by how much of them trained."""
    found = []
    for picture, answer, copies in zip(pictures, answers, seen, strict=True):
        is_failure = isinstance(answer, Failure)
        found.append(
            {
                "file": picture.name,
                "right": not is_failure and answer.indices == picture.answers,
                "sure": 0.0 if is_failure else answer.confidence,
                "seen": copies[list(picture.answers)].any().item(),
                "touched": copies.any().item(),
            }
        )
    parts = {
        "no answer tile trained": [one for one in found if not one["seen"]],
        "no tile at all trained": [one for one in found if not one["touched"]],
        "all, trained ones too": found,
    }
    rows = []
    for name, part in parts.items():
        if not part:
            rows.append((name, "0", "–", "–", "–", "–"))
            continue
        right, sure = [one["right"] for one in part], [one["sure"] for one in part]
        rows.append(
            (
                name,
                str(len(part)),
                share(sum(right), len(part)),
                f"{np.mean(sure):.3f}",
                f"{brier(sure, right):.3f}",
                f"{expected_calibration_error(sure, right):.3f}",
            )
        )
    return rows, found


def share(right: int, count: int) -> str:
    low, high = wilson(right, count)
    return f"{right / max(1, count):.3f} ({low:.2f}–{high:.2f})"


if __name__ == "__main__":
    main()
