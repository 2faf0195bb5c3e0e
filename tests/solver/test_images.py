"""`solver.images`: the golden pixels of each odd kind, the limits, and what an error says."""

from __future__ import annotations

import base64
import io
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmarks.hostile_pictures import encode, interlaced_png, wide_png
from solver.errors import ImageError, SolverError
from solver.images import DEFAULT_LIMITS, ImageLimits, load

RGB = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [10, 20, 30]]], np.uint8)
GREY = np.array([[0, 1, 128], [200, 254, 255]], np.uint8)


def grey3(values: Any) -> np.ndarray:
    return np.repeat(np.asarray(values, np.uint8)[..., None], 3, axis=2)


def rgba(*pixels: tuple[int, int, int, int]) -> np.ndarray:
    """One row of pixels, and three clear ones behind, so that the row covers less than half."""
    return np.array([[*pixels, *[(0, 0, 0, 0)] * (3 * len(pixels))]], np.uint8)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        pytest.fail("a picture was asked for over the network")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)


@pytest.mark.parametrize("name", ["PNG", "BMP", "TIFF"])
@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P"])
def test_lossless_files_keep_their_pixels(name: str, mode: str) -> None:
    image = Image.fromarray(RGB).convert(mode)
    pixels = load(encode(image, name))
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous
    assert (pixels == np.asarray(image.convert("RGB"))).all()


@pytest.mark.parametrize("value", range(1, 9))
@pytest.mark.parametrize("name", ["PNG", "WEBP", "PIL"])
def test_exif_orientation(name: str, value: int) -> None:
    # Camera side of EXIF 2.32: where the stored first row and first column really are.
    stored = {
        1: RGB,
        2: RGB[:, ::-1],
        3: RGB[::-1, ::-1],
        4: RGB[::-1],
        5: RGB.transpose(1, 0, 2),
        6: np.rot90(RGB, 1),
        7: RGB[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(RGB, -1),
    }[value]
    exif = Image.Exif()
    exif[0x112] = value
    image = Image.fromarray(np.ascontiguousarray(stored))
    if name == "PIL":
        image.info["exif"] = exif.tobytes()
        assert (load(image) == RGB).all()
    else:
        options = {"lossless": True} if name == "WEBP" else {}
        assert (load(encode(image, name, exif=exif, **options)) == RGB).all()


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [(0, 0), (128, 0), (129, 1), (257, 1), (32768, 128), (65406, 254), (65407, 255), (65535, 255)],
)
def test_16_bit_grey_is_scaled_by_257(wide: int, narrow: int) -> None:
    values = np.full((1, 2, 1), wide, np.uint16)
    image = Image.fromarray(values[..., 0])
    for source in (wide_png(values, 0), values, values.astype(">u2"), image):
        assert (load(source) == narrow).all()


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (GREY, GREY),
        (GREY[..., None], GREY),
        (GREY[::-1, ::-1], GREY[::-1, ::-1]),
        (GREY[:, ::2], GREY[:, ::2]),
        (np.asfortranarray(GREY), GREY),
        (GREY > 127, [[0, 0, 255], [255, 255, 255]]),
        (GREY / 255, GREY),
        ((GREY / 255).astype(np.float32), GREY),
        (GREY.astype(np.float64), GREY),
        (GREY * 257.0, GREY),
        (np.array([[0.0, 0.5, 1.005]]), [[0, 128, 255]]),
        (np.array([[0.0, 1.0]]), [[0, 255]]),
        (np.array([[0.0, 2.0]]), [[0, 2]]),
        (np.array([[0.25]], np.float16), [[64]]),
    ],
)
def test_grey_arrays(array: np.ndarray, expected: Any) -> None:
    assert (load(array) == grey3(expected)).all()


def test_colour_arrays_are_rgb_and_not_copied() -> None:
    assert np.shares_memory(load(RGB), RGB)
    assert (load(RGB / 255) == RGB).all()
    turned = load(RGB[:, ::-1])
    assert turned.flags.c_contiguous
    assert (turned == RGB[:, ::-1]).all()


@pytest.mark.parametrize(
    ("pixels", "first", "background"),
    [
        (rgba((0, 0, 0, 255)), 0, 255),
        (rgba((0, 0, 0, 128)), 127, 255),
        (rgba((255, 255, 255, 255)), 255, 0),
        (rgba((255, 255, 255, 51)), 51, 0),
        (rgba((160, 160, 160, 255)), 160, 255),
        (rgba((161, 161, 161, 255)), 161, 0),
        (rgba((200, 200, 200, 0)), 255, 255),
        (np.array([[(255, 255, 255, 255), (9, 9, 9, 0)]], np.uint8), 255, 255),
        (np.array([[(250, 250, 250, 255), (9, 9, 9, 255)]], np.uint8), 250, 9),
    ],
    ids=["black", "half black", "white", "fifth white", "grey", "light", "clear", "half", "opaque"],
)
def test_transparency_goes_on_white_or_under_light_ink_on_black(
    pixels: np.ndarray, first: int, background: int
) -> None:
    image = Image.fromarray(pixels)
    sources = [pixels, image, encode(image), encode(image.convert("LA"))]
    sources.append(encode(image, "WEBP", lossless=True, exact=True))
    for source in sources:
        result = load(source)
        assert (result[0, 0] == first).all()
        assert (result[0, -1] == background).all()


def test_strips_of_a_large_picture_agree_with_a_small_one() -> None:
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 256, (700, 900, 4), np.uint8)
    colours[:, 450:, 3] = 0
    whole = load(colours)
    assert (whole[:, 450:] == 255).all()
    assert (load(Image.fromarray(colours)) == whole).all()
    assert (load(colours[:100]) == whole[:100]).all()
    opaque = np.ascontiguousarray(colours[..., :3])
    assert (load(encode(Image.fromarray(opaque))) == opaque).all()


def test_key_colours_and_transparent_palettes() -> None:
    image = Image.fromarray(GREY)
    assert (load(encode(image, transparency=1))[0, 1] == 255).all()
    keyed = load(encode(Image.fromarray(RGB), transparency=(255, 0, 0)))
    assert (keyed[0, 0] == 255).all()
    assert (keyed[1, 1] == [10, 20, 30]).all()
    palette = image.convert("P")
    assert (load(encode(palette, transparency=bytes([0])))[0] == grey3([[255, 1, 128]])).all()


def test_interlaced_cmyk_and_the_first_frame() -> None:
    grey = np.arange(99, dtype=np.uint8).reshape(9, 11)
    assert (load(interlaced_png(grey)) == grey3(grey)).all()
    red = Image.new("RGB", (16, 16), (200, 30, 30))
    pixels = load(encode(red.convert("CMYK"), "JPEG", quality=95)).astype(int)
    assert np.abs(pixels - (200, 30, 30)).max() <= 3
    blue = Image.new("RGB", (16, 16), "blue")
    for name in ("GIF", "PNG", "WEBP"):
        options = {"lossless": True} if name == "WEBP" else {}
        data = encode(red, name, save_all=True, append_images=[blue], duration=10, **options)
        assert (load(data) == (200, 30, 30)).all()


def test_sources_of_the_same_bytes(tmp_path: Path) -> None:
    data = encode(Image.fromarray(RGB))
    path = tmp_path / "ü b.png"
    path.write_bytes(data)
    file = io.BytesIO(b"skipped" + data)
    file.seek(7)
    sources: list[Any] = [data, bytearray(data), memoryview(data), path, str(path), file]
    for source in sources:
        assert (load(source) == RGB).all()
    with path.open("rb") as opened:
        assert (load(opened) == RGB).all()


@pytest.mark.parametrize(
    ("limits", "source"),
    [
        ({"max_bytes": 10}, encode(Image.fromarray(RGB))),
        ({"max_bytes": 10}, io.BytesIO(bytes(11))),
        ({"max_bytes": 10}, "data:," + "a" * 300),
        ({"max_pixels": 3}, encode(Image.fromarray(RGB))),
        ({"max_pixels": 3}, RGB),
        ({"max_side": 1}, Image.fromarray(RGB)),
        ({"min_side": 3}, RGB),
        ({"max_aspect": 2}, np.zeros((1, 3), np.uint8)),
    ],
)
def test_limits(limits: dict[str, float], source: Any) -> None:
    with pytest.raises(ImageError, match=r"^expected .* got "):
        load(source, limits=ImageLimits(**limits))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "limits",
    [
        *({"max_aspect": value} for value in (0, -1, float("nan"), float("inf"), "2", None, True)),
        *({"max_pixels": value} for value in (0, -1, 1e6, None, True, "a")),
        {"max_bytes": "a"},
        {"min_side": 0},
        {"max_side": [4]},
    ],
)
def test_limits_are_validated(limits: dict[str, Any]) -> None:
    (name,) = limits
    with pytest.raises(ValueError, match=rf"^{name}: expected .* of at least 1, received"):
        ImageLimits(**limits)


def test_limits_of_numpy_are_numbers() -> None:
    limits = ImageLimits(max_side=np.int64(4), max_aspect=np.float32(2.5))  # type: ignore[arg-type]
    assert load(RGB, limits=limits).shape == RGB.shape


def test_a_file_object_is_not_read_beyond_the_limit() -> None:
    file = io.BytesIO(bytes(5000))
    with pytest.raises(ImageError, match="at most 1,000 bytes"):
        load(file, limits=ImageLimits(max_bytes=1000))
    assert file.tell() == 1001


@pytest.mark.parametrize(
    "change",
    [
        lambda text: f"data:image/png;base64,{text}",
        lambda text: f" \n data:image/png;base64,{text}",
        lambda text: f"data:image/png;base64;charset=utf8,{text}",
        lambda text: f"data:image/png; charset=utf8; BASE64 ,{text}",
        lambda text: f"DATA:;base64,{text.replace('+', '-').replace('/', '_')}",
    ],
)
def test_data_uris_in_either_alphabet(change: Callable[[str], str]) -> None:
    # Noise, so that every character of the alphabet occurs.
    noise = np.random.default_rng(1).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    text = base64.b64encode(encode(Image.fromarray(noise))).decode()
    assert "+" in text
    assert "/" in text
    assert np.array_equal(load(change(text)), noise)


def test_of_a_pil_animation_the_frame_where_it_stands() -> None:
    frames = [Image.new("L", (9, 9), level) for level in (0, 255)]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    assert load(file.getvalue()).max() == 0
    image = Image.open(file)
    image.seek(1)
    assert load(image).min() == 255


def test_limits_are_checked_before_decoding() -> None:
    image = Image.open(io.BytesIO(encode(Image.new("L", (5000, 4000)))))
    with pytest.raises(ImageError, match="16,000,000 pixels, got 5000 x 4000"):
        load(image)
    assert image.tile  # still to be decoded


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: None, "got a NoneType"),
        (lambda: [b"x"], "got a list"),
        (lambda: b"", "got nothing"),
        (lambda: b"<html>403</html>", "an HTML page"),
        (lambda: b"PK\x03\x04", "a ZIP archive"),
        (lambda: b"data:image/png;base64,", "pass it as str"),
        (lambda: "data:image/png;base64,äöü", "expected base64 after the comma"),
        (lambda: "data:image/png;base64,ä%C3%A4", "expected base64 after the comma"),
        (lambda: "data:image/png;base64,%%%%", "expected base64 after the comma"),
        (lambda: "https://example.org/a.png", "nothing is fetched here"),
        (lambda: "file:///a.png", "nothing is fetched here"),
        (lambda: "\\\\host\\a.png", "nothing is fetched here"),
        (lambda: "no/such.png", "'no/such.png'"),
        (lambda: "iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB", "looks like base64"),
        (lambda: os.sep, "no regular file"),
        (lambda: io.StringIO("x"), "binary"),
        (io.BytesIO, "read before"),
        (lambda: np.zeros((3, 9, 9), np.uint8), "channels come last"),
        (lambda: np.zeros((80, 200, 2), np.uint8), "(H, W, 1 | 3 | 4), got shape (80, 200, 2)"),
        (lambda: np.zeros((1, 9, 9, 3), np.uint8), "one by one"),
        (lambda: np.zeros((9, 9), np.int64), "got int64"),
        (lambda: np.full((9, 9), np.nan), "got nan"),
        (lambda: np.full((9, 9), -1.0), "got -1"),
        (lambda: np.zeros((0, 9), np.uint8), "got 9 x 0"),
        (lambda: Image.new("LAB", (9, 9)), "mode 'LAB'"),
        (lambda: encode(Image.fromarray(RGB))[:-26], "could not read"),
        (lambda: encode(Image.new("L", (20000, 1))), "got 20000 x 1"),
        (lambda: encode(Image.new("L", (2000, 2))), "within 100 : 1, got 2000 x 2"),
        (lambda: encode(Image.new("1", (12000, 12000))), "got 12000 x 12000"),
    ],
)
def test_an_error_says_what_came(make: Callable[[], Any], words: str) -> None:
    with pytest.raises(ImageError) as caught:
        load(make())
    assert words in str(caught.value)
    assert isinstance(caught.value, SolverError)
    assert isinstance(caught.value, ValueError)


def test_the_cause_stays_attached() -> None:
    class Broken:
        def read(self, _: int) -> bytes:
            raise ConnectionResetError("gone")

    with pytest.raises(ImageError, match="ConnectionResetError: gone") as caught:
        load(Broken())  # type: ignore[arg-type]
    assert isinstance(caught.value.__cause__, ConnectionResetError)


def test_default_limits() -> None:
    assert ImageLimits() == DEFAULT_LIMITS
    assert DEFAULT_LIMITS.max_bytes == 32 * 2**20
    assert DEFAULT_LIMITS.max_pixels == 16_000_000
