"""Lays marks on a picture so that they hardly touch, and tells what of each is seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import cv2
import numpy as np

from training.generators.colours import LUMA, PICKS, Rng, contrast
from training.generators.effects import CLUTTER, Pick
from training.generators.fonts import FontFace, FontSet
from training.generators.icon_fonts import font_icon_mask, is_font_icon
from training.generators.icon_shapes import ICONS
from training.generators.icons import icon_mask
from training.generators.marks import (
    ALL_LOOKS,
    INK,
    LOOKS,
    Brush,
    Mark,
    coarse_mask,
    outlined,
    symbol_mask,
    turned,
)
from training.generators.paste import meeting
from training.generators.random_shapes import is_shape, shape_mask
from training.generators.signs import sign_mask

Box = tuple[int, int, int, int]

UNDER = (
    *("strokes", "slim_lines", "circles", "grid", "curves", "letters", "spots"),
    # What looks most like a mark and is none has to be met often.
    *("wireframes", "wireframes", "wireframes", "bars"),
)
OVER = ("slim_lines", "lines", "arcs", "curves", "circles", "strokes", "spots", "polygons")
_KINDS = ("any", "vivid", "dark", "pale", "primary", "black", "white")
_TRIES = 40
_REPAINTS = 3
_EVEN = 24.0  # as if an even ground were so uneven


def _polygons(canvas: np.ndarray, rng: Rng, pick: Pick, unit: float) -> None:
    """Outlines of triangles and kites."""
    tone = pick()
    for _ in range(int(rng.integers(1, 6))):
        corners = _anywhere(canvas, rng) + rng.uniform(-6, 6, (int(rng.integers(3, 5)), 2)) * unit
        cv2.polylines(canvas, [np.round(corners).astype(np.int32)], True, tone, 1, cv2.LINE_AA)


def _strokes(canvas: np.ndarray, rng: Rng, pick: Pick, unit: float) -> None:
    """Short straight lines of many slants."""
    for _ in range(int(rng.integers(4, 40))):
        start = _anywhere(canvas, rng)
        end = start + rng.uniform(-8, 8, 2) * unit
        thick = int(rng.integers(1, max(2, round(0.6 * unit)) + 1))
        first, last = (np.round(point).astype(int).tolist() for point in (start, end))
        cv2.line(canvas, first, last, pick(), thick, cv2.LINE_AA)


def _wireframes(canvas: np.ndarray, rng: Rng, pick: Pick, unit: float) -> None:
    """Solids as their edges: a corner inside of a polygon, joined to those around it."""
    tone, thick = pick(), int(rng.integers(1, max(2, round(0.5 * unit)) + 1))
    line = cv2.LINE_AA if rng.random() < 0.5 else cv2.LINE_8
    for _ in range(int(rng.integers(1, 6))):
        count, radius = int(rng.integers(3, 8)), rng.uniform(4, 14) * unit
        turns = np.sort(rng.uniform(0, 2 * np.pi, count))
        spokes = np.stack([np.cos(turns), np.sin(turns)], axis=1) * rng.uniform(0.6, 1, (count, 1))
        centre = _anywhere(canvas, rng)
        corners = np.round(centre + spokes * radius).astype(np.int32)
        cv2.polylines(canvas, [corners], True, tone, thick, line)
        inner = np.round(centre + rng.uniform(-0.3, 0.3, 2) * radius).astype(int).tolist()
        for corner in corners[rng.random(count) < 0.8].tolist():
            cv2.line(canvas, inner, corner, tone, thick, line)


def _bars(canvas: np.ndarray, rng: Rng, pick: Pick, unit: float) -> None:
    """Straight bars as long as a mark, each of a colour of its own."""
    thick = max(1, round(rng.uniform(0.3, 1.6) * unit))
    for _ in range(int(rng.integers(2, 12))):
        start, slant = _anywhere(canvas, rng), rng.uniform(0, np.pi)
        end = start + np.array([np.cos(slant), np.sin(slant)]) * rng.uniform(6, 20) * unit
        first, last = (np.round(point).astype(int).tolist() for point in (start, end))
        cv2.line(canvas, first, last, pick(), thick, cv2.LINE_AA)


def _spots(canvas: np.ndarray, rng: Rng, pick: Pick, unit: float) -> None:
    for _ in range(int(rng.integers(10, 150))):
        centre = _anywhere(canvas, rng).astype(int).tolist()
        cv2.circle(canvas, centre, max(1, round(rng.uniform(0.1, 0.6) * unit)), pick(), -1)


def _anywhere(canvas: np.ndarray, rng: Rng) -> np.ndarray:
    return rng.uniform(0, 1, 2) * (canvas.shape[1], canvas.shape[0])


# What text captchas have, and what suits pictures of any size.
_CLUTTER: Mapping[str, Callable[[np.ndarray, Rng, Pick, float], None]] = {
    **CLUTTER,
    "bars": _bars,
    "polygons": _polygons,
    "spots": _spots,
    "strokes": _strokes,
    "wireframes": _wireframes,
}


def any_kind(rng: Rng) -> str:
    """A kind of colours, as PICKS names them."""
    return _KINDS[int(rng.integers(len(_KINDS)))]


def interfere(picture: np.ndarray, rng: Rng, names: Sequence[str], unit: float) -> None:
    """Draw one or two kinds of lines or dots on the picture, in place."""
    kind = any_kind(rng)
    for _ in range(int(rng.integers(1, 3))):
        name = names[int(rng.integers(len(names)))]
        _CLUTTER[name](picture, rng, lambda: PICKS[kind](rng), unit * rng.uniform(0.4, 1))


def strew(
    picture: np.ndarray,
    names: Sequence[tuple[str, str]],
    rng: Rng,
    *,
    em: float,
    turn: float,
    faces: FontSet,
    kind: str | None = None,
    look: str | None = None,
    visible: float = 0.0,
) -> list[tuple[int, Box, float]]:
    """Lay marks of these (text, shape) on the picture, in place.

    Gives those that are seen: number in `names`, xyxy box tight around the ink that later marks
    leave to be seen, angle in degrees.  The first always finds room while `em` is at most 0.45 of
    the short side.  kind of colours and look: drawn at random where None, the look for every mark
    at times.  A mark whose :func:`visibility` is less than `visible` is painted anew, in any kind
    of colours, and left out where that does not help; of the first one the best stays.
    """
    owner = np.zeros(picture.shape[:2], np.uint8)
    spread, coarse = rng.uniform(0, 0.25), rng.random() < (0.5 if look == "rimmed" else 0.12)
    if look is None and rng.random() < 0.7:
        look = list(LOOKS)[int(rng.integers(len(LOOKS)))]
    face = faces.draw(rng, "any") if rng.random() < 0.6 else None
    kind = kind or any_kind(rng)
    overlap = 0.1 if rng.random() < 0.15 else 0.0
    angles: dict[int, float] = {}
    for i, (text, shape) in enumerate(names):
        size = max(14, round(em * (1 - rng.uniform(0, spread))))
        angle = round(rng.uniform(-turn, turn), 1)
        font = face or faces.draw(rng, "any")
        mask = mark_mask((text, shape), size, rng, face=font, coarse=coarse, degrees=angle)
        corner = _room(owner, mask, size, overlap, rng)
        if corner is None:
            continue
        drawn = painted(picture, mask, size, corner, rng, kind=kind, look=look)
        if visible:
            shown = visibility(picture, drawn, corner)
            for _ in range(_REPAINTS):
                if shown >= visible:
                    break
                # Of another kind: what hides one colour of a kind hides most of them.
                other = painted(picture, mask, size, corner, rng, look=look)
                further = visibility(picture, other, corner)
                if further > shown:
                    drawn, shown = other, further
            if shown < visible and angles:
                continue
        lay(picture, owner, drawn, corner, i + 1)
        angles[i] = angle
    return [(i, box, angle) for i, angle in angles.items() if (box := seen(owner, i + 1))]


def mark_mask(
    name: tuple[str, str],
    size: int,
    rng: Rng,
    *,
    face: FontFace,
    coarse: bool,
    degrees: float,
    lined: float = 0.0,
) -> np.ndarray:
    """The coverage of one (text, shape), `size` pixels to the em, turned: (h, w) uint8.

    A shape is the name of an icon, of a random shape, of an icon out of an icon font, or a sign out
    of any font. lined: how often shapes and icons out of fonts are outlines.
    """
    text, shape = name
    if text:
        draw = coarse_mask if coarse and size >= 24 else symbol_mask
        return draw(face, text, size, rng, degrees=degrees)
    if is_shape(shape):
        drawn = shape_mask(int(shape[1:]), size)
    elif is_font_icon(shape):
        drawn = font_icon_mask(shape, round(0.9 * size))
    elif shape not in ICONS:
        drawn = sign_mask(shape, round(0.9 * size), rng)
    else:
        drawn = icon_mask(shape, size, rng, outline=rng.random() < 0.4)
    if lined and shape not in ICONS and rng.random() < lined:
        drawn = outlined(drawn, size, rng)
    return turned(drawn, size, rng, degrees=degrees)


def painted(
    picture: np.ndarray,
    mask: np.ndarray,
    size: int,
    corner: tuple[int, int],
    rng: Rng,
    *,
    kind: str | None = None,
    look: str | None = None,
) -> Mark:
    """A mask in colours that stand out where its top left corner (y, x) will lie.

    kind of colours and look: any, where None.
    """
    kind = kind or any_kind(rng)
    brush = Brush(kind, rng.uniform(60, 110), _ground(picture, mask, corner))
    name = look or list(LOOKS)[int(rng.integers(len(LOOKS)))]
    return ALL_LOOKS[name](mask, size, brush, rng)


def visibility(picture: np.ndarray, mark: Mark, corner: tuple[int, int]) -> float:
    """How far a mark's ink would stand out at this top left corner (y, x) from what is there.

    Its mean contrast with the ground, over how uneven that is: 1 is hard to see, 3 is plain.
    """
    there, own = meeting(picture, mark.ink, corner[1], corner[0])
    ground = picture[there].astype(np.float32)
    change = (_covered(ground, mark, own) - ground)[mark.ink[own] > INK]
    if not change.size:
        return 0.0
    far = contrast((0.0, 0.0, 0.0), change)
    return float(far.mean() / (_EVEN + (ground @ LUMA).std()))


def seen(owner: np.ndarray, number: int) -> Box | None:
    """The xyxy box of the pixels that a mark owns; None where it has none.

    The thinnest strokes of the smallest marks may leave no ink, and others may cover it.
    """
    mine = owner == number
    columns, rows = np.flatnonzero(mine.any(axis=0)), np.flatnonzero(mine.any(axis=1))
    if not columns.size:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def padded(box: Box, pad: float, *, height: int, width: int) -> Box:
    """A box grown on all sides by a share of its longer one, inside a picture of this size.

    People, and other generators, label the cell of a character rather than its ink.
    """
    x1, y1, x2, y2 = box
    more = round(pad * max(x2 - x1, y2 - y1))
    return max(0, x1 - more), max(0, y1 - more), min(width, x2 + more), min(height, y2 + more)


def _ground(picture: np.ndarray, mask: np.ndarray, corner: tuple[int, int]) -> np.ndarray:
    """A dark and a light colour, (2, 3) float32, of what lies under a mask, or of the picture
    where the mask lies outside of it."""
    there, _ = meeting(picture, mask, corner[1], corner[0])
    under = picture[there] if picture[there].size else picture
    ranked = np.sort(under[::3, ::3].reshape(-1, 3).astype(np.float32), axis=0)
    return ranked[[len(ranked) // 6, -1 - len(ranked) // 6]]


def _room(
    owner: np.ndarray, mask: np.ndarray, size: int, overlap: float, rng: Rng
) -> tuple[int, int] | None:
    """A top left corner (y, x) for the mask, where its ink covers at most this share of another's.

    Its ink stays inside the picture, an outline's width from the edge; None where there is no room,
    or no ink.
    """
    inked = mask > INK
    if not inked.any():
        return None
    columns, rows = np.flatnonzero(inked.any(axis=0)), np.flatnonzero(inked.any(axis=1))
    edge = max(2, round(0.08 * size))
    low = (edge - int(rows[0]), edge - int(columns[0]))
    high = (
        owner.shape[0] - edge - 1 - int(rows[-1]),
        owner.shape[1] - edge - 1 - int(columns[-1]),
    )
    if high[0] < low[0] or high[1] < low[1]:
        return None
    # What another mark may not enter: the ink and an outline around it, or less when they overlap.
    pen = edge if not overlap else 1
    broad = cv2.dilate(inked.astype(np.uint8), np.ones((2 * pen + 1, 2 * pen + 1), np.uint8)) > 0
    counts = np.bincount(owner.ravel())
    for _ in range(_TRIES):
        y = int(rng.integers(low[0], high[0] + 1))
        x = int(rng.integers(low[1], high[1] + 1))
        there, own = meeting(owner, mask, x, y)
        hit = owner[there][broad[own]]
        covered = np.bincount(hit, minlength=len(counts))[1:]
        if (covered <= overlap * counts[1:]).all():
            return y, x
    return None


def lay(
    picture: np.ndarray, owner: np.ndarray, mark: Mark, corner: tuple[int, int], number: int
) -> None:
    """Draw a mark at its top left corner (y, x), in place, and note whose its pixels are."""
    there, own = meeting(picture, mark.ink, corner[1], corner[0])
    covered = _covered(picture[there].astype(np.float32), mark, own)
    picture[there] = np.clip(np.round(covered), 0, 255).astype(np.uint8)
    owner[there][mark.ink[own] > INK] = number


def _covered(ground: np.ndarray, mark: Mark, own: tuple[slice, slice]) -> np.ndarray:
    """A ground (h, w, 3) float32 below this part of a mark's layers."""
    for cover, paint in mark.layers:
        share = cover[own].astype(np.float32)[..., None] / 255
        ground = ground * (1 - share) + (paint[own] if paint.ndim == 3 else paint) * share
    return ground
