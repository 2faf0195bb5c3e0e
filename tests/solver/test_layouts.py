"""Layouts: built in, from TOML, and everything that is none."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest

from solver.errors import TaskError
from solver.layouts import LAYOUTS, Layout, find_layout

SHOP = """
name = "shop"
size = [320, 420]
rows = 3
columns = 3
tile = 100
gap = [5, 5]
origin = [5, 105]
header = [0, 0, 320, 100]
"""


def layout(**changes: Any) -> Layout:
    return Layout.from_dict({**LAYOUTS["12306"].to_dict(), **changes})


def test_12306_is_nine_pieces() -> None:
    found = find_layout("12306")
    expected = [
        (5 + 72 * c, 41 + 72 * r, 72 + 72 * c, 108 + 72 * r) for r in (0, 1) for c in range(4)
    ]
    assert list(found.boxes()) == expected
    assert found.size == (293, 190)
    assert found.header == (0, 0, 293, 30)


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_round_trip(name: str) -> None:
    found = LAYOUTS[name]
    assert found.name == name
    assert Layout.from_dict(found.to_dict()) == found
    assert find_layout(found) is found
    with pytest.raises(FrozenInstanceError):
        found.rows = 5  # type: ignore[misc]


def test_3x3_fills_its_picture() -> None:
    boxes = LAYOUTS["3x3"].boxes()
    assert len(boxes) == 9
    assert boxes[0][:2] == (0, 0)
    assert boxes[-1][2:] == LAYOUTS["3x3"].size


def test_toml(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_text(SHOP, encoding="utf-8")
    found = find_layout(file)
    assert found == find_layout(str(file))
    assert found.boxes()[4] == (110, 210, 210, 310)
    assert found.word == found.header


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "expected the fields columns, gap"),
        ("rows = ", "shop.toml"),
        ("\x00", "shop.toml"),
        (SHOP + "colour = 3", "unknown field 'colour'"),
        (SHOP.replace("rows = 3", "rows = 4"), "to fit the picture"),
        (SHOP.replace("rows = 3", 'rows = "3"'), "rows: expected an integer"),
        (SHOP.replace("[5, 105]", "[5, 105, 3]"), "origin: expected 2 integers"),
        ("x = " + "[" * 5000, "shop.toml"),
        ("#" + "x" * 70_000, "at most"),
    ],
)
def test_files_that_are_no_layout(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "shop.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(TaskError, match=named):
        find_layout(file)


@pytest.mark.parametrize("source", ["", "5x5", "shop.json", "missing.toml", "a\x00.toml", None, 7])
def test_what_names_no_layout(source: Any) -> None:
    with pytest.raises(TaskError, match="layout"):
        find_layout(source)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"rows": 3}, "to fit the picture"),
        ({"rows": 0}, "rows"),
        ({"columns": True}, "columns"),
        ({"rows": 10**9}, "rows"),
        ({"tile": 8}, "tile"),
        ({"tile": [67, 67.0]}, "tile"),
        ({"gap": -1}, "gap"),
        ({"gap": "5"}, "gap"),
        ({"origin": 5}, "origin"),
        ({"size": [10**6, 190]}, "size"),
        ({"header": [0, 0, 400, 30]}, "header"),
        ({"header": [0, 30, 293, 30]}, "header"),
        ({"word": [116, 0, 293, 31]}, "word"),
        ({"header": None}, "word: expected a header"),
        ({"name": 3}, "name"),
    ],
)
def test_what_cannot_be(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        layout(**changes)
