"""The generator of text captchas, its fonts, and the folders that it fills."""

from __future__ import annotations

import hashlib
import string
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from training.generators import (
    ALNUM,
    STYLES,
    FontFace,
    TextGenerator,
    find_fonts,
    generate_text,
    write_folder,
)
from training.generators.colours import BACKGROUNDS, PICKS, contrast, ink
from training.generators.effects import CLUTTER, WARPS
from training.generators.fonts import BUILTIN, FontSet, covers, glyph, stroke_faces
from training.generators.glyphs import TREATMENTS
from training.generators.wear import WEAR

# They need no installed font, so every machine draws the same.
FONTS = (FontFace(BUILTIN, family="Aileron"), *stroke_faces())


def drawn(style: str, seed: int, **changes: object) -> tuple[np.ndarray, str]:
    styles = {style: replace(STYLES[style], **changes)}
    picture, label = TextGenerator(styles=styles, fonts=FONTS).sample(np.random.default_rng(seed))
    return np.asarray(picture), label


@pytest.mark.parametrize("style", sorted(STYLES))
def test_every_style_draws_text_within_bounds(style: str) -> None:
    generator = TextGenerator(styles=[style], fonts=FONTS)
    for seed in range(12):
        picture, label = generator.sample(np.random.default_rng(seed))
        assert picture.mode == "RGB"
        assert 40 <= picture.width <= 720
        assert 12 <= picture.height <= 300
        assert 3 <= len(label) <= 8
        assert set(label) <= set(ALNUM)
        assert np.ptp(np.asarray(picture.convert("L"))) > 30


@pytest.mark.parametrize("style", sorted(STYLES))
def test_ink_is_there(style: str) -> None:
    """Without clutter and wear, and on a plain ground, what differs from the ground is the text."""
    quiet = {"in_ink": (), "under": (), "over": (), "wear": (), "halo": 0.0, "shadow": 0.0}
    plain = {"background": (("plain", 1.0),), "ground": (("white", 1.0),)}
    for seed in range(6):
        picture, _ = drawn(style, seed, **quiet, **plain)
        inked = np.abs(picture.astype(int) - picture[0, 0]).max(axis=2) > 20
        assert 0.005 < inked.mean() < 0.6


def test_same_rng_same_picture() -> None:
    generator = TextGenerator(fonts=FONTS)
    first, label = generator.sample(np.random.default_rng((3, 4)))
    again, same = TextGenerator(fonts=FONTS).sample(np.random.default_rng((3, 4)))
    other, _ = generator.sample(np.random.default_rng((3, 5)))
    assert label == same
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


@pytest.mark.parametrize("label", ["7", "aA0", "WWWWWWWW", "iiiiiiiiiiii", "gjpqy"])
def test_render_draws_what_it_is_told(label: str) -> None:
    rng = np.random.default_rng(0)
    for _ in range(10):
        picture, given = TextGenerator(fonts=FONTS).render(label, rng)
        assert given == label
        assert picture.width > 0


def test_render_without_a_label_samples() -> None:
    generator = TextGenerator(fonts=FONTS)
    rendered, label = generator.render(None, np.random.default_rng(8))
    sampled, same = generator.sample(np.random.default_rng(8))
    assert label == same
    assert rendered.tobytes() == sampled.tobytes()


@pytest.mark.parametrize(
    ("symbols", "length"),
    [("01", (1, 1)), (string.digits, (4, 4)), ("xyz", (9, 12)), ("A", (2, 3))],
)
def test_symbols_and_length_hold_for_every_style(symbols: str, length: tuple[int, int]) -> None:
    generator = TextGenerator(symbols, length, fonts=FONTS)
    for seed in range(20):
        _, label = generator.sample(np.random.default_rng(seed))
        assert set(label) <= set(symbols)
        assert length[0] <= len(label) <= length[1]


def test_kinds_of_charsets_all_come_up() -> None:
    generator = TextGenerator(fonts=FONTS)
    labels = [generator.sample(np.random.default_rng(seed))[1] for seed in range(120)]
    assert any(label.isdigit() for label in labels)
    assert any(label.isupper() and label.isalpha() for label in labels)
    assert any(label != label.lower() and label != label.upper() for label in labels)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"symbols": ""}, "visible symbols"),
        ({"symbols": "aa"}, "each once"),
        ({"symbols": "a b"}, "visible symbols"),
        ({"length": (0, 3)}, "fewest"),
        ({"length": (5, 4)}, "fewest"),
        ({"styles": ["nowhere"]}, "nowhere"),
        ({"styles": []}, "expected styles"),
        ({"styles": {}}, "expected styles"),
        ({"fonts": []}, "at least one font"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TextGenerator(**{"fonts": FONTS, **options})


@pytest.mark.parametrize("label", ["", "ä", "a/b"])
def test_a_label_outside_the_symbols_is_refused(label: str) -> None:
    with pytest.raises(ValueError, match="expected one or more of"):
        TextGenerator(fonts=FONTS).render(label, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ink": (("mauve", 1.0),)}, "TextStyle.ink"),
        ({"wear": (("blur", -0.1),)}, "TextStyle.wear"),
        ({"kinds": ()}, "TextStyle.kinds"),
        ({"ground": (("white", 0.0),)}, "TextStyle.ground"),
        ({"gap": (0.4, 0.1)}, "TextStyle.gap"),
        ({"size": (4, 20)}, "TextStyle.size"),
    ],
)
def test_a_style_that_cannot_be_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(STYLES["wide"], **changes)


def test_fonts_of_this_machine_cover_the_symbols() -> None:
    fonts = find_fonts(ALNUM)
    assert FontFace(BUILTIN, family="Aileron") in fonts
    assert len(set(fonts)) == len(fonts)
    assert all(covers(face, ALNUM) for face in fonts[:3])


def test_no_font_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected a font that covers"):
        find_fonts("\u4e00", folders=[tmp_path])
    # Our own writing is in no folder of the user's.
    with pytest.raises(ValueError, match="expected a font that covers"):
        find_fonts(ALNUM, folders=[tmp_path])


def test_a_blank_has_no_ink() -> None:
    assert glyph(FONTS[0], 20, " ").mask.size == 0


def test_stroke_faces_are_for_ascii_only() -> None:
    assert find_fonts(ALNUM, folders=[], hands=True) == stroke_faces()
    assert not covers(stroke_faces()[0], "é")


def test_a_kind_without_faces_falls_to_any() -> None:
    face = FontFace(BUILTIN, family="Aileron")
    assert FontSet([face]).draw(np.random.default_rng(0), "bold") == face


@pytest.mark.parametrize("face", FONTS, ids=lambda face: face.family)
def test_a_glyph_is_cropped_to_its_ink(face: FontFace) -> None:
    upper, lower = glyph(face, 40, "H"), glyph(face, 40, "x")
    for drawn_glyph in (upper, lower):
        mask = drawn_glyph.mask
        assert mask[0].any()
        assert mask[-1].any()
        assert mask[:, 0].any()
        assert mask[:, -1].any()
    assert upper.mask.shape[0] > lower.mask.shape[0]
    assert set(np.unique(glyph(face, 14, "8", crisp=True).mask)) <= {0, 255}


@pytest.mark.parametrize("name", sorted(BACKGROUNDS))
@pytest.mark.parametrize("shape", [(18, 40), (40, 255), (150, 60)])
def test_backgrounds_fill_the_picture(name: str, shape: tuple[int, int]) -> None:
    ground = BACKGROUNDS[name](*shape, np.random.default_rng(1), "pale")
    assert ground.shape == (*shape, 3)
    assert ground.min() >= 0
    assert ground.max() <= 255


@pytest.mark.parametrize("name", sorted(CLUTTER))
@pytest.mark.parametrize("unit", [1.5, 8.0])
def test_clutter_draws_on_pictures_and_on_masks(name: str, unit: float) -> None:
    rng = np.random.default_rng(2)
    picture, mask = np.zeros((50, 160, 3), np.uint8), np.zeros((50, 160), np.uint8)
    for _ in range(5):
        CLUTTER[name](picture, rng, lambda: (10.0, 200.0, 30.0), unit)
        CLUTTER[name](mask, rng, lambda: (255.0,), unit)
    assert picture.any()
    assert mask.any()


@pytest.mark.parametrize("name", sorted(WARPS))
def test_warps_move_little(name: str) -> None:
    across, down = WARPS[name](40, 120, np.random.default_rng(0), 3.0)
    assert across.shape == down.shape == (40, 120)
    assert across.dtype == down.dtype == np.float32
    assert np.abs(across - np.arange(120)).max() < 12
    assert np.abs(down - np.arange(40)[:, None]).max() < 12


@pytest.mark.parametrize("name", sorted(WEAR))
def test_wear_gives_a_picture(name: str) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (30, 70, 3), np.uint8)
    before = picture.copy()
    worn = WEAR[name](picture, np.random.default_rng(1), 2.0)
    assert worn.dtype == np.uint8
    assert worn.ndim == 3
    assert np.array_equal(picture, before)


@pytest.mark.parametrize("name", sorted(TREATMENTS))
def test_treatments_leave_ink(name: str) -> None:
    mask = np.zeros((60, 50), np.uint8)
    mask[10:50, 20:26] = 255
    mask[25:31, 10:40] = 255
    treated = TREATMENTS[name](mask, np.random.default_rng(0), 6.0)
    assert treated.shape == mask.shape
    assert np.count_nonzero(treated) > 0.25 * np.count_nonzero(mask)


@pytest.mark.parametrize("kind", sorted(PICKS))
@pytest.mark.parametrize("ground", [(0, 0, 0), (255, 255, 255), (128, 128, 128)])
def test_ink_stands_out(kind: str, ground: tuple[int, int, int]) -> None:
    around = np.array([ground], np.float32)
    colour = ink(np.random.default_rng(0), kind, around, 90.0)
    assert contrast(colour, around).min() >= 90


def names(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_folder_is_named_after_its_pictures(tmp_path: Path) -> None:
    generator = TextGenerator(fonts=FONTS)
    assert write_folder(tmp_path, generator, 8, seed=5, jpeg=0.5) == 8
    written = names(tmp_path)
    assert len(written) == 8
    for name, data in written.items():
        label, digest = name.rsplit(".", 1)[0].split("_")
        assert digest == hashlib.sha1(data).hexdigest()[:10]
        assert set(label) <= set(ALNUM)
        assert data.startswith(b"\x89PNG" if name.endswith(".png") else b"\xff\xd8")
    assert {name[-4:] for name in written} == {".png", ".jpg"}


def test_workers_and_pieces_write_the_same(tmp_path: Path) -> None:
    generator = TextGenerator(fonts=FONTS)
    write_folder(tmp_path / "one", generator, 70, seed=1)
    write_folder(tmp_path / "two", generator, 70, seed=1, workers=2)
    write_folder(tmp_path / "pieces", generator, 30, seed=1)
    write_folder(tmp_path / "pieces", generator, 40, seed=1, start=30)
    assert names(tmp_path / "one") == names(tmp_path / "two") == names(tmp_path / "pieces")


def test_what_is_there_stays(tmp_path: Path) -> None:
    generator = TextGenerator(fonts=FONTS)
    write_folder(tmp_path, generator, 3, seed=2)
    (tmp_path / "notes.txt").write_text("mine")
    changed = min(tmp_path.glob("*_*"))
    changed.write_bytes(b"edited by hand")
    write_folder(tmp_path, generator, 3, seed=2)
    assert len(names(tmp_path)) == 4
    assert changed.read_bytes() == b"edited by hand"
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    "options",
    [{"count": -1}, {"seed": -1}, {"workers": 0}, {"start": -1}, {"jpeg": 1.5}],
)
def test_impossible_counts_are_refused(tmp_path: Path, options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="Received"):
        write_folder(tmp_path, TextGenerator(fonts=FONTS), **{"count": 1, "seed": 0, **options})


def test_none_is_none(tmp_path: Path) -> None:
    assert write_folder(tmp_path / "new", TextGenerator(fonts=FONTS), 0, seed=0) == 0
    assert names(tmp_path / "new") == {}


def test_a_label_that_no_file_can_bear_is_refused(tmp_path: Path) -> None:
    generator = TextGenerator("/", (1, 1), fonts=FONTS[:1])
    with pytest.raises(ValueError, match="part of a file's name"):
        write_folder(tmp_path, generator, 1, seed=0)
    assert names(tmp_path) == {}


def test_symbols_of_all_kinds_come_equally_often(tmp_path: Path) -> None:
    generate_text(tmp_path, count=60, seed=3, symbols="0123456789+-=", length=(4, 4))
    drawn = "".join(name.split("_")[0] for name in names(tmp_path))
    assert sum(symbol in "+-=" for symbol in drawn) > 0.15 * len(drawn)


@pytest.mark.parametrize("symbols", ["12/", "1:2", "a b", "a\n"])
def test_symbols_that_no_label_can_hold_are_refused_before_any_is_drawn(
    tmp_path: Path, symbols: str
) -> None:
    with pytest.raises(ValueError, match="leave out"):
        generate_text(tmp_path, count=40, seed=3, symbols=symbols)
    assert names(tmp_path) == {}


def test_the_command_line_hook(tmp_path: Path) -> None:
    done = generate_text(tmp_path, count=4, seed=3, symbols="ab12", length=(2, 3), styles=["tiny"])
    assert done == 4
    assert all(set(name.split("_")[0]) <= set("ab12") for name in names(tmp_path))
