"""Single glyphs as a detector cuts them out, and shapes without a name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.config import Source
from training.data.endless import endless_source
from training.generators import ClickGenerator, GlyphGenerator, crops, read_settings, strew
from training.generators.crops import NOTHING
from training.generators.fonts import FontFace, FontSet
from training.generators.icon_shapes import ICONS
from training.generators.prompts import draw_prompt
from training.generators.random_shapes import is_shape, shape_mask, shape_name

Faces = tuple[FontFace, ...]


def generator(latin: Faces, **options: object) -> GlyphGenerator:
    usual: dict[str, object] = {"fonts": latin, "shapes": 5, "size": (16, 32)}
    return GlyphGenerator("abcXYZ", **(usual | options))  # type: ignore[arg-type]


def test_its_classes_are_symbols_icons_shapes_and_nothing(latin: Faces) -> None:
    labels = generator(latin).labels
    assert len(set(labels)) == len(labels) == 6 + len(ICONS) + 5 + 1
    assert {"a", "Z", "爱心", "#0", "#4", NOTHING} <= set(labels)


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ((0, 0, 1, 0, 0), set("abcXYZ")),
        ((0, 0, 0, 1, 0), {*ICONS, *map(shape_name, range(5))}),
        ((0, 0, 0, 0, 1), {NOTHING}),
        ((1, 1, 1, 0, 0), set("abcXYZ")),  # there is no Chinese one
    ],
)
def test_shares_say_what_is_drawn(
    latin: Faces, kinds: tuple[float, ...], expected: set[str]
) -> None:
    made = generator(latin, kinds=kinds)
    assert set(made.labels) <= expected
    for seed in range(12):
        picture, label = made.sample(np.random.default_rng(seed))
        assert label in expected
        assert picture.width == picture.height >= 8


def test_the_same_chances_give_the_same_picture(latin: Faces) -> None:
    made = generator(latin)
    first, second = (made.sample(np.random.default_rng(7)) for _ in range(2))
    assert first[1] == second[1]
    assert (np.asarray(first[0]) == np.asarray(second[0])).all()


def test_a_glyph_that_left_no_ink_is_drawn_again(
    latin: Faces, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A grave of 12 pixels, now and then, covers no pixel well enough."""
    made = GlyphGenerator("`", fonts=latin, size=(8, 8), kinds=(0, 0, 1, 0, 0))
    laid: list[int] = []

    def lay(*arguments: Any) -> None:
        laid.append(arguments[-1])
        strew.lay(*arguments)

    monkeypatch.setattr(crops, "lay", lay)
    for seed in range(60):
        made.sample(np.random.default_rng(seed))
    assert laid.count(1) > 60
    monkeypatch.setattr(crops, "mark_mask", lambda *_, **__: np.zeros((12, 12), np.uint8))
    with pytest.raises(ValueError, match="'`' leaves no ink at an em of 8 pixels"):
        made.render("`", np.random.default_rng(0))


def test_a_shape_that_is_no_class_can_be_drawn(latin: Faces) -> None:
    picture, label = generator(latin).render("#900001", np.random.default_rng(1))
    assert label == "#900001"
    assert np.asarray(picture).std() > 0


def test_in_prompts_grounds_are_light_and_ink_is_dark(latin: Faces) -> None:
    made = generator(latin, prompts=1.0, kinds=(0, 0, 1, 1, 0))
    for seed in range(40):
        picture, label = made.sample(np.random.default_rng(seed))
        grey = np.asarray(picture.convert("L"))
        assert grey.max() > 180, label
        assert grey.min() < 140, label
    assert generator(latin, prompts=1.0).render(NOTHING, np.random.default_rng(0))[1] == NOTHING


def test_what_leaves_no_ink_in_a_prompt_is_named(
    latin: Faces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        crops, "draw_prompt", lambda marks, *_, **__: (np.zeros((30, 90, 3)), [None] * len(marks))
    )
    with pytest.raises(ValueError, match="'a' leaves no ink in a prompt"):
        generator(latin, prompts=1.0).render("a", np.random.default_rng(0))


@pytest.mark.parametrize(
    "options",
    [
        {"size": (4, 9)},
        {"size": (40, 20)},
        {"turn": 181},
        {"shapes": -1},
        {"icon_fonts": -1},
        {"kinds": (1, 1)},
    ],
)
def test_what_cannot_be_drawn_is_refused(latin: Faces, options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="expected"):
        generator(latin, **options)


def test_shapes_are_many_different_and_the_same_again() -> None:
    masks = [shape_mask(number, 32) for number in range(60)]
    assert all(mask.shape == (32, 32) and (mask > 96).mean() > 0.04 for mask in masks)
    alike = sum(np.array_equal(a, b) for i, a in enumerate(masks) for b in masks[:i])
    assert alike <= 2
    assert (shape_mask(3, 32) == masks[3]).all()
    assert [is_shape(name) for name in ("#12", "#", "12", "爱心", "#a")] == [True] + [False] * 4


def test_training_takes_its_classes_from_the_generator(tmp_path: Path, chinese: Faces) -> None:
    assert chinese
    (tmp_path / "glyphs.toml").write_text(
        'kind = "glyph"\n[options]\nsymbols = "天地人"\nshapes = 2\nkinds = [1, 0, 0, 0.5, 0]\n',
        encoding="utf-8",
    )
    made = read_settings(tmp_path / "glyphs.toml").generator
    assert isinstance(made, GlyphGenerator)
    source = Source("glyphs.toml", reader="generator", count=3)
    endless = endless_source(source, tmp_path, seed=1, place=0)
    assert endless.labels == made.labels
    assert {"天", "地", "人", "#1"} <= set(endless.labels)
    assert endless.draw(0, 0).label in endless.labels


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("crowded", [False, True])
def test_a_prompts_boxes_hold_its_ink(latin: Faces, crowded: bool, sparse: bool) -> None:
    for seed in range(6):
        rng = np.random.default_rng(seed)
        marks = [("a", ""), ("", "#7"), ("", "爱心"), ("Q", "")]
        picture, boxes = draw_prompt(marks, FontSet(latin), rng, crowded=crowded, sparse=sparse)
        assert len(boxes) == 4
        height, width = picture.shape[:2]
        assert all(box and 0 <= box[0] < box[2] <= width and box[3] <= height for box in boxes)


def test_a_prompt_may_end_within_its_last_glyph(latin: Faces) -> None:
    """Of W, as broad as it is high, most draws lose a part; little room is left behind it."""
    lost = 0
    for seed in range(20):
        picture, boxes = draw_prompt(
            [("W", "")] * 3, FontSet(latin), np.random.default_rng(seed), cut=True
        )
        first, _, last = boxes
        assert first is not None
        assert last is not None
        assert picture.shape[1] - last[2] <= 0.5 * (first[2] - first[0])
        lost += last[2] - last[0] < 0.85 * (first[2] - first[0])
    assert lost >= 12
    assert draw_prompt([], FontSet(latin), np.random.default_rng(0), cut=True)[1] == []


def test_a_click_picture_may_be_a_prompt_or_have_shapes(latin: Faces) -> None:
    made = ClickGenerator(
        "abcdefgh", fonts=latin, kinds={"icons": 1.0}, width=(150, 260), shapes=1.0, strips=0.5
    )
    drawn = [made.sample(np.random.default_rng(seed)) for seed in range(12)]
    assert all(is_shape(o.shape) for _, label in drawn for o in label.objects)
    assert any(picture.height < 63 for picture, _ in drawn)
    assert any(picture.height >= 63 for picture, _ in drawn)
