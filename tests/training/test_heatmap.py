"""Heatmaps of networks whose weights are set by hand: the heat is where the evidence is."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras

from solver.anchors import AnchorSpec
from solver.geometry import Placement
from solver.spec import DecoderSpec, InputSpec
from tests.training import conftest as digits
from training import cli, heatmap
from training.heatmap import Heat, Target

pytestmark = pytest.mark.training

HEIGHT, WIDTH = 8, 32
FIXED = InputSpec(HEIGHT, WIDTH, channels=1, mean=(0.0,), std=(1.0,), fit="shrink", fill=0)
FREE = InputSpec(
    HEIGHT, None, channels=1, mean=(0.0,), std=(1.0,), fit="height", fill=0, max_width=64
)


def picture(*columns: int) -> np.ndarray:
    """Black, with white columns four pixels wide."""
    pixels = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    for column in columns:
        pixels[:, column : column + 4] = 255
    return pixels


def light(x: Any) -> Any:
    """One map of how light it is, and one of how dark."""
    layer = keras.layers.Conv2D(2, 1, name="light")
    y = layer(x)
    layer.set_weights([np.array([[[[1.0, -1.0]]]]), np.array([0.0, 1.0])])
    return y


def ctc_network() -> Any:
    """Symbol ``|`` where a column is light, else the blank; one step a pixel column."""
    image = keras.Input((HEIGHT, None, 1), name="image")
    head = keras.layers.Conv2D(2, (HEIGHT, 1), name="head")
    y = head(light(image))
    kernel = np.zeros((HEIGHT, 1, 2, 2))
    kernel[:, 0, 0, 0] = 20 / HEIGHT
    head.set_weights([kernel, np.array([-10.0, 0.0])])
    return keras.Model(image, keras.layers.Reshape((-1, 2), name="logits")(y))


def class_network() -> Any:
    """Class ``light`` by the mean of the first map, ``dark`` by that of the second."""
    image = keras.Input((HEIGHT, WIDTH, 1), name="image")
    y = keras.layers.GlobalAveragePooling2D()(light(image))
    return keras.Model(image, keras.layers.Dense(2, kernel_initializer="identity")(y))


def heads_network(*, is_split: bool) -> Any:
    """Two heads: whether the left half, and whether the right half, is light."""
    image = keras.Input((HEIGHT, WIDTH, 1), name="image")
    y = keras.layers.AveragePooling2D((HEIGHT, WIDTH // 2))(light(image))
    y = keras.layers.Reshape((2, 2), name="logits")(y)
    sharp = keras.layers.Rescaling(20.0)(y)
    if not is_split:
        return keras.Model(image, sharp)
    heads = [
        keras.layers.Reshape((2,), name=f"head{i}")(keras.layers.Cropping1D((i, 1 - i))(sharp))
        for i in range(2)
    ]
    return keras.Model(image, heads)


def columns(heat: Heat) -> list[int]:
    """The columns that are hot."""
    return np.flatnonzero(heat.values.max(axis=0) > 0.5).tolist()


def test_each_character_of_ctc_has_the_heat_of_its_own_place() -> None:
    decoder = DecoderSpec("ctc", symbols="|")
    heats = heatmap.explain(ctc_network(), picture(4, 20), rule=FREE, decoder=decoder)
    assert [heat.target.label for heat in heats] == ["|", "|"]
    assert all(heat.values.shape == (HEIGHT, WIDTH) for heat in heats)
    first, second = map(columns, heats)
    assert first
    assert set(first) <= set(range(4, 8))
    assert second
    assert set(second) <= set(range(20, 24))


def test_nothing_read_has_no_heat() -> None:
    decoder = DecoderSpec("ctc", symbols="|")
    assert heatmap.explain(ctc_network(), picture(), rule=FREE, decoder=decoder) == []


def test_each_class_has_the_heat_of_what_speaks_for_it() -> None:
    decoder = DecoderSpec("softmax", labels=("light", "dark"))
    heats = heatmap.explain(class_network(), picture(8), rule=FIXED, decoder=decoder)
    assert [heat.target.label for heat in heats] == ["dark", "light"]
    assert set(columns(heats[1])) == set(range(8, 12))
    assert set(columns(heats[0])) == set(range(WIDTH)) - set(range(8, 12))
    assert heats[0].values.max() == 1.0


@pytest.mark.parametrize("is_split", [False, True])
def test_each_head_looks_at_its_half(is_split: bool) -> None:
    decoder = DecoderSpec("multi_head", symbols="|", length=2)
    network = heads_network(is_split=is_split)
    whole = np.full((HEIGHT, WIDTH, 3), 255, dtype=np.uint8)
    heats = heatmap.explain(network, whole, rule=FIXED, decoder=decoder)
    assert [heat.target.index for heat in heats] == [(0, 0), (1, 0)]
    assert set(columns(heats[0])) == set(range(WIDTH // 2))
    assert set(columns(heats[1])) == set(range(WIDTH // 2, WIDTH))
    left = whole.copy()
    left[:, : WIDTH // 2] = 0
    (only,) = heatmap.explain(network, left, rule=FIXED, decoder=decoder)
    assert only.target.index == (1, 0)


def test_a_text_that_no_head_alone_would_write_has_heat() -> None:
    """Each of three heads holds the blank for a little likelier; that all do is less likely."""
    image = keras.Input((HEIGHT, WIDTH, 1), name="image")
    y = keras.layers.GlobalAveragePooling2D()(light(image))
    dense = keras.layers.Dense(6)
    y = keras.layers.Reshape((3, 2), name="logits")(dense(y))
    dense.set_weights([np.zeros((2, 6)), np.array([0.0, 0.3] * 3)])
    decoder = DecoderSpec("multi_head", symbols="|", length=3)
    network = keras.Model(image, y)
    (only,) = heatmap.explain(network, picture(8), rule=FIXED, decoder=decoder)
    assert (only.target.label, only.target.index) == ("|", (0, 0))


def test_the_padding_of_the_canvas_is_cut_off() -> None:
    decoder = DecoderSpec("softmax", labels=("light", "dark"))
    small = np.full((4, 8, 3), 255, dtype=np.uint8)
    heats = {
        heat.target.label: heat
        for heat in heatmap.explain(class_network(), small, rule=FIXED, decoder=decoder)
    }
    assert heats["light"].values.shape == (4, 8)
    assert heats["light"].values.min() == 1.0
    assert heats["dark"].values.max() == 0.0


def test_layers_are_named_when_they_do_not_fit() -> None:
    flat = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="no layer with height and width"):
        heatmap.last_spatial_layer(flat)
    decoder = DecoderSpec("softmax", labels=("light", "dark"))
    with pytest.raises(ValueError, match="No such layer: nothing"):
        heatmap.explain(class_network(), picture(), rule=FIXED, decoder=decoder, layer="nothing")


def box_network() -> Any:
    """A box in every cell of eight pixels that is light, on a pyramid of one level."""
    image = keras.Input((32, 32, 1), name="image")
    cells = keras.layers.AveragePooling2D(8)(image)
    cells = keras.layers.Conv2D(1, 1, kernel_initializer="ones", name="bifpn1_down3_bn")(cells)
    head = keras.layers.Conv2D(1, 1, name="class")
    logits = keras.layers.Reshape((16, 1))(head(cells))
    head.set_weights([np.full((1, 1, 1, 1), 20.0), np.array([-10.0])])
    same = keras.layers.Conv2D(4, 1, kernel_initializer="zeros", name="box")(cells)
    return keras.Model(image, [logits, keras.layers.Reshape((16, 4))(same)], name="boxes")


BOXED = DecoderSpec(
    "anchors",
    labels=("light",),
    anchors=AnchorSpec(strides=(8,), sizes=(8.0,), scales=(1.0,), aspect_ratios=(1.0,)),
)
SQUARE = InputSpec(32, 32, channels=1, mean=(0.0,), std=(1.0,), fill=0)


@pytest.mark.parametrize("layer", [None, "bifpn1_down3_bn"])
def test_each_box_has_the_heat_of_its_own_cell(layer: str | None) -> None:
    pixels = np.zeros((32, 64, 3), dtype=np.uint8)
    pixels[8:16, 48:64] = 255
    pixels[16:24, 0:16] = 255
    spread = InputSpec(**{**asdict(SQUARE), "fit": "shrink"})
    heats = heatmap.explain(box_network(), pixels, rule=spread, decoder=BOXED, layer=layer)
    # 64 × 32 pixels become 32 × 16 in the middle of the canvas: a cell is 16 × 16 of them.
    assert all(heat.target.box is not None for heat in heats)
    for heat in heats:
        assert heat.target.box is not None
        x1, y1, x2, y2 = map(int, heat.target.box.xyxy)
        assert heat.values.shape == (32, 64)
        hot = np.argwhere(heat.values > 0.8)
        assert hot.size
        assert (hot >= [y1 - 8, x1 - 8]).all()
        assert (hot < [y2 + 8, x2 + 8]).all()
    sheet = heatmap.draw(pixels, heats)
    assert sheet.width == min(4, len(heats) + 1) * (heatmap.BOX_CELL[0] + 20)


def test_no_box_has_no_heat() -> None:
    black = np.zeros((32, 32, 3), dtype=np.uint8)
    assert heatmap.explain(box_network(), black, rule=SQUARE, decoder=BOXED) == []


def test_a_network_without_a_pyramid_needs_a_layer() -> None:
    with pytest.raises(ValueError, match="expected a pyramid of 1 levels; name a layer"):
        heatmap.explain(class_network(), picture(), rule=SQUARE, decoder=BOXED)


def test_another_backend_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    decoder = DecoderSpec("ctc", symbols="|")
    with pytest.raises(RuntimeError, match="KERAS_BACKEND=tensorflow"):
        heatmap.explain(ctc_network(), picture(4), rule=FREE, decoder=decoder)


def test_overlay_leaves_what_is_cold_and_colours_what_is_hot() -> None:
    values = np.zeros((HEIGHT, WIDTH), dtype=np.float32)
    values[:, :4] = 1.0
    mixed = heatmap.overlay(picture(0, 20), values)
    assert (mixed[:, 4:] == picture(0, 20)[:, 4:]).all()
    assert mixed[0, 0, 0] > mixed[0, 0, 2] + 50


@pytest.mark.parametrize("count", [0, 1, 6])
def test_draw(count: int) -> None:
    heat = Heat(Target("a", 0.5, (0, 0)), np.ones((HEIGHT, WIDTH), np.float32))
    sheet = heatmap.draw(picture(4), [heat] * count)
    assert sheet.width == min(4, count + 1) * 300


def test_a_map_is_put_where_the_picture_lay() -> None:
    values = np.zeros((2, 4), np.float32)
    values[:, 2:] = 1.0
    placement = Placement(20, 10, 0.4, 0.4, left=8, top=2)
    found = heatmap._on_picture(values, (8, 16), placement)
    assert found.shape == (10, 20)
    assert found.mean() > 0.9


SETTINGS = """
symbols = "147"
[data]
train = [{path = "p"}]
[model]
width = 8
context = 0
"""


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from training import config
    from training.models import build

    digits.write(tmp_path / "p", ["1", "47"], seed=1)
    (tmp_path / "captcha.toml").write_text(SETTINGS)
    network = build(config.load(tmp_path / "captcha.toml"))
    network.save_weights(tmp_path / "w.weights.h5")
    pictures = sorted((tmp_path / "p").iterdir())
    arguments = ["heatmap", str(tmp_path / "captcha.toml"), *map(str, pictures)]
    arguments += ["--out", str(tmp_path / "out")]
    assert cli.main(arguments) == 1
    assert "best.weights.h5" in capsys.readouterr().err
    assert cli.main([*arguments, "--weights", str(tmp_path / "w.weights.h5")]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        f"{path.stem}.heatmap.png" for path in pictures
    ]

    # In the folder of the pictures: beside them, never in their place.
    before = [path.read_bytes() for path in pictures]
    arguments = ["heatmap", str(tmp_path / "captcha.toml"), "--out", str(tmp_path / "p")]
    arguments += ["--weights", str(tmp_path / "w.weights.h5")]
    assert cli.main([*arguments, *map(str, pictures)]) == 0
    assert [path.read_bytes() for path in pictures] == before
    made = tmp_path / "p" / f"{pictures[0].stem}.heatmap.png"
    body = made.read_bytes()
    capsys.readouterr()
    assert cli.main([*arguments, str(pictures[0]), str(made)]) == 1
    assert "is one of the pictures, and would be written over" in capsys.readouterr().err
    assert made.read_bytes() == body


def test_weights_of_other_settings_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The layers fit all the same; the letters would be wrong."""
    from training import bases, config
    from training.models import build

    digits.write(tmp_path / "p", ["1"], seed=1)
    (tmp_path / "captcha.toml").write_text(SETTINGS)
    settings = config.load(tmp_path / "captcha.toml")
    build(settings).save_weights(tmp_path / "w.weights.h5")
    bases.keep(settings, (), tmp_path, base=None)
    (tmp_path / "captcha.toml").write_text(SETTINGS.replace('"147"', '"741"'))
    arguments = ["heatmap", str(tmp_path / "captcha.toml"), "--out", str(tmp_path / "out")]
    arguments += ["--weights", str(tmp_path / "w.weights.h5")]
    arguments += [str(path) for path in (tmp_path / "p").iterdir()]
    assert cli.main(arguments) == 1
    assert "was trained with other settings: symbols; " in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
