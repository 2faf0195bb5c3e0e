"""A detector learns coloured shapes, and its ONNX file finds the same boxes."""

from __future__ import annotations

import itertools
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from solver import anchors
from solver.anchors import AnchorSpec
from solver.decoders.anchors import decode
from solver.geometry import iou
from solver.preprocess import preprocess
from solver.spec import DecoderSpec, InputSpec, ModelSpec

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
pytestmark = pytest.mark.training
keras = pytest.importorskip("keras")
keras_cv = pytest.importorskip("keras_cv")

from training.models import efficientdet  # noqa: E402
from training.models.efficientdet import (  # noqa: E402
    TargetEncoder,
    build_efficientdet,
    detection_loss,
)

SIDE = 128
EPOCHS = 40
LABELS = ("square", "circle")
ANCHORS = AnchorSpec(sizes=(20.0, 36.0, 60.0), scales=(1.0, 1.4), aspect_ratios=(1.0,))
SPEC = ModelSpec(
    role="detector",
    input=InputSpec(SIDE, SIDE),
    decoder=DecoderSpec("anchors", labels=LABELS, anchors=ANCHORS),
)


def draw_shapes(rng: np.random.Generator) -> tuple[Any, Any, Any]:
    """A 128 × 128 picture, the ``(M, 4)`` boxes of its one to four shapes, and their classes."""
    ground = tuple(int(c) for c in rng.integers(180, 256, 3))
    picture = Image.new("RGB", (SIDE, SIDE), ground)
    pen = ImageDraw.Draw(picture)
    boxes: list[tuple[int, int, int, int]] = []
    classes = []
    for cell in rng.permutation(4)[: rng.integers(1, 5)]:
        size = int(rng.integers(18, 52))
        x, y = (int(rng.integers(0, 64 - size)) + 64 * int(part) for part in divmod(cell, 2))
        kind = int(rng.integers(0, 2))
        colour = tuple(int(c) for c in rng.integers(0, 120, 3))
        paint = (pen.rectangle, pen.ellipse)[kind]
        paint((x, y, x + size - 1, y + size - 1), fill=colour)
        boxes.append((x, y, x + size, y + size))
        classes.append(kind)
    return np.asarray(picture), np.array(boxes, dtype=np.float64), np.array(classes)


@pytest.mark.parametrize(
    ("spec", "height", "width"),
    [
        (AnchorSpec(), 320, 320),
        (AnchorSpec(strides=(8, 16, 32, 64, 128), sizes=(32, 64, 128, 256, 512)), 128, 256),
        (AnchorSpec(aspect_ratios=(0.3, 1.7)), 50, 70),
    ],
)
def test_anchors_are_those_of_keras_cv(spec: AnchorSpec, height: int, width: int) -> None:
    generate = keras_cv.layers.AnchorGenerator(
        bounding_box_format="xyxy",
        sizes=list(spec.sizes),
        scales=list(spec.scales),
        aspect_ratios=list(spec.aspect_ratios),
        strides=list(spec.strides),
    )
    levels = generate(image_shape=(height, width, 3)).values()
    theirs = np.concatenate([keras.ops.convert_to_numpy(level) for level in levels])
    np.testing.assert_allclose(anchors.anchors(spec, height, width), theirs, atol=1e-4)


def test_targets_are_the_coding_of_the_runtime() -> None:
    rng = np.random.default_rng(5)
    _, boxes, classes = draw_shapes(rng)
    nothing = np.zeros((0, 4)), np.zeros(0, dtype=int)
    encode = TargetEncoder(ANCHORS, height=SIDE, width=SIDE)
    deltas, labels = encode([boxes, nothing[0]], [classes, nothing[1]])
    base = anchors.anchors(ANCHORS, SIDE, SIDE)
    assert deltas.shape == (2, len(base), 4)
    assert labels.shape == (2, len(base))
    assert np.isfinite(deltas).all()
    assert set(np.unique(labels[1])) == {-1.0}
    positive = np.flatnonzero(labels[0] >= 0)
    overlaps = iou(base, boxes)
    nearest = overlaps.argmax(axis=1)
    assert set(positive) >= set(np.flatnonzero(overlaps.max(axis=1) >= 0.5))
    assert set(nearest[positive]) == set(range(len(boxes)))
    assert (labels[0][positive] == classes[nearest[positive]]).all()
    decoded = anchors.decode(deltas[0][positive], base[positive], ANCHORS.variances)
    np.testing.assert_allclose(decoded, boxes[nearest[positive]], atol=1e-3)


def test_a_box_that_no_anchor_fits_is_learned_by_the_best_one() -> None:
    encode = TargetEncoder(ANCHORS, height=SIDE, width=SIDE)
    sliver = np.array([[10.0, 60.0, 120.0, 66.0]])
    deltas, labels = encode([sliver], [np.array([1])])
    (place,) = np.flatnonzero(labels[0] >= 0)
    assert labels[0, place] == 1
    base = anchors.anchors(ANCHORS, SIDE, SIDE)
    assert place == iou(sliver, base)[0].argmax()
    decoded = anchors.decode(deltas[0, place][None], base[place][None], ANCHORS.variances)
    np.testing.assert_allclose(decoded, sliver, atol=1e-3)


def test_classes_pair_with_boxes() -> None:
    encode = TargetEncoder(ANCHORS, height=SIDE, width=SIDE)
    with pytest.raises(ValueError, match="picture 0: expected 1 classes, received 2"):
        encode([np.array([[0.0, 0, 9, 9]])], [np.array([0, 1])])


def test_the_loss_counts_what_it_should() -> None:
    labels = np.array([[0.0, -1.0, -2.0]], np.float32)
    wanted = np.zeros((1, 3, 4), np.float32)
    logits = np.array([[[9.0, -9.0], [-9.0, -9.0], [0.0, 0.0]]], np.float32)

    def loss(logits: Any, deltas: Any = wanted, labels: Any = labels) -> float:
        return float(detection_loss((wanted, labels), (logits, deltas)))

    assert loss(logits) == pytest.approx(0, abs=1e-5)  # the ignored anchor costs nothing
    assert loss(-logits) > 5
    moved = wanted.copy()
    moved[0, 0] = 2.0  # smooth L1 of 2 is 1.5, four times
    assert loss(logits, moved) == pytest.approx(6.0, abs=1e-4)
    moved[0, 1:] = 2.0
    assert loss(logits, moved) == pytest.approx(6.0, abs=1e-4)
    nothing = np.full((1, 3), -1, np.float32)
    assert np.isfinite(loss(logits, labels=nothing))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"height": 100}, "multiples of 32, received 100, 128"),
        ({"phi": 8}, "phi: expected -2 to 7, received 8"),
        ({"phi": 0.5}, "phi: expected -2 to 7"),
        ({"spec": replace(ANCHORS, strides=(4, 8, 16))}, "strides: expected"),
    ],
)
def test_what_the_pyramid_cannot_have_is_refused(changes: dict[str, Any], message: str) -> None:
    options = {"height": SIDE, "width": SIDE, "channels": 3, "classes": 2, "spec": ANCHORS}
    with pytest.raises(ValueError, match=message):
        build_efficientdet(**{**options, **changes})


def test_a_larger_phi_is_a_larger_network() -> None:
    sizes = [efficientdet.Scale.of(phi) for phi in range(-2, 8)]
    assert (sizes[2].filters, sizes[2].layers, sizes[2].head_depth) == (64, 3, 3)
    for small, large in itertools.pairwise(sizes):
        assert small.filters < large.filters
        assert small.layers < large.layers
        assert small.head_depth <= large.head_depth


def test_one_canvas_has_the_weights_of_another_and_five_levels_fit() -> None:
    spec = AnchorSpec(strides=(8, 16, 32, 64, 128), sizes=(24, 48, 96, 192, 384), scales=(1.0,))
    options: Any = {"channels": 1, "classes": 5, "spec": spec, "phi": -2}
    small = build_efficientdet(height=128, width=256, **options)
    large = build_efficientdet(height=256, width=128, **options)
    large.set_weights(small.get_weights())
    logits, deltas = large(np.zeros((2, 256, 128, 1), np.float32))
    assert logits.shape == (2, spec.count(256, 128), 5)
    assert deltas.shape == (2, spec.count(256, 128), 4)
    score = 1 / (1 + np.exp(-keras.ops.convert_to_numpy(logits)))
    assert score.mean() == pytest.approx(0.01, rel=0.5)


@pytest.fixture(scope="module")
def pictures() -> list[tuple[Any, Any, Any]]:
    return [draw_shapes(np.random.default_rng([9, index])) for index in range(40)]


@pytest.fixture(scope="module")
def trained(pictures: list[tuple[Any, Any, Any]]) -> Any:
    keras.utils.set_random_seed(1)
    network = build_efficientdet(
        height=SIDE, width=SIDE, channels=3, classes=len(LABELS), spec=ANCHORS, phi=-2
    )
    x = np.stack([preprocess(image, SPEC.input)[0] for image, _, _ in pictures])
    encode = TargetEncoder(ANCHORS, height=SIDE, width=SIDE)
    deltas, labels = encode([boxes for _, boxes, _ in pictures], [c for _, _, c in pictures])
    rate = keras.optimizers.schedules.CosineDecay(3e-3, 5 * EPOCHS, alpha=0.02)
    network.compile(keras.optimizers.AdamW(rate, global_clipnorm=1.0), jit_compile=False)
    rng = np.random.default_rng(2)
    for _ in range(EPOCHS):
        for rows in rng.permutation(len(x)).reshape(-1, 8):
            network.train_on_batch(x[rows], (deltas[rows], labels[rows]))
    return network


def boxes_of(network: Any, image: Any) -> list[Any]:
    tensor, placement = preprocess(image, SPEC.input)
    raw = [keras.ops.convert_to_numpy(y)[0] for y in network(tensor[None], training=False)]
    return decode(*raw, spec=SPEC, placement=placement)


def test_it_learns_what_it_sees(trained: Any, pictures: list[tuple[Any, Any, Any]]) -> None:
    wanted = found = answered = 0
    for image, boxes, classes in pictures:
        answers = boxes_of(trained, image)
        answered += len(answers)
        wanted += len(boxes)
        for box, number in zip(boxes, classes, strict=True):
            found += any(
                answer.label == LABELS[number]
                and iou(box[None], np.array([answer.xyxy])).item() >= 0.5
                for answer in answers
            )
    assert found / wanted >= 0.9
    assert answered <= 1.2 * wanted


def test_the_exported_file_finds_the_same_boxes(
    trained: Any, pictures: list[tuple[Any, Any, Any]], tmp_path: Path
) -> None:
    import solver
    from training.export import write_onnx

    path = tmp_path / "shapes.onnx"
    write_onnx(trained, SPEC, path)
    assert b"tf_half_pixel_for_nn" not in path.read_bytes()  # dropped from ONNX: a warning a start
    reader = solver.Solver(path)
    count = 0
    wide = np.full((96, 192, 3), 200, np.uint8)
    wide[:, :96] = pictures[1][0][:96, :96]
    for image in [picture for picture, _, _ in pictures[:10]] + [wide]:
        ours, theirs = boxes_of(trained, image), reader.detect(image)
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            assert a.label == b.label
            assert a.xyxy == pytest.approx(b.xyxy, abs=0.1)
            assert a.score == pytest.approx(b.score, abs=1e-4)
        count += len(theirs)
    assert count > 10
