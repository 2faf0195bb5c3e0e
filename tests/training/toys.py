"""The toy networks of ``tests/solver``, as files, and pictures that they read as one likes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from solver.spec import DecoderSpec, InputSpec, ModelSpec
from tests.solver import conftest as toys
from training.samples import Sample

LABELS = toys.LABELS


def text_model(folder: Path) -> Path:
    """A CTC network that reads :func:`picture`."""
    spec = ModelSpec(
        role="text",
        name="toy-ctc",
        input=InputSpec(
            toys.HEIGHT,
            None,
            channels=1,
            fit="height",
            fill=255,
            mean=(0.0,),
            std=(1.0,),
            min_width=toys.STRIPE,
            max_width=256,
            width_multiple=toys.STRIPE,
        ),
        decoder=DecoderSpec("ctc", symbols=toys.SYMBOLS),
    )
    return toys._write_model(folder / "toy.onnx", spec)


def class_model(folder: Path) -> Path:
    """A network that sorts :func:`grey` pictures into ``LABELS``."""
    rule = InputSpec(toys.HEIGHT, toys.HEIGHT, channels=1, fit="shrink", mean=(0.0,), std=(1.0,))
    spec = ModelSpec(role="class", input=rule, decoder=DecoderSpec("softmax", labels=LABELS))
    return toys._write_model(folder / "toy-class.onnx", spec)


def picture(text: str) -> np.ndarray:
    """What the CTC network reads as ``text``."""
    levels = [255]
    for symbol in text:
        levels += [toys.SYMBOLS.index(symbol) * toys.LEVEL_STEP, 255]
    return toys.draw_stripes(*levels)


def grey(level: int) -> np.ndarray:
    """One even square."""
    return np.full((toys.HEIGHT, toys.HEIGHT, 3), level, dtype=np.uint8)


def save(folder: Path, pictures: list[tuple[str, np.ndarray]], *, source: str) -> list[Sample]:
    """Write (label, picture) pairs as files of one source."""
    folder.mkdir(parents=True, exist_ok=True)
    samples = []
    for index, (label, pixels) in enumerate(pictures):
        path = folder / f"{index}.png"
        Image.fromarray(pixels).save(path)
        samples.append(Sample(path, label, source))
    return samples
