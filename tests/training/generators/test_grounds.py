"""Grounds cut out of the user's pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.generators import ClickGenerator, read_settings
from training.generators.fonts import FontFace
from training.generators.grounds import Grounds
from training.generators.settings import SettingsError
from training.generators.text import ALNUM


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A red picture, a blue one in a folder within, and what is no picture."""
    (tmp_path / "more").mkdir()
    Image.new("RGB", (300, 100), (200, 0, 0)).save(tmp_path / "a.png")
    Image.new("RGB", (80, 1500), (0, 0, 200)).save(tmp_path / "more" / "b.jpg")
    (tmp_path / "damaged.jpg").write_bytes(b"no picture")
    (tmp_path / "notes.txt").write_text("none either", encoding="utf-8")
    return tmp_path


def test_every_readable_picture_is_cut_from(folder: Path) -> None:
    grounds = Grounds([folder])
    assert len(grounds) == 2
    crops = [grounds.crop(60, 90, np.random.default_rng(i)) for i in range(30)]
    assert {crop.shape for crop in crops} == {(60, 90, 3)}
    reddish = [int(crop[..., 0].mean()) > int(crop[..., 2].mean()) for crop in crops]
    assert set(reddish) == {True, False}


def test_the_same_seed_gives_the_same_crop(folder: Path) -> None:
    first, second = (Grounds([folder]).crop(40, 40, np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("name", ["missing", "more/b.jpg"])
def test_what_is_no_folder_is_named(folder: Path, name: str) -> None:
    with pytest.raises(ValueError, match=f"expected folders of pictures.*{name}"):
        Grounds([folder / name])


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "damaged.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match="no readable picture"):
        Grounds([tmp_path])


def test_click_pictures_are_drawn_on_them(folder: Path, latin: tuple[FontFace, ...]) -> None:
    Image.new("RGB", (400, 400), (7, 250, 9)).save(folder / "a.png")
    (folder / "more" / "b.jpg").unlink()
    generator = ClickGenerator(
        ALNUM, fonts=latin, kinds={"alnum": 1.0}, width=(150, 200), grounds=[folder], photo=1.0,
        clutter=0.0,
    )  # fmt: skip
    pictures = [np.asarray(generator.sample(np.random.default_rng(i))[0]) for i in range(30)]
    green = sum(float((p[..., 1] > p[..., 0].astype(int) + 40).mean()) > 0.5 for p in pictures)
    assert 15 <= green < 30  # of photo-like grounds some stay painted


def test_settings_name_folders_beside_their_file(folder: Path) -> None:
    settings = folder / "click.toml"
    text = 'kind = "click"\n[options]\nsymbols = "ABCDEFGHIJ"\ngrounds = ["{}"]\n'
    settings.write_text(text.format("more"), encoding="utf-8")
    assert read_settings(settings).generator is not None
    settings.write_text(text.format("elsewhere"), encoding="utf-8")
    with pytest.raises(SettingsError, match=r"expected folders of pictures.*elsewhere"):
        read_settings(settings)
