"""A piece without its glow: what was laid over its edge goes, what it shows stays."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from solver.tasks.slide_piece import Piece, cut_out, rings

UInt8 = npt.NDArray[np.uint8]
SIDE = 46


def jigsaw() -> UInt8:
    """A square with a knob to the right and a notch below."""
    mask = np.zeros((SIDE, SIDE + 10), np.uint8)
    mask[:, :SIDE] = 255
    cv2.circle(mask, (SIDE, SIDE // 2), 8, (255,), -1)
    cv2.circle(mask, (SIDE // 2, SIDE), 8, (0,), -1)
    return mask


def piece(tone: float, broad: float, colour: tuple[int, int, int] = (90, 120, 60)) -> Piece:
    """One colour, with a glow of ``tone`` that reaches ``broad`` pixels from the edge."""
    mask = jigsaw()
    blurred = cv2.GaussianBlur(np.pad(mask, 40).astype(np.float32), (0, 0), max(broad, 0.1) / 2)
    share = np.clip(2 - 2 * blurred[40:-40, 40:-40, None] / 255, 0, 1) * (broad > 0) * 0.7
    pixels = np.rint(np.array(colour) * (1 - share) + tone * share).astype(np.uint8)
    return cut_out(pixels, mask)


def core_and_edge(found: Piece) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    depth = cv2.distanceTransform(np.pad(found.mask, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    pixels = found.pixels.astype(np.float64)
    return pixels[depth > 15], pixels[(depth > 2) & (depth < 8)]


@pytest.mark.parametrize("tone", [0, 255])
@pytest.mark.parametrize("broad", [5.0, 9.0])
def test_a_glow_goes(tone: int, broad: float) -> None:
    glowing = piece(tone, broad)
    _, edge = core_and_edge(glowing)
    core, level = core_and_edge(glowing.levelled())
    before = np.abs(edge - core.mean(axis=0)).mean()
    assert np.abs(level - core.mean(axis=0)).mean() < before / 2
    assert 1 < glowing.levelled().glow < 2 * broad


def test_a_broader_glow_is_told_from_a_narrow_one() -> None:
    assert piece(255, 10).levelled().glow > piece(255, 4).levelled().glow + 1


def test_what_does_not_glow_stays() -> None:
    plain = piece(255, 0)
    level = plain.levelled()
    assert level.glow < 0.1
    assert np.array_equal(level.pixels[level.mask > 0], plain.pixels[plain.mask > 0])


def test_a_slope_of_brightness_stays() -> None:
    """It is no ring: both sides of it are as far from the edge."""
    mask = jigsaw()
    slope = np.linspace(60, 190, mask.shape[1])[None, :, None] * np.ones((SIDE, 1, 3))
    plain = cut_out(slope.astype(np.uint8), mask)
    change = plain.levelled().pixels.astype(int) - plain.pixels
    assert np.abs(change[plain.mask > 0]).mean() < 8


@pytest.mark.parametrize("side", [8, 9, 46, 200])
def test_rings_go_from_the_edge_to_the_core(side: int) -> None:
    mask = np.pad(np.full((side, side), 255, np.uint8), 3)
    depth = np.asarray(cv2.distanceTransform(mask, cv2.DIST_L2, 3), np.float32)
    found = rings(mask, depth)
    assert (found[mask == 0] == 0).all()
    assert (found[mask > 0] > 0).all()
    middle = found[side // 2 + 3, 3 : 3 + side // 2]
    assert (np.diff(middle) >= 0).all()
    assert found.max() == found[side // 2 + 3, side // 2 + 3]


@pytest.mark.parametrize("shape", [(8, 8), (8, 300), (9, 9)])
def test_small_and_thin_pieces_are_levelled_without_a_word(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype(np.uint8)
    level = cut_out(pixels, None).levelled()
    assert level.pixels.shape == pixels.shape
    assert np.isfinite(level.glow)


CORNERS = (12, 12, SIDE + 9, SIDE)  # left, top, width and height of the jigsaw below


def corners(found: Piece) -> tuple[int, int, int, int]:
    return found.left, found.top, found.width, found.height


def on_ground(ground: tuple[int, int, int], *, shadow: float, picture: UInt8) -> UInt8:
    """The jigsaw piece of ``picture`` on one colour, with a soft shadow of that strength below."""
    mask = np.pad(jigsaw(), 12)
    soft = cv2.GaussianBlur(mask, (0, 0), 3).astype(np.float64)[..., None] / 255
    drawn = np.array(ground) * (1 - shadow * soft)
    drawn[mask > 0] = np.pad(picture, ((12, 12), (12, 12), (0, 0)))[mask > 0]
    return np.rint(drawn).astype(np.uint8)


@pytest.mark.parametrize("ground", [(255, 255, 255), (120, 30, 200), (240, 220, 90)])
@pytest.mark.parametrize("shadow", [0.0, 0.3, 0.5])
def test_a_shadow_on_the_ground_is_no_piece(ground: tuple[int, int, int], shadow: float) -> None:
    coarse = np.random.default_rng(3).integers(0, 255, (6, 7, 3), np.uint8)
    picture = cv2.resize(coarse, (SIDE + 10, SIDE), interpolation=cv2.INTER_CUBIC)
    found = cut_out(on_ground(ground, shadow=shadow, picture=np.asarray(picture, np.uint8)), None)
    assert corners(found) == pytest.approx(CORNERS, abs=1)


@pytest.mark.parametrize("level", [120, 160, 200, 230])
def test_a_piece_of_its_grounds_hue_is_no_shadow(level: int) -> None:
    """Grey on white, flat and rising to its middle: nothing of it is taken away."""
    rise = np.linspace(0, 20, SIDE + 10)[None, :, None]
    for change in (np.zeros((1, SIDE + 10, 1)), rise):
        picture = np.broadcast_to(level - change, (SIDE, SIDE + 10, 3)).astype(np.uint8)
        found = cut_out(on_ground((255, 255, 255), shadow=0.0, picture=picture), None)
        assert corners(found) == pytest.approx(CORNERS, abs=1)
