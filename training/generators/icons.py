"""Draws things made of shapes: in colour for tiles, or as one ink's coverage for clicks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

import cv2
import numpy as np

from training.generators.colours import LUMA, PICKS, Colour, Rng
from training.generators.icon_shapes import ICONS, Shape

Icons = Mapping[str, tuple[Shape, ...]]

# Colours that a thing has, in any picture of it, but for a little.
_OWN: Mapping[str, Colour] = MappingProxyType(
    {
        "r": (205, 35, 35),
        "o": (240, 130, 30),
        "y": (245, 205, 50),
        "g": (70, 165, 60),
        "d": (30, 85, 50),
        "u": (45, 105, 200),
        "v": (120, 65, 165),
        "p": (240, 150, 175),
        "n": (120, 75, 40),
        "t": (215, 175, 125),
        "s": (175, 180, 185),
    }
)
_ROLES: Mapping[str, int] = MappingProxyType(
    {letter: role for role, letter in enumerate(("0", *"abckw", *_OWN))}
)
_WHITE = _ROLES["w"]
_FINE = 2  # drawn this many times larger, then made smaller
_ROUND = np.linspace(0, 2 * np.pi, 48, endpoint=False)

Points = np.ndarray  # (n, 2) float, on the square of 100 by 100
Outline = tuple[Points, float | None]  # with a line's width, or None for what is filled


def _ellipse(x: float, y: float, rx: float, ry: float, turn: float = 0.0) -> Points:
    angle = np.deg2rad(turn)
    across, down = rx * np.cos(_ROUND), ry * np.sin(_ROUND)
    return np.stack(
        [
            x + across * np.cos(angle) - down * np.sin(angle),
            y + across * np.sin(angle) + down * np.cos(angle),
        ],
        axis=1,
    )


def _star(numbers: tuple[float, ...]) -> Outline:
    x, y, inner, outer, points, turn = numbers
    angle = np.deg2rad(turn) - np.pi / 2 + np.arange(2 * int(points)) * np.pi / points
    radius = np.where(np.arange(2 * int(points)) % 2, inner, outer)
    return np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], axis=1), None


def _arc(numbers: tuple[float, ...]) -> Outline:
    width, x, y, rx, ry, start, end = numbers
    angle = np.deg2rad(np.linspace(start, end, 25))
    return np.stack([x + rx * np.cos(angle), y + ry * np.sin(angle)], axis=1), width


def _rectangle(numbers: tuple[float, ...]) -> Outline:
    x1, y1, x2, y2 = numbers
    return np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]]), None


_OUTLINES: Mapping[str, Callable[[tuple[float, ...]], Outline]] = {
    "A": _arc,
    "C": lambda n: (_ellipse(n[0], n[1], n[2], n[2]), None),
    "E": lambda n: (_ellipse(*n), None),
    "L": lambda n: (np.array(n[1:]).reshape(-1, 2), n[0]),
    "P": lambda n: (np.array(n).reshape(-1, 2), None),
    "R": _rectangle,
    "S": _star,
}


@cache
def _outlines(shapes: tuple[Shape, ...]) -> tuple[tuple[int, Outline], ...]:
    return tuple((_ROLES[colour], _OUTLINES[letter](n)) for letter, colour, n in shapes)


def _matrix(rng: Rng, side: int, turn: float, lively: float) -> np.ndarray:
    """(2, 3): from the square of 100 to `side` pixels, a little uneven and slanted."""
    angle = np.deg2rad(turn)
    scale = side / 100 * np.array([1 + lively * rng.uniform(-0.18, 0.18), 1.0])
    slant = lively * rng.uniform(-0.15, 0.15)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = rotation @ np.diag(scale) @ np.array([[1, slant], [0, 1]])
    # Larger than its square it may not get, however it is turned.
    reach = np.abs(linear) @ np.array([50.0, 50.0])
    linear *= min(1.0, side / 2 / float(reach.max()))
    return np.concatenate([linear, (side / 2 - linear @ [50, 50])[:, None]], axis=1)


def _roles(
    shapes: tuple[Shape, ...],
    side: int,
    matrix: np.ndarray,
    rng: Rng,
    *,
    wobble: float,
    gap: int,
) -> np.ndarray:
    """(side, side) uint8: which role's colour each pixel has; 0 where there is nothing.

    gap: pixels left bare around each shape that lies on one of another colour.
    """
    canvas = np.zeros((side, side), np.uint8)
    unit = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    before = 0
    for role, (points, width) in _outlines(shapes):
        placed = points @ matrix[:, :2].T + matrix[:, 2]
        if len(points) < 24:
            placed = placed + rng.normal(0, wobble * unit, placed.shape)
        corners = np.round(placed * 8).astype(np.int32)
        thick = None if width is None else max(1, round(width * unit))
        if gap and before and role not in (0, before):
            spread = 2 * gap + (thick or 0)
            cv2.polylines(canvas, [corners], thick is None, (0,), spread, cv2.LINE_8, 3)
        if thick is None:
            cv2.fillPoly(canvas, [corners], (role,), cv2.LINE_8, 3)
        else:
            cv2.polylines(canvas, [corners], False, (role,), thick, cv2.LINE_8, 3)
        before = role
    return canvas


def icon_mask(name: str, side: int, rng: Rng, *, outline: bool = False) -> np.ndarray:
    """One icon as an ink's coverage, (side, side) uint8; `outline`: lines only.

    Raises KeyError for a name that is not in ICONS.
    """
    fine = side * _FINE
    matrix = _matrix(rng, fine, 0.0, 0.3)
    if outline:
        roles = _roles(ICONS[name], fine, matrix, rng, wobble=0.4, gap=0)
        pen = max(3, round(fine * rng.uniform(0.035, 0.07)))
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (pen, pen))
        ink = ((cv2.dilate(roles, kernel) != cv2.erode(roles, kernel)) * 255).astype(np.uint8)
    else:
        gap = max(2, round(fine * 0.02))
        roles = _roles(ICONS[name], fine, matrix, rng, wobble=0.4, gap=gap)
        ink = (((roles > 0) & (roles != _WHITE)) * 255).astype(np.uint8)
    return cv2.resize(ink, (side, side), interpolation=cv2.INTER_AREA)


def paint_icon(
    name: str, side: int, rng: Rng, *, turn: float = 0.0, icons: Icons = ICONS
) -> np.ndarray:
    """One of the icons in colour, (side, side, 4) uint8 RGBA, turned by `turn` degrees.

    Raises KeyError for a name that is not among them.
    """
    fine = side * _FINE
    matrix = _matrix(rng, fine, turn, 1.0)
    roles = _roles(icons[name], fine, matrix, rng, wobble=rng.uniform(0, 1.2), gap=0)
    palette = np.zeros((len(_ROLES), 3), np.float32)
    palette[1 : 1 + _WHITE] = _palette(rng)
    if roles.max() > _WHITE:
        own = np.array(list(_OWN.values()), np.float32)
        palette[1 + _WHITE :] = own * rng.uniform(0.8, 1.1) + rng.normal(0, 10, own.shape)
    picture = palette[roles]
    picture *= _shading(fine, rng)[..., None]
    if rng.random() < 0.4:
        picture += _texture(fine, rng)[..., None] * ((roles == 1) | (roles == 2))[..., None]
    alpha = (roles > 0).astype(np.float32) * 255
    if rng.random() < 0.35:  # an outline around everything, or around every shape
        kernel = np.ones((max(2, round(fine * rng.uniform(0.012, 0.035))),) * 2, np.uint8)
        base = roles if rng.random() < 0.5 else (roles > 0).astype(np.uint8)
        edge = cv2.dilate(base, kernel) != cv2.erode(base, kernel)
        picture[edge] = palette[4]
        alpha[edge] = 255
    picture *= alpha[..., None] / 255
    both = np.concatenate([np.clip(picture, 0, 255), alpha[..., None]], axis=2)
    both = cv2.resize(both, (side, side), interpolation=cv2.INTER_AREA)
    share = np.maximum(both[..., 3:], 1) / 255
    return np.concatenate([np.minimum(both[..., :3] / share, 255), both[..., 3:]], 2).astype(
        np.uint8
    )


def _palette(rng: Rng) -> list[Colour]:
    """Colours for a, b, c, k, w; the first three stand apart from each other."""
    kinds = ("vivid", "dark", "any", "pale", "primary")
    chosen: list[Colour] = []
    while len(chosen) < 3:
        for _ in range(12):
            colour = PICKS[kinds[int(rng.integers(len(kinds)))]](rng)
            if all(np.abs(np.subtract(colour, other)).sum() > 130 for other in chosen):
                break
        chosen.append(colour)
    dark, light = float(rng.uniform(5, 50)), float(rng.uniform(225, 255))
    if float(np.asarray(chosen[0]) @ LUMA) < 60:
        dark += 130
    return [*chosen, (dark, dark, dark), (light, light, light)]


def _shading(side: int, rng: Rng) -> np.ndarray:
    """(side, side) float32 about 1: light from one side."""
    angle, depth = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.4)
    line = np.linspace(-0.5, 0.5, side, dtype=np.float32)
    return (1 + depth * (np.cos(angle) * line[None, :] + np.sin(angle) * line[:, None])).astype(
        np.float32
    )


def _texture(side: int, rng: Rng) -> np.ndarray:
    """(side, side) float32 about 0: stripes, dots or blotches."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32)
    step = side * rng.uniform(0.04, 0.16)
    depth = np.float32(rng.uniform(10, 45))
    angle = rng.uniform(0, np.pi)
    along = (x * np.cos(angle) + y * np.sin(angle)) * (2 * np.pi / step)
    kind = int(rng.integers(3))
    if kind == 0:
        return np.where(np.sin(along) > 0, depth, -depth).astype(np.float32)
    across = (y * np.cos(angle) - x * np.sin(angle)) * (2 * np.pi / step)
    if kind == 1:
        return np.where(np.sin(along) + np.sin(across) > 0.9, depth, np.float32(0)).astype(
            np.float32
        )
    cells = max(3, round(side / step))
    blotches = rng.standard_normal((cells, cells), np.float32) * depth
    return cv2.resize(blotches, (side, side), interpolation=cv2.INTER_CUBIC)
