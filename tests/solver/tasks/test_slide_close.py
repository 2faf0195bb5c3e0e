"""A piece beside one place: the evidence of the right place, and of wrong ones."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from solver.tasks.slide import slide
from solver.tasks.slide_close import FINE, Closeup
from solver.tasks.slide_piece import cut_out

UInt8 = npt.NDArray[np.uint8]
X, Y, SIDE, MARGIN, REACH = 60, 40, 40, 6, 3


def picture(seed: int = 0) -> UInt8:
    noise = np.random.default_rng(seed).uniform(0, 255, (15, 30, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(noise, (240, 130), interpolation=cv2.INTER_CUBIC), np.uint8)


def outline(side: int = SIDE) -> UInt8:
    mask = np.full((side, side), 255, np.uint8)
    cv2.circle(mask, (side, 0), side // 3, (0,), -1)
    return mask


def darkened(full: UInt8, mask: UInt8, x: int, y: int, keep: float = 0.4) -> UInt8:
    out = full.copy()
    there = out[y : y + mask.shape[0], x : x + mask.shape[1]]
    there[mask > 0] = (there[mask > 0] * keep).astype(np.uint8)
    return out


def closeup(pixels: UInt8, mask: UInt8) -> Closeup:
    return Closeup(cut_out(pixels, mask).levelled(), 0.0, margin=MARGIN, reach=REACH)


def window(background: UInt8, own: Closeup, x: int, y: int) -> UInt8:
    top, left = y - MARGIN - REACH, x - MARGIN - REACH
    return background[top : top + own.shape[0], left : left + own.shape[1]]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("right", "down"), [(0, 0), (2, -3), (-3, 1)])
def test_the_exact_place_in_a_window(seed: int, right: int, down: int) -> None:
    full, mask = picture(seed), outline()
    own = closeup(full[Y : Y + SIDE, X : X + SIDE], mask)
    view = own.view(window(darkened(full, mask, X, Y), own, X + right, Y + down))
    assert view.scores.shape == (2 * REACH + 1, 2 * REACH + 1)
    found = np.unravel_index(int(view.scores.argmax()), view.scores.shape)
    assert found == (REACH - down, REACH - right)


@pytest.mark.parametrize("seed", range(4))
def test_the_right_place_has_more_of_the_evidence_than_a_twin(seed: int) -> None:
    full, mask = picture(seed), outline()
    background = darkened(darkened(full, mask, X, Y), mask, 160, Y)
    own = closeup(full[Y : Y + SIDE, X : X + SIDE], mask)
    there, elsewhere = (
        own.view(window(background, own, x, Y)).evidence(REACH, REACH) for x in (X, 160)
    )
    assert set(there) == set(FINE)
    assert there["core"] > elsewhere["core"] + 0.5
    assert abs(there["outline"] - elsewhere["outline"]) < 0.3


@pytest.mark.parametrize("tone", [0, 255])
@pytest.mark.parametrize("seed", range(4))
def test_a_glowing_piece_goes_to_its_gap_and_not_to_the_twin(seed: int, tone: int) -> None:
    full, mask = picture(seed), outline()
    background = darkened(darkened(full, mask, X, Y), mask, 160, Y)
    depth = cv2.distanceTransform(np.pad(mask, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    share = np.clip(1 - (depth - 1) / 9, 0, 1)[..., None] * 0.8
    pixels = full[Y : Y + SIDE, X : X + SIDE] * (1 - share) + tone * share
    result = slide(background, np.rint(pixels).astype(np.uint8), alpha=mask)
    assert abs(result.offset - X) <= 1


@pytest.mark.parametrize("level", [0, 128, 255])
def test_plain_pieces_on_plain_grounds_are_numbers(level: int) -> None:
    flat = np.full((130, 240, 3), level, np.uint8)
    own = closeup(flat[:SIDE, :SIDE], outline())
    kinds = own.view(window(flat, own, X, Y)).evidence(0, 2 * REACH)
    assert all(np.isfinite(value) for value in kinds.values())


def test_large_pieces_are_looked_at_in_part() -> None:
    full = np.asarray(cv2.resize(picture(2), (720, 390)), np.uint8)
    mask = outline(120)
    background = darkened(full, mask, 300, 150)
    result = slide(background, full[150:270, 300:420].copy(), alpha=mask)
    assert abs(result.offset - 300) <= 1
