"""Picture sheets: every picture is on it, captions in any writing."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image, ImageDraw

from training import sheets
from training.samples import Annotation
from training.sheets import Cell, Writer, contact_sheet, fitted, framed


def picture(colour: tuple[int, int, int], *, width: int = 40, height: int = 20) -> np.ndarray:
    return np.full((height, width, 3), colour, dtype=np.uint8)


@pytest.mark.parametrize(
    ("count", "columns", "size"), [(1, 5, (220, 130)), (3, 2, (440, 260)), (7, 5, (1100, 260))]
)
def test_every_picture_is_on_the_sheet(count: int, columns: int, size: tuple[int, int]) -> None:
    colours = [(10 + 30 * index, 0, 200) for index in range(count)]
    cells = [Cell(picture(colour), (("caption", "#202124"),)) for colour in colours]
    sheet = contact_sheet(cells, columns=columns, size=(200, 90))
    assert sheet.size == size
    drawn = np.asarray(sheet).reshape(-1, 3)
    assert all((drawn == colour).all(1).any() for colour in colours)


def test_no_pictures() -> None:
    with pytest.raises(ValueError, match="at least one picture"):
        contact_sheet([])


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [(10, 10, (30, 30)), (200, 100, (100, 50)), (1, 900, (1, 60)), (900, 1, (100, 1))],
)
def test_fitted(width: int, height: int, expected: tuple[int, int]) -> None:
    assert fitted(picture((1, 2, 3), width=width, height=height), (100, 60)).size == expected


def written(text: str, *, width: float = 400) -> np.ndarray:
    image = Image.new("L", (400, 30), 255)
    Writer([text]).write(ImageDraw.Draw(image), (0, 4), text, "#000000", width=width)
    return np.asarray(image)


@pytest.mark.parametrize("text", ["", " ", "a\nb\r\nc", "x" * 500, "<&>", "é – “”"])
def test_odd_captions(text: str) -> None:
    assert (written(text).min() < 128) == bool(text.strip())


def test_a_long_caption_is_cut() -> None:
    assert written("w" * 100, width=100)[:, 101:].min() == 255


def test_symbols_without_a_font_are_written_as_code_points(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert (written("龙a") == written("U+9F99a")).all()


@pytest.mark.skipif(sheets._matching("龙") is None, reason="no fontconfig here")
def test_symbols_are_drawn_where_a_font_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = [written(symbol) for symbol in "龙舟"]
    if (drawn[0] == written("U+9F99")).all():
        pytest.skip("no Chinese font here")
    assert (drawn[0] != drawn[1]).any()


def test_frames_stay_on_the_picture() -> None:
    grey = np.full((20, 30, 3), 127, dtype=np.uint8)
    assert framed(grey, []) is grey
    boxes = [Annotation(5, 5, 15, 12, "a"), Annotation(-9, -9, 40, 40, "b")]
    drawn = framed(grey, boxes, colour="#ff0000")
    red = (drawn == (255, 0, 0)).all(axis=2)
    assert red[5, 5:15].all()
    assert red[11, 5:15].all()
    assert not red[12:15, 2:28].any()
    assert red[0].all()
    assert (grey == 127).all()
