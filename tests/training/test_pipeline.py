"""Batches: the same order every time, the same tensors as in use, every picture once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from solver import images
from solver.charset import Charset
from solver.preprocess import preprocess
from training.config import Config, Input
from training.data.pipeline import Feeder, padded_codes, predict_batches
from training.detect_settings import Detect
from training.samples import Annotation, Sample, read_folder

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
        "targets": padded_codes(Charset("0123").encode),
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
    targets = padded_codes(Charset("0123").encode)
    heavy = Feeder(samples, repeats, spec=SPEC, targets=targets, batch=1, seed=1, workers=1)
    counts = np.bincount([look.index for looks in heavy.plan(0) for look in looks], minlength=40)
    assert (counts[:20] == 0).all()
    assert (counts[20:] == 3).all()


def test_repeats_must_pair(samples: list[Sample]) -> None:
    with pytest.raises(ValueError, match="repeats"):
        Feeder(samples, [1.0], spec=SPEC, targets=lambda _: None, batch=1, seed=1)


@pytest.mark.parametrize("batch", [1, 3, 64])
def test_prediction_passes_over_each_picture_exactly_once(
    samples: list[Sample], batch: int
) -> None:
    seen: list[int] = []
    for indices, x, placements in predict_batches(samples, SPEC, batch=batch, workers=1):
        assert len(indices) == len(x) == len(placements) <= batch
        for index, row, placement in zip(indices, x, placements, strict=True):
            tensor, expected = preprocess(images.load(samples[index].path), SPEC)
            assert (row == tensor).all()
            assert placement == expected
        seen += indices
    assert sorted(seen) == list(range(len(samples)))


BOXED = Config(task="detect", input=Input(height=96, width=96), detect=Detect()).input_spec()


def boxed(folder: Path) -> Sample:
    """A black picture, 120 × 60, with a white block of 20 × 16 and one in the corner."""
    picture = np.zeros((60, 120, 3), dtype=np.uint8)
    picture[20:36, 50:70] = 255
    picture[:8, :8] = 255
    Image.fromarray(picture).save(folder / "a.png")
    boxes = (Annotation(50, 20, 70, 36, "block"), Annotation(0, 0, 8, 8, "corner"))
    return Sample(folder / "a.png", "", "s", boxes)


@pytest.mark.parametrize("flipped", [0.0, 1.0])
def test_boxes_go_where_their_pixels_go(tmp_path: Path, flipped: float) -> None:
    seen: list[tuple[Annotation, ...]] = []

    def targets(samples: Sequence[Sample]) -> np.ndarray:
        seen.extend(sample.boxes for sample in samples)
        return np.zeros(len(samples))

    looks = Feeder(
        [boxed(tmp_path)],
        [40.0],
        spec=BOXED,
        targets=targets,
        batch=4,
        seed=1,
        workers=1,
        flipped=flipped,
    )
    list(looks.epoch(0))
    assert len(seen) == 40
    rng = np.random.default_rng(3)
    moved = 0
    for look in [look for looks_ in looks.plan(0) for look in looks_]:
        canvas, sample = looks.show(look, rng)
        block = next(box for box in sample.boxes if box.label == "block")
        grey = canvas.astype(float).mean(axis=2)
        inside = grey[round(block.y1) + 3 : round(block.y2) - 3, round(block.x1) + 3 :][
            :, : round(block.x2 - block.x1) - 6
        ]
        ring = grey[round(block.y1) - 6 : round(block.y2) + 6, round(block.x1) - 6 :][
            :, : round(block.x2 - block.x1) + 12
        ]
        # Light on dark, or dark on light: colours may be turned around.
        edge = np.concatenate([ring[0], ring[-1], ring[:, 0], ring[:, -1]])
        assert abs(inside.mean() - edge.mean()) > 60
        moved += block.x1 != 40.0
    assert moved > 5


def test_without_augmentation_boxes_lie_as_in_use(tmp_path: Path) -> None:
    sample = boxed(tmp_path)
    plain = Feeder(
        [sample], [1.0], spec=BOXED, targets=len, batch=1, seed=1, workers=1, augmented=False
    )
    canvas, shown = plain.show(plain.plan(0)[0][0], np.random.default_rng(0))
    _, placement = preprocess(images.load(sample.path), BOXED)
    for before, after in zip(sample.boxes, shown.boxes, strict=True):
        assert placement.to_canvas(before.x1, before.y1) == pytest.approx((after.x1, after.y1))
        assert placement.to_canvas(before.x2, before.y2) == pytest.approx((after.x2, after.y2))
    assert canvas.shape == (96, 96, 3)


def test_strong_augmentation_changes_more_and_is_seeded_too(samples: list[Sample]) -> None:
    mild, strong, again = (
        list(feeder(samples, is_strong=is_strong).epoch(0)) for is_strong in (False, True, True)
    )
    for (x, y), (x_strong, y_strong), (x_again, _) in zip(mild, strong, again, strict=True):
        assert (y == y_strong).all()
        assert np.array_equal(x_strong, x_again)
        assert not np.array_equal(x, x_strong)


def test_photographs_are_mixed_and_targets_say_so(samples: list[Sample]) -> None:
    spec = Config(task="classify", input=Input(height=32, width=32)).input_spec()
    options = {"spec": spec, "targets": padded_codes(lambda label: [len(label) - 1]), "batch": 8}
    mixed, again = (
        list(feeder(samples, **options, is_photo=True, mixed=1.0).epoch(0)) for _ in range(2)
    )
    for (x, y), (x_again, y_again) in zip(mixed, again, strict=True):
        assert x.shape == (8, 32, 32, 3)
        assert (y.shape, y.dtype) == ((8, 3), np.float32)
        assert set(y[:, :2].ravel().tolist()) <= {0.0, 1.0, 2.0, 3.0}
        assert ((y[:, 2] >= 0) & (y[:, 2] <= 1)).all()
        assert np.array_equal(x, x_again)
        assert np.array_equal(y, y_again)
    plain = next(feeder(samples, **options, is_photo=True).epoch(0))
    assert plain[1].shape == (8, 1)
