"""Grids: header, tiles, answers, and the folders that are written."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from solver.layouts import LAYOUTS, Layout
from training.cli import main
from training.generators import (
    WORD_ICONS,
    HeaderGenerator,
    TilesGenerator,
    words80,
    write_records,
)
from training.generators.fonts import FontFace
from training.generators.icon_shapes import ICONS
from training.generators.icons import Icons, icon_mask, paint_icon

WORDS = tuple(f"w{number:02d}" for number in range(80))


def generator(latin: tuple[FontFace, ...], **options: object) -> TilesGenerator:
    return TilesGenerator(WORDS, fonts=latin, **options)


def test_there_are_eighty_names_and_icons() -> None:
    assert len(ICONS) == len(set(words80())) == 80
    assert tuple(WORD_ICONS) == tuple(words80())


@pytest.mark.parametrize("icons", [ICONS, WORD_ICONS], ids=["any", "words"])
def test_every_icon_is_painted_within_its_square(icons: Icons) -> None:
    for name in icons:
        painted = paint_icon(name, 40, np.random.default_rng(3), turn=20, icons=icons)
        assert painted.shape == (40, 40, 4), name
        assert painted[..., 3].mean() > 10, name


@pytest.mark.parametrize("seed", range(5))
def test_a_thing_has_its_own_colours(seed: int) -> None:
    ball = paint_icon("篮球", 40, np.random.default_rng(seed), icons=WORD_ICONS)
    red, _, blue = np.median(ball[ball[..., 3] > 250][:, :3], axis=0)
    assert red > blue + 60


@pytest.mark.parametrize("options", [{}, {"icons": WORD_ICONS}], ids=["any", "words"])
def test_any_number_of_processes_draws_the_same(
    latin: tuple[FontFace, ...], tmp_path: Path, options: dict[str, Icons]
) -> None:
    drawn = generator(latin, **options)
    for workers in (1, 2):
        write_records(tmp_path / str(workers), drawn, 34, seed=4, workers=workers)
    one, two = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.*")}
        for folder in (tmp_path / "1", tmp_path / "2")
    )
    assert one == two


@pytest.mark.parametrize("name", sorted(ICONS))
def test_every_icon_is_an_ink(name: str) -> None:
    rng = np.random.default_rng(3)
    for outline in (False, True):
        mask = icon_mask(name, 40, rng, outline=outline)
        assert mask.shape == (40, 40)
        assert 0.02 < (mask > 128).mean() < 0.95


def test_icons_differ() -> None:
    masks = [icon_mask(name, 32, np.random.default_rng(0)).astype(int) for name in ICONS]
    for i, first in enumerate(masks):
        assert all(np.abs(first - second).mean() > 4 for second in masks[i + 1 :])


def test_the_words_are_those_of_the_icons(latin: tuple[FontFace, ...]) -> None:
    drawn = TilesGenerator(("x", "y", "z"), icons=WORD_ICONS, fonts=latin)
    _, label = drawn.sample(np.random.default_rng(0))
    assert set(label.names) <= {"x", "y", "z"}
    assert drawn.tile("x", np.random.default_rng(1)).size == (67, 67)
    with pytest.raises(ValueError, match="3 to 80"):
        TilesGenerator([str(number) for number in range(81)], icons=WORD_ICONS, fonts=latin)


def test_tiles_of_ones_own_pictures(latin: tuple[FontFace, ...], tmp_path: Path) -> None:
    for shade, name in enumerate(("dark", "grey", "light")):
        (tmp_path / name).mkdir()
        pixels = np.full((40 + shade, 67, 3), 100 * shade, np.uint8)
        cv2.imwrite(str(tmp_path / name / "one.png"), pixels)
        (tmp_path / name / "note.txt").write_text("no picture")
    drawn = TilesGenerator(photos=tmp_path, fonts=latin)
    assert drawn.words == ("dark", "grey", "light")
    picture, label = drawn.sample(np.random.default_rng(2))
    for name, box in zip(label.names, LAYOUTS["12306"].boxes(), strict=True):
        shade = np.asarray(picture.crop(box)).mean()
        assert abs(shade - 100 * drawn.words.index(name)) < 12, name
    assert drawn.tile("light", np.random.default_rng(1)).size == (67, 67)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("", "no readable picture"),
        ("nothing", "expected a folder of class folders"),
        ("empty", "3 class folders or more in .*Received: 0"),
    ],
)
def test_photos_that_are_none(tmp_path: Path, broken: str, said: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "bad.png").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=said):
        TilesGenerator(photos=tmp_path / broken)


@pytest.mark.parametrize("two", [0.0, 1.0])
def test_the_answers_are_the_tiles_that_show_the_word(
    latin: tuple[FontFace, ...], two: float
) -> None:
    drawn = generator(latin, two=two)
    for seed in range(12):
        picture, label = drawn.sample(np.random.default_rng(seed))
        asked = label.word.split()
        assert picture.size == (293, 190)
        assert picture.mode == "RGB"
        assert len(asked) == 1 + int(two)
        assert len(label.names) == 8
        assert label.answers
        assert label.answers == tuple(i for i, name in enumerate(label.names) if name in asked)
        assert set(asked) <= set(label.names)


def test_between_the_tiles_there_is_nothing(latin: tuple[FontFace, ...]) -> None:
    picture, _ = generator(latin).sample(np.random.default_rng(0))
    pixels = np.array(picture)
    for x1, y1, x2, y2 in LAYOUTS["12306"].boxes():
        pixels[y1:y2, x1:x2] = 255
    assert pixels[36:].min() > 150  # JPEG's ringing
    assert pixels[36:].mean() > 253


def test_another_layout(latin: tuple[FontFace, ...]) -> None:
    layout = Layout(
        rows=3,
        columns=3,
        tile=(50, 48),
        gap=(2, 4),
        origin=(4, 44),
        header=(0, 0, 160, 30),
        word=(60, 0, 158, 28),
        size=(160, 200),
    )
    picture, label = generator(latin, layout=layout).sample(np.random.default_rng(1))
    assert picture.size == (160, 200)
    assert len(label.names) == len(layout.boxes()) == 9
    assert layout.boxes()[-1] == (108, 148, 158, 196)


def test_a_layout_without_a_header(latin: tuple[FontFace, ...]) -> None:
    picture, label = generator(latin, layout=LAYOUTS["3x3"]).sample(np.random.default_rng(1))
    assert picture.size == (300, 300)
    assert len(label.names) == 9


@pytest.mark.parametrize("words", [(), ("a", "b"), ("a", "b", "a"), (*WORDS, "more")])
def test_words_that_cannot_be_are_refused(
    latin: tuple[FontFace, ...], words: tuple[str, ...]
) -> None:
    with pytest.raises(ValueError, match="different words"):
        TilesGenerator(words, fonts=latin)


def test_folders(latin: tuple[FontFace, ...], tmp_path: Path) -> None:
    write_records(tmp_path, generator(latin), 3, seed=5)
    lines = (tmp_path / "labels.tsv").read_text("utf-8").splitlines()
    assert len(lines) == 3
    assert len(list(tmp_path.glob("tiles/*/*.png"))) == 24
    for line in lines:
        name, word, places = line.split("\t")
        whole = cv2.imread(str(tmp_path / name))
        stem = name.removesuffix(".jpg")
        shown = {int(p.stem.split("_")[1]) for p in (tmp_path / "tiles" / word).glob(f"{stem}_*")}
        assert shown == set(map(int, places.split()))
        for path in tmp_path.glob(f"tiles/*/{stem}_*.png"):
            x1, y1, x2, y2 = LAYOUTS["12306"].boxes()[int(path.stem.split("_")[1])]
            assert (cv2.imread(str(path)) == whole[y1:y2, x1:x2]).all()


def test_header_words(latin: tuple[FontFace, ...]) -> None:
    drawn = HeaderGenerator(["chair", "lamp"], latin)
    for seed in range(10):
        picture, word = drawn.sample(np.random.default_rng(seed))
        assert picture.size == (100, 30)
        assert word in drawn.words
        dark = np.asarray(picture.convert("L"))[:28, 3:] < 160
        assert 15 < dark.sum() < 900


def test_two_words_reach_further(latin: tuple[FontFace, ...]) -> None:
    picture, label = HeaderGenerator(["a", "b"], latin, two=1).sample(np.random.default_rng(0))
    assert picture.size == (293 - 116, 30)
    assert len(label.split()) == 2


def test_chinese_header_differs_by_word_and_by_chance(chinese: tuple[FontFace, ...]) -> None:
    drawn = HeaderGenerator(["茶杯", "旗子"], chinese)
    first, same, other = (
        np.asarray(drawn.render(word, np.random.default_rng(seed))[0], int)
        for word, seed in (("茶杯", 0), ("茶杯", 0), ("茶杯", 1))
    )
    assert (first == same).all()
    assert np.abs(first - other).mean() > 1


@pytest.mark.parametrize("options", [{"words": []}, {"words": [" a"]}, {"two": 1.5}])
def test_bad_header_options(latin: tuple[FontFace, ...], options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="Received"):
        HeaderGenerator(**({"words": ["a"], "fonts": latin} | options))


def test_a_name_of_a_class_is_a_line(tmp_path: Path) -> None:
    names = ["traffic light", "fire truck", "cat", "dog", "sun", "moon", "tree", "house", "key"]
    (tmp_path / "words.txt").write_text("\n".join(names) + "\n\n", encoding="utf-8")
    arguments = ["--count", "6", "--words", str(tmp_path / "words.txt")]
    assert main(["generate", "tiles", str(tmp_path / "out"), *arguments]) == 0
    drawn = {folder.name for folder in (tmp_path / "out" / "tiles").iterdir()}
    assert drawn <= set(names)
    assert any(" " in name for name in drawn)
