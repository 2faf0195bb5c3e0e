"""Losses against sums worked out in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras
import tensorflow as tf

from training.losses import cross_entropy, ctc_loss, loss_for, mixed_cross_entropy

pytestmark = pytest.mark.training


def log_softmax(x: np.ndarray) -> np.ndarray:
    return np.asarray(x - np.log(np.exp(x).sum(-1, keepdims=True)))


@pytest.mark.parametrize("shape", [(1, 3), (5, 4), (2, 3, 6)])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy(shape: tuple[int, ...], smoothing: float) -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(size=shape).astype(np.float32)
    labels = rng.integers(0, shape[-1], shape[:-1])
    targets = np.eye(shape[-1])[labels] * (1 - smoothing) + smoothing / shape[-1]
    expected = -(targets * log_softmax(logits)).sum(-1).mean()
    found = cross_entropy(labels, logits, smoothing=smoothing)
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_large_logits_stay_finite() -> None:
    logits = np.array([[1e4, -1e4, 0]], np.float32)
    assert float(cross_entropy(np.array([0]), logits)) == pytest.approx(0)
    assert float(cross_entropy(np.array([1]), logits)) == pytest.approx(2e4)


def test_ctc_of_one_symbol_over_two_steps() -> None:
    logits = np.log(np.array([[[0.6, 0.4], [0.7, 0.3]]], np.float32))
    expected = -np.log(0.6 * 0.7 + 0.6 * 0.3 + 0.4 * 0.7)
    assert float(ctc_loss(np.array([[0, -1]]), logits)) == pytest.approx(expected, rel=1e-5)


def test_ctc_is_the_one_of_dense_labels_gradient_included() -> None:
    rng = np.random.default_rng(3)
    logits = tf.constant(rng.normal(0, 3, (5, 9, 4)).astype(np.float32))
    labels = np.array([[0, 1, 2], [1, 1, -1], [2, -1, -1], [-1, -1, -1], [2, 2, 2]], np.int32)
    dense = np.where(labels >= 0, labels, 3)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logits)
        found = ctc_loss(labels, logits)
        expected = tf.reduce_mean(
            keras.ops.ctc_loss(dense, logits, (labels >= 0).sum(1), [9] * 5, mask_index=3)
        )
    assert float(found) == pytest.approx(float(expected), rel=1e-5)
    np.testing.assert_allclose(
        tape.gradient(found, logits), tape.gradient(expected, logits), atol=1e-5
    )


def test_each_task_has_its_loss() -> None:
    labels, logits = np.array([[0, 1]]), np.zeros((1, 2, 4), np.float32)
    assert float(loss_for("multi-head")(labels, logits)) == pytest.approx(np.log(4))
    assert float(loss_for("classify", smoothing=0.1)(labels[:, 0], logits[:, 0])) > 0
    assert loss_for("ctc") is loss_for("ctc-tiny") is ctc_loss


@pytest.mark.parametrize(
    ("task", "smoothing", "message"),
    [
        ("detect", 0.0, "task: expected one of multi-head, classify, ctc, ctc-tiny"),
        ("ctc", 0.1, "smoothing: ctc has none"),
        ("classify", 1.0, "smoothing: expected 0 ≤ smoothing < 1"),
        ("classify", -0.1, "smoothing: expected 0 ≤ smoothing < 1"),
    ],
)
def test_errors(task: str, smoothing: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        loss_for(task, smoothing=smoothing)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_mixed_targets_share_the_loss(smoothing: float) -> None:
    logits = np.random.default_rng(3).standard_normal((4, 5)).astype(np.float32)
    first, second = np.array([0, 1, 2, 3]), np.array([4, 1, 0, 2])
    share = np.array([1.0, 0.5, 0.25, 0.0])
    targets = np.stack([first, second, share], axis=1).astype(np.float32)
    wanted = [
        part * float(cross_entropy(np.array([a]), logits[i : i + 1], smoothing=smoothing))
        + (1 - part) * float(cross_entropy(np.array([b]), logits[i : i + 1], smoothing=smoothing))
        for i, (a, b, part) in enumerate(zip(first, second, share, strict=True))
    ]
    found = float(mixed_cross_entropy(targets, logits, smoothing=smoothing))
    assert found == pytest.approx(np.mean(wanted), abs=1e-5)
