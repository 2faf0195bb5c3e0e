"""Sliders: known pairs, drawn here, and pictures that are none."""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

import solver
from solver.cli import main
from solver.tasks.slide import Odds, shares, slide
from solver.tasks.slide_piece import cut_out

UInt8 = npt.NDArray[np.uint8]
X, Y, SIDE = 121, 40, 40
HEIGHT, WIDTH = 130, 240


def picture(seed: int = 0) -> UInt8:
    """Soft blotches of many colours."""
    noise = np.random.default_rng(seed).uniform(0, 255, (HEIGHT // 8, WIDTH // 8, 3))
    return np.asarray(
        cv2.resize(noise.astype(np.uint8), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), np.uint8
    )


def outline() -> UInt8:
    """A square without one corner, and with a notch: no turn brings it onto itself."""
    mask = np.full((SIDE, SIDE), 255, np.uint8)
    cv2.circle(mask, (SIDE, 0), SIDE // 3, (0,), -1)
    cv2.circle(mask, (0, SIDE // 2), 5, (0,), -1)
    return mask


def veiled(full: UInt8, mask: UInt8, x: int, y: int, strength: float = 0.6) -> UInt8:
    """A copy with a darkened gap."""
    background = full.copy()
    there = background[y : y + mask.shape[0], x : x + mask.shape[1]]
    share = mask[..., None] / 255 * strength
    there[:] = np.rint(there * (1 - share)).astype(np.uint8)
    return background


def pair(seed: int = 0) -> tuple[UInt8, UInt8, UInt8]:
    """The full picture, the background with its gap, the piece (RGBA)."""
    full, mask = picture(seed), outline()
    piece = np.dstack([full[Y : Y + SIDE, X : X + SIDE], mask])
    return full, veiled(full, mask, X, Y), piece


def padded(piece: UInt8, left: int, top: int, right: int, bottom: int) -> UInt8:
    return np.pad(piece, ((top, bottom), (left, right), (0, 0)))


def on_ground(piece: UInt8, grey: int) -> UInt8:
    share = piece[..., 3:] / 255
    return np.rint(piece[..., :3] * share + grey * (1 - share)).astype(np.uint8)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("form", "offset"),
    [
        (lambda p: p, X),
        (lambda p: padded(p, 7, 3, 5, 2), X - 7),
        (lambda p: padded(p, 0, Y, 0, HEIGHT - Y - SIDE), X),
        (lambda p: padded(p, 9, Y, 4, HEIGHT - Y - SIDE), X - 9),
        (lambda p: on_ground(padded(p, 4, 4, 4, 4), 255), X - 4),
        (lambda p: on_ground(padded(p, 4, 4, 4, 4), 0), X - 4),
        (lambda p: p[2:-2, 6:27, :3], X + 6),
    ],
    ids=["cropped", "margin", "strip", "strip and margin", "on white", "on black", "opaque"],
)
def test_the_distance_to_drag(form: Any, offset: int, seed: int) -> None:
    _, background, piece = pair(seed)
    result = solver.slide(background, form(piece))
    assert abs(result.offset - offset) <= 1
    assert abs(result.box.x1 - X) <= 7
    assert result.confidence > 0.5
    assert result.box.label == "gap"


def test_scale_and_start() -> None:
    _, background, piece = pair()
    plain = solver.slide(background, piece)
    assert solver.slide(background, piece, start=10).offset == plain.offset - 10
    assert solver.slide(background, piece, scale=1.5).offset == 1.5 * plain.offset
    assert solver.slide(background, piece, scale=1.5).box == plain.box


@pytest.mark.parametrize("angle", [-9.0, -5.0, 6.0, 10.0])
def test_a_turned_piece(angle: float) -> None:
    """The gap's outline is turned against the piece's; what the piece shows is turned back."""
    full, mask = picture(3), outline()
    middle = ((SIDE - 1) / 2, (SIDE - 1) / 2)
    gap = cv2.warpAffine(mask, cv2.getRotationMatrix2D(middle, -angle, 1.0), (SIDE, SIDE))
    cut = full[Y : Y + SIDE, X : X + SIDE]
    back = cv2.getRotationMatrix2D(middle, angle, 1.0)
    cut = cv2.warpAffine(cut, back, (SIDE, SIDE), borderMode=cv2.BORDER_REFLECT)
    background = veiled(full, np.asarray(gap, np.uint8), X, Y)
    result = solver.slide(background, np.dstack([cut, mask]).astype(np.uint8))
    assert abs(result.offset - X) <= 3


def test_a_decoy_with_the_same_outline_comes_after() -> None:
    full, mask = picture(5), outline()
    background = veiled(veiled(full, mask, X, Y), mask, 30, Y)
    piece = np.dstack([full[Y : Y + SIDE, X : X + SIDE], mask])
    assert abs(solver.slide(background, piece).offset - X) <= 1


def test_two_pictures_are_compared() -> None:
    full, background, piece = pair()
    assert abs(solver.slide(background, full=full).offset - X) <= 2
    assert abs(solver.slide(background, piece, full=full).offset - X) <= 2


def test_a_piece_tells_the_gap_from_a_decoy_when_two_are_compared() -> None:
    full, mask = picture(7), outline()
    background = veiled(veiled(full, mask, X, Y), mask, 40, Y, strength=0.9)
    piece = np.dstack([full[Y : Y + SIDE, X : X + SIDE], mask])
    unaided = solver.slide(background, full=full)
    assert len(unaided.alternatives) == 1
    assert abs(solver.slide(background, piece, full=full).offset - X) <= 2


def test_a_strip_and_a_start_say_where_to_look_when_two_are_compared() -> None:
    """One grey, so that only row and start tell the gap from stronger ones of its outline."""
    full, mask = np.full((HEIGHT, WIDTH, 3), 150, np.uint8), outline()
    below, before = HEIGHT - SIDE - 5, 20
    background = veiled(veiled(full, mask, X, Y), mask, X, below, strength=0.9)
    strip = padded(np.dstack([full[:SIDE, :SIDE], mask]), 0, Y, 0, HEIGHT - Y - SIDE)
    assert abs(solver.slide(background, strip, full=full).offset - X) <= 2
    background = veiled(veiled(full, mask, X, Y), mask, before, Y, strength=0.9)
    result = solver.slide(background, strip, full=full, start=60)
    assert abs(result.offset - (X - 60)) <= 2
    assert all(one.offset >= 0 for one in result.alternatives)
    unaided = solver.slide(background, full=full, start=60)
    assert abs(unaided.offset - (X - 60)) <= 2
    assert unaided.alternatives == ()


def test_where_two_pictures_do_not_differ_the_piece_counts_alone() -> None:
    _, background, piece = pair()
    alone = solver.slide(background, piece)
    assert abs(alone.offset - X) <= 1
    assert solver.slide(background, piece, full=background) == alone


def test_a_change_elsewhere_leaves_a_clear_gap_the_answer() -> None:
    full, background, piece = pair(2)
    marked = background.copy()
    marked[5:30, 10:90] = 255 - marked[5:30, 10:90]
    assert abs(solver.slide(marked, piece, full=full).offset - X) <= 1


@pytest.mark.parametrize("form", ["cropped", "strip", "compared"])
def test_a_large_piece_is_looked_at_smaller(form: str) -> None:
    factor, x, y, side = 10, 611, 203, 1000
    full = cv2.resize(picture(4), (WIDTH * factor, HEIGHT * factor), interpolation=cv2.INTER_CUBIC)
    full = np.asarray(full, np.uint8)
    mask = cv2.resize(outline(), (side, side), interpolation=cv2.INTER_NEAREST)
    piece = np.dstack([full[y : y + side, x : x + side], mask])
    background = veiled(full, np.asarray(mask, np.uint8), x, y)
    if form == "strip":
        piece = padded(piece, 50, y, 0, len(full) - y - side)
    start = 30.0 - 50.0 * (form == "strip")
    tracemalloc.start()
    result = solver.slide(background, piece, full=full if form == "compared" else None, start=start)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert abs(result.offset - (x - 30)) <= 3
    assert np.allclose(result.box.xyxy, (x, y, x + side, y + side), atol=4)
    assert most < 60e6


@pytest.mark.parametrize("side", [60, 900])
@pytest.mark.parametrize("thick", [1, 2, 3])
def test_a_piece_of_lines_alone(side: int, thick: int) -> None:
    piece = np.zeros((side, side, 4), np.uint8)
    piece[:thick] = piece[-thick:] = piece[:, :thick] = piece[:, -thick:] = 255
    background = np.tile(picture(), (8, 5, 1))
    if thick < 3:
        with pytest.raises(solver.TaskError, match="solid"):
            solver.slide(background, piece)
    else:
        assert solver.slide(background, piece).confidence < 0.5


def test_the_background_alone() -> None:
    plain = np.full((HEIGHT, WIDTH, 3), 170, np.uint8)
    result = solver.slide(veiled(plain, outline(), X, Y))
    assert abs(result.offset - X) <= 3
    assert abs(result.box.x2 - (X + SIDE)) <= 4


def png(array: UInt8) -> bytes:
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("background", "piece", "full", "message"),
    [
        (picture(), np.zeros((40, 40, 3), np.uint8), None, "one colour without transparency"),
        (picture(), np.zeros((40, 40, 4), np.uint8), None, "transparent all over"),
        (picture(), picture()[:5, :5], None, "at least 8×8"),
        (picture(), np.tile(picture(1), (2, 2, 1)), None, "fits into the background"),
        (picture(), None, picture()[:-1], "240×130 pixels, received 240×129"),
        (picture(), None, picture(), "differs from the background"),
        (np.zeros((20, 300, 3), np.uint8), None, None, "at least 32×32"),
        (np.zeros((2000, 2000, 3), np.uint8), picture()[:12, :12], None, "so small beside"),
    ],
)
def test_pictures_that_do_not_fit(background: Any, piece: Any, full: Any, message: str) -> None:
    with pytest.raises(solver.TaskError, match=message):
        solver.slide(background, piece, full=full)


@pytest.mark.parametrize("which", ["background", "piece", "full"])
def test_what_is_no_picture_is_an_image_error(which: str) -> None:
    _, background, piece = pair()
    sources: dict[str, Any] = {"background": background, "piece": piece, which: b"nothing"}
    with pytest.raises(solver.ImageError, match=f"^{which}: "):
        solver.slide(**sources)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"scale": 0}, "scale"),
        ({"scale": float("nan")}, "scale"),
        ({"scale": 1e308}, "scale"),
        ({"scale": "1"}, "scale"),
        ({"scale": True}, "scale"),
        ({"start": float("inf")}, "start"),
        ({"start": None}, "start"),
        ({"min_confidence": 2}, "min_confidence"),
    ],
)
def test_bad_options(options: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=f"^{named}: "):
        solver.slide("not looked at", "nor this", **options)


@pytest.mark.parametrize("start", [-WIDTH, WIDTH, 1e9, WIDTH - SIDE + 1, WIDTH - 1])
def test_a_piece_that_starts_beyond_the_background(start: float) -> None:
    full, background, piece = pair()
    for sources in ({}, {"full": full}):
        with pytest.raises(solver.TaskError, match="start"):
            solver.slide(background, piece, start=start, **sources)
    with pytest.raises(solver.TaskError, match="start"):
        solver.slide(background, full=full, start=start)


def test_a_piece_may_start_where_it_just_stands_on_the_background() -> None:
    _, background, piece = pair()
    assert solver.slide(background, piece, start=WIDTH - SIDE).offset == 0
    with pytest.raises(solver.TaskError, match="stand within"):
        solver.slide(background, padded(piece, 9, 0, 0, 0), start=WIDTH - SIDE - 8)


def test_numbers_of_numpy_are_numbers() -> None:
    _, background, piece = pair()
    result = solver.slide(background, piece, scale=np.float32(0.5), start=np.int64(3))
    assert type(result.offset) is float
    assert result.offset == (X - 3) / 2


@pytest.mark.parametrize("level", [0, 90, 255])
def test_pictures_without_a_gap_are_unsure_or_refused(level: int) -> None:
    flat = np.full((HEIGHT, WIDTH, 3), level, np.uint8)
    try:
        result = slide(flat)
    except solver.TaskError:
        return
    assert result.confidence < 0.5


def test_a_piece_of_another_picture_is_unsure() -> None:
    _, _, piece = pair(0)
    with pytest.raises(solver.LowConfidenceError) as caught:
        solver.slide(picture(9), piece, min_confidence=0.9)
    assert caught.value.result.confidence < 0.9


def test_nothing_is_shared_with_the_caller_and_answers_repeat() -> None:
    _, background, piece = pair()
    before = background.copy(), piece.copy()
    first = solver.slide(background, piece)
    assert solver.slide(background, piece) == first
    assert np.array_equal(background, before[0])
    assert np.array_equal(piece, before[1])
    assert first.from_dict(first.to_dict()) == first


def test_opencv_keeps_its_threads() -> None:
    before = cv2.getNumThreads()
    _, background, piece = pair()
    solver.slide(background, piece)
    assert cv2.getNumThreads() == before


def test_the_mask_follows_alpha_and_ground() -> None:
    _, _, piece = pair()
    by_alpha = cut_out(piece[..., :3], piece[..., 3])
    by_ground = cut_out(on_ground(padded(piece, 5, 5, 5, 5), 0), None)
    assert (by_alpha.left, by_alpha.top, by_alpha.width, by_alpha.height) == (0, 0, SIDE, SIDE)
    assert (by_ground.left, by_ground.top) == (5, 5)
    assert (by_alpha.mask == by_ground.mask).mean() > 0.97


@pytest.mark.parametrize(
    ("logits", "least", "most"),
    [([], 0, 0), ([0.0], 0.5, 0.5), ([50.0, 0.0], 0.99, 1.0), ([-900.0], 0.0, 0.01)],
)
def test_shares_leave_room_for_none(logits: list[float], least: float, most: float) -> None:
    found = shares(logits, Odds(1.0, 0.0))
    assert sum(found) <= 1
    assert all(least <= share <= most for share in found[:1])


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    full, background, piece = pair()
    names = [str(tmp_path / name) for name in ("b.png", "p.png", "f.png", "drawn.png")]
    for name, array in zip(names, (background, piece, full), strict=False):
        Path(name).write_bytes(png(array))
    assert main(["slide", names[0], names[1]]) == 0
    assert abs(float(capsys.readouterr().out) - X) <= 1
    assert main(["slide", names[0], "--full", names[2], "--json", "--draw", names[3]]) == 0
    assert '"offset"' in capsys.readouterr().out
    with Image.open(names[3]) as drawn:
        assert drawn.size == (WIDTH, HEIGHT)
    assert main(["slide", names[0], "--full", names[2], "--draw", names[3]]) == 2
    assert main(["slide", names[0], str(tmp_path / "none.png"), "--json"]) == 1
    captured = capsys.readouterr()
    assert '"ImageError"' in captured.out
    assert "solver: piece: " in captured.err
    (tmp_path / "damaged.png").write_bytes(b"nothing")
    assert main(["slide", str(tmp_path / "damaged.png"), names[1]]) == 1
    assert capsys.readouterr().err.startswith("solver: background: ")
    assert main(["slide", names[0], "--min-confidence", "1"]) == 1
    err = capsys.readouterr().err
    assert ".result" not in err
    assert float(err.rpartition(": ")[2]) >= 0
    with pytest.raises(SystemExit):
        main(["slide", names[0], "--scale", "-1"])
