"""Detector: Chinese characters on click pictures, found by EfficientDet trained here from scratch.

    python benchmarks/training/detect.py FOLDER
    python benchmarks/training/detect.py FOLDER --named 12

This project's click generator: 300 to 350 pixels wide, 2 to 9 characters of GB 2312's first level
on a picture, 24 to 56 pixels large, turned by up to 75 degrees, on grounds like photographs, lines
and dots over two in five; all else as the generator has it (Debian: fonts-noto-cjk, or any of
those that it names). Every character is one class, "mark": which one it is, is for another network.
5,000 pictures train, 300 choose the epoch, 1,000 others measure. Bar: AP@.5 .97, in at most 30
minutes of training. ``--named N`` makes N characters classes of their own; its figures stand
beside the bar, for information.
"""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass
from pathlib import Path

import _rows as rows
from _rows import common

from training.config import Source
from training.evaluate import Evaluation, evaluate, open_reader
from training.figures.boxes import BoxFigures
from training.figures.shares import Share
from training.generators import gb2312, read_settings, write_records
from training.samples import read_source

LIMIT = 30 * 60
LOOK = """kind = "click"
seed = 1
[options]
symbols = "{symbols}"
kinds = {{chinese = 1.0}}
width = [300, 350]
size = [0.08, 0.16]
asked = [2, 5]
decoys = [0, 4]
prompt = 0.0
formats = ["{labels}"]
"""
SETTINGS = """task = "detect"
name = "{name}"
[data]
augment = false
train = [{{path = "{name}-train", reader = "{labels}"}}]
validation = [{{path = "{name}-validation", reader = "{labels}"}}]
[input]
height = {side}
width = {side}
[detect]
phi = {phi}
sizes = [16.0, 32.0, 64.0]
aspect_ratios = [1.0]
[fit]
batch = {batch}
epochs = {epochs}
learning_rate = 3e-3
warmup = {warmup}
"""
HEADER = ("what", "pictures", "boxes", "AP@.5", "AP@.75", "AP@[.5:.95]", "found", "right", "whole")


@dataclass(frozen=True)
class Size:
    """Pictures to learn from, to choose by and to measure; the network's side; epochs."""

    train: int
    validation: int
    test: int
    side: int
    phi: int
    batch: int
    epochs: int
    warmup: int


FULL = Size(5000, 300, 1000, 256, -1, 16, 5, 100)
QUICK = Size(24, 8, 12, 128, -2, 8, 1, 2)


def draw(look: Path, folder: Path, *, count: int, seed: int) -> Path:
    """So many click pictures with their labels; what is there already stays."""
    if not (folder / "labels.jsonl").is_file():
        write_records(folder, read_settings(look).generator, count, seed=seed)  # type: ignore[arg-type]
    found = len(list(folder.glob("*.jpg")))
    if found != count:
        raise SystemExit(f"{folder}: expected {count} pictures, found {found}; name a new folder")
    return folder


def measure(model: Path, folder: Path, labels: str) -> Evaluation:
    """The exported file, read by the runtime, on every picture of a folder."""
    return evaluate(
        open_reader(str(model)), read_source(Source(str(folder), reader=labels), Path())
    )


def _shown(found: Share) -> str:
    """For a table; of nothing there is no share."""
    return rows.share(found.right, found.count) if found.count else "–"


def main() -> None:
    parser = rows.parser(__doc__)
    parser.add_argument("--named", type=int, default=0, help="classes; default: one for all")
    options = parser.parse_args()
    size, folder, named = QUICK if options.quick else FULL, options.folder, options.named
    drawn = gb2312((1,))
    symbols = "".join(random.Random(1).sample(drawn, named)) if named else "".join(drawn)
    labels, name = ("coco", f"named-{named}") if named else ("yolo", "marks")

    look = rows.keep(folder / f"{name}.toml", LOOK.format(symbols=symbols, labels=labels))
    parts = (
        ("train", size.train, rows.TRAIN_SEED),
        ("validation", size.validation, rows.HELD_BACK_SEED),
        ("test", size.test, rows.TEST_SEED),
    )
    for part, count, seed in parts:
        draw(look, folder / f"{name}-{part}", count=count, seed=seed)
    text = SETTINGS.format(name=name, labels=labels, **asdict(size))
    config = rows.keep(folder / f"captcha-{name}.toml", text)
    run = folder / "runs" / name
    spent = rows.fit(config, run)
    model = rows.export(config, run, folder / f"{name}.onnx")
    found = measure(model, folder / f"{name}-test", labels).pooled
    assert isinstance(found, BoxFigures)

    what = f"{named} characters, a class each" if named else "any character, one class"
    cells = [
        what,
        str(found.count),
        str(found.recall.count),
        *(f"{value:.4f}" for value in (found.ap50, found.ap75, found.ap)),
        *map(_shown, (found.recall, found.precision, found.exact)),
    ]
    print("\n" + common.table(HEADER, [cells]))
    print(
        f"\n{size.train} training pictures, {size.epochs} epochs: {rows.minutes(spent.wall)}, "
        f"{rows.minutes(spent.cpu)} of CPU; {model.stat().st_size / 1e6:.2f} MB. Found, right and "
        f"whole count boxes that score {found.threshold:g} or more"
    )
    rows.warn(options)
    bars = [] if named else [common.Bar("AP@.5 on unseen pictures", found.ap50, 0.97, more=True)]
    bars.append(common.Bar("training, seconds", spent.wall, LIMIT, more=False))
    common.finish(bars, {"figures": found.to_dict(), "spent": asdict(spent)}, options)


if __name__ == "__main__":
    main()
