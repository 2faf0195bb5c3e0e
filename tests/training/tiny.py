"""Runs of ``solver-train fit`` that take no time: a network of a layer or two, some pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tests.training import conftest as draw
from training import checkpoint, cli

SETTINGS = """
name = "digits"
symbols = "147"
[data]
workers = 1
augment = false
train = [{path = "train"}]
validation = [{path = "test"}]
[input]
height = 16
max_width = 64
[model]
backbone = "tiny:build"
width = 2
context = 0
dropout = 0.0
[fit]
batch = 4
epochs = 1
schedule = "constant"
warmup = 0
learning_rate = 0.001
checkpoint_steps = 2
"""
# A network whose step is built in no time.
TINY = """
import keras
def build(image):
    x = keras.layers.AveragePooling2D(4)(image)
    return keras.layers.Conv2D(4, 1, activation="tanh")(x)
"""
CLASSES = (
    SETTINGS.replace('name = "digits"', 'task = "classify"\nname = "signs"')
    .replace('path = "train"', 'path = "train", reader = "classes"')
    .replace('path = "test"', 'path = "test", reader = "classes"')
    .replace("max_width = 64", "width = 16")
)


def digits(folder: Path, labels: list[str], *, seed: int) -> None:
    draw.write(folder, labels, seed=seed)


def fit(folder: Path, settings: str, *options: str) -> int:
    path = folder / "captcha.toml"
    path.write_text(settings)
    (folder / "tiny.py").write_text(TINY)
    return cli.main(["fit", str(path), "--run", str(folder / "run"), *options])


def project(folder: Path) -> Path:
    """24 pictures to train on, 12 for validation."""
    digits(folder / "train", ["1", "4", "7", "14"] * 6, seed=1)
    digits(folder / "test", ["1", "4", "7", "41"] * 3, seed=2)
    return folder


def kept(folder: Path) -> dict[str, Any]:
    """The state of the newest whole checkpoint, whose weights are finite."""
    found = checkpoint.latest(folder / "run" / "checkpoints")
    assert found is not None
    assert all(np.isfinite(array).all() for array in found[0])
    return found[1]
