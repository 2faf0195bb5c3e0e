"""The piece of a slider: cut out of its picture, turned, and brought to a scale."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from solver.errors import TaskError

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]

SMALLEST = 8  # pixels a side: less has no outline to speak of
CORE = 0.6  # of the greatest depth: from there on nothing is seen of a glow along the edge
_RINGS = 12  # besides the core
_SETTLED = 12.0  # grey levels by which a ring may differ from the core, and half count as its like
_GROUND = 16  # how far a channel may be from the colour around a piece: JPEG's ringing
_FRAMED = 0.6  # share of the picture's frame that has to be of that colour
# A shadow on that ground: how far a channel may be from the darkened colour, how dark it may be and
# how fast it may grow dark, of 1 and of 255; the share of the piece's outline that it lies along.
_SHADOW_HUE = 10.0
_DARKEST = 0.6
_SHADOW_STEP = 28
_SHADOWED = 0.75
_DARK_GROUND = 48.0  # on a darker one a shadow is hardly seen
_STRIP = 1 << 16  # pixels that are looked at for a shadow at a time


@dataclass(frozen=True, slots=True)
class Piece:
    """What is seen of a piece: ``pixels (h, w, 3) uint8``, ``mask (h, w) uint8`` (0 or 255).

    ``left`` and ``top`` are where that begins in the picture of ``size`` (width, height) pixels.
    ``glow`` is how many pixels broad a glow was that ``levelled`` took away.
    """

    pixels: UInt8
    mask: UInt8
    left: int
    top: int
    size: tuple[int, int]
    glow: float = 0.0

    @property
    def width(self) -> int:
        return int(self.mask.shape[1])

    @property
    def height(self) -> int:
        return int(self.mask.shape[0])

    def shrunk(self, factor: int) -> Piece:
        """The piece made ``factor`` times smaller, with its picture."""
        if factor == 1:
            return self
        cover = shrunk(self.mask, factor)
        mask = cover >= (int(cover.max()) + 1) // 2  # of half the most, where all is thin
        return replace(
            self,
            pixels=shrunk(self.pixels, factor),
            mask=mask.astype(np.uint8) * np.uint8(255),
            left=round(self.left / factor),
            top=round(self.top / factor),
            size=(_shrunk_side(self.size[0], factor), _shrunk_side(self.size[1], factor)),
        )

    def levelled(self) -> Piece:
        """The piece without a glow along its edge: each depth has the mean colour of the core.

        Pictures have no such rings of their own, or hardly any.
        """
        around = np.pad(self.mask, 1)
        depth = np.asarray(cv2.distanceTransform(around, cv2.DIST_L2, 3), np.float32)
        ring = rings(around, depth)[1:-1, 1:-1].ravel()
        count = np.bincount(ring, minlength=_RINGS + 2)
        flat = self.pixels.reshape(-1, 3)
        means = (
            np.stack(
                [np.bincount(ring, flat[:, channel], _RINGS + 2) for channel in range(3)], axis=1
            )
            / np.maximum(count, 1)[:, None]
        )
        change = np.where(count[:, None] > 0, means[-1] - means, 0).astype(np.float32)
        level = np.clip(flat + change[ring], 0, 255).astype(np.uint8)
        sure = 1 / (1 + (change[1:] ** 2).mean(axis=1) / np.float32(_SETTLED**2))
        sure = np.minimum.accumulate(sure[::-1])[::-1]
        edge = max(int(np.count_nonzero((depth > 0) & (depth < 1.2))), 1)
        glow = float(((1 - sure) * count[1:]).sum()) / edge
        return replace(self, pixels=level.reshape(self.pixels.shape), glow=glow)

    def drawn(self, margin: int, factor: int, angle: float) -> tuple[Float32, Float32]:
        """Colours ``(H, W, 3)`` and cover ``(H, W)`` 0–1 of the piece on an empty canvas.

        It lies ``margin`` pixels from the canvas's top left corner, turned clockwise by ``angle``
        degrees about its own middle; the whole is made ``factor`` times smaller.
        """
        wide = -(-(self.width + 2 * margin) // factor) * factor
        high = -(-(self.height + 2 * margin) // factor) * factor
        place = (slice(margin, margin + self.height), slice(margin, margin + self.width))
        layers = np.zeros((high, wide, 4), np.uint8)
        layers[place] = np.dstack([self.pixels & self.mask[..., None], self.mask])
        if angle:
            middle = (margin + (self.width - 1) / 2, margin + (self.height - 1) / 2)
            turn = cv2.getRotationMatrix2D(middle, -angle, 1.0)
            layers = np.asarray(cv2.warpAffine(layers, turn, (wide, high)), np.uint8)
        if factor > 1:
            small = (wide // factor, high // factor)
            layers = np.asarray(cv2.resize(layers, small, interpolation=cv2.INTER_AREA), np.uint8)
        values = layers.astype(np.float32)
        cover = values[..., 3] / np.float32(255)
        # The colours were mixed with the black around them by just so much.
        return values[..., :3] / np.maximum(cover, np.float32(0.1))[..., None], cover


def shrunk(picture: UInt8, factor: int) -> UInt8:
    """A picture ``(H, W)`` or ``(H, W, C)`` made ``factor`` times smaller, as near as pixels go."""
    if factor == 1:
        return picture
    size = (_shrunk_side(picture.shape[1], factor), _shrunk_side(picture.shape[0], factor))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _shrunk_side(side: int, factor: int) -> int:
    return max(round(side / factor), 1)


def size_of(picture: UInt8) -> str:
    """Width and height, for an error."""
    return f"{picture.shape[1]}×{picture.shape[0]}"


def rings(mask: UInt8, depth: Float32) -> npt.NDArray[np.intp]:
    """Which ring along the edge each pixel lies in: 0 outside, 1 the outermost, the core the last.

    A ring is where the blurred mask has one value, so that it keeps away from corners and knobs and
    comes close to notches, as inner glows do. ``depth`` is the distance to the edge.
    """
    reach = max(round(CORE * float(depth.max())), 2)
    side = 2 * (reach // 2) + 1
    wide = cv2.copyMakeBorder(mask, side, side, side, side, cv2.BORDER_CONSTANT, value=(0,))
    for _ in range(2):
        wide = cv2.blur(wide, (side, side))
    share = wide[side:-side, side:-side].astype(np.float32) * np.float32(1 / mask.max())
    ring = 1 + np.rint(_RINGS * np.clip((share - 0.3) / 0.68, 0, 1)).astype(np.intp)
    return np.where(depth > 0, ring, 0)


def cut_out(pixels: UInt8, alpha: UInt8 | None) -> Piece:
    """Find the piece in its picture ``(H, W, 3)``; ``alpha (H, W)`` where it has transparency.

    Without, the colour along most of the picture's frame is taken for the ground that the piece
    lies on; where there is none, the whole picture is the piece.

    Raises:
        TaskError: nothing is seen, or it is one colour without an outline, or it is too small, or
            nowhere solid.
    """
    height, width = pixels.shape[:2]
    if alpha is not None and int(alpha.min()) < 255:
        most = int(alpha.max())
        if most < 26:
            raise TaskError("piece: expected something to be seen, it is transparent all over")
        mask = (alpha >= (most + 1) // 2).astype(np.uint8)
    else:
        mask = _on_ground(pixels)
    seen = _extent(mask)
    assert seen is not None  # an alpha has its highest value somewhere, and the rest is whole
    top, bottom, left, right = seen[0].start, seen[0].stop, seen[1].start, seen[1].stop
    if min(right - left, bottom - top) < SMALLEST:
        raise TaskError(
            f"piece: expected at least {SMALLEST}×{SMALLEST} pixels to be seen, received "
            f"{right - left}×{bottom - top} of a picture of {width}×{height}"
        )
    solid = cv2.erode(np.pad(mask[seen], 1), np.ones((3, 3), np.uint8))
    if not solid.any():
        raise TaskError("piece: expected something solid to be seen, received thin lines or dots")
    return Piece(
        pixels=np.ascontiguousarray(pixels[seen]),
        mask=np.ascontiguousarray(mask[seen]) * np.uint8(255),
        left=left,
        top=top,
        size=(width, height),
    )


def _extent(mask: UInt8) -> tuple[slice, slice] | None:
    """The rows and columns that hold all of a mask, or None where it is empty."""
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    if not columns.size:
        return None
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _without_shadow(pixels: UInt8, ground: npt.NDArray[np.float64], piece: UInt8) -> UInt8:
    """The piece's mask without a soft shadow that it throws on its ground, where there is one.

    A shadow is the ground's colour darkened, more from pixel to pixel up to the piece's edge, where
    there is a step. It counts as one where it lies around most of the piece.
    """
    brightness = float(ground.mean())
    if brightness < _DARK_GROUND:
        return piece
    level = np.empty(piece.shape, np.uint8)
    rows = max(_STRIP // piece.shape[1], 1)
    for top in range(0, len(piece), rows):  # what is in between is many times as large
        part = pixels[top : top + rows]
        share = part.mean(axis=2) / brightness
        hue = np.abs(part - share[..., None] * ground).max(axis=2)
        is_darker = (hue <= _SHADOW_HUE) & (share >= _DARKEST) & (share <= 1)
        level[top : top + rows] = np.where(
            piece[top : top + rows] == 0, 255, np.where(is_darker, share * 255, 0)
        )
    around = np.pad(level, 1, constant_values=255)
    seen = np.zeros((around.shape[0] + 2, around.shape[1] + 2), np.uint8)
    flags = 4 | cv2.FLOODFILL_MASK_ONLY | (1 << 8)
    step = (_SHADOW_STEP,)
    cv2.floodFill(around, seen, (0, 0), (0,), step, step, flags)
    solid = piece & (seen[2:-2, 2:-2] == 0).astype(np.uint8)
    shadow = piece - solid
    depth = cv2.distanceTransform(np.pad(piece, 1), cv2.DIST_L1, 3)[1:-1, 1:-1]
    outline = depth == 1
    broad = 2 * int(outline.sum()) <= int(shadow.sum()) <= int(solid.sum())
    return solid if broad and shadow[outline].mean() >= _SHADOWED else piece


def _on_ground(pixels: UInt8) -> UInt8:
    """1 where an opaque picture shows its piece, 0 where it shows the colour around."""
    first = pixels[0, 0].astype(np.float64)
    if cv2.countNonZero(cv2.inRange(pixels, first, first)) == pixels.shape[0] * pixels.shape[1]:
        raise TaskError(
            "piece: expected a picture of the piece, received one colour without transparency"
        )
    frame = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    colour = np.median(frame, axis=0)
    whole = np.ones(pixels.shape[:2], np.uint8)
    away = np.abs(frame - colour).max(axis=1)
    if (away <= _GROUND).mean() < _FRAMED:
        return whole
    # As clean as the ground is: a dark piece on pure black is told from it.
    most = 3 + 3 * float(np.median(away))
    near = np.asarray(cv2.inRange(pixels, np.ceil(colour - most), np.floor(colour + most)))
    near = (near > 0).astype(np.uint8)
    # Only what reaches the frame is ground: the piece may have its colour inside.
    around = np.pad(near, 1, constant_values=1)
    cv2.floodFill(around, None, (0, 0), (2,))
    piece = (around[1:-1, 1:-1] != 2).astype(np.uint8)
    seen = _extent(piece)
    if seen is not None:
        piece[seen] = _without_shadow(pixels[seen], colour, piece[seen])
    piece = np.asarray(cv2.morphologyEx(piece, cv2.MORPH_OPEN, np.ones((3, 3))), np.uint8)
    # A flat piece that fills its picture has hardly anything that is not "ground".
    sides = int(piece.any(axis=0).sum()), int(piece.any(axis=1).sum())
    return piece if min(sides) >= SMALLEST else whole
