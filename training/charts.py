"""A line chart as plain data, and as inline SVG whose colours the page's CSS decides.

``training.plots`` draws the same data as PNG.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

# Okabe & Ito 2008: told apart by colour-blind readers, on white and on black.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8b8b00", "#7a5195")
QUIET = "#9aa0a6"


@dataclass(frozen=True, slots=True)
class Series:
    """One line of ``(x, y)`` points; ``is_quiet`` draws it thin and grey, ``""`` has no legend."""

    name: str
    points: tuple[tuple[float, float], ...]
    colour: str = PALETTE[0]
    is_quiet: bool = False
    has_marks: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines over common axes. A bound that is None is taken from the points, rounded out."""

    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    x_range: tuple[float, float] | None = None
    y_range: tuple[float, float] | None = None
    is_percent: bool = False
    has_diagonal: bool = False

    def bounds(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """The ranges of both axes, from points that are finite."""
        points = [p for s in self.series for p in s.points if all(map(math.isfinite, p))]
        xs, ys = [x for x, _ in points], [y for _, y in points]
        return self.x_range or span(xs), self.y_range or span(ys)


@dataclass(frozen=True, slots=True)
class Frame:
    """The plot's rectangle in pixels, and the value range that it shows."""

    left: float
    top: float
    right: float
    bottom: float
    x: tuple[float, float]
    y: tuple[float, float]

    def at(self, x: float, y: float) -> tuple[float, float]:
        """The pixel of a value, held within the rectangle."""
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return (
            self.left + min(max(across, 0.0), 1.0) * (self.right - self.left),
            self.bottom - min(max(up, 0.0), 1.0) * (self.bottom - self.top),
        )

    def line(self, points: Sequence[tuple[float, float]]) -> list[list[tuple[float, float]]]:
        """The pixels of a line, broken where a value is not finite."""
        pieces: list[list[tuple[float, float]]] = [[]]
        for point in points:
            if all(map(math.isfinite, point)):
                pieces[-1].append(self.at(*point))
            elif pieces[-1]:
                pieces.append([])
        return [piece for piece in pieces if piece]


def span(values: Sequence[float]) -> tuple[float, float]:
    """A range that holds the values, rounded out to a tick; never empty."""
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    if high - low < 1e-12 * max(1.0, abs(high)):
        low, high = low - 0.5, high + 0.5
    step = tick_step(low, high)
    return math.floor(low / step) * step, math.ceil(high / step) * step


def tick_step(low: float, high: float, *, wanted: int = 5) -> float:
    """1, 2 or 5 times a power of ten, so that about ``wanted`` steps go from low to high."""
    raw = (high - low) / wanted
    power: float = 10.0 ** math.floor(math.log10(raw))
    return min((m * power for m in (1, 2, 5, 10)), key=lambda step: abs(step - raw))


def ticks(low: float, high: float, *, wanted: int = 5, whole: bool = False) -> list[float]:
    """Round values from low to high; whole numbers only where ``whole``."""
    step = tick_step(low, high, wanted=wanted)
    if whole:
        step = max(1.0, round(step))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [float(np.round(index * step, 10)) for index in range(first, last + 1)]


def tick_text(value: float, *, is_percent: bool = False) -> str:
    """A tick as short as it goes."""
    return f"{100 * value:g} %" if is_percent else f"{value:g}"


def svg(chart: Chart, *, width: int = 420, height: int = 300) -> str:
    """The chart as one ``<svg>``: text and axes in ``currentColor``, no style of its own."""
    x_range, y_range = chart.bounds()
    named = [s for s in chart.series if s.name]
    rows = math.ceil(len(named) / 2) if len(named) > 1 else 0
    frame = Frame(58, 34, width - 24, height - 44 - 16 * rows, x_range, y_range)
    parts = [
        f'<svg viewBox="0 0 {width} {height}" role="img" class="chart">',
        f"<title>{escape(chart.title)}</title>",
        _text(width / 2, 18, chart.title, "middle", weight="600"),
    ]
    for value in ticks(*x_range, wanted=5):
        x, _ = frame.at(value, y_range[0])
        parts.append(_line(x, frame.top, x, frame.bottom, 'class="grid"'))
        shown = tick_text(value, is_percent=chart.is_percent)
        parts.append(_text(x, frame.bottom + 15, shown, "middle"))
    for value in ticks(*y_range, wanted=5):
        _, y = frame.at(x_range[0], value)
        parts.append(_line(frame.left, y, frame.right, y, 'class="grid"'))
        shown = tick_text(value, is_percent=chart.is_percent)
        parts.append(_text(frame.left - 6, y + 4, shown, "end"))
    if chart.has_diagonal:
        ends = (*frame.at(x_range[0], y_range[0]), *frame.at(x_range[1], y_range[1]))
        parts.append(_line(*ends, 'class="diagonal"'))
    for series in chart.series:
        parts.extend(_series(series, frame))
    middle = (frame.left + frame.right) / 2
    parts.append(_text(middle, frame.bottom + 32, chart.x_label, "middle"))
    up = (frame.top + frame.bottom) / 2
    turned = f'transform="rotate(-90 13 {up:.1f})"'
    parts.append(_text(13, up, chart.y_label, "middle", more=turned))
    if rows:
        parts.extend(_legend(named, frame.left, frame.bottom + 50, (frame.right - frame.left) / 2))
    return "".join([*parts, "</svg>"])


def _series(series: Series, frame: Frame) -> list[str]:
    colour = QUIET if series.is_quiet else series.colour
    thick = 1 if series.is_quiet else 2
    parts = []
    for piece in frame.line(series.points):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in piece)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{thick}"/>'
        )
        if series.has_marks or len(piece) == 1:
            dot = '<circle cx="{:.1f}" cy="{:.1f}" r="3" fill="{}"/>'
            parts.extend(dot.format(x, y, colour) for x, y in piece)
    return parts


def _legend(named: Sequence[Series], left: float, top: float, step: float) -> list[str]:
    parts = []
    for index, series in enumerate(named):
        x, y = left + step * (index % 2), top + 16 * (index // 2)
        colour = QUIET if series.is_quiet else series.colour
        parts.append(
            _line(x, y - 4, x + 16, y - 4, f'class="key" stroke="{colour}" stroke-width="3"')
        )
        parts.append(_text(x + 22, y, series.name, "start"))
    return parts


def _line(x1: float, y1: float, x2: float, y2: float, more: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {more}/>'


def _text(
    x: float, y: float, text: str, anchor: str, *, weight: str = "400", more: str = ""
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" '
        f'font-size="12" fill="currentColor" {more}>{escape(text)}</text>'
    )
