"""Are the tiles of real 12306 pictures cut where they are?

    python benchmarks/grid_crops.py

The 100 whole pictures of the shared data, in their own size, scaled, compressed again, and in a
frame of two pixels that the layout knows nothing of. Where the tiles are is known from the
declared layout on the native pictures, and from the change that is then made to them. So that
the layout is not its own witness, the tiles' edges are first looked for on each native picture
without it: where the picture changes most between two neighbouring columns or rows, summed along
the tile. Edges that show (white tiles on white ground have none) must be where the layout says.
"""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from _common import Bar, finish, make_parser, percentile, table
from PIL import Image

from solver import images
from solver.errors import TaskError
from solver.grids import cut
from solver.layouts import LAYOUTS

Pixels = npt.NDArray[np.uint8]
Boxes = npt.NDArray[np.float64]
LAYOUT = LAYOUTS["12306"]
TILES: Boxes = np.array(LAYOUT.boxes(), dtype=np.float64)
WIDTH, HEIGHT = LAYOUT.size
REACH = 4  # pixels to either side that an edge is looked for
SHOWS = 30.0  # mean levels by which an edge must stand out


def main() -> None:
    """Measure, print, compare with the bars."""
    options = make_parser(__doc__, peers=False).parse_args()
    pictures = _pictures(options.data)
    agreeing, showing = _edges(pictures)
    total = 4 * len(TILES) * len(pictures)
    print(f"{len(pictures)} pictures; {showing} of {total} edges show, {agreeing} where declared\n")
    rows, figures = [], {}
    bars = [Bar("edges that show are where the layout says", agreeing / showing, 0.9, True)]
    for name, (change, truth, limit) in CHANGES.items():
        errors, spent = [], []
        for picture in pictures:
            changed = change(picture)
            start = time.process_time()
            try:
                found = np.array(cut(changed, LAYOUT).boxes, dtype=np.float64)
            except TaskError as error:
                print(f"{name}: {error}")
                found = np.full_like(TILES, np.inf)
            spent.append(1000 * (time.process_time() - start))
            errors += np.abs(found - truth(TILES)).max(axis=1).tolist()
        share = float(np.mean(np.array(errors) <= limit))
        figures[name] = {"share": share, "worst": max(errors), "limit": limit, "tiles": len(errors)}
        rows.append((name, len(errors), f"{limit:.2f}", f"{share:.4f}", f"{max(errors):.2f}",
                     f"{percentile(spent, 0.5):.1f}"))  # fmt: skip
        if name != FRAMED:  # shown, but promised nowhere
            bars.append(Bar(f"tiles within the limit, {name}", share, 1.0, True))
    header = ["pictures", "tiles", "limit px", "share within", "worst px", "CPU ms"]
    print(table(header, rows))
    finish(bars, {"edges": {"showing": showing, "agreeing": agreeing}, "changes": figures}, options)


def _pictures(data: Path) -> list[Pixels]:
    """The native pictures, sorted by name."""
    path = data / "grid12306-whole_gavin.zip"
    if not path.exists():
        raise SystemExit(f"{path}: not there; name the folder with --data")
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        return [images.load(archive.read(name)) for name in names]


def _edges(pictures: list[Pixels]) -> tuple[int, int]:
    """How many edges of tiles show, and how many of those are where the layout says."""
    agreeing = showing = 0
    for picture in pictures:
        levels = picture.astype(np.float64)
        for box in LAYOUT.boxes():
            for axis in (0, 1):
                # Along x for the left and right edge, along y for the upper and lower one.
                low, high = (box[1], box[3]) if axis == 0 else (box[0], box[2])
                band = levels[low:high] if axis == 0 else levels[:, low:high].swapaxes(0, 1)
                change = np.abs(np.diff(band, axis=1)).max(axis=2).mean(axis=0)
                for edge in (box[axis], box[axis + 2]):
                    near = change[edge - 1 - REACH : edge + REACH]
                    if near.max() >= SHOWS:
                        showing += 1
                        agreeing += int(near.argmax() == REACH)
    return agreeing, showing


Change = tuple[Callable[[Pixels], Pixels], Callable[[Boxes], Boxes], float]


def _scaled(scale: float) -> Change:
    """Bicubic, the sides rounded; within 2 % of a tile's side."""
    size = round(WIDTH * scale), round(HEIGHT * scale)
    ratio = np.array([size[0] / WIDTH, size[1] / HEIGHT] * 2)

    def change(picture: Pixels) -> Pixels:
        return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC))

    return change, lambda boxes: boxes * ratio, 0.02 * LAYOUT.tile[0] * scale


def _compressed(picture: Pixels) -> Pixels:
    data = io.BytesIO()
    Image.fromarray(picture).save(data, "JPEG", quality=60)
    return images.load(data.getvalue())


def _framed(picture: Pixels) -> Pixels:
    return np.pad(picture, ((2, 2), (2, 2), (0, 0)), constant_values=255)


FRAMED = "2 px white frame"
CHANGES: dict[str, Change] = {
    "native": (lambda picture: picture, lambda boxes: boxes, 1.0),
    "JPEG q60": (_compressed, lambda boxes: boxes, 1.0),
    "× 0.75": _scaled(0.75),
    "× 1.5": _scaled(1.5),
    "× 2": _scaled(2.0),
    FRAMED: (_framed, lambda boxes: boxes + 2, 1.0),
}


if __name__ == "__main__":
    main()
