"""How a slider's piece and its gaps are marked: veils, rims, shadows, glows and lit edges."""

from __future__ import annotations

import copy

import cv2
import numpy as np

from training.generators.colours import Rng
from training.generators.paste import meeting

_ROOM = 4  # pixels around a gap that its edge may change


class GapLook:
    """How the gaps of one picture are marked: what is done inside, and along the edge."""

    def __init__(
        self,
        rng: Rng,
        strength: float,
        soft: tuple[float, float] | None = None,
        *,
        relief: bool = False,
    ) -> None:
        """``relief``: the gap is sunk, one side in shadow and the other gleaming."""
        self.tone = np.array([255.0 if rng.random() < 0.22 else 0.0] * 3, np.float32)
        if rng.random() < 0.1:
            self.tone = rng.uniform(0, 255, 3).astype(np.float32)
        self.inside = strength * rng.uniform(0.45, 0.8)
        usual = [0.0, 0.6, rng.uniform(0.8, 2.5)]
        self.soft = float(rng.choice(usual) if soft is None else rng.uniform(*soft))
        self.rim = strength * float(rng.choice([0.0, rng.uniform(0.2, 0.9)]))
        self.rim_tone = np.float32(255 if rng.random() < 0.6 else 0)
        self.shade = strength * float(rng.choice([0.0, rng.uniform(0.2, 0.6)]))
        self.lit = _Lit(rng, strength) if relief else None

    def fainter(self, rng: Rng) -> GapLook:
        """The same, at most as strong inside."""
        other = copy.copy(self)
        other.inside = self.inside * rng.uniform(0.5, 1.0)
        return other


class _Lit:
    """Light from one side: where it falls from, how deep the shadow is, how bright the gleam."""

    def __init__(self, rng: Rng, strength: float) -> None:
        angle = rng.uniform(0, 2 * np.pi)
        self.away = float(np.cos(angle)), float(np.sin(angle))
        self.depth = float(rng.uniform(1.0, 5.0))
        self.shadow = strength * float(rng.uniform(0.2, 0.9))
        self.gleam = strength * float(rng.uniform(0.2, 1.0))
        self.broad = float(rng.uniform(0.6, 3.0))

    def layers(self, padded: np.ndarray) -> list[tuple[np.ndarray, np.float32, float]]:
        """(cover, tone, strength) of the shadow and of the gleam, as large as the padded mask."""
        outside = cv2.bitwise_not(padded)
        deep = _moved(outside, self.away, self.depth * 0.7, fill=255)
        deep = cv2.min(cv2.GaussianBlur(deep, (0, 0), self.depth * 0.6), padded)
        far = _moved(padded, (-self.away[0], -self.away[1]), self.broad, fill=0)
        edge = cv2.subtract(cv2.dilate(padded, np.ones((3, 3), np.uint8)), far)
        thin = cv2.subtract(edge, cv2.erode(padded, np.ones((3, 3), np.uint8)))
        facing = cv2.min(thin, cv2.subtract(thin, _moved(outside, self.away, 2.0, fill=255)))
        return [(deep, np.float32(0), self.shadow), (facing, np.float32(255), self.gleam)]


def _moved(mask: np.ndarray, way: tuple[float, float], reach: float, *, fill: int) -> np.ndarray:
    shift = np.array([[1, 0, way[0] * reach], [0, 1, way[1] * reach]], np.float32)
    return np.asarray(cv2.warpAffine(mask, shift, mask.shape[::-1], borderValue=(fill,)))


def mark_gap(picture: np.ndarray, mask: np.ndarray, x: int, y: int, look: GapLook) -> None:
    """Darken or brighten the gap on the picture, in place."""
    padded = np.pad(mask, _ROOM)
    there, own = meeting(picture, padded, x - _ROOM, y - _ROOM)
    cover = padded if not look.soft else cv2.GaussianBlur(padded, (0, 0), look.soft)
    kernel = np.ones((3, 3), np.uint8)
    rim = cv2.subtract(cv2.dilate(padded, kernel), cv2.erode(padded, kernel))
    below: np.ndarray = picture[there].astype(np.float32)
    inner = cv2.subtract(padded, cv2.GaussianBlur(padded, (0, 0), 3.0))  # shadow along the edge
    layers = [
        (cover, look.tone, look.inside),
        (inner, np.float32(0), look.shade * 1.5),
        (rim, look.rim_tone, look.rim * 0.6),
    ]
    for layer, tone, strength in layers + (look.lit.layers(padded) if look.lit else []):
        share = layer[own][..., None].astype(np.float32) * np.float32(strength / 255)
        share = np.minimum(share, 1)
        below = below * (1 - share) + tone * share
    picture[there] = np.clip(np.round(below), 0, 255).astype(np.uint8)


def paint_piece(cut: np.ndarray, mask: np.ndarray, rng: Rng, *, relief: bool = False) -> np.ndarray:
    """The piece with its alpha, (h, w, 4) uint8, its edge drawn now and then.

    ``relief``: a glow reaches from the edge far into it.
    """
    paint: np.ndarray = cut.astype(np.float32)
    if rng.random() < 0.6:
        kernel = np.ones((3, 3), np.uint8)
        edge = cv2.subtract(mask, cv2.erode(np.pad(mask, 1), kernel)[1:-1, 1:-1])
        if rng.random() < 0.5:
            edge = cv2.GaussianBlur(edge, (0, 0), 1.5)
        share = edge[..., None].astype(np.float32) / 255 * np.float32(rng.uniform(0.2, 0.9))
        paint = paint * (1 - share) + (255 if rng.random() < 0.6 else 0) * share
    if rng.random() < 0.3:
        paint = paint * rng.uniform(0.85, 1.12)
    if relief:
        paint = _glowing(paint, mask, rng)
    return np.dstack([np.clip(np.round(paint), 0, 255), mask]).astype(np.uint8)


def _glowing(paint: np.ndarray, mask: np.ndarray, rng: Rng) -> np.ndarray:
    """With a light, dark or coloured glow along the edge that fades towards the middle.

    It fades with the distance to the edge, or as a blurred outline does: less beside a notch, more
    in a knob. Now and then some of it lies over the whole piece.
    """
    hard = np.pad((mask >= 128).astype(np.uint8), 1)
    broad = np.float32(min(mask.shape) * rng.uniform(0.06, 0.28))
    if rng.random() < 0.5:
        depth = cv2.distanceTransform(hard, cv2.DIST_L2, 5)[1:-1, 1:-1] - 1
        fall = np.clip(1 - depth / broad, 0, 1) ** np.float32(rng.uniform(0.8, 2.0))
    else:
        outside = np.pad(1 - hard.astype(np.float32), 40, mode="edge")
        blurred = cv2.GaussianBlur(outside, (0, 0), float(broad) * 0.5)
        fall = np.minimum(blurred[41:-41, 41:-41] * 2, 1)
    everywhere = rng.uniform(0, 0.4) if rng.random() < 0.5 else 0.0
    share = np.maximum(fall * rng.uniform(0.25, 0.9), everywhere)[..., None].astype(np.float32)
    kind = rng.random()
    tone = np.full(3, 255 if kind < 0.7 else 0, np.float32)
    if kind > 0.9:
        tone = rng.uniform(0, 255, 3).astype(np.float32)
    return np.asarray(paint * (1 - share) + tone * share)


def throw_shadow(piece: np.ndarray, rng: Rng) -> np.ndarray:
    """A piece (h, w, 4) whose alpha goes on around it, black and fainter than half."""
    alpha = piece[..., 3]
    around = cv2.GaussianBlur(alpha, (0, 0), float(rng.uniform(0.8, 3.0)))
    around = np.minimum(around * np.float32(rng.uniform(0.2, 0.9)), 120).astype(np.uint8)
    out = piece.copy()
    out[alpha == 0, :3] = 0
    out[..., 3] = np.maximum(alpha, around)
    return out
