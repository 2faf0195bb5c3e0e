"""The toy networks of ``tests/solver``, as files, and pictures that they read as one likes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from solver.anchors import AnchorSpec
from solver.spec import DecoderSpec, InputSpec, ModelSpec
from tests.solver import conftest as toys
from training.samples import Annotation, Sample

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


def detector_model(folder: Path) -> Path:
    """A network that finds the dark cells of :func:`cells`, and calls them 墨."""
    side = toys.CELLS * toys.CELL
    rule = InputSpec(side, side, channels=1, mean=(0.0,), std=(1.0,), interpolation="nearest")
    one = (toys.CELL,)
    anchors = AnchorSpec(strides=one, sizes=one, scales=(1.0,), aspect_ratios=(1.0,))
    decoder = DecoderSpec("anchors", labels=("墨",), anchors=anchors)
    spec = ModelSpec(role="detector", input=rule, decoder=decoder)
    return toys._write_detector(folder / "toy-detector.onnx", spec)


def cells(folder: Path, name: str, inked: list[tuple[int, int]], said: list[str]) -> Sample:
    """A picture with ink in some cells (row, column), and boxes said to be in others, "01"."""
    side = 2 * toys.CELL
    pixels = np.full((toys.CELLS * side, toys.CELLS * side, 3), 255, dtype=np.uint8)
    for row, column in inked:
        pixels[row * side : (row + 1) * side, column * side : (column + 1) * side] = 0
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(folder / name)
    boxes = []
    for row, column in (map(int, place) for place in said):
        corner = (column * side, row * side, (column + 1) * side, (row + 1) * side)
        boxes.append(Annotation(*map(float, corner), label="墨"))
    return Sample(folder / name, "", folder.name, tuple(boxes))


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
