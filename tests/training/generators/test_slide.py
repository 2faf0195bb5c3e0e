"""Slider pairs: where the piece belongs."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from training.generators import SlideGenerator, slide, write_records
from training.generators.slide_shapes import SHAPES, piece_mask


@pytest.mark.parametrize("shape", sorted(SHAPES))
@pytest.mark.parametrize("side", [24, 70])
def test_shapes_fill_their_box(shape: str, side: int) -> None:
    for seed in range(6):
        mask = piece_mask(shape, side, np.random.default_rng(seed))
        assert max(mask.shape) <= side
        assert min(mask.shape) > 0.4 * side
        for edge in (mask[0], mask[-1], mask[:, 0], mask[:, -1]):
            assert (edge >= 128).any()


def test_the_piece_moved_by_the_offset_lies_on_the_gap() -> None:
    drawn = SlideGenerator(turned=0.0, alpha=1.0)
    for seed in range(40):
        background, piece, label = drawn.sample(np.random.default_rng(seed))
        x1, y1, x2, y2 = label.piece
        dx, dy = label.start[0] + label.offset, label.start[1]
        assert (x1 + dx, y1 + dy, x2 + dx, y2 + dy) == label.gap
        assert label.offset > 0
        assert 0 <= label.gap[0] < label.gap[2] <= background.width
        assert 0 <= label.gap[1] < label.gap[3] <= background.height
        assert piece.mode == "RGBA"


@pytest.mark.parametrize("turned", [0.0, 1.0])
def test_the_piece_is_what_was_there(monkeypatch: pytest.MonkeyPatch, turned: float) -> None:
    """Where gaps are not marked, the background under the gap looks like the piece."""
    monkeypatch.setattr(slide, "mark_gap", lambda *_: None)
    drawn = SlideGenerator(
        turned=turned, turn=8.0, alpha=1.0, quality=95, shapes=["rounded"], relief=0.0
    )
    for seed in range(12):
        background, piece, label = drawn.sample(np.random.default_rng(seed))
        cut = np.asarray(background.convert("L"), np.float32)
        x, y = label.start[0] + label.offset, label.start[1]
        pixels = np.asarray(piece)
        rows, columns = np.nonzero(
            cv2.erode(np.pad(pixels[..., 3], 1), np.ones((9, 9)))[1:-1, 1:-1]
        )
        # Turned back about the gap's middle, the ground is the piece's.
        middle = ((label.gap[0] + label.gap[2] - 1) / 2, (label.gap[1] + label.gap[3] - 1) / 2)
        matrix = cv2.getRotationMatrix2D(middle, label.angle, 1.0)
        cut = cv2.warpAffine(cut, matrix, cut.shape[::-1])
        under = cut[rows + y, columns + x]
        above = np.asarray(piece.convert("L"), np.float32)[rows, columns]
        if under.std() > 8:
            assert np.corrcoef(under, above)[0, 1] > 0.9


def test_the_gap_is_marked_there() -> None:
    """Two pictures that differ in the gap's look alone differ in the gap alone."""
    strong, weak = (
        SlideGenerator(contrast=(c, c), decoys=0, turned=0.0, quality=95, relief=0.0)
        for c in (1.0, 0.05)
    )
    for seed in range(10):
        first, _, label = strong.sample(np.random.default_rng(seed))
        second, _, _ = weak.sample(np.random.default_rng(seed))
        change = np.abs(np.asarray(first, int) - np.asarray(second, int)).max(axis=2) > 40
        x1, y1, x2, y2 = label.gap
        change[max(0, y1 - 8) : y2 + 8, max(0, x1 - 8) : x2 + 8] = False
        assert not change.any()


def test_strips_have_the_background_s_height() -> None:
    for seed in range(8):
        background, piece, label = SlideGenerator(strip=1.0).sample(np.random.default_rng(seed))
        assert piece.height == background.height
        assert label.start[1] == 0


def test_without_alpha_the_piece_is_on_one_colour() -> None:
    _, piece, _ = SlideGenerator(alpha=0.0, strip=1.0).sample(np.random.default_rng(0))
    assert piece.mode == "RGB"


def test_decoys_do_not_touch_the_gap() -> None:
    drawn = SlideGenerator(decoys=3)
    seen = 0
    for seed in range(30):
        _, _, label = drawn.sample(np.random.default_rng(seed))
        seen += len(label.decoys)
        for x1, y1, x2, y2 in label.decoys:
            gx1, gy1, gx2, gy2 = label.gap
            assert x1 >= gx2 or x2 <= gx1 or y1 >= gy2 or y2 <= gy1
    assert seen > 5


def test_twins_have_the_piece_s_outline_and_row() -> None:
    drawn = SlideGenerator(decoys=2, decoyed=1.0, twin=1.0, turned=0.0)
    seen = 0
    for seed in range(20):
        _, _, label = drawn.sample(np.random.default_rng(seed))
        x1, y1, x2, y2 = label.gap
        for box in label.decoys:
            seen += 1
            assert (box[1], box[3], box[2] - box[0]) == (y1, y2, x2 - x1)
    assert seen > 5


def test_soft_gaps_have_softer_edges() -> None:
    sharp, soft = (
        SlideGenerator(soft=(s, s), decoys=0, turned=0.0, quality=(95, 95), relief=0.0)
        for s in (0.0, 2.5)
    )
    edges = []
    for drawn in (sharp, soft):
        steps = []
        for seed in range(6):
            background, _, label = drawn.sample(np.random.default_rng(seed))
            x1, y1, x2, y2 = label.gap
            cut = np.asarray(background.convert("L"), int)[y1:y2, max(0, x1 - 6) : x2 + 6]
            steps.append(np.abs(np.diff(cut, axis=1)).max())
        edges.append(sum(steps))
    assert edges[1] < edges[0]


def test_relief_is_a_glow_from_the_edge_and_a_shadow_around() -> None:
    plain, raised = (
        SlideGenerator(relief=share, turned=0.0, alpha=1.0, strip=0.0, decoys=0)
        for share in (0.0, 1.0)
    )
    shadows = rings = flat_rings = 0.0
    for seed in range(30):
        _, piece, label = raised.sample(np.random.default_rng(seed))
        x1, y1, x2, y2 = label.piece
        pixels = np.asarray(piece)
        alpha = pixels[..., 3]
        assert np.array_equal(
            np.argwhere(alpha >= 128).min(axis=0), (y1, x1)
        )  # a shadow is fainter than half: the piece is where the label says
        shadows += bool(((alpha > 0) & (alpha < 128)).sum() > 4 * (x2 - x1 + y2 - y1))
        rings += _ring_apart(pixels)
        flat_rings += _ring_apart(np.asarray(plain.sample(np.random.default_rng(seed))[1]))
    assert shadows > 5
    assert rings > 1.5 * flat_rings


def _ring_apart(piece: np.ndarray) -> float:
    """Grey levels between the mean near the edge of a piece and that of its middle."""
    depth = cv2.distanceTransform((np.pad(piece[..., 3], 1) >= 128).astype(np.uint8), 2, 5)
    depth = depth[1:-1, 1:-1]
    grey = piece[..., :3].mean(axis=2)
    edge = (depth > 1) & (depth < 0.3 * depth.max())
    return float(abs(grey[edge].mean() - grey[depth > 0.6 * depth.max()].mean()))


def test_the_full_picture_is_the_background_away_from_gaps() -> None:
    drawn = SlideGenerator(decoys=2, decoyed=1.0, contrast=(1.0, 1.0), quality=95)
    changed = 0
    for seed in range(6):
        background, piece, full, label = drawn.sample_with_full(np.random.default_rng(seed))
        again = drawn.sample(np.random.default_rng(seed))
        assert (background, piece, label) == again
        change = np.abs(np.asarray(background, int) - np.asarray(full, int)).max(axis=2) > 40
        changed += bool(change.any())
        for x1, y1, x2, y2 in (label.gap, *label.decoys):
            change[max(0, y1 - 12) : y2 + 12, max(0, x1 - 12) : x2 + 12] = False
        assert not change.any()
    assert changed > 3


@pytest.mark.parametrize(
    "options",
    [
        {"relief": 1.5},
        {"soft": (2.0, 1.0)},
        {"twin": 1.5},
        {"decoyed": -0.1},
        {"quality": (95, 60)},
        {"width": (50, 60)},
        {"side": (0.4, 0.9)},
        {"shapes": ["moon"]},
        {"shapes": []},
        {"turn": 90.0},
        {"strip": 2.0},
        {"contrast": (0.0, 1.0)},
        {"quality": 100},
        {"decoys": -1},
    ],
)
def test_bad_options(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="Received"):
        SlideGenerator(**options)


def test_any_number_of_workers_writes_the_same(tmp_path: Path) -> None:
    drawn = SlideGenerator(width=(120, 140))
    write_records(tmp_path / "one", drawn, 34, seed=4)
    write_records(tmp_path / "two", drawn, 34, seed=4, workers=2)
    one, two = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("one", "two")
    )
    assert one == two
    lines = one["labels.jsonl"].decode().splitlines()
    assert [json.loads(line)["file"] for line in lines] == [f"{i:06d}.jpg" for i in range(34)]


def test_again_is_fine_and_another_seed_is_refused(tmp_path: Path) -> None:
    drawn = SlideGenerator(width=(120, 140))
    assert write_records(tmp_path, drawn, 2, seed=1) == 2
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert write_records(tmp_path, drawn, 2, seed=1) == 2
    with pytest.raises(FileExistsError, match="nothing is overwritten"):
        write_records(tmp_path, drawn, 2, seed=2)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    "numbers", [{"count": -1}, {"seed": -1}, {"workers": 0}, {"start": -1}], ids=str
)
def test_bad_numbers(tmp_path: Path, numbers: dict[str, int]) -> None:
    options = {"count": 1, "seed": 1} | numbers
    with pytest.raises(ValueError, match="Received"):
        write_records(tmp_path, SlideGenerator(), options.pop("count"), **options)
