"""A thousand pictures, four characters of 0-9a-z at 80 × 40, one head for each place.

    python examples/training_four_heads.py

Nine in ten of the thousand train, the rest choose the best epoch. What is printed was measured on
as many pictures again, which neither has seen. PyPI's captchas in place of ours:
``PypiCaptcha(SYMBOLS, size=(80, 40), font_sizes=(24, 28))`` after ``pip install captcha``.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import solver
from training.cli import main as solver_train
from training.generators import ClassicGenerator, write_folder

SYMBOLS = solver.DIGITS + solver.LOWER
SETTINGS = """
name = "four-heads"
task = "multi-head"
symbols = "{symbols}"
length = 4
input = {{height = 48, width = 96}}
model = {{width = 32}}
fit = {{epochs = {epochs}, batch = 32, warmup = 100, average = 0.99}}
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
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--out", type=Path, default=Path("runs/four-heads"))
    options = parser.parse_args(arguments)
    out, count = options.out, options.pictures

    drawer = ClassicGenerator(SYMBOLS, size=(80, 40), ink=["dark"], ground=["pale"], each=True)
    kept = max(1, count // 10)
    write_folder(out / "train", drawer, count - kept, seed=1)
    write_folder(out / "validation", drawer, kept, seed=1, start=count - kept)
    write_folder(out / "test", drawer, count, seed=2)
    settings, model = out / "captcha.toml", out / "four-heads.onnx"
    settings.write_text(SETTINGS.format(symbols=SYMBOLS, epochs=options.epochs), encoding="utf-8")

    train("fit", str(settings))
    train("export", str(settings), "-o", str(model), "--calibrate")
    train("evaluate", str(model), str(out / "test"), "--html", str(out / "report.html"))

    reader = solver.Solver(str(model))
    for picture in sorted((out / "test").iterdir())[:3]:
        answer = reader.text(picture, length=4)
        print(f"{picture.name}: {answer.text} ({answer.confidence:.2f})")


if __name__ == "__main__":
    main()
