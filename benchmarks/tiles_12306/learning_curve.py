"""How much more tiles a class buy: the tile model from 2, 4, 6, 8 and 10 of each.

    python benchmarks/tiles_12306/learning_curve.py ROOT

ROOT is as `prepare.py` leaves it. Every size trains as many steps, with the settings of `tile.toml`
and, with `--from`, the same beginning; what it gives is measured on the real tiles that no size
trained on. Stopped, it goes on when it is given again.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "training"))

import _grids as grids
import _rows as rows
from _rows import common
from grid_accuracy import LAYOUT, ranks

from solver.grids import cut
from solver.model import Model
from solver.tasks.tiles import TileReader

COUNTS = (2, 4, 6, 8, 10)


def main() -> None:
    """Train what is not trained yet, measure, print."""
    parser = rows.parser(__doc__)
    parser.add_argument("--data", type=Path, default=common.DEFAULT_DATA, help="folder of the zips")
    parser.add_argument("--from", dest="start_from", help="weights that every size begins with")
    parser.add_argument("--counts", nargs="+", type=int, default=COUNTS, help="of tiles a class")
    options = parser.parse_args()
    counts = (2, 10) if options.quick else options.counts
    tests = test_tiles(options.data)
    lines, figures = [], {}
    for count in counts:
        name = f"quick_{count}" if options.quick else f"curve_{count}"
        config = settings(options.folder, count, quick=options.quick)
        run = options.folder / "runs" / name
        spent = rows.fit(config, run, start_from=options.start_from)
        model = rows.export(config, run, options.folder / "curve" / f"{name}.onnx")
        found = ranks(TileReader(Model.open(model)), tests)
        top = [sum(rank < most for rank in found) for most in (1, 5)]
        figures[count] = {"ranks": found, "seconds": spent.wall}
        lines.append(
            (
                str(count),
                str(len(found)),
                rows.share(top[0], len(found)),
                rows.share(top[1], len(found)),
                rows.minutes(spent.wall),
                rows.minutes(spent.cpu),
            )
        )
    header = ("tiles a class", "pictures", "top-1 (95 %)", "top-5 (95 %)", "wall", "CPU")
    print("\n" + common.table(header, lines))
    rows.warn(options)
    common.finish([], {"counts": figures}, options)


def settings(root: Path, count: int, *, quick: bool) -> Path:
    """``tile.toml`` for so many tiles a class, and as many looks."""
    text = (Path(__file__).parent / "tile.toml").read_text(encoding="utf-8")
    text = text.replace("train_10.csv", f"train_{count}.csv")
    text = text.replace("repeat = 10", f"repeat = {100 / count:g}")
    if quick:
        text = re.sub(r"(?m)^epochs = .*", "epochs = 1", text)
        text = re.sub(r"(?m)^warmup = .*", "warmup = 2", text)
        text = re.sub(r"(?m)^width = 24$", "width = 4", text)
        text = re.sub(r"repeat = [\d.]+", "repeat = 0.5", text)
    # Beside the pictures: their paths start there.
    return rows.keep(root / f"{'quick' if quick else 'tile'}_{count}.toml", text)


def test_tiles(data: Path) -> list[grids.Tile]:
    """The answer tiles of the whole pictures, and those of the other set, none that trained."""
    trained = [tile.pixels for tile in grids.read_tiles(data, grids.TRAINED)]
    found = [
        grids.Tile(picture.name, picture.word, cut(picture.pixels, LAYOUT).tiles[place])
        for picture in grids.read_whole(data)
        for place in picture.answers
    ]
    found += grids.read_tiles(data, grids.OTHER)
    seen = grids.overlapping([tile.pixels for tile in found], trained)
    return [tile for tile, is_seen in zip(found, seen, strict=True) if not is_seen]


if __name__ == "__main__":
    main()
