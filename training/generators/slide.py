"""Sliders: a picture with a gap, and the piece that was cut out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from training.generators.colours import Rng
from training.generators.header import jpeg
from training.generators.records import Item, Record, encoded, json_lines
from training.generators.scenes import draw_scene
from training.generators.slide_looks import GapLook, mark_gap, paint_piece, throw_shadow
from training.generators.slide_shapes import SHAPES, piece_mask

Box = tuple[int, int, int, int]
_FORMS = ("piece", "strip")


@dataclass(frozen=True, slots=True)
class SlideLabel:
    """Where the piece belongs, in pixels of the background.

    offset: how far the piece's picture has to move to the right, from where it starts.
    gap: xyxy of the gap, tight around it.  start: (x, y) of the top left corner of the piece's
    picture on the background before it moves.  piece: xyxy of what is seen of the piece in its own
    picture.  angle: degrees by which gap and piece differ.  decoys: boxes of gaps that are no
    answer.
    """

    offset: int
    gap: Box
    start: tuple[int, int]
    piece: Box
    angle: float
    decoys: tuple[Box, ...]


class SlideGenerator:
    """Draws pairs of background and piece.

    Options: `width` of the background, narrowest and widest; `side` of the piece as a share of the
    height; `shapes` of `SHAPES`; `turn`, the most degrees by which gap and piece differ, and
    `turned`, how often they do; `contrast`, how strongly the gap is marked, 0.4 faint to 1;
    `decoys`, the most further gaps, and `decoyed`, how often there may be any; `twin`, how often
    such a gap has the piece's own outline, in its row; `soft`, least and most blur of the gaps'
    edges in pixels (sigma; None: from sharp to 2.5); `strip`, how often the piece comes in a strip
    of full height; `alpha`, how often it is transparent around (else black or white); `relief`, how
    often the piece has a broad glow along its edge, mostly a shadow around it, and the gaps are lit
    from one side; `quality`, JPEG's worst and best (one number: from there to 95).
    Raises ValueError for options that no pair can meet.
    """

    def __init__(
        self,
        *,
        width: tuple[int, int] = (240, 400),
        side: tuple[float, float] = (0.18, 0.36),
        shapes: Sequence[str] | None = None,
        turn: float = 10.0,
        turned: float = 0.15,
        contrast: tuple[float, float] = (0.4, 1.0),
        decoys: int = 2,
        decoyed: float = 0.5,
        twin: float = 0.0,
        soft: tuple[float, float] | None = None,
        strip: float = 0.4,
        alpha: float = 0.8,
        relief: float = 0.2,
        quality: int | tuple[int, int] = 60,
    ) -> None:
        self.shapes = tuple(SHAPES) if shapes is None else tuple(shapes)
        unknown = [name for name in self.shapes if name not in SHAPES]
        if unknown or not self.shapes:
            raise ValueError(f"shapes: expected of {sorted(SHAPES)}. Received: {list(self.shapes)}")
        worst, best = (quality, 95) if isinstance(quality, int) else quality
        shares = all(0 <= share <= 1 for share in (turned, strip, alpha, decoyed, twin, relief))
        sizes = 120 <= width[0] <= width[1] and 0.1 <= side[0] <= side[1] <= 0.5
        strength = 0 < contrast[0] <= contrast[1] <= 1 and 10 <= worst <= best <= 95
        blur = soft is None or 0 <= soft[0] <= soft[1] <= 5
        if not (shares and sizes and strength and blur and decoys >= 0 and 0 <= turn <= 45):
            raise ValueError(
                "expected 120 <= width, side 0.1 to 0.5, contrast 0 to 1, turn 0 to 45, shares 0 "
                f"to 1, quality 10 to 95, soft 0 to 5. Received: width={width}, side={side}, "
                f"contrast={contrast}, turn={turn}, turned={turned}, strip={strip}, alpha={alpha}, "
                f"relief={relief}, quality={quality}, decoys={decoys}, decoyed={decoyed}, "
                f"twin={twin}, soft={soft}"
            )
        self.width, self.side, self.contrast = width, side, contrast
        self.turn, self.turned, self.decoys = turn, turned, decoys
        self.decoyed, self.twin, self.soft = decoyed, twin, soft
        self.strip, self.alpha, self.relief = strip, alpha, relief
        self.quality = worst, best

    def sample(self, rng: Rng) -> tuple[Image.Image, Image.Image, SlideLabel]:
        """A background (RGB), its piece (RGBA, or RGB where it is not transparent), the label."""
        background, piece, _, label, quality = self._draw(rng)
        return Image.fromarray(jpeg(background, quality)), Image.fromarray(piece), label

    def sample_with_full(
        self, rng: Rng
    ) -> tuple[Image.Image, Image.Image, Image.Image, SlideLabel]:
        """As `sample`, and before the label the background as it was without gaps."""
        background, piece, full, label, quality = self._draw(rng)
        pictures = jpeg(background, quality), piece, jpeg(full, quality)
        first, second, third = map(Image.fromarray, pictures)
        return first, second, third, label

    def item(self, rng: Rng, stem: str) -> Item:
        """The background as JPEG, the piece as PNG."""
        background, piece, _, label, quality = self._draw(rng)
        files = {
            f"{stem}.jpg": encoded(background, ".jpg", quality=quality),
            f"{stem}_piece.png": encoded(piece, ".png"),
        }
        record: Record = {
            "file": f"{stem}.jpg",
            "piece": f"{stem}_piece.png",
            "offset": label.offset,
            "gap": label.gap,
            "start": label.start,
            "piece_box": label.piece,
            "angle": label.angle,
            "decoys": label.decoys,
        }
        return Item(files, record)

    def tables(self, records: Sequence[Record]) -> Mapping[str, bytes]:
        """``labels.jsonl``."""
        return {"labels.jsonl": json_lines(records)}

    def _draw(self, rng: Rng) -> tuple[np.ndarray, np.ndarray, np.ndarray, SlideLabel, int]:
        """Background, piece, the background without gaps, label, quality."""
        width = int(rng.integers(self.width[0], self.width[1] + 1))
        height = round(width * rng.uniform(0.42, 0.72))
        full = draw_scene(height, width, rng, photo=0.95)
        side = max(24, round(height * rng.uniform(*self.side)))
        shape = self.shapes[int(rng.integers(len(self.shapes)))]
        mask = piece_mask(shape, side, rng)
        rows, columns = mask.shape
        x = int(rng.integers(min(columns + 12, width - columns - 3), width - columns - 1))
        y = int(rng.integers(2, height - rows - 1))
        turned = rng.random() < self.turned and shape != "circle"
        angle = round(float(rng.uniform(-self.turn, self.turn)), 1) if turned else 0.0
        cut = full[y : y + rows, x : x + columns]
        relief = self.relief > 0 and rng.random() < self.relief
        piece = paint_piece(_rotated(cut, -angle), mask, rng, relief=relief)
        gap_mask = _rotated(mask, angle)
        background = full.copy()
        look = GapLook(rng, float(rng.uniform(*self.contrast)), self.soft, relief=relief)
        taken = [_shifted_box(gap_mask, x, y)]
        few = int(rng.integers(0, self.decoys + 1)) if rng.random() < self.decoyed else 0
        for _ in range(few):
            # Elsewhere, with another shape or the same one turned: the piece does not fill it.
            # A twin it would fill: only what is seen in the gap, and around it, tells.
            twin = self.twin > 0 and rng.random() < self.twin
            other = gap_mask if twin else self._other_outline(side, rng)
            box = _free(taken, other.shape, (height, width), rng, row=y if twin else None)
            if box is not None:
                mark_gap(background, other, box[0], box[1], look.fainter(rng))
                taken.append(_shifted_box(other, box[0], box[1]))
        mark_gap(background, gap_mask, x, y, look)
        strip = rng.random() < self.strip
        pad = 0 if strip else int(rng.choice([0, 0, 2, 5, 9]))
        start_x = int(rng.integers(0, max(1, min(24, x)))) if rng.random() < 0.25 else 0
        if pad:
            piece = np.pad(piece, ((pad, pad), (pad, pad), (0, 0)))
        if strip:
            piece = np.pad(piece, ((y, height - y - rows), (0, 0), (0, 0)))
        seen = _shifted_box(piece[..., 3], 0, 0)
        if relief and rng.random() < 0.7:
            piece = throw_shadow(piece, rng)
        start = (start_x, 0 if strip else y - pad)
        label = SlideLabel(x - pad - start_x, taken[0], start, seen, angle, tuple(taken[1:]))
        if rng.random() >= self.alpha:
            ground = np.float32(255 if rng.random() < 0.5 else 0)
            share = piece[..., 3:].astype(np.float32) / 255
            piece = (piece[..., :3] * share + ground * (1 - share)).astype(np.uint8)
        return (
            background,
            piece,
            full,
            label,
            int(rng.integers(self.quality[0], self.quality[1] + 1)),
        )

    def _other_outline(self, side: int, rng: Rng) -> np.ndarray:
        other = piece_mask(self.shapes[int(rng.integers(len(self.shapes)))], side, rng)
        return _rotated(other, float(rng.choice([0.0, 90.0, 180.0, rng.uniform(-180, 180)])))


def _rotated(picture: np.ndarray, degrees: float) -> np.ndarray:
    """Turned clockwise about the middle; of the same size, so that a mask's corners may be lost."""
    if not degrees:
        return picture
    rows, columns = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D(((columns - 1) / 2, (rows - 1) / 2), -degrees, 1.0)
    border = cv2.BORDER_CONSTANT if picture.ndim == 2 else cv2.BORDER_REFLECT
    return cv2.warpAffine(picture, matrix, (columns, rows), borderMode=border)


def _shifted_box(mask: np.ndarray, x: int, y: int) -> Box:
    """xyxy of what a mask covers by half or more, from a corner at (x, y)."""
    inked = mask >= 128
    columns, rows = np.flatnonzero(inked.any(axis=0)), np.flatnonzero(inked.any(axis=1))
    return x + int(columns[0]), y + int(rows[0]), x + int(columns[-1]) + 1, y + int(rows[-1]) + 1


def _free(
    taken: list[Box],
    shape: tuple[int, ...],
    size: tuple[int, int],
    rng: Rng,
    *,
    row: int | None = None,
) -> tuple[int, int] | None:
    """A corner, in ``row`` where given, at which a mask of this shape touches no box.

    None when ten tries find none.
    """
    rows, columns = shape[:2]
    for _ in range(10):
        x = int(rng.integers(2, size[1] - columns - 1))
        y = int(rng.integers(2, size[0] - rows - 1)) if row is None else row
        if all(x > b[2] or x + columns < b[0] or y > b[3] or y + rows < b[1] for b in taken):
            return x, y
    return None
