"""Backbones by name: Keras's, and the user's own."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras

from tests.training.models.test_models import check_export
from training import config, pixels
from training.models import backbones, pyramids, zoo
from training.models.classify import build_classify
from training.models.multi_head import build_multi_head
from training.plugins import PluginError

pytestmark = pytest.mark.training


@pytest.mark.parametrize("name", list(zoo.NETWORKS))
def test_named_networks(name: str) -> None:
    side = 80 if name == "inceptionv3" else 64
    network = build_classify(height=side, width=side, channels=1, classes=5, backbone=name)
    assert network.output_shape == (None, 5)
    kinds = {type(layer).__name__ for layer in network.layers}
    assert not kinds & {"Rescaling", "Normalization", "Resizing"}
    for stride, tap in zoo.NETWORKS[name].taps.items():
        sides = network.get_layer(tap).output.shape[1:3]
        assert sides == (math.ceil(side / stride),) * 2 or name == "inceptionv3"
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            assert layer.momentum == backbones.BATCH_NORM_MOMENTUM


def test_names_do_not_hang_on_what_was_built_before() -> None:
    size = {"height": 75, "width": 75, "channels": 3, "classes": 2, "backbone": "inceptionv3"}
    first, again = build_classify(**size), build_classify(**size)
    assert [x.name for x in first.layers] == [x.name for x in again.layers]


def test_a_named_network_reads_places_and_exports(tmp_path: Path) -> None:
    network = build_multi_head(
        height=40,
        width=96,
        channels=1,
        length=4,
        classes=11,
        backbone="mobilenetv3-small",
        features=32,
    )
    assert network.get_layer("slots").columns == 12
    x = np.random.default_rng(1).uniform(-1, 1, (2, 40, 96, 1)).astype(np.float32)
    check_export(network, x, tmp_path, transposes=3)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("vgg16", {"stride": 4}, "stride: vgg16 has 8, 16 and 32, received 4"),
        ("vgg16", {"shape": (24, 80, 3)}, "at least 32 pixels a side, received 24 × 80"),
        ("inceptionv3", {"shape": (64, 80, 3)}, "at least 75 pixels a side"),
        ("vgg16", {"shape": (64, 64, 1), "weights": "imagenet"}, "set input.channels = 3"),
        ("lenet", {"weights": "imagenet"}, "'lenet' has no ImageNet weights"),
        ("VGG19", {}, "expected one of compact, glyph, slim, .* received 'VGG19'"),
    ],
)
def test_what_does_not_fit_is_named(name: str, options: dict[str, Any], message: str) -> None:
    image = keras.Input(options.pop("shape", (64, 64, 3)))
    with pytest.raises(zoo.BackboneError, match=message):
        backbones.apply(name, image, **options)


def test_weights_that_cannot_be_fetched_name_the_remedies(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = keras.applications.VGG16

    def offline(*, weights: str | None, **options: Any) -> keras.Model:
        if weights is not None:
            raise Exception("URL fetch failure on a-host: None -- unreachable")  # as Keras does
        return honest(weights=None, **options)

    monkeypatch.setattr(keras.applications, "VGG16", offline)
    image = keras.Input((32, 32, 3))
    with pytest.raises(zoo.WeightsError, match=r"URL fetch failure.*notop file of VGG16"):
        backbones.apply("vgg16", image, weights="imagenet")
    with pytest.raises(zoo.WeightsError, match=r"expected 'imagenet' or a file, received 'no\.h5'"):
        backbones.apply("vgg16", image, weights="no.h5")


def test_weights_for_blue_first_are_turned_round(monkeypatch: pytest.MonkeyPatch) -> None:
    honest, made = keras.applications.VGG16, []

    def online(*, weights: str | None, **options: Any) -> keras.Model:
        made.append(honest(weights=None, **options))
        return made[-1]

    monkeypatch.setattr(keras.applications, "VGG16", online)
    network = build_classify(
        height=32, width=32, channels=3, classes=2, backbone="vgg16", weights="imagenet"
    )
    trained = made[-1]
    assert trained.input_shape == (None, 224, 224, 3)
    ours, theirs = (x.get_layer("block1_conv1").get_weights()[0] for x in (network, trained))
    assert (ours == theirs[:, :, ::-1]).all()
    ours, theirs = (x.get_layer("block3_conv2").get_weights()[0] for x in (network, trained))
    assert (ours == theirs).all()


def test_pixels_of_imagenet_weights_are_those_of_keras() -> None:
    levels = np.random.default_rng(1).integers(0, 256, (1, 4, 5, 3)).astype(np.float64)
    for name, module, flipped in (
        ("vgg16", keras.applications.vgg16, True),
        ("resnet50", keras.applications.resnet50, True),
        ("mobilenetv2", keras.applications.mobilenet_v2, False),
        ("inceptionv3", keras.applications.inception_v3, False),
        ("densenet121", keras.applications.densenet, False),
    ):
        rule = zoo.pixel_rule(name)
        ours = (levels * rule.scale - np.array(rule.mean)) / np.array(rule.std)
        theirs = module.preprocess_input(levels.copy())
        order = [2, 1, 0] if flipped else [0, 1, 2]
        assert ours[..., order] == pytest.approx(theirs, abs=1e-5)
        assert zoo.NETWORKS[name].reversed_colours == flipped
    assert zoo.NETWORKS.keys() == pixels.IMAGENET.keys()


@pytest.mark.parametrize("name", zoo.NETWORKS)
def test_the_contract_scales_pixels_as_imagenet_weights_expect(name: str) -> None:
    settings = config.Config(
        task="classify",
        input=config.Input(width=96, height=96),
        model=config.Model(backbone=name, weights="imagenet"),
    )
    spec, rule = settings.input_spec(), zoo.pixel_rule(name)
    assert (spec.scale, spec.mean, spec.std) == (rule.scale, rule.mean, rule.std)
    plain = replace(settings, model=config.Model(backbone=name)).input_spec()
    assert (plain.scale, plain.mean, plain.std) == (1 / 127.5, (1.0,) * 3, (1.0,) * 3)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"scale": 1 / 255}, "leave the three out, they are set to it"),
        ({"mean": 0.0}, "leave the three out, they are set to it"),
        ({"channels": 1}, "set input.channels = 3"),
    ],
)
def test_other_scaling_than_that_of_imagenet_weights_is_refused(
    given: dict[str, Any], message: str
) -> None:
    model = config.Model(backbone="vgg16", weights="imagenet")
    with pytest.raises(config.ConfigError, match=message):
        config.Config(task="classify", input=config.Input(width=64, **given), model=model)


OWN = """
import keras

def build(image):
    return keras.layers.Conv2D(8, 3, strides=4, padding="same", name="mine")(image)

def flat(image):
    return keras.layers.Flatten()(image)

def wrong(image):
    return 7

def failing(image):
    raise KeyError("colour")
"""


def test_the_users_own_backbone(tmp_path: Path) -> None:
    (tmp_path / "my_net.py").write_text(OWN)
    network = build_multi_head(
        height=40,
        width=80,
        channels=1,
        length=4,
        classes=11,
        backbone="my_net:build",
        root=tmp_path,
    )
    assert network.get_layer("mine").output.shape == (None, 10, 20, 8)
    assert network.output_shape == (None, 4, 11)


@pytest.mark.parametrize(
    ("function", "kind", "message"),
    [
        ("flat", zoo.BackboneError, "must return a Keras tensor .*received shape"),
        ("wrong", zoo.BackboneError, "must return a Keras tensor .*received int"),
        ("failing", zoo.BackboneError, r"failed on an image \(None, 32, 32, 1\): KeyError"),
        ("absent", PluginError, "expected a function 'absent'"),
    ],
)
def test_faults_of_the_users_own_backbone(
    function: str, kind: type[Exception], message: str, tmp_path: Path
) -> None:
    (tmp_path / "my_net.py").write_text(OWN)
    with pytest.raises(kind, match=message):
        backbones.apply(f"my_net:{function}", keras.Input((32, 32, 1)), root=tmp_path)


def test_a_glyphs_features_lie_on_a_sphere_and_export(tmp_path: Path) -> None:
    import onnxruntime

    network = build_classify(
        height=32, width=32, channels=3, classes=9, backbone="glyph", filters=12, dropout=0.0
    )
    features = keras.Model(network.input, network.get_layer("radius").output)
    x = np.random.default_rng(1).uniform(-1, 1, (3, 32, 32, 3)).astype(np.float32)
    found = keras.ops.convert_to_numpy(features(x))
    assert found.shape == (3, 1, 1, 64)
    np.testing.assert_allclose(np.linalg.norm(found, axis=-1), backbones._SPHERE, rtol=1e-3)
    assert network.output_shape == (None, 9)

    expected = keras.ops.convert_to_numpy(network(x))
    path = str(tmp_path / "x.onnx")
    network.export(path, format="onnx", opset_version=18, verbose=False)
    session = onnxruntime.InferenceSession(path)
    (exported,) = session.run(None, {session.get_inputs()[0].name: x})
    np.testing.assert_allclose(exported, expected, atol=1e-4)


@pytest.mark.parametrize("name", ["dense", "dense-deep"])
def test_the_dense_pyramid_has_the_detectors_strides(name: str) -> None:
    image = keras.Input((96, 64, 3))
    maps = pyramids.pyramid(name, image)
    assert [tuple(x.shape[1:3]) for x in maps] == [(12, 8), (6, 4), (3, 2)]
    with pytest.raises(zoo.BackboneError, match="'dense' has no ImageNet weights"):
        pyramids.pyramid("dense", image, weights="imagenet")


def test_a_deeper_pyramid_starts_from_the_answers_of_a_shallower_one() -> None:
    image = keras.Input((64, 64, 3))
    shallow, deep = (
        keras.Model(image, pyramids.pyramid(name, image)) for name in ("dense", "dense-deep")
    )
    for layer in shallow.layers:
        deep.get_layer(layer.name).set_weights(layer.get_weights())
    assert len(deep.weights) > len(shallow.weights)
    x = np.random.default_rng(0).random((2, 64, 64, 3), np.float32)
    for ours, theirs in zip(deep(x), shallow(x), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)
