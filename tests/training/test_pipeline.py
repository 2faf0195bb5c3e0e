"""Batches: the same order every time, the same tensors as in use, every picture once."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from PIL import Image

from solver import images
from solver.charset import Charset
from solver.preprocess import preprocess
from training.config import Config
from training.data.pipeline import Feeder, predict_batches
from training.samples import Sample, read_folder

SPEC = Config(symbols="0123").input_spec()
WIDTHS = (60, 100, 160, 240)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for index in range(40):
        size = (48, WIDTHS[index % len(WIDTHS)], 3)
        picture = Image.fromarray(rng.integers(0, 256, size, dtype=np.uint8))
        label = "".join(rng.choice(list("0123"), 1 + index % 4))
        name = hashlib.sha1(str(index).encode()).hexdigest()[:10]
        picture.save(folder / f"{label}_{name}.png")
    return read_folder(folder)


def feeder(samples: list[Sample], **changes: object) -> Feeder:
    options: dict[str, object] = {
        "spec": SPEC,
        "encode": Charset("0123").encode,
        "batch": 4,
        "seed": 1,
        "workers": 1,
    }
    return Feeder(samples, [1.0] * len(samples), **{**options, **changes})  # type: ignore[arg-type]


def test_two_feeders_with_one_seed_are_equal_to_the_bit(samples: list[Sample]) -> None:
    one = list(feeder(samples).epoch(3))
    two = list(feeder(samples, workers=2, cache_bytes=0).epoch(3))
    assert len(one) == len(two) > 1
    for (x1, y1), (x2, y2) in zip(one, two, strict=True):
        assert (x1 == x2).all()
        assert (y1 == y2).all()


def test_starting_in_the_middle_goes_on_as_the_whole_epoch_does(samples: list[Sample]) -> None:
    whole = list(feeder(samples).epoch(0))
    rest = list(feeder(samples).epoch(0, start=2))
    assert len(rest) == len(whole) - 2
    assert all((a[0] == b[0]).all() for a, b in zip(whole[2:], rest, strict=True))


def test_epochs_and_seeds_differ(samples: list[Sample]) -> None:
    first = feeder(samples).plan(0)
    assert first != feeder(samples).plan(1)
    assert first != feeder(samples, seed=2).plan(0)


def test_without_augmentation_training_sees_the_tensors_of_use(samples: list[Sample]) -> None:
    plain = feeder(samples, augmented=False)
    seen = 0
    for looks, (x, y) in zip(plain.plan(0), plain.epoch(0), strict=True):
        for look, row, code in zip(looks, x, y, strict=True):
            sample = samples[look.index]
            tensor, _ = preprocess(images.load(sample.path), SPEC)
            assert (row[:, : tensor.shape[1]] == tensor).all()
            assert Charset("0123").decode([int(c) for c in code if c >= 0]) == sample.label
            seen += 1
    assert seen >= len(samples) // 2


def test_repeats_weigh_sources(samples: list[Sample]) -> None:
    repeats = [0.0] * 20 + [3.0] * 20
    heavy = Feeder(
        samples, repeats, spec=SPEC, encode=Charset("0123").encode, batch=1, seed=1, workers=1
    )
    counts = np.bincount([look.index for looks in heavy.plan(0) for look in looks], minlength=40)
    assert (counts[:20] == 0).all()
    assert (counts[20:] == 3).all()


def test_repeats_must_pair(samples: list[Sample]) -> None:
    with pytest.raises(ValueError, match="repeats"):
        Feeder(samples, [1.0], spec=SPEC, encode=Charset("0123").encode, batch=1, seed=1)


@pytest.mark.parametrize("batch", [1, 3, 64])
def test_prediction_passes_over_each_picture_exactly_once(
    samples: list[Sample], batch: int
) -> None:
    seen: list[int] = []
    for indices, x in predict_batches(samples, SPEC, batch=batch, workers=1):
        assert len(indices) == len(x) <= batch
        for index, row in zip(indices, x, strict=True):
            tensor, _ = preprocess(images.load(samples[index].path), SPEC)
            assert (row == tensor).all()
        seen += indices
    assert sorted(seen) == list(range(len(samples)))
