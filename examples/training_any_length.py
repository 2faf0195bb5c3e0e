"""Text of any length: three to eight digits and letters, many looks, a CTC network.

    python examples/training_any_length.py

The pictures' widths differ with their texts; the network has no number of characters built in.
What is printed was measured on pictures of another seed, one source for each of two looks.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import solver
from training.cli import main as solver_train
from training.generators import generate_text

SYMBOLS = solver.DIGITS + solver.LOWER
LOOKS = ("bar", "thin")
SETTINGS = """
name = "any-length"
task = "ctc"
symbols = "{symbols}"
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
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--out", type=Path, default=Path("runs/any-length"))
    options = parser.parse_args(arguments)
    out, some = options.out, max(4, options.pictures // 20)

    for seed, (folder, count) in enumerate({"train": options.pictures, "validation": some}.items()):
        generate_text(out / folder, count=count, seed=seed, symbols=SYMBOLS, styles=LOOKS)
    tests = [out / "test" / look for look in LOOKS]
    for folder in tests:
        generate_text(folder, count=some, seed=2, symbols=SYMBOLS, styles=[folder.name])
    settings, model = out / "captcha.toml", out / "any-length.onnx"
    settings.write_text(SETTINGS.format(symbols=SYMBOLS, epochs=options.epochs), encoding="utf-8")

    train("fit", str(settings))
    train("export", str(settings), "-o", str(model), "--calibrate")
    train("evaluate", str(model), *map(str, tests), "--html", str(out / "report.html"))

    reader = solver.Solver(str(model))
    for picture in sorted(tests[0].iterdir())[:3]:
        answer = reader.text(picture)
        print(f"{picture.name}: {answer.text} ({answer.confidence:.2f})")


if __name__ == "__main__":
    main()
