"""Four of 62: white characters on eight grounds, 128 × 64, a residual network.

    python examples/training_residual_62.py

Upper and lower case are told apart, so two figures are printed: exact, and with case set aside.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import solver
from training.cli import main as solver_train
from training.generators import ClassicGenerator, write_folder

GROUNDS = ("#204060", "#703030", "teal", "#404040", "#305020", "#603070", "#806020", "navy")
SETTINGS = """
name = "residual-62"
task = "multi-head"
symbols = "{symbols}"
length = 4
input = {{height = 64, width = 128}}
model = {{backbone = "residual", width = 32}}
fit = {{epochs = {epochs}, average = 0.99}}
data.train = [{{path = "train"}}]
data.validation = [{{path = "validation"}}]
"""


def train(*command: str) -> None:
    """One command of solver-train, as in a terminal; the first that fails ends the example."""
    if solver_train(command):
        sys.exit(1)


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw, train, export, measure, read."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=20_000)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path("runs/residual-62"))
    options = parser.parse_args(arguments)
    out, count = options.out, options.pictures

    drawer = ClassicGenerator(size=(128, 64), ink=["white"], ground=GROUNDS, disturbance="medium")
    sizes = {"train": count, "validation": max(4, count // 20), "test": max(4, count // 2)}
    for seed, (folder, size) in enumerate(sizes.items()):
        write_folder(out / folder, drawer, size, seed=seed)
    settings, model = out / "captcha.toml", out / "residual-62.onnx"
    settings.write_text(
        SETTINGS.format(symbols=drawer.symbols, epochs=options.epochs), encoding="utf-8"
    )

    train("fit", str(settings))
    train("export", str(settings), "-o", str(model), "--calibrate")
    train("evaluate", str(model), str(out / "test"), "--html", str(out / "report.html"))

    reader = solver.Solver(str(model))
    for picture in sorted((out / "test").iterdir())[:3]:
        answer = reader.text(picture)
        print(f"{picture.name}: {answer.text} ({answer.confidence:.2f})")


if __name__ == "__main__":
    main()
