"""Two classes from a few hundred pictures, as with cats and dogs: learn from what is learnt.

    python examples/training_transfer.py

Cats and rabbits, drawn by us into class folders. The network starts from ImageNet weights where
this machine can fetch them; where it cannot, from a small network of our own that first learns
eight other things. The first line says which.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

import solver
from training.cli import main as solver_train
from training.generators import TilesGenerator

CLASSES = ("猫脸", "兔子")  # the icons of a cat and of a rabbit
OTHERS = ("乌龟", "小鱼", "小鸟", "蝴蝶", "蜗牛", "苹果", "小汽车", "房子")
IMAGENET = 'backbone = "mobilenetv2", weights = "imagenet", freeze = "backbone"'
OWN = 'backbone = "residual", width = 32'
SETTINGS = """
name = "{name}"
task = "classify"
input = {{height = 64, width = 64}}
model = {{{network}}}
fit = {{epochs = {epochs}, batch = 16, warmup = 20}}
data.train = [{{path = "train", reader = "classes"}}]
data.validation = [{{path = "validation", reader = "classes"}}]
"""


def train(*command: str) -> None:
    """One command of solver-train, as in a terminal; the first that fails ends the example."""
    if solver_train(command):
        sys.exit(1)


def project(folder: Path, classes: Sequence[str], network: str, *, count: int, epochs: int) -> str:
    """Draw class folders and write settings; returns the settings' path."""
    drawer = TilesGenerator()
    for seed, (side, share) in enumerate({"train": 1.0, "validation": 0.25, "test": 0.5}.items()):
        for number in range(max(round(count * share), len(classes))):
            name = classes[number % len(classes)]
            path = folder / side / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            drawer.tile(name, np.random.default_rng((seed, number))).save(path)
    text = SETTINGS.format(name=folder.name, network=network, epochs=epochs)
    (folder / "captcha.toml").write_text(text, encoding="utf-8")
    return str(folder / "captcha.toml")


def has_imagenet() -> bool:
    """Whether Keras can fetch the weights; it keeps them, so that training need not."""
    try:
        keras.applications.MobileNetV2(include_top=False, input_shape=(224, 224, 3))
    except Exception as error:  # Keras raises no narrower one
        print(f"no ImageNet weights, so a network of our own first learns other things ({error})")
        return False
    print("from ImageNet weights")
    return True


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw, train, export, measure, read."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=400)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path("runs/transfer"))
    options = parser.parse_args(arguments)
    count, epochs, out = options.pictures, options.epochs, options.out
    model, test = out / "two.onnx", out / "two" / "test"

    if has_imagenet():
        train("fit", project(out / "two", CLASSES, IMAGENET, count=count, epochs=epochs))
    else:
        train("fit", project(out / "eight", OTHERS, OWN, count=4 * count, epochs=epochs))
        learnt = str(out / "eight" / "runs" / "eight" / "best.weights.h5")
        two = project(out / "two", CLASSES, OWN, count=count, epochs=epochs)
        train("fit", two, "--from", learnt)
    train("export", str(out / "two" / "captcha.toml"), "-o", str(model), "--calibrate")
    train("evaluate", str(model), str(test))

    reader = solver.Solver(str(model))
    for name in CLASSES:
        picture = next((test / name).iterdir())
        answer = reader.classify(picture)
        print(f"{name}/{picture.name}: {answer.label} ({answer.confidence:.2f})")


if __name__ == "__main__":
    main()
