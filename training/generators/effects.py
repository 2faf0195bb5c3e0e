"""What is done to a picture besides writing on it: clutter, warps, and wear.

Clutter draws in place on a uint8 array, (H, W, 3) or one channel (H, W); what colour, it asks of
`pick`.  One function serves three uses: under the text, over it, and in the text's own ink before
the ink is warped (the array is then the ink's coverage).  `unit` is the width in pixels of the
text's strokes, to which everything is in proportion.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import cv2
import numpy as np

from training.generators.colours import Rng

Pick = Callable[[], Sequence[float]]


def _size(canvas: np.ndarray) -> tuple[int, int]:
    return canvas.shape[0], canvas.shape[1]


def _flat(canvas: np.ndarray, colour: Sequence[float]) -> np.ndarray:
    """A colour as what one pixel of this canvas holds."""
    return np.asarray(colour if canvas.ndim == 3 else colour[0], np.uint8)


def _points(rng: Rng, canvas: np.ndarray, count: int) -> list[list[int]]:
    height, width = _size(canvas)
    return rng.integers((-4, -4), (width + 4, height + 4), (count, 2)).tolist()


def _kind(rng: Rng) -> int:
    return cv2.LINE_AA if rng.random() < 0.6 else cv2.LINE_8


def _thick(rng: Rng, unit: float, low: float, high: float) -> int:
    return max(1, round(unit * rng.uniform(low, high)))


def lines(canvas: np.ndarray, rng: Rng, pick: Pick, unit: float) -> None:
    """Straight lines anywhere."""
    thickness, kind = _thick(rng, unit, 0.2, 0.6), _kind(rng)
    for _ in range(int(rng.integers(1, 5))):
        first, second = _points(rng, canvas, 2)
        cv2.line(canvas, first, second, pick(), thickness, kind)


def slim_lines(canvas: np.ndarray, rng: Rng, pick: Pick, unit: float) -> None:
    """Lines of one or two pixels, most of them from side to side."""
    height, width = _size(canvas)
    kind = _kind(rng)
    widths = [1, 1, 2] if unit > 2.4 else [1]
    for _ in range(int(rng.integers(1, min(7, 2 + round(1.5 * unit))))):
        start = (int(rng.uniform(-5, 0.4 * width)), int(rng.uniform(0, height)))
        end = (int(rng.uniform(0.6 * width, width + 5)), int(rng.uniform(0, height)))
        cv2.line(canvas, start, end, pick(), int(rng.choice(widths)), kind)


def rules(canvas: np.ndarray, rng: Rng, pick: Pick, unit: float) -> None:
    """Level lines: above, below, or a few across the middle."""
    height, width = _size(canvas)
    if rng.random() < 0.6:
        rows = [int(rng.uniform(0.02, 0.12) * height), int(rng.uniform(0.88, 0.97) * height)]
    else:
        rows = [int(y) for y in rng.uniform(0.2, 0.8, int(rng.integers(1, 5))) * height]
    thickness = max(1, round(height * rng.uniform(0.01, 0.05)))
    for row in rows:
        cv2.line(canvas, (0, row), (width, row), pick(), thickness)


def crossing(canvas: np.ndarray, rng: Rng, pick: Pick, unit: float) -> None:
    """One or two lines through the middle of the text."""
    height, width = _size(canvas)
    kind, thickness = _kind(rng), _thick(rng, unit, 0.25, 0.75)
    for _ in range(int(rng.integers(1, 3))):
        start = (int(rng.uniform(-2, 0.2 * width)), int(rng.uniform(0.2, 0.8) * height))
        end = (int(rng.uniform(0.8 * width, width + 2)), int(rng.uniform(0.2, 0.8) * height))
        cv2.line(canvas, start, end, pick(), thickness, kind)


def _wave(canvas: np.ndarray, rng: Rng) -> np.ndarray:
    """(n, 2) points of one sine curve from side to side."""
    height, width = _size(canvas)
    x = np.arange(-3, width + 3, dtype=np.float32)
    amplitude = height * rng.uniform(0.05, 0.4)
    period = width * rng.uniform(0.3, 1.6)
    swing = np.sin(2 * np.pi * x / period + rng.uniform(0, 6.3))
    y = height * rng.uniform(0.3, 0.7) + amplitude * swing
    return np.stack([x, y], axis=1)


def curves(canvas: np.ndarray, rng: Rng, pick: Pick, unit: float) -> None:
    """One or two sine curves as thick as the letters' strokes, or thinner."""
    for _ in range(1 + (rng.random() < 0.2)):
        points = np.round(_wave(canvas, rng)).astype(np.int32)
        cv2.polylines(canvas, [points], False, pick(), _thick(rng, unit, 0.3, 0.9), _kind(rng))


def dot_curve(canvas: np.ndarray, rng: Rng, pick: Pick, unit: float) -> None:
    """A band of round dots of differing size along a sine curve."""
    dot = max(1.0, unit * rng.uniform(0.35, 0.6))
    colour, rows = pick(), int(rng.integers(1, 3))
    for x, y in _wave(canvas, rng)[:: max(1, round(dot * 0.7))]:
        for row in range(rows):
            radius = round(dot * rng.uniform(0.25, 0.75))
            cv2.circle(canvas, (round(x), round(y + row * dot)), radius, colour, -1)


def band(canvas: np.ndarray, rng: Rng, pick: Pick, unit: float) -> None:
    """A broad sine band, in places thinner: filled, or striped along or across."""
    height, width = _size(canvas)
    middle = _wave(canvas, rng)[3 : width + 3, 1]
    phase = np.arange(width) * rng.uniform(0, 20) / width + rng.uniform(0, 6.3)
    half = height * rng.uniform(0.04, 0.13) * (0.5 + 0.5 * np.abs(np.cos(phase)))
    rows = np.arange(height)[:, None]
    inside = np.abs(rows - middle) < half
    stripe, along = int(rng.choice([1, 2, 3, 4])), rng.random() < 0.7
    if stripe > 1:
        inside &= (rows if along else np.arange(width)[None, :]) % stripe < (stripe + 1) // 2
    canvas[inside] = _flat(canvas, pick())


def lens(canvas: np.ndarray, rng: Rng, pick: Pick, unit: float) -> None:
    """A pale sickle from side to side: two arcs that meet at the ends, filled."""
    height, width = _size(canvas)
    x = np.linspace(0, width, 40)
    bow = np.sin(np.pi * np.linspace(0, 1, 40))
    base, rise = height * rng.uniform(0.1, 0.9), height * rng.uniform(-0.5, 0.5)
    fat = height * rng.uniform(0.03, 0.14)
    upper = np.stack([x, base - rise * bow], axis=1)
    lower = np.stack([x, base - rise * bow + fat * bow + 1], axis=1)[::-1]
    cv2.fillPoly(canvas, [np.round(np.concatenate([upper, lower])).astype(np.int32)], pick())


def arcs(canvas: np.ndarray, rng: Rng, pick: Pick, unit: float) -> None:
    height, width = _size(canvas)
    kind, thickness = _kind(rng), _thick(rng, unit, 0.2, 0.7)
    for _ in range(int(rng.integers(1, 4))):
        (centre,) = _points(rng, canvas, 1)
        axes = (int(rng.uniform(0.1, 0.8) * width), int(rng.uniform(0.2, 0.9) * height))
        start = rng.uniform(0, 360)
        cv2.ellipse(
            canvas,
            centre,
            axes,
            rng.uniform(0, 180),
            start,
            start + rng.uniform(40, 220),
            pick(),
            thickness,
            kind,
        )


def dots(canvas: np.ndarray, rng: Rng, pick: Pick, unit: float) -> None:
    """Filled dots everywhere."""
    height, width = _size(canvas)
    largest = max(1.0, unit * rng.uniform(0.2, 0.7))
    for centre in _points(rng, canvas, int(height * width / rng.uniform(150, 900)) + 3):
        cv2.circle(canvas, centre, round(rng.uniform(0.4, largest)), pick(), -1)


def circles(canvas: np.ndarray, rng: Rng, pick: Pick, unit: float) -> None:
    """A few rings, or discs."""
    height, _ = _size(canvas)
    thickness = int(rng.choice([-1, 1, 2]))
    for centre in _points(rng, canvas, int(rng.integers(2, 16))):
        radius = unit * rng.uniform(0.4, 0.9) if thickness < 0 else height * rng.uniform(0.04, 0.3)
        cv2.circle(canvas, centre, max(1, round(radius)), pick(), thickness)


def discs(canvas: np.ndarray, rng: Rng, pick: Pick, unit: float) -> None:
    """A handful of discs no broader than the strokes."""
    for centre in _points(rng, canvas, int(rng.integers(6, 30))):
        cv2.circle(canvas, centre, round(unit * rng.uniform(0.1, 0.6)), pick(), -1)


def dashes(canvas: np.ndarray, rng: Rng, pick: Pick, unit: float) -> None:
    """Short dashes scattered everywhere, most of them along one slant."""
    height, width = _size(canvas)
    slant, spread = rng.uniform(0, np.pi), rng.choice([0.3, 0.6, 3.0])
    kind = _kind(rng) if rng.random() < 0.3 else cv2.LINE_8
    reach = height * rng.uniform(0.12, 0.38)
    for x, y in _points(rng, canvas, int(height * width / rng.uniform(70, 260)) // 2 + 4):
        angle, far = slant + rng.uniform(-spread, spread), reach * rng.uniform(0.2, 1)
        end = (round(x + far * np.cos(angle)), round(y + far * np.sin(angle)))
        cv2.line(canvas, (x, y), end, pick(), 1, kind)


def grid(canvas: np.ndarray, rng: Rng, pick: Pick, unit: float) -> None:
    height, width = _size(canvas)
    step, slant, colour = rng.uniform(5, 30), rng.choice([0, 0, rng.uniform(-0.8, 0.8)]), pick()
    beyond = abs(slant) * height
    for x in np.arange(rng.uniform(-step, 0) - beyond, width + beyond, step):
        cv2.line(canvas, (round(x), 0), (round(x + slant * height), height), colour, 1)
    step *= rng.uniform(0.5, 1.3)
    for y in np.arange(rng.uniform(0, step), height, step):
        cv2.line(canvas, (0, round(y)), (width, round(y)), colour, 1)


def ellipses(canvas: np.ndarray, rng: Rng, pick: Pick, unit: float) -> None:
    """Ellipses about one centre."""
    height, width = _size(canvas)
    centre = (int(rng.uniform(0.3, 0.7) * width), int(rng.uniform(0.3, 0.7) * height))
    step, colour = rng.uniform(5, 16), pick()
    for radius in np.arange(step, width, step):
        axes = (round(radius), round(radius * height / width * 1.4))
        cv2.ellipse(canvas, centre, axes, 0, 0, 360, colour, 1, cv2.LINE_AA)


def letters(canvas: np.ndarray, rng: Rng, pick: Pick, unit: float) -> None:
    """Tiny symbols strewn about: they are not to be read."""
    signs = "0123456789abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
    scale = max(0.22, unit * rng.uniform(0.04, 0.08))
    for place in _points(rng, canvas, int(rng.integers(4, 24))):
        sign = signs[int(rng.integers(len(signs)))]
        cv2.putText(canvas, sign, place, cv2.FONT_HERSHEY_SIMPLEX, scale, pick(), 1, cv2.LINE_AA)


def specks(canvas: np.ndarray, rng: Rng, pick: Pick, unit: float) -> None:
    """Single pixels of one colour."""
    height, width = _size(canvas)
    amount = rng.uniform(0.005, 0.07)
    canvas[rng.random((height, width), np.float32) < amount] = _flat(canvas, pick())


CLUTTER: Mapping[str, Callable[[np.ndarray, Rng, Pick, float], None]] = {
    function.__name__: function
    for function in (
        arcs,
        band,
        circles,
        crossing,
        curves,
        dashes,
        discs,
        dot_curve,
        dots,
        ellipses,
        grid,
        lens,
        letters,
        lines,
        rules,
        slim_lines,
        specks,
    )
}


def _sine(height: int, width: int, rng: Rng, amount: float) -> tuple[np.ndarray, np.ndarray]:
    y = np.arange(height, dtype=np.float32)[:, None]
    x = np.arange(width, dtype=np.float32)[None, :]
    across = amount * np.sin(2 * np.pi * y / (height * rng.uniform(0.8, 2.2)) + rng.uniform(0, 6.3))
    down = amount * np.sin(2 * np.pi * x / (height * rng.uniform(1.2, 4.0)) + rng.uniform(0, 6.3))
    along = rng.choice([0, 0.6, 1.0])
    return (x + along * across + 0 * y).astype(np.float32), (y + down + 0 * x).astype(np.float32)


def _elastic(height: int, width: int, rng: Rng, amount: float) -> tuple[np.ndarray, np.ndarray]:
    cells = int(rng.integers(3, 6))
    coarse = rng.uniform(-1, 1, (2, cells, max(3, round(cells * width / height))))
    dx, dy = (
        cv2.resize(field.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
        for field in coarse
    )
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return x + amount * dx, y + amount * dy


def _perspective(height: int, width: int, rng: Rng, amount: float) -> tuple[np.ndarray, np.ndarray]:
    """The four corners come inwards, each by its own share of twice the amount."""
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    inward = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]], np.float32)
    target = corners + inward * rng.uniform(0, 2 * amount, (4, 2)).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(target, corners)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    mapped = cv2.perspectiveTransform(np.stack([x, y], -1).reshape(1, -1, 2), matrix)
    return (
        np.ascontiguousarray(mapped[0, :, 0].reshape(height, width)),
        np.ascontiguousarray(mapped[0, :, 1].reshape(height, width)),
    )


# (height, width, rng, amount in pixels) -> where each pixel comes from: x and y, (H, W) float32.
WARPS: Mapping[str, Callable[[int, int, Rng, float], tuple[np.ndarray, np.ndarray]]] = {
    "elastic": _elastic,
    "perspective": _perspective,
    "sine": _sine,
}
