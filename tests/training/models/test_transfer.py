"""Weights by name, heads by symbol, freezing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras

from training.layers import TransferError, read_layers
from training.models.classify import build_classify
from training.models.ctc import build_ctc
from training.models.transfer import (
    adapt_channels,
    freeze,
    freeze_batch_norm,
    layer_weights,
    transfer,
    transfer_head,
    unfreeze,
)

pytestmark = pytest.mark.training


def small(classes: int, *, channels: int = 1, width: int = 4, seed: int = 1) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return build_ctc(height=16, channels=channels, classes=classes, width=width, context=1)


def run(network: keras.Model, x: np.ndarray) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(network(x, training=False)))


def picture(channels: int) -> np.ndarray:
    grey = np.random.default_rng(1).uniform(-1, 1, (1, 16, 32, 1)).astype(np.float32)
    return np.repeat(grey, channels, axis=-1)


def test_a_file_is_read_by_layer_name(tmp_path: Path) -> None:
    network = small(4)
    network.save_weights(tmp_path / "a.weights.h5")
    found = read_layers(tmp_path / "a.weights.h5")
    expected = layer_weights(network)
    assert set(found) == set(expected)
    for name, arrays in expected.items():
        assert len(arrays) == len(found[name])
        assert all((a == b).all() for a, b in zip(arrays, found[name], strict=True))


@pytest.mark.parametrize("content", [b"", b"not an h5 file"])
def test_other_files_are_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.weights.h5"
    path.write_bytes(content)
    with pytest.raises(TransferError, match=r"x\.weights\.h5: not a Keras"):
        read_layers(path)
    with pytest.raises(TransferError, match=r"none\.h5"):
        read_layers(tmp_path / "none.h5")


def test_all_layers_of_the_same_network() -> None:
    old, new = small(4), small(4, seed=2)
    report = transfer(layer_weights(old), new, old_symbols="abc", new_symbols="abc")
    assert not report.left
    assert not report.adapted
    assert "head" in report.loaded
    assert (run(old, picture(1)) == run(new, picture(1))).all()


def test_a_changed_charset_keeps_what_both_have() -> None:
    old, new = small(4), small(6, seed=2)
    report = transfer(layer_weights(old), new, old_symbols="abc", new_symbols="xcayz")
    assert report.adapted == {"head": "2 of 5 symbols kept"}
    assert not report.left
    before, after = run(old, picture(1)), run(new, picture(1))
    assert after[..., [1, 2, 5]] == pytest.approx(before[..., [2, 0, 3]], abs=1e-6)
    assert "head: 2 of 5 symbols kept" in str(report)


def test_equal_shapes_of_another_order_are_not_taken_for_equal() -> None:
    old, new = small(4), small(4, seed=2)
    transfer(layer_weights(old), new, old_symbols="abc", new_symbols="cab")
    assert run(new, picture(1))[..., [1, 2, 0, 3]] == pytest.approx(run(old, picture(1)), abs=1e-6)


@pytest.mark.parametrize(("before", "after"), [(3, 1), (1, 3)])
def test_grey_and_colour(before: int, after: int) -> None:
    old, new = small(4, channels=before), small(4, channels=after, seed=2)
    report = transfer(layer_weights(old), new)
    assert report.adapted == {"stem_conv": f"{before} to {after} channels"}
    assert run(new, picture(after)) == pytest.approx(run(old, picture(before)), abs=1e-5)


def test_what_does_not_fit_is_left_and_told() -> None:
    source = layer_weights(small(4))
    source["old"] = source.pop("context1_b_conv")
    report = transfer(source, small(6, seed=2))
    assert report.left == {
        "context1_b_conv": "the source has no such layer",
        "head": "shapes 1×1×24×4, 4 and 1×1×24×6, 6 differ",
    }
    assert report.unused == ("old",)
    with pytest.raises(TransferError, match="no layer of ctc fits the weights"):
        transfer(layer_weights(small(4, width=5)), small(4))
    with pytest.raises(TransferError, match="no layer"):
        transfer({}, small(4))


def head(classes: int, *, features: int = 2, start: int = 0) -> list[np.ndarray]:
    kernel = np.arange(start, start + features * classes, dtype=np.float32)
    return [kernel.reshape(features, classes), np.arange(classes, dtype=np.float32)]


def test_head_rows_by_symbol() -> None:
    (kernel, bias), shared = transfer_head("ab", "bcd", head(3), head(4, start=100))
    assert shared == 1
    assert kernel.tolist() == [[1, 101, 102, 2], [4, 105, 106, 5]]
    assert bias.tolist() == [1, 0.5, 0.5, 2]


def test_heads_of_classes_have_no_blank() -> None:
    (kernel, bias), shared = transfer_head(
        ["cat", "dog"], ["dog", "cat"], head(2), head(2, start=9)
    )
    assert shared == 2
    assert kernel.tolist() == [[1, 0], [3, 2]]
    assert bias.tolist() == [1, 0]


def test_heads_that_do_not_fit() -> None:
    with pytest.raises(TransferError, match="old head: expected kernel and bias for 5 symbols"):
        transfer_head("abcde", "ab", head(3), head(3))
    with pytest.raises(TransferError, match="features before the head differ"):
        transfer_head("ab", "ab", head(3), head(3, features=4))


def test_other_kernels_are_not_adapted() -> None:
    kernel = np.zeros((3, 3, 3, 8))
    for shape in ((3, 3, 4, 8), (5, 5, 1, 8), (3, 3, 1, 9), (3, 8)):
        assert adapt_channels(kernel, shape) is None


@pytest.mark.parametrize(
    ("until", "first_free"),
    [("backbone", "fold_conv"), ("stage1", "stage2_in_conv"), ("stem_conv", "stem_bn")],
)
def test_freezing(until: str, first_free: str) -> None:
    network = small(4)
    frozen = freeze(network, until=until)
    free = [x.name for x in network.layers if x.trainable_weights]
    assert free[0] == first_free
    assert not set(frozen) & set(free)
    assert set(frozen) | set(free) == set(layer_weights(network))
    unfreeze(network)
    assert all(x.trainable_weights for x in network.layers if x.weights)


def test_frozen_normalisation_stands_still() -> None:
    network = build_classify(height=32, width=32, channels=1, classes=2, filters=4, dropout=0.0)
    freeze(network)
    x = np.random.default_rng(1).normal(3, 2, (4, 32, 32, 1)).astype(np.float32)
    before = network.get_layer("stem_bn").get_weights()
    still, moving = (keras.ops.convert_to_numpy(network(x, training=t)) for t in (False, True))
    assert (still == moving).all()
    after = network.get_layer("stem_bn").get_weights()
    assert all((a == b).all() for a, b in zip(before, after, strict=True))


def test_normalisation_frozen_alone() -> None:
    network = build_classify(height=32, width=32, channels=1, classes=2, filters=4, dropout=0.0)
    count = freeze_batch_norm(network)
    frozen = [x.name for x in network.layers if x.weights and not x.trainable_weights]
    assert len(frozen) == count > 0
    assert all(name.endswith("_bn") for name in frozen)
    unfreeze(network)
    assert network.get_layer("stem_bn").trainable_weights


@pytest.mark.parametrize(
    ("until", "message"),
    [("stage", "perhaps stage"), ("nothing", "no layer 'nothing'"), ("head", "nothing is left")],
)
def test_faults_of_freezing(until: str, message: str) -> None:
    with pytest.raises(TransferError, match=message):
        freeze(small(4), until=until)
