"""Grid layouts as data: where the header and the tiles of a picture lie.

A layout is measured once, on a picture in its own size; :mod:`solver.grids` finds it on pictures
of other sizes. ``12306``, ``3x3`` and ``4x4`` are built in; others come from TOML::

    name = "shop"
    size = [320, 420]           # of the whole picture
    rows = 3
    columns = 3
    tile = 100                  # or [width, height]
    gap = 5                     # between two tiles, or [across, down]
    origin = [5, 105]           # the first tile's top left corner
    header = [0, 0, 320, 100]   # optional: x1, y1, x2, y2 of the strip that says what is wanted
    word = [120, 0, 320, 100]   # optional: the part of it where the word stands
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from solver.errors import TaskError

Bounds = tuple[int, int, int, int]
Pair = tuple[int, int]

MIN_TILE = 16
MAX_SIDE = 16_384
MAX_LINES = 32
_MAX_FILE = 65_536  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where things lie, in pixels of a picture of ``size`` (width, height); boxes are xyxy.

    ``tile`` and ``gap`` are (across, down), ``origin`` is the first tile's top left corner.
    ``header`` is the strip that names what is wanted, ``word`` the part of it in which the word
    stands, without what is printed on every picture; where it is left out, the whole header.

    Raises:
        ValueError: a field is malformed, or something lies outside the picture.
    """

    rows: int
    columns: int
    tile: Pair
    gap: Pair
    origin: Pair
    size: Pair
    header: Bounds | None = None
    word: Bounds | None = None
    name: str = ""

    def __post_init__(self) -> None:
        for name in ("rows", "columns"):
            _check_numbers(name, (getattr(self, name),), 1, low=1, high=MAX_LINES)
        _check_numbers("tile", self.tile, 2, low=MIN_TILE)
        for name in ("gap", "origin"):
            _check_numbers(name, getattr(self, name), 2)
        _check_numbers("size", self.size, 2, low=MIN_TILE)
        if not isinstance(self.name, str):
            raise ValueError(f"name: expected a string. Received: {self.name!r}")
        far = self.boxes()[-1]
        if far[2] > self.size[0] or far[3] > self.size[1]:
            raise ValueError(
                f"expected tiles up to {far[2:]} to fit the picture. Received: size={self.size}"
            )
        whole = (0, 0, *self.size)
        if self.header is not None:
            _check_box("header", self.header, whole)
        if self.word is None:
            object.__setattr__(self, "word", self.header)
        elif self.header is None:
            raise ValueError(f"word: expected a header to hold it. Received: word={self.word}")
        else:
            _check_box("word", self.word, self.header)

    def boxes(self) -> tuple[Bounds, ...]:
        """The tiles' boxes, row by row."""
        xs = [self.origin[0] + (self.tile[0] + self.gap[0]) * i for i in range(self.columns)]
        ys = [self.origin[1] + (self.tile[1] + self.gap[1]) * i for i in range(self.rows)]
        return tuple((x, y, x + self.tile[0], y + self.tile[1]) for y in ys for x in xs)

    def to_dict(self) -> dict[str, Any]:
        """The fields as they stand in TOML or JSON, without those that are None."""
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in asdict(self).items()
            if value is not None
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Layout:
        """Read the fields; ``tile`` and ``gap`` may be one number, for both directions.

        Raises:
            ValueError: a field is missing, unknown or malformed.
        """
        known = {item.name for item in fields(cls)}
        unknown = sorted(set(data) - known)
        if unknown:
            raise ValueError(f"unknown field {unknown[0]!r}. Expected of {sorted(known)}")
        optional = {"header", "word", "name"}
        missing = sorted(known - optional - set(data))
        if missing:
            raise ValueError(f"expected the fields {', '.join(missing)}. Received: {sorted(data)}")
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
        }
        for name in ("tile", "gap"):
            if isinstance(values[name], int):
                values[name] = (values[name], values[name])
        return cls(**values)


LayoutSource = str | os.PathLike[str] | Layout


def find_layout(source: LayoutSource) -> Layout:
    """A layout as it is, a built-in one by its bare name, or one from a ``.toml`` file.

    Raises:
        TaskError: there is no such name or file, or the file holds no layout.
    """
    if isinstance(source, Layout):
        return source
    if isinstance(source, str) and source in LAYOUTS:
        return LAYOUTS[source]
    if not isinstance(source, str | os.PathLike) or Path(source).suffix.lower() != ".toml":
        raise TaskError(
            f"layout: expected one of {', '.join(LAYOUTS)}, a .toml file or a Layout, "
            f"received {source!r}"
        )
    return _read_toml(Path(source))


def _read_toml(path: Path) -> Layout:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_FILE + 1)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        why = getattr(error, "strerror", None) or error
        raise TaskError(f"{path}: the layout cannot be read: {why}") from error
    if len(data) > _MAX_FILE:
        raise TaskError(f"{path}: expected a layout of at most {_MAX_FILE:,} bytes")
    try:
        layout = Layout.from_dict(tomllib.loads(data.decode("utf-8")))
    except (ValueError, RecursionError) as error:  # TOML and UTF-8 errors are ValueErrors
        raise TaskError(f"{path}: {error}") from error
    return layout


def _check_numbers(
    name: str, values: Any, count: int, *, low: int = 0, high: int = MAX_SIDE
) -> None:
    fits = isinstance(values, tuple) and len(values) == count
    if not fits or not all(type(value) is int and low <= value <= high for value in values):
        wanted = "an integer" if count == 1 else f"{count} integers"
        given = values[0] if count == 1 else values
        raise ValueError(f"{name}: expected {wanted} of {low} to {high}. Received: {given!r}")


def _check_box(name: str, box: Any, outer: Bounds) -> None:
    _check_numbers(name, box, 4)
    x1, y1, x2, y2 = box
    if not (outer[0] <= x1 < x2 <= outer[2] and outer[1] <= y1 < y2 <= outer[3]):
        raise ValueError(f"{name}: expected x1, y1, x2, y2 inside {outer}. Received: {box}")


# Below the checks that making one needs.
LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {
        layout.name: layout
        for layout in (
            Layout(
                name="12306",
                size=(293, 190),
                rows=2,
                columns=4,
                tile=(67, 67),
                gap=(5, 5),
                origin=(5, 41),
                # A grey rule ends the header in row 29; the printed request ends at x = 116.
                header=(0, 0, 293, 30),
                word=(116, 0, 293, 28),
            ),
            *(
                Layout(
                    name=f"{count}x{count}",
                    size=(100 * count, 100 * count),
                    rows=count,
                    columns=count,
                    tile=(100, 100),
                    gap=(0, 0),
                    origin=(0, 0),
                )
                for count in (3, 4)
            ),
        )
    }
)
