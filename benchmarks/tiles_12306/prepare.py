"""Lay out the pictures that the tile model is trained on, below ROOT.

    python benchmarks/tiles_12306/prepare.py ../shared/data ROOT

``ROOT/tiles/CLASS`` has the 800 labelled tiles, without the white gap that they were cut with;
``ROOT/lists/train_N.csv`` N of each class (2 ⊂ 4 ⊂ 6 ⊂ 8 ⊂ 10) and ``held_N.csv`` the others;
copies of one photograph stay on one side. ``ROOT/held_8`` has those of the last but one list as
files: they calibrate. ``ROOT/unlabelled`` has the tiles of the whole pictures,
without their labels, for pre-training.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

sys.path.insert(0, str(Path(__file__).parents[1]))

import _grids as grids

from solver.grids import cut
from solver.layouts import LAYOUTS

COUNTS = (2, 4, 6, 8, 10)
SEED = 1
# Of this many a class, the others calibrate: as files of their own too.
HELD = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder of the zips")
    parser.add_argument("root", type=Path)
    options = parser.parse_args()
    tiles = grids.read_tiles(options.data, grids.TRAINED)
    names = [f"{tile.label}/{PurePosixPath(tile.name).stem}.png" for tile in tiles]
    for tile, name in zip(tiles, names, strict=True):
        write(options.root / "tiles" / name, grids.png(tile.pixels))
    parts = nested(tiles)
    for count, chosen in parts.items():
        rest = [index for index in range(len(tiles)) if index not in chosen]
        for kind, indices in (("train", sorted(chosen)), ("held", rest)):
            if indices:
                rows = [(names[index], tiles[index].label) for index in indices]
                write_list(options.root / "lists" / f"{kind}_{count}.csv", rows)
        if count == HELD:
            for index in rest:
                data = grids.png(tiles[index].pixels)
                write(options.root / f"held_{count}" / names[index], data)
    pictures = grids.read_whole(options.data)
    for picture in pictures:
        found = cut(picture.pixels, LAYOUTS["12306"]).tiles
        for place, pixels in enumerate(found):
            name = f"{PurePosixPath(picture.name).stem}_{place}.png"
            write(options.root / "unlabelled" / name, grids.png(pixels))
    print(f"{len(tiles)} labelled tiles, {8 * len(pictures)} without labels, in {options.root}")


def nested(tiles: Sequence[grids.Tile]) -> dict[int, set[int]]:
    """Indices of about N tiles a class for each N, each set inside the next.

    Copies of one photograph come together, so a class may have one more or less.
    """
    of: defaultdict[str, list[list[int]]] = defaultdict(list)
    for group in grids.groups([tile.pixels for tile in tiles]):
        of[tiles[group[0]].label].append(group)
    parts: dict[int, set[int]] = {count: set() for count in COUNTS}
    for label in sorted(of):
        groups = of[label]
        random.Random(f"{SEED} {label}").shuffle(groups)
        groups.sort(key=len)
        for count, chosen in parts.items():
            taken = 0
            for group in groups:
                if taken + len(group) <= count:
                    taken += len(group)
                    chosen.update(group)
    parts[COUNTS[-1]] = set(range(len(tiles)))
    return parts


def write(path: Path, data: bytes) -> None:
    """A file that is not there yet, or holds the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.read_bytes() != data:
        raise SystemExit(f"{path}: holds something else; take a new folder")
    path.write_bytes(data)


def write_list(path: Path, rows: Sequence[tuple[str, str]]) -> None:
    """A list as ``solver-train split`` writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([("file", "label"), *rows])


if __name__ == "__main__":
    main()
