"""The piece of a slider: cut out of its picture, turned, and brought to a scale."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from solver.errors import TaskError

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]

SMALLEST = 8  # pixels a side: less has no outline to speak of
_GROUND = 16  # how far a channel may be from the colour around a piece: JPEG's ringing
_FRAMED = 0.6  # share of the picture's frame that has to be of that colour


@dataclass(frozen=True, slots=True)
class Piece:
    """What is seen of a piece: ``pixels (h, w, 3) uint8``, ``mask (h, w) uint8`` (0 or 255).

    ``left`` and ``top`` are where that begins in the picture of ``size`` (width, height) pixels.
    """

    pixels: UInt8
    mask: UInt8
    left: int
    top: int
    size: tuple[int, int]

    @property
    def width(self) -> int:
        return int(self.mask.shape[1])

    @property
    def height(self) -> int:
        return int(self.mask.shape[0])

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


def cut_out(pixels: UInt8, alpha: UInt8 | None) -> Piece:
    """Find the piece in its picture ``(H, W, 3)``; ``alpha (H, W)`` where it has transparency.

    Without, the colour along most of the picture's frame is taken for the ground that the piece
    lies on; where there is none, the whole picture is the piece.

    Raises:
        TaskError: nothing is seen, or it is one colour without an outline, or it is too small.
    """
    height, width = pixels.shape[:2]
    if alpha is not None and int(alpha.min()) < 255:
        most = int(alpha.max())
        if most < 26:
            raise TaskError("piece: expected something to be seen, it is transparent all over")
        mask = (alpha >= (most + 1) // 2).astype(np.uint8)
    else:
        mask = _on_ground(pixels)
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    left, right = int(columns[0]), int(columns[-1]) + 1
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    if min(right - left, bottom - top) < SMALLEST:
        raise TaskError(
            f"piece: expected at least {SMALLEST}×{SMALLEST} pixels to be seen, received "
            f"{right - left}×{bottom - top} of a picture of {width}×{height}"
        )
    seen = (slice(top, bottom), slice(left, right))
    return Piece(
        pixels=np.ascontiguousarray(pixels[seen]),
        mask=np.ascontiguousarray(mask[seen]) * np.uint8(255),
        left=left,
        top=top,
        size=(width, height),
    )


def _on_ground(pixels: UInt8) -> UInt8:
    """1 where an opaque picture shows its piece, 0 where it shows the colour around."""
    if int(np.ptp(pixels, axis=(0, 1)).max()) == 0:
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
    near = (np.abs(pixels - colour.astype(np.float32)).max(axis=2) <= most).astype(np.uint8)
    # Only what reaches the frame is ground: the piece may have its colour inside.
    around = np.pad(near, 1, constant_values=1)
    cv2.floodFill(around, None, (0, 0), (2,))
    piece = (around[1:-1, 1:-1] != 2).astype(np.uint8)
    piece = np.asarray(cv2.morphologyEx(piece, cv2.MORPH_OPEN, np.ones((3, 3))), np.uint8)
    # A flat piece that fills its picture has hardly anything that is not "ground".
    sides = int(piece.any(axis=0).sum()), int(piece.any(axis=1).sum())
    return piece if min(sides) >= SMALLEST else whole
