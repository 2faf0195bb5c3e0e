"""Boxes on pictures: drawn where they are, whatever the label, font and size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from solver import draw
from solver.results import Box, ClickResult, ClickTarget, SlideAlternative, SlideResult


@pytest.fixture(autouse=True)
def _fresh_fonts() -> Iterator[None]:
    draw._system_font.cache_clear()
    draw._default_font.cache_clear()
    yield
    draw._system_font.cache_clear()
    draw._default_font.cache_clear()


def blank(height: int = 120, width: int = 200) -> Any:
    return np.full((height, width, 3), 255, dtype=np.uint8)


def test_no_box_changes_nothing() -> None:
    image = blank()
    drawn = draw.draw_boxes(image, [])
    assert (drawn == image).all()
    assert drawn is not image


def test_the_outline_is_on_the_box_and_the_input_stays() -> None:
    image = blank()
    image.flags.writeable = False
    drawn = draw.draw_boxes(image, [Box(50, 60, 90, 100, "cat", 0.9)])
    assert drawn.shape == image.shape
    assert drawn.dtype == np.uint8
    assert (image == 255).all()
    changed = (drawn != 255).any(axis=2)
    assert changed[60, 50:90].all()
    assert changed[99, 50:90].all()
    assert changed[60:100, 50].all()
    assert changed[60:100, 89].all()
    assert not changed[62:98, 52:88].any()
    assert not changed[101:].any()
    assert changed[:60].any()  # the label, above


def test_tags_hide_no_other_box_where_there_is_room() -> None:
    """The lower box's tag would stand on the upper box, were it above its own as usual."""
    upper, lower = Box(80, 20, 120, 60, "a", 0.9), Box(80, 64, 120, 104, "a", 0.8)
    drawn = draw.draw_boxes(blank(), [upper, lower])
    assert (drawn[22:58, 82:118] == 255).all()
    assert (drawn[66:102, 82:118] == 255).all()
    assert (drawn[:19] != 255).any()
    assert (drawn[105:] != 255).any()


def test_the_best_tag_is_never_hidden() -> None:
    """Where there is no room for all of them, it lies on top: as if it were the only one."""
    best = Box(10, 10, 50, 30, "a", 0.99)
    others = [Box(10 + n, 11 + n, 50 + n / 2, 31, "a", 0.5 + n / 100) for n in range(6)]
    drawn = draw.draw_boxes(blank(40, 60), [best, *others])
    size = draw._Tag(ImageDraw.Draw(Image.new("RGB", (60, 40))), "a 0.99", 10)
    tag = np.asarray(draw.draw_boxes(blank(40, 60), [best]))[: int(size.height), : int(size.width)]
    spots = np.lib.stride_tricks.sliding_window_view(drawn, tag.shape)[:, :, 0]
    assert (spots == tag).all(axis=(2, 3, 4)).any()


def test_a_tag_may_be_the_score_alone() -> None:
    box = Box(50, 60, 90, 100, "a long label", 0.9)
    named, bare = (draw.draw_boxes(blank(), [box], named=named) for named in (True, False))
    ends = [np.flatnonzero((one[:60] != 255).any(axis=(0, 2))).max() for one in (named, bare)]
    assert 60 < ends[1] < ends[0] - 30


def test_a_label_has_its_colour() -> None:
    boxes = [Box(10, 60, 40, 90, "a", 0.9), Box(80, 60, 110, 90, "b", 0.9)]
    boxes.append(Box(150, 60, 180, 90, "a", 0.8))
    drawn = draw.draw_boxes(blank(), boxes)
    first, second, third = (drawn[75, x].tolist() for x in (10, 80, 150))
    assert first == third != second


HOSTILE = ["", "字", "龙舟年", "é", "a\nb\tc", "\u202e", "🙂", "x" * 300, "\x00", "ก็"]


@pytest.mark.parametrize("label", HOSTILE)
@pytest.mark.parametrize("fonts", ["system", "none", "bitmap"])
def test_no_label_is_too_odd(label: str, fonts: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if fonts != "system":
        monkeypatch.setattr(draw, "_CJK_FONTS", ("no-such-font.ttc",))
        monkeypatch.setattr(draw, "_OTHER_FONTS", ())
    if fonts == "bitmap":
        monkeypatch.setattr(
            ImageFont, "load_default", lambda size: ImageFont.load_default_imagefont()
        )
    drawn = draw.draw_boxes(blank(), [Box(5, 50, 60, 100, label, 0.5)])
    assert (drawn != 255).any()


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (12, 12)])
@pytest.mark.parametrize(
    "corners", [(0, 0, 1, 1), (0.2, 0.2, 0.3, 0.3), (-50, -50, 900, 900), (400, 400, 500, 500)]
)
def test_boxes_at_and_over_the_edges(size: tuple[int, int], corners: Any) -> None:
    assert draw.draw_boxes(blank(*size), [Box(*corners, "字", 1.0)]).shape == (*size, 3)


def test_a_chinese_label_is_its_own_where_a_font_has_it() -> None:
    if draw._system_font(draw._CJK_FONTS, 20) is None:
        pytest.skip("no font with Chinese characters is installed")
    drawn = [
        draw.draw_boxes(blank(), [Box(20, 60, 90, 100, label, 0.9)]) for label in ("龙", "舟", "龙")
    ]
    assert (drawn[0] != drawn[1]).any()
    assert (drawn[0] == drawn[2]).all()


def test_without_such_a_font_it_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draw, "_CJK_FONTS", ())
    text, _ = draw._written("a龙é", 12)
    assert text == "a\\u9f99\\xe9"


def test_points_to_click_are_drawn_and_what_is_missing_is_written() -> None:
    image = blank()
    found = ClickTarget("a", (70.0, 80.0), Box(60, 70, 80, 90, "mark", 0.9), 0.9)
    gone = ClickTarget("b", None, None, 0.8)
    both = ClickResult((found.point,), (found, gone), 0.7, (1,), (0,))  # type: ignore[arg-type]
    drawn = draw.draw_click(image, both)
    assert (drawn[80, 70] != 255).any()
    assert (drawn[:20, 150:] != 255).any()
    alone = draw.draw_click(image, ClickResult((), (), 1.0))
    assert (alone == image).all()


def test_a_sliders_other_places_are_thin_and_grey() -> None:
    answer = Box(20, 60, 60, 100, "gap", 0.97)
    others = [
        SlideAlternative(90.0, Box(90, 60, 130, 100, "gap", 0.2), 0.2),
        SlideAlternative(150.0, Box(150, 60, 190, 100, "gap", 0.001), 0.001),
        SlideAlternative(21.0, Box(22, 62, 58, 98, "gap", 0.0), 0.0),
    ]
    height = 300  # where the answer's line is two pixels wide
    drawn = draw.draw_slide(blank(height, 300), SlideResult(20.0, answer, 0.97, tuple(others)))
    assert (drawn[60:100, 20:22] == draw._COLOURS[0]).all()
    for x in (90, 150):
        assert (drawn[70, x] == draw._OTHER).all()
        assert (drawn[70, x + 1] == 255).all()
    changed = (drawn != 255).any(axis=2)
    assert changed[:60, 90:130].any()  # a score
    assert not changed[:60, 145:].any()  # none worth a tag
