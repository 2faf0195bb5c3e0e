"""The lines of a declared grid, fitted to a picture.

The grid is first scaled to the picture. Of all grids within a few pixels of that one, the fit
takes the one at whose lines the picture changes most from empty, in the gap, to full, in the
tile, and prefers the scaled one where the picture does not say. A pixel is empty where it has the
colour that lies between the tiles on the whole. A layout whose tiles touch has no gaps to look
at: its lines stay where the scale puts them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solver.errors import TaskError
from solver.layouts import Layout

UInt8 = npt.NDArray[np.uint8]
Float64 = npt.NDArray[np.float64]

# How far width / height may be from the layout's: rounding, and a border of a few pixels.
RATIO_TOLERANCE = 0.03
MIN_TILE = 8  # pixels of the picture
_REACH = 0.06  # the fit looks this share of a tile and its gap to either side
_WINDOW = 0.5  # of a gap: what is compared on either side of a line
_PREFERENCE = 0.1  # how much fuller, 0 to 1, a move by the whole reach must find the lines
_FINEST = 0.25  # pixels
# Levels off the empty colour: up to the first it may be JPEG's noise, from the second on it is
# as full as can be, so that a dark tile says no more than a light one.
_NOISE, _FULL = 12.0, 64.0
_EMPTY_TILE = 0.02  # mean fullness up to which a tile shows nothing
_FULL_GAP = 0.4  # gaps that are as full as this share of the tiles are no gaps
_INSET = 0.1  # share of a tile that is left out at either end
_ENOUGH = 1.0  # pixels of the picture for one of the layout; of more, every n-th is looked at


@dataclass(frozen=True, slots=True)
class Line:
    """From the layout to the picture along one axis: ``offset + scale * position`` pixels."""

    offset: float
    scale: float

    def __call__(self, position: float) -> float:
        return self.offset + self.scale * position

    def border(self, position: float, size: int) -> int:
        """The border between pixels that is nearest to a position, inside the picture."""
        return min(max(round(self(position)), 0), size)


@dataclass(frozen=True, slots=True)
class _Axis:
    """The layout along one axis: tile starts, and the gaps with a gap's width of the margins."""

    tile: int
    starts: tuple[int, ...]
    gaps: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, layout: Layout, axis: int) -> _Axis:
        tile, gap, size = layout.tile[axis], layout.gap[axis], layout.size[axis]
        count = (layout.columns, layout.rows)[axis]
        starts = tuple(layout.origin[axis] + (tile + gap) * i for i in range(count))
        gaps = [(starts[0] - min(gap, starts[0]), starts[0])]
        gaps += [(start - gap, start) for start in starts[1:]]
        end = starts[-1] + tile
        gaps.append((end, min(end + gap, size)))
        return cls(tile, starts, tuple((a, b) for a, b in gaps if a < b))

    def bands(self, line: Line) -> list[slice]:
        """The tiles' pixels, without the outermost."""
        inset = _INSET * self.tile
        return [
            _pixels(line(start + inset), line(start + self.tile - inset)) for start in self.starts
        ]


def fit(image: UInt8, layout: Layout) -> tuple[Line, Line]:
    """Where the layout lies on an ``(H, W, 3)`` RGB picture: across, and down.

    Raises:
        TaskError: the picture has another shape than the layout, is too small, shows nothing
            where tiles should be, or something where gaps should be.
    """
    height, width = image.shape[:2]
    scale = width / layout.size[0], height / layout.size[1]
    if abs(scale[0] / scale[1] - 1) > RATIO_TOLERANCE:
        raise TaskError(
            f"no such grid: expected a picture of the shape {layout.size[0]} × {layout.size[1]}, "
            f"received {width} × {height}; describe its grid with a layout of its own"
        )
    if min(scale[0] * layout.tile[0], scale[1] * layout.tile[1]) < MIN_TILE:
        raise TaskError(
            f"no such grid: expected tiles of at least {MIN_TILE} pixels, received a picture of "
            f"{width} × {height}"
        )
    step = max(1, int(min(scale) / _ENOUGH))
    sampled = image[step // 2 :: step, step // 2 :: step]
    columns, rows = _Axis.of(layout, 0), _Axis.of(layout, 1)
    across, down = Line(0.0, scale[0] / step), Line(0.0, scale[1] / step)
    full = _fullness(sampled, _gap_colour(sampled, layout, across, down))
    across = _fit_axis(_profile(full, rows.bands(down)), columns, across)
    down = _fit_axis(_profile(full.T, columns.bands(across)), rows, down)
    _check(full, (columns, across), (rows, down))
    return Line(across.offset * step, across.scale * step), Line(
        down.offset * step, down.scale * step
    )


def _fullness(image: UInt8, empty: npt.NDArray[np.int16]) -> Float64:
    """How far each pixel is from the empty colour, 0 to 1: (h, w)."""
    distance = np.abs(image.astype(np.int16) - empty).max(axis=2)
    full: Float64 = np.clip((distance - _NOISE) / (_FULL - _NOISE), 0.0, 1.0)
    return full


def _gap_colour(image: UInt8, layout: Layout, across: Line, down: Line) -> npt.NDArray[np.int16]:
    """The median colour outside of tiles and header; of the whole picture, where that is all."""
    outside = np.ones(image.shape[:2], dtype=bool)
    header = [] if layout.header is None else [layout.header]
    for x1, y1, x2, y2 in [*layout.boxes(), *header]:
        outside[_pixels(down(y1), down(y2)), _pixels(across(x1), across(x2))] = False
    pixels = image[outside] if outside.any() else image.reshape(-1, 3)
    colour: npt.NDArray[np.int16] = np.median(pixels, axis=0).astype(np.int16)
    return colour


def _profile(full: Float64, bands: list[slice]) -> Float64:
    """The mean fullness of each column over some bands of rows."""
    profile: Float64 = np.concatenate([full[band] for band in bands]).mean(axis=0)
    return profile


def _fit_axis(profile: Float64, axis: _Axis, line: Line) -> Line:
    """The line that fits a profile best, found from coarse to fine."""
    if not axis.gaps:
        return line
    starts = np.asarray(axis.starts, dtype=np.float64)
    first, last = axis.starts[0], axis.starts[-1] + axis.tile
    gap = max(end - start for start, end in axis.gaps)
    reach = _REACH * line.scale * (axis.tile + gap)
    window = max(1.0, _WINDOW * line.scale * gap)
    sums = np.concatenate([[0.0], np.cumsum(profile)])
    pixels = np.arange(len(sums))

    def moved(shifts: Float64) -> tuple[Float64, Float64]:
        """Offsets and scales of lines whose ends are shifted by (N, 2) pixels."""
        low, high = line(first) + shifts[:, 0], line(last) + shifts[:, 1]
        scales = (high - low) / (last - first)
        return low - scales * first, scales

    def gain(shifts: Float64) -> Float64:
        """How much fuller the tiles' edges are inside than outside, (N,), less the way there."""
        offsets, scales = moved(shifts)
        left = offsets[:, None] + scales[:, None] * starts
        right = left + scales[:, None] * axis.tile
        edges = np.concatenate(
            [
                np.stack([left - window, left, left + window], axis=-1),
                np.stack([right + window, right, right - window], axis=-1),
            ],
            axis=1,
        )
        fullness = np.abs(np.diff(np.interp(edges, pixels, sums), axis=-1)) / window
        way = np.abs(shifts).max(axis=1) / reach
        total: Float64 = (fullness[..., 1] - fullness[..., 0]).mean(axis=1) - _PREFERENCE * way
        return total

    stride = min(reach, max(2 * _FINEST, line.scale * gap / 4))
    count = int(reach / stride)
    best = np.zeros(2)
    while True:
        ticks = np.arange(-count, count + 1) * stride
        around = best + np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
        # Of equal gains the first counts: where the picture does not say, nothing moves.
        shifts = np.concatenate([best[None], np.clip(around, -reach, reach)])
        best = shifts[int(np.argmax(gain(shifts)))]
        if stride <= _FINEST:
            break
        stride, count = stride / 2, 2
    offsets, scales = moved(best[None])
    return Line(float(offsets[0]), float(scales[0]))


def _check(full: Float64, across: tuple[_Axis, Line], down: tuple[_Axis, Line]) -> None:
    """Refuse a picture without tiles, or with no gaps between them."""
    columns, rows = across[0].bands(across[1]), down[0].bands(down[1])
    tiles = np.array([[full[row, column].mean() for column in columns] for row in rows])
    empty = int(np.sum(tiles <= _EMPTY_TILE))
    if 2 * empty > tiles.size:
        raise TaskError(f"no such grid: {empty} of {tiles.size} tiles show nothing")
    for (axis, line), pixels, bands in ((across, full, rows), (down, full.T, columns)):
        if not axis.gaps:
            continue
        profile = _profile(pixels, bands)
        gaps = [profile[_pixels(line(start), line(end))] for start, end in axis.gaps]
        share = float(np.concatenate(gaps).mean() / tiles.mean())
        if share > _FULL_GAP:
            raise TaskError(
                f"no such grid: the gaps between tiles are {share:.0%} as full as the tiles"
            )


def _pixels(start: float, end: float) -> slice:
    """The pixels between two positions, at least one."""
    low = max(0, round(start))
    return slice(low, max(low + 1, round(end)))
