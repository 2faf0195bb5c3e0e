"""Sources without an end: pictures that a generator draws while the network trains.

Picture i of epoch e depends on the seeds, the place of its source, e and i alone: it is the same
on every run and with any number of processes, and none is shown twice.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from training.config import Source
from training.generators import Generator, RecordGenerator, SettingsError, read_settings
from training.samples import DatasetError, Sample, source_name

# Parts of the seed that keep what is validated apart from what is learnt. None is zero: NumPy
# takes seeds that differ in trailing zeros alone for the same.
LEARNT, FIXED = 1, 2


@dataclass(frozen=True, slots=True)
class Endless:
    """A source of training pictures: ``count`` new ones an epoch.

    ``seed`` is that of the settings file, of the run, and the source's place among them.
    ``digest`` tells settings apart, ``path`` is their file.
    """

    name: str
    path: Path
    generator: Generator
    count: int
    seed: tuple[int, int, int]
    digest: str

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes that its generator draws, in their order; none where it does not say."""
        return tuple(getattr(self.generator, "labels", ()))

    def draw(self, epoch: int, number: int) -> Sample:
        """One picture, encoded without loss."""
        rng = np.random.default_rng([*self.seed, LEARNT, epoch, number])
        picture, label = self.generator.sample(rng)
        name = f"{epoch:06d}-{number:08d}.png"
        return Sample(self.path / name, label, self.name, data=_encoded(picture))


def endless_source(source: Source, root: Path, *, seed: int, place: int) -> Endless:
    """A source with the reader "generator", to train on.

    Raises:
        DatasetError: the settings file does not fit, or its generator draws no labelled picture.
    """
    path = root / source.path
    generator, own_seed = _generator(path)
    return Endless(
        name=source_name(source, root),
        path=path,
        generator=generator,
        count=source.count,
        seed=(own_seed, seed, place),
        digest=hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def fixed_samples(source: Source, root: Path) -> list[Sample]:
    """The pictures of a fixed row, held in memory.

    They depend on the settings file alone, and none is among those that are trained on.

    Raises:
        DatasetError: the settings file does not fit, or its generator draws no labelled picture.
    """
    path, name = root / source.path, source_name(source, root)
    generator, seed = _generator(path)
    samples = []
    for number in range(source.count):
        picture, label = generator.sample(np.random.default_rng([seed, FIXED, number, FIXED]))
        data = _encoded(picture)
        samples.append(Sample(path / f"{number:08d}.png", label, name, data=data))
    return samples


def _encoded(picture: Image.Image) -> bytes:
    pixels = cv2.cvtColor(np.asarray(picture.convert("RGB")), cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    assert done  # three channels of uint8 always can be
    return data.tobytes()


def _generator(path: Path) -> tuple[Generator, int]:
    try:
        settings = read_settings(path)
    except (SettingsError, OSError, ImportError) as error:
        raise DatasetError(str(error)) from error
    if isinstance(settings.generator, RecordGenerator):
        raise DatasetError(
            f"{path}: kind {settings.kind!r} draws pictures whose labels are no text; "
            "draw a folder of them and train from that: solver-train generate"
        )
    return settings.generator, settings.seed
