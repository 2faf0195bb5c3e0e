"""Counts against sums worked out by hand; the drawing is whole and nothing in it overlaps."""

from __future__ import annotations

import json
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest

pytest.importorskip("tensorflow")

import keras

from training.models import backbones
from training.models.ctc import build_ctc
from training.models.drawing import BOX_HEIGHT, BOX_WIDTH, LETTERS, draw
from training.models.multi_head import build_multi_head
from training.models.summary import Summary, summarise

pytestmark = pytest.mark.training
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def heads() -> Summary:
    return summarise(
        build_multi_head(
            height=32, width=64, channels=1, length=4, classes=11, filters=8, features=16
        )
    )


def test_counts_by_hand() -> None:
    image = keras.Input((8, 8, 3), name="image")
    x = keras.layers.Conv2D(4, 3, strides=2, padding="same", name="conv")(image)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="deep")(x)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    x = keras.layers.Dropout(0.5, name="drop")(x)
    network = keras.Model(image, keras.layers.Dense(5, name="head")(x), name="small")
    network.get_layer("conv").trainable = False
    summary = summarise(network)
    found = {row.name: (row.parameters, row.multiply_adds, row.shape) for row in summary.rows}
    assert found == {
        "image": (0, 0, (8, 8, 3)),
        "conv": (3 * 3 * 3 * 4 + 4, 16 * 108, (4, 4, 4)),
        "norm": (16, 0, (4, 4, 4)),
        "deep": (36, 16 * 36, (4, 4, 4)),
        "pool": (0, 0, (4,)),
        "drop": (0, 0, (4,)),
        "head": (25, 20, (5,)),
    }
    assert summary.parameters == network.count_params()
    assert summary.trainable_parameters == summary.parameters - 112
    assert summary.rows[-1].inputs == ("drop",)
    assert "112 of the parameters are frozen" in summary.to_text()


def test_attention_counts_its_own(heads: Summary) -> None:
    (row,) = [row for row in heads.rows if row.kind == "SlotAttention"]
    assert row.multiply_adds == 2 * 4 * 16 * 16
    assert row.parameters == 16 * 4 + 4 * 16


def test_a_free_width_must_be_given() -> None:
    network = build_ctc(height=16, channels=1, classes=4, width=4, context=0)
    with pytest.raises(ValueError, match="width: ctc takes any width"):
        summarise(network)
    narrow, wide = summarise(network, width=32), summarise(network, width=64)
    assert wide.multiply_adds == 2 * narrow.multiply_adds
    assert wide.parameters == narrow.parameters == network.count_params()
    assert wide.rows[-1].shape == (16, 4)


def test_networks_within_networks() -> None:
    inner_image = keras.Input((8, 8, 1))
    inner = keras.Model(inner_image, keras.layers.Conv2D(2, 3, name="c")(inner_image), name="inner")
    image = keras.Input((8, 8, 1))
    x = keras.layers.Flatten()(inner(image))
    summary = summarise(keras.Model(image, keras.layers.Dense(2)(x)))
    assert summary.multiply_adds == 36 * 18 + 72 * 2
    assert "inner" in {row.name for row in summary.rows}


def test_text_and_dict(heads: Summary) -> None:
    lines = heads.to_text().splitlines()
    assert lines[0] == "multi_head"
    assert lines[1].split() == ["layer", "type", "output", "parameters", "multiply-adds"]
    assert lines[-1].split()[-2:] == [f"{heads.parameters:,}", f"{heads.multiply_adds:,}"]
    body = json.loads(json.dumps(heads.to_dict()))
    assert body["parameters"] == heads.parameters
    assert len(body["layers"]) == len(heads.rows)
    assert body["layers"][0]["shape"] == [32, 64, 1]


def rectangles(svg: str) -> list[tuple[int, int]]:
    root = ET.fromstring(svg)
    return [(int(r.get("x", "")), int(r.get("y", ""))) for r in root.iterfind(f"{SVG}g/{SVG}rect")]


def test_drawing(heads: Summary) -> None:
    svg = draw(heads)
    assert svg == draw(heads)
    places = rectangles(svg)
    root = ET.fromstring(svg)
    drawn = [name for t in root.iter(f"{SVG}title") for name in (t.text or "").split(", ")]
    assert sorted(drawn) == sorted(row.name for row in heads.rows)
    for (x1, y1), (x2, y2) in combinations(places, 2):
        assert abs(x1 - x2) >= BOX_WIDTH or abs(y1 - y2) >= BOX_HEIGHT
    assert max(x for x, _ in places) + BOX_WIDTH < int(root.get("width", ""))
    assert max(y for _, y in places) + BOX_HEIGHT < int(root.get("height", ""))


def test_long_names_stay_in_their_boxes() -> None:
    image = keras.Input((8, 8, 1))
    x = keras.layers.SeparableConv2D(4, 3, name="a_name_that_is_far_too_long_for_1")(image)
    x = keras.layers.BatchNormalization()(x)
    svg = draw(summarise(keras.Model(image, x)))
    written = [t.text or "" for t in ET.fromstring(svg).iterfind(f"{SVG}g/{SVG}text")]
    assert "…ong_for_1: SeparableConv2D + norm" in written
    assert max(map(len, written)) <= LETTERS


def test_a_network_of_many_branches_is_drawn() -> None:
    image = keras.Input((75, 75, 1))
    x = backbones.apply("inceptionv3", image, stride=8)
    places = rectangles(draw(summarise(keras.Model(image, x, name="a <branched> & named one"))))
    assert len(set(places)) == len(places) > 20
