"""CPU milliseconds of a whole 12306 picture: header, eight tiles, everything, one thread.

    python benchmarks/grid_cost.py
    python benchmarks/grid_cost.py --models header.onnx tile.onnx

From encoded bytes to a TilesResult, one picture a call. Pictures are drawn where the shared data
is not there: what is on them changes little.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path

import _grids as grids
import numpy as np
from _common import Bar, finish, make_parser, percentile, table

from solver import Solver, images
from solver.grids import cut
from solver.layouts import LAYOUTS
from solver.tasks.tiles import HeaderReader, TileReader
from solver.words import cut_words
from training.generators import TilesGenerator, words80

LAYOUT = LAYOUTS["12306"]


def main() -> None:
    """Measure, print, compare with the bar."""
    parser = make_parser(__doc__, peers=False)
    parser.add_argument("--models", nargs="+", type=Path, default=[], help="header and tile files")
    parser.add_argument("--repeats", type=int, default=5, help="rounds over the pictures")
    parser.add_argument("--quick", action="store_true", help="ten pictures, one round")
    options = parser.parse_args()
    solver = Solver(*map(str, options.models))
    pictures = _pictures(options.data, 10 if options.quick else 60)
    headers, tiles = HeaderReader(solver.models["header"]), TileReader(solver.models["tile"])
    steps: dict[str, Callable[[bytes], object]] = {
        "everything": solver.tiles,
        "decoding": images.load,
        "and finding the grid": lambda data: cut(images.load(data), LAYOUT),
        "header model alone": lambda data: headers.read(words[data]),
        "tile model alone, eight tiles": lambda data: tiles.logits(pieces[data]),
    }
    grid = {data: cut(images.load(data), LAYOUT) for data in pictures}
    words = {data: cut_words(one.header, one.word) for data, one in grid.items()}
    pieces = {data: one.tiles for data, one in grid.items()}
    spent: dict[str, list[float]] = {name: [] for name in steps}
    for name, step in steps.items():
        step(pictures[0])
        for _ in range(1 if options.quick else options.repeats):
            for data in pictures:
                start = time.process_time()
                step(data)
                spent[name].append(1000 * (time.process_time() - start))
    rows = [
        (name, len(times), f"{percentile(times, 0.5):.2f}", f"{percentile(times, 0.95):.2f}")
        for name, times in spent.items()
    ]
    print(table(["step", "n", "p50 ms", "p95 ms"], rows))
    value = percentile(spent["everything"], 0.5)
    finish([Bar("CPU ms a picture, p50", value, 25.0, False)], {"milliseconds": spent}, options)


def _pictures(data: Path, count: int) -> list[bytes]:
    if (data / f"grid12306-{grids.WHOLE}.zip").exists():
        return [picture.data for picture in grids.read_whole(data)[:count]]
    generator = TilesGenerator(words80())
    found = []
    for number in range(count):
        body = io.BytesIO()
        picture, _ = generator.sample(np.random.default_rng([1, number]))
        picture.save(body, "JPEG", quality=85)
        found.append(body.getvalue())
    return found


if __name__ == "__main__":
    main()
