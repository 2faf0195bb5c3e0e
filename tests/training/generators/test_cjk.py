"""Which Chinese characters there are, and how a font's table of characters is read."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from training.generators.cjk import find_cjk_fonts, fonts_for, gb2312, is_chinese, lacking
from training.generators.cmap import codepoints
from training.generators.fonts import FontFace, glyph


def font(*tables: bytes, collection: bool = False) -> bytes:
    """A file with a cmap of these subtables and nothing else."""
    start = 16 if collection else 0
    header = 4 + 8 * len(tables)
    cmap = struct.pack(">HH", 0, len(tables))
    place = header
    for table in tables:
        cmap += struct.pack(">HHI", 3, 10, place)
        place += len(table)
    cmap += b"".join(tables)
    entry = struct.pack(">4sIII", b"cmap", 0, start + 28, len(cmap))
    body = struct.pack(">IHHHH", 0x10000, 1, 0, 0, 0) + entry + cmap
    return (struct.pack(">4sIII", b"ttcf", 0x10000, 1, start) if collection else b"") + body


def format4(*segments: tuple[int, int, int]) -> bytes:
    """Segments of (first, last, delta), and the last one that the format wants."""
    rows = [*segments, (0xFFFF, 0xFFFF, 1)]
    count = len(rows)
    words = [row[1] for row in rows] + [0] + [row[0] for row in rows]
    words += [row[2] & 0xFFFF for row in rows] + [0] * count
    return struct.pack(">7H", 4, 16 + 8 * count, 0, 2 * count, 0, 0, 0) + struct.pack(
        f">{len(words)}H", *words
    )


def format12(*groups: tuple[int, int, int]) -> bytes:
    head = struct.pack(">HHIII", 12, 0, 16 + 12 * len(groups), 0, len(groups))
    return head + b"".join(struct.pack(">III", *group) for group in groups)


@pytest.mark.parametrize(
    ("tables", "found"),
    [
        ((format4(),), set()),
        ((format4((65, 67, -60)),), {65, 66, 67}),
        ((format4((65, 67, -66)),), {65, 67}),  # 66 maps to glyph 0, which is none
        ((format12((0x20000, 0x20002, 5)),), {0x20000, 0x20001, 0x20002}),
        ((format12((65, 66, 0)),), {66}),
        ((format4((97, 97, 0)), format12((97, 97, 1), (0x4E00, 0x4E00, 9))), {97, 0x4E00}),
    ],
)
@pytest.mark.parametrize("collection", [False, True])
def test_codepoints(
    tmp_path: Path, tables: tuple[bytes, ...], found: set[int], collection: bool
) -> None:
    path = tmp_path / "some.ttf"
    path.write_bytes(font(*tables, collection=collection))
    assert codepoints(path) == found


@pytest.mark.parametrize("data", [b"", b"not a font", b"\0" * 64, font(format4((65, 90, 0)))[:40]])
def test_what_is_no_font_is_an_oserror(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "bad.ttf"
    path.write_bytes(data)
    with pytest.raises(OSError, match=r"bad\.ttf: expected a font"):
        codepoints(path)


def test_gb2312_has_its_two_levels() -> None:
    assert len(gb2312((1,))) == 3755
    assert len(gb2312((2,))) == 3008
    assert len(set(gb2312())) == 6763
    assert gb2312()[0] == "啊"
    assert all(map(is_chinese, gb2312()))


@pytest.mark.parametrize("levels", [(), (3,), (1, 0)])
def test_other_levels_are_refused(levels: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="levels"):
        gb2312(levels)


@pytest.mark.parametrize(("symbol", "chinese"), [("龙", True), ("a", False), ("é", False)])
def test_is_chinese(symbol: str, chinese: bool) -> None:
    assert is_chinese(symbol) is chinese


def test_chinese_faces_draw_what_they_promise(chinese: tuple[FontFace, ...]) -> None:
    for face in chinese[:3]:
        assert not lacking(face, "茶杯a0")
        first, second = glyph(face, 24, "茶").mask, glyph(face, 24, "杯").mask
        assert first.size
        assert first.shape != second.shape or (first != second).any()
        assert "\U0010fffd" in lacking(face, "茶\U0010fffd")


def test_no_font_is_an_error_that_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="fonts-noto-cjk"):
        find_cjk_fonts("茶", folders=[tmp_path])


def test_latin_symbols_need_no_chinese_font() -> None:
    assert fonts_for("01")
