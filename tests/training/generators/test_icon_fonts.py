"""Icons out of icon fonts: on a font that every machine has, and on those that this one has."""

from __future__ import annotations

import string
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from training.generators import ClickGenerator, GlyphGenerator, icon_fonts, read_settings
from training.generators.fonts import BUILTIN, FontFace
from training.generators.icon_fonts import (
    ICON_FONTS,
    IconFont,
    choose_icons,
    find_icons,
    font_icon_mask,
    installed,
    is_font_icon,
)
from training.generators.icon_shapes import ICONS
from training.generators.marks import outlined
from training.generators.settings import SettingsError

Faces = tuple[FontFace, ...]
_HAS = "AHbknpu_|. "


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two icon fonts that are Pillow's own face, of which the second has more, and one that is not
    installed.
    """
    blocks = ((0x20, 0x80),)
    fonts = {name: IconFont(name, f"fonts-{name}", blocks) for name in ("one", "two", "none")}
    faces = {
        "one": FontFace(BUILTIN, family="one"),
        "two": FontFace(BUILTIN, index=1, family="two"),
    }
    have = {0: frozenset(map(ord, _HAS)), 1: frozenset(map(ord, _HAS + string.digits))}
    monkeypatch.setattr(icon_fonts, "ICON_FONTS", fonts)
    monkeypatch.setattr(icon_fonts, "installed", lambda: faces)
    monkeypatch.setattr(icon_fonts, "codepoints", lambda _, index: have[index])
    icon_fonts._icons.cache_clear()
    yield
    icon_fonts._icons.cache_clear()


@pytest.fixture(scope="module")
def icons() -> tuple[str, ...]:
    """Those of this machine; skips where it has no icon font."""
    if not installed():
        pytest.skip(f"no icon font (Debian: {' '.join(f.package for f in ICON_FONTS.values())})")
    return find_icons()


def names(symbols: str, font: str) -> set[str]:
    return {f"{font}-{ord(symbol):x}" for symbol in symbols}


@pytest.mark.usefixtures("tiny")
def test_icons_are_no_lines_and_each_is_there_once() -> None:
    found = set(find_icons(["one"]))
    assert names("Abk", "one") < found
    assert not found & names("_| ", "one")
    # Turned by halves and quarters they are the same.
    assert len(found & names("nu", "one")) == 1
    assert len(found & names("bp", "one")) == 2  # mirrored they are not
    assert set(find_icons(["two"])) <= names(string.digits, "two")
    assert find_icons() == find_icons(["one"]) + find_icons(["two"])
    assert find_icons(["none"]) == ()


@pytest.mark.usefixtures("tiny")
def test_fewer_are_a_part_of_more() -> None:
    everything = choose_icons(len(find_icons()))
    assert everything == find_icons()
    some = choose_icons(6)
    assert len(some) == 6
    assert [name for name in everything if name in some] == list(some)
    assert set(choose_icons(3)) < set(some)
    assert choose_icons(0) == ()
    assert choose_icons(2, ["two"]) != choose_icons(2, ["one"])


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(
    ("count", "fonts", "expected"),
    [
        (500, None, r"expected 500 icons or more in fonts, found \d+.*fonts-one fonts-two"),
        (1, ["none"], "found 0.*apt-get install --no-install-recommends fonts-none"),
        (1, ["three"], "icon_families: expected of .*'one'"),
        (1, [], "icon_families: expected of"),
    ],
)
def test_what_there_is_not(count: int, fonts: list[str] | None, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        choose_icons(count, fonts)


@pytest.mark.usefixtures("tiny")
def test_a_font_that_is_not_installed_is_named() -> None:
    with pytest.raises(ValueError, match=r"none-41: its font is not installed.*fonts-none"):
        font_icon_mask("none-41", 20)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("fa-f000", True),
        ("symbola-1f40c", True),
        ("fa-", False),
        ("fa", False),
        ("fa-F000", False),
        ("fa-f0_0", False),
        ("-f000", False),
        ("arial-f000", False),
        ("#12", False),
        ("爱心", False),
        ("", False),
    ],
)
def test_names(name: str, expected: bool) -> None:
    assert is_font_icon(name) is expected


@pytest.mark.usefixtures("tiny")
def test_they_are_classes_of_glyphs(latin: Faces, tmp_path: Path) -> None:
    made = GlyphGenerator(
        "ab", fonts=latin, shapes=2, icon_fonts=5, kinds=(0, 0, 0, 1, 0), prompts=0.5, lined=0.5
    )
    assert made.labels == (*ICONS, "#0", "#1", *choose_icons(5))
    for seed in range(8):
        picture, label = made.render(made.labels[-1], np.random.default_rng(seed))
        assert label == made.labels[-1]
        assert np.asarray(picture).std() > 0
    body = 'kind = "glyph"\n[options]\nsymbols = "ab"\nkinds = [0, 0, 0, 1, 0]\nshapes = 0\n'
    place = tmp_path / "glyphs.toml"
    place.write_text(body + 'icon_fonts = 2\nicon_families = ["two"]\n', encoding="utf-8")
    generator = read_settings(place).generator
    assert isinstance(generator, GlyphGenerator)
    assert generator.labels == (*ICONS, *choose_icons(2, ["two"]))
    place.write_text(body + "icon_fonts = 900\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"glyphs\.toml: options: icon_fonts: expected 900"):
        read_settings(place)


@pytest.mark.usefixtures("tiny")
def test_they_are_icons_of_click_pictures(latin: Faces) -> None:
    made = ClickGenerator(
        "abcdefgh", fonts=latin, kinds={"icons": 1.0}, shapes=0.5, icon_fonts=0.5, prompt=1.0
    )
    drawn = [made.sample(np.random.default_rng(seed))[1] for seed in range(8)]
    shapes = [mark.shape for label in drawn for mark in label.objects]
    assert 0.2 < np.mean([is_font_icon(shape) for shape in shapes]) < 0.8
    assert not set(shapes) & set(ICONS)
    assert all(label.prompt is not None for label in drawn)
    with pytest.raises(ValueError, match="icon_fonts: expected 1 icons or more"):
        ClickGenerator("abcdefgh", fonts=latin, icon_fonts=0.1, icon_families=["none"])


def test_without_them_nothing_is_looked_for(latin: Faces, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(icon_fonts, "installed", lambda: pytest.fail("looked for icon fonts"))
    icon_fonts._icons.cache_clear()
    GlyphGenerator("ab", fonts=latin).sample(np.random.default_rng(1))
    ClickGenerator("abcdefgh", fonts=latin).sample(np.random.default_rng(1))


def test_an_outline_is_of_what_is_solid() -> None:
    solid, line = np.zeros((40, 40), np.uint8), np.zeros((40, 40), np.uint8)
    solid[4:36, 4:36], line[18:21, 4:36] = 255, 255
    edge = outlined(solid, 40, np.random.default_rng(3))
    assert edge[20, 20] == 0
    assert (edge[4:36, 4] == 255).all()
    assert (outlined(line, 40, np.random.default_rng(3)) == line).all()


@pytest.mark.parametrize("side", [12, 200])
def test_icons_of_this_machine_fill_their_side(icons: tuple[str, ...], side: int) -> None:
    assert len(set(icons)) == len(icons)
    assert all(map(is_font_icon, icons))
    for icon in icons[:: max(1, len(icons) // 40)]:
        mask = font_icon_mask(icon, side)
        assert max(mask.shape) == side
        assert mask.max() > 60
