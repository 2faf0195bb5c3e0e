"""Things of a mark's size that are no mark: wireframes, balls, blocks, trees, lights, cuttings.

A detector that never met them takes whatever stands out from its ground for a mark.  Each painter
takes (picture, rng, size in pixels, colour) and draws one thing in place, anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product

import cv2
import numpy as np

from training.generators.colours import PICKS, Colour, Rng
from training.generators.paste import meeting
from training.generators.strew import any_kind

Painter = Callable[[np.ndarray, Rng, float, Colour], None]

# Corners of solids whose edges are all as long: an edge is a pair at the shortest distance.
_RIM = [(np.cos(t), np.sin(t)) for t in np.arange(3) * 2 * np.pi / 3]
_SOLIDS: Mapping[str, np.ndarray] = {
    "cube": np.array(list(product((-1.0, 1.0), repeat=3))),
    "octahedron": np.concatenate([np.eye(3), -np.eye(3)]),
    "prism": np.array([(x, y, z) for x, y in _RIM for z in (-(0.75**0.5), 0.75**0.5)]),
    "pyramid": np.array([*product((-1.0, 1.0), (-1.0, 1.0), (0.0,)), (0.0, 0.0, 2**0.5)]),
    "tetrahedron": np.array([(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)], float),
}
_NAMES = tuple(_SOLIDS)
# The faces of the cube, each as four corners in turn.
_FACES = ((0, 1, 3, 2), (4, 5, 7, 6), (0, 1, 5, 4), (2, 3, 7, 6), (0, 2, 6, 4), (1, 3, 7, 5))


def _anywhere(picture: np.ndarray, rng: Rng) -> np.ndarray:
    return rng.uniform(0, 1, 2) * (picture.shape[1], picture.shape[0])


def _rotation(rng: Rng) -> np.ndarray:
    """(3, 3): any turn in space, mirrored or not."""
    return np.asarray(np.linalg.qr(rng.standard_normal((3, 3)))[0])


def _blend(
    picture: np.ndarray, cover: np.ndarray, paint: np.ndarray, corner: tuple[int, int]
) -> None:
    """Lay paint, (h, w, 3) or (3,), on the picture at corner (x, y) as far as it covers, 0 to 1."""
    there, own = meeting(picture, cover, *corner)
    share = cover[own][..., None]
    below = picture[there].astype(np.float32)
    mixed = below * (1 - share) + (paint[own] if paint.ndim == 3 else paint) * share
    picture[there] = np.clip(mixed, 0, 255).astype(np.uint8)


def _frame(picture: np.ndarray, rng: Rng, size: float, colour: Colour) -> None:
    """A solid as its edges, some of them left out; or four points, each joined to all others."""
    if rng.random() < 0.4:
        corners = rng.uniform(-1, 1, (4, 2))
        away = np.zeros((4, 4))
    else:
        solid = _SOLIDS[_NAMES[int(rng.integers(len(_NAMES)))]]
        corners = (solid @ _rotation(rng))[:, :2]
        away = np.linalg.norm(solid[:, None] - solid[None], axis=2)
    points = corners - (corners.max(axis=0) + corners.min(axis=0)) / 2
    points = _anywhere(picture, rng) + points * size / max(
        1e-6, float(np.ptp(points, axis=0).max())
    )
    nearest = away[away > 0].min() if away.any() else 0.0
    line = cv2.LINE_AA if rng.random() < 0.5 else cv2.LINE_8
    thick = max(1, round(size * rng.uniform(0, 0.06)))
    shown = rng.choice([0.8, 1.0, 1.0])
    places = np.round(points).astype(int).tolist()
    for i, first in enumerate(places):
        for j, second in enumerate(places[:i]):
            if away[i, j] <= 1.01 * nearest and rng.random() < shown:
                cv2.line(picture, first, second, colour, thick, line)


def _ball(picture: np.ndarray, rng: Rng, size: float, colour: Colour) -> None:
    """Shaded, matt or glossy, with or without a soft shadow below."""
    radius = max(3, round(size / 2))
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1].astype(np.float32) / radius
    away = np.hypot(x, y)
    z = np.sqrt(np.clip(1 - away**2, 0, 1))
    light = np.array([rng.uniform(-0.7, 0.7), rng.uniform(-0.8, 0.1), 0.7])
    shade = np.clip((x * light[0] + y * light[1] + z * light[2]) / np.linalg.norm(light), 0, 1)
    base, least = np.array(colour, np.float32), rng.uniform(0.2, 0.7)
    paint = base * (least + (1.1 - least) * shade[..., None])
    if rng.random() < 0.5:
        paint = paint + 200 * np.clip((shade - 0.93) / 0.07, 0, 1)[..., None]
    cover = np.clip((1 - away) * radius, 0, 1).astype(np.float32)
    left, top = (round(float(v)) - radius for v in _anywhere(picture, rng))
    if rng.random() < 0.5:
        shadow = cv2.GaussianBlur(np.pad(cover, radius), (0, 0), max(1.0, radius * 0.3))
        fallen = (left - radius + radius // 4, top - radius + radius // 2)
        _blend(picture, shadow * np.float32(0.5), np.zeros(3, np.float32), fallen)
    _blend(picture, cover, paint, (left, top))


def _block(picture: np.ndarray, rng: Rng, size: float, colour: Colour) -> None:
    """A cuboid, each face in a tone of its own."""
    turned = (_SOLIDS["cube"] * rng.uniform(0.5, 1, 3)) @ _rotation(rng)
    points = _anywhere(picture, rng) + turned[:, :2] * size / max(1e-6, np.ptp(turned[:, 0]))
    base, edged = np.array(colour, np.float32), rng.random() < 0.3
    for face in sorted(_FACES, key=lambda corners: float(turned[list(corners), 2].mean()))[3:]:
        outline = np.round(points[list(face)] * 8).astype(np.int32)
        tone = np.minimum(255, base * rng.uniform(0.35, 1.15) + rng.uniform(0, 30)).tolist()
        cv2.fillPoly(picture, [outline], tone, cv2.LINE_AA, 3)
        if edged:
            cv2.polylines(picture, [outline], True, (base * 0.3).tolist(), 1, cv2.LINE_AA, 3)


def _tree(picture: np.ndarray, rng: Rng, size: float, colour: Colour) -> None:
    """Branches that fork, bare or with leaves."""
    spread, leafy = rng.uniform(0.3, 0.8), rng.random() < 0.5
    branches = [(_anywhere(picture, rng), -np.pi / 2, size * 0.35, max(1.0, size * 0.07))]
    while branches:
        start, slant, long, thick = branches.pop()
        end = start + long * np.array([np.cos(slant), np.sin(slant)])
        first, last = (np.round(point).astype(int).tolist() for point in (start, end))
        cv2.line(picture, first, last, colour, max(1, round(thick)), cv2.LINE_AA)
        if long < size * 0.07:
            if leafy:
                cv2.circle(picture, last, max(1, round(size * 0.05)), colour, -1, cv2.LINE_AA)
            continue
        for side in (-1, 1):
            turn = slant + side * spread * rng.uniform(0.4, 1.2)
            branches.append((end, turn, long * rng.uniform(0.55, 0.8), thick * 0.65))


def _light(picture: np.ndarray, rng: Rng, size: float, colour: Colour) -> None:
    """A disc of light out of focus, or a star with rays."""
    radius = max(3, round(size / 2))
    glow: np.ndarray = np.zeros((4 * radius + 1,) * 2, np.float32)
    middle = 2 * radius
    if rng.random() < 0.6:
        cv2.circle(glow, (middle, middle), radius, (1.0,), -1)
        glow = cv2.GaussianBlur(glow, (0, 0), radius * rng.uniform(0.02, 0.5))
    else:
        away = np.hypot(*np.mgrid[-middle : middle + 1, -middle : middle + 1])
        glow = np.exp(-away / (0.2 * radius)).astype(np.float32)
        for slant in rng.uniform(0, np.pi) + np.arange(int(rng.integers(2, 5))) * np.pi / 4:
            ray = np.array([np.cos(slant), np.sin(slant)]) * radius
            ends = [np.round(middle + way * ray).astype(int).tolist() for way in (-1, 1)]
            cv2.line(glow, ends[0], ends[1], (0.8,), 1, cv2.LINE_AA)
    pale = 255 - (255 - np.array(colour, np.float32)) * np.float32(rng.uniform(0.2, 1))
    left, top = (round(float(v)) - middle for v in _anywhere(picture, rng))
    _blend(picture, glow * np.float32(rng.uniform(0.3, 1)), pale, (left, top))


PAINTERS: Mapping[str, Painter] = {
    "ball": _ball,
    "block": _block,
    "frame": _frame,
    "light": _light,
    "tree": _tree,
}
# Frames are what is taken for a mark most easily.
_DRAWN = ("ball", "block", "cutting", "frame", "frame", "frame", "light", "tree")


def cut_in(picture: np.ndarray, other: np.ndarray, rng: Rng, size: float) -> None:
    """A rounded piece of another ground, of the same size as the picture, at its own place."""
    angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    radius = np.ones(60)
    for wave in range(1, 5):
        radius += rng.normal(0, 0.25 / wave) * np.cos(wave * angles + rng.uniform(0, 6.3))
    radius = np.clip(radius, 0.3, 1.7) * size / 2
    rim = _anywhere(picture, rng) + np.stack([np.cos(angles), np.sin(angles)], 1) * radius[:, None]
    cover: np.ndarray = np.zeros(picture.shape[:2], np.float32)
    cv2.fillPoly(cover, [np.round(rim).astype(np.int32)], (1.0,), cv2.LINE_AA)
    if rng.random() < 0.6:
        cover = cv2.GaussianBlur(cover, (0, 0), size * rng.uniform(0.01, 0.1) + 0.3)
    _blend(picture, cover, other.astype(np.float32), (0, 0))


def draw_lookalikes(
    picture: np.ndarray, rng: Rng, *, size: float, kind: str, other: Callable[[], np.ndarray]
) -> None:
    """One or two kinds of them, a few each, about `size` pixels large, in place.

    kind: the colours of the picture's marks, which half of the things share; other: draws a second
    ground, from which pieces are cut.
    """
    for _ in range(int(rng.integers(1, 3))):
        name = _DRAWN[int(rng.integers(len(_DRAWN)))]
        colours = kind if rng.random() < 0.5 else any_kind(rng)
        alike = PICKS[colours](rng) if rng.random() < 0.5 else None
        spread = rng.uniform(0, 0.6)
        second = other() if name == "cutting" else None
        for _ in range(int(rng.integers(1, 8))):
            side = size * (1 + rng.uniform(-spread, spread))
            if second is not None:
                cut_in(picture, second, rng, side)
            else:
                PAINTERS[name](picture, rng, side, alike or PICKS[colours](rng))
