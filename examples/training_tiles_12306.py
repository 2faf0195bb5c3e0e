"""The tiles of 12306-style grids: the 80 things that they ask for, a small residual network.

    python examples/training_tiles_12306.py

Grids are drawn with their tiles in class folders. What is printed was measured on the tiles of
other grids; then whole grids are answered, whose headers the embedded model reads. The demo site's
own model (demo_site/tiles.onnx) was made so; it reads these drawings, and no photographs.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import solver
from training.cli import main as solver_train
from training.generators import WORD_ICONS, TilesGenerator, write_records

GRIDS = 50
SETTINGS = """
name = "demo-tiles"
licence = "Apache-2.0"
task = "classify"
labels = {labels}
input = {{height = 48, width = 48}}
classify = {{role = "tile", mirror = true}}
model = {{width = 16}}
fit = {{epochs = {epochs}}}
data.train = [{{path = "train/tiles", reader = "classes"}}]
data.validation = [{{path = "validation/tiles", reader = "classes"}}]
"""


def train(*command: str) -> None:
    """One command of solver-train, as in a terminal; the first that fails ends the example."""
    if solver_train(command):
        sys.exit(1)


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw, train, export, measure, read."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=8_000, help="tiles; a grid has eight")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--out", type=Path, default=Path("runs/tiles"))
    options = parser.parse_args(arguments)
    out, grids = options.out, max(1, options.pictures // 8)

    drawer = TilesGenerator(icons=WORD_ICONS)
    sizes = {"train": grids, "validation": grids // 10 + 1, "test": grids // 10 + 1}
    for seed, (folder, size) in enumerate(sizes.items()):
        write_records(out / folder, drawer, size, seed=seed)
    settings, model, test = out / "captcha.toml", out / "tiles.onnx", out / "test" / "tiles"
    labels = json.dumps(drawer.words, ensure_ascii=False)
    settings.write_text(SETTINGS.format(labels=labels, epochs=options.epochs), encoding="utf-8")

    train("fit", str(settings))
    train("export", str(settings), "-o", str(model), "--calibrate")
    train("evaluate", str(model), str(test), "--html", str(out / "report.html"))

    reader = solver.Solver(str(model))
    rng = np.random.default_rng(len(sizes))
    right = 0
    for _ in range(GRIDS):
        grid, label = drawer.sample(rng)
        answer = reader.tiles(grid)
        right += answer.indices == label.answers
    print(f"{right} of {GRIDS} grids answered as a whole")
    print(f"the last: {label.word}, tiles {list(answer.indices)}, right: {list(label.answers)}")


if __name__ == "__main__":
    main()
