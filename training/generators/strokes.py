"""A pen's way through each letter and digit: single-stroke writing in several hands.

Points stand on a grid: x from 0, y from 0 (top of the capitals) through 2 (top of a small x) and
6 (baseline) to 8 (bottom of a g), one figure each.  A stroke that begins with ~ is a smooth curve
through its points (Catmull-Rom), any other is straight from point to point.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

HANDS = 12
BASELINE = 6.0
_SHIFT = 4  # cv2 draws at 1/16 pixel

_BOWL = "~43 32 12 03 05 16 36 45"
_WRITING: Mapping[str, tuple[str, ...]] = {
    "0": ("~20 02 04 26 44 42 20",),
    "1": ("11 20 26", "20 26", "11 20 26;06 46"),
    "2": ("~01 20 41 33 06;06 46", "~01 10 30 41 24 06;~06 25 36 46"),
    "3": ("~01 20 41 32 13;~13 33 44 35 16 05", "00 40 22;~22 43 44 35 16 05"),
    "4": ("30 04 44;30 36", "10 03 43;31 36"),
    "5": ("40 00 03;~03 12 32 44 35 16 05",),
    "6": ("~40 11 03 05 16 36 44 33 13 04", "~30 11 04 26 44 33 13 04"),
    "7": ("00 40 16", "00 40 26;13 43"),
    "8": ("~23 01 20 41 23 05 26 45 23",),
    "9": ("~41 20 01 02 23 42 41;~41 43 36 16", "~41 20 01 02 23 42 41;41 36"),
    "A": ("06 20 46;14 34",),
    "B": ("00 06;~00 20 31 32 23 03;~03 23 44 45 26 06",),
    "C": ("~41 30 10 02 04 16 36 45",),
    "D": ("00 06;~00 20 42 44 26 06",),
    "E": ("40 00 06 46;03 33",),
    "F": ("40 00 06;03 33",),
    "G": ("~41 30 10 02 04 16 36 45;45 43 23",),
    "H": ("00 06;40 46;03 43",),
    "I": ("20 26;10 30;16 36", "20 26"),
    "J": ("~40 44 35 26 15 04", "10 40;~30 34 25 16 05"),
    "K": ("00 06;40 03 46",),
    "L": ("00 06 46",),
    "M": ("06 00 34 60 66",),
    "N": ("06 00 46 40",),
    "O": ("~30 11 03 15 36 55 63 51 30",),
    "P": ("06 00;~00 20 41 42 23 03",),
    "Q": ("~30 11 03 15 36 55 63 51 30;44 66",),
    "R": ("06 00;~00 20 41 42 23 03;23 46",),
    "S": ("~41 20 01 02 23 44 45 26 05",),
    "T": ("00 40;20 26",),
    "U": ("~00 03 05 26 45 43 40",),
    "V": ("00 26 40",),
    "W": ("00 16 32 46 60",),
    "X": ("00 46;40 06",),
    "Y": ("00 23 40;23 26",),
    "Z": ("00 40 06 46", "00 40 06 46;13 33"),
    "a": (_BOWL + ";42 46",),
    "b": ("00 06;~03 12 32 43 45 36 16 05",),
    "c": (_BOWL,),
    "d": (_BOWL + ";40 46",),
    "e": ("04 44;~44 43 32 12 03 05 16 36 45",),
    "f": ("~40 30 21 23 26;12 42",),
    "g": (_BOWL + ";~42 44 46 38 18 07",),
    "h": ("00 06;~04 13 22 32 43 46",),
    "i": ("22 26;20 20",),
    "j": ("~22 26 27 18 07;20 20",),
    "k": ("00 06;32 04 36",),
    "l": ("20 26", "~20 25 36"),
    "m": ("02 06;~04 13 22 33 36;~34 43 52 63 66",),
    "n": ("02 06;~04 13 22 32 43 46",),
    "o": ("~22 03 05 26 45 43 22",),
    "p": ("02 08;~03 12 32 43 45 36 16 05",),
    "q": (_BOWL + ";42 48",),
    "r": ("02 06;~04 13 22 32",),
    "s": ("~43 32 12 03 14 34 45 36 16 05",),
    "t": ("~21 25 36 46;02 42",),
    "u": ("~02 05 16 26 44;42 46",),
    "v": ("02 26 42",),
    "w": ("02 16 33 46 62",),
    "x": ("02 46;42 06",),
    "y": ("02 25;42 08",),
    "z": ("02 42 06 46",),
}
SYMBOLS = frozenset(_WRITING)


def _smooth(points: np.ndarray) -> np.ndarray:
    """(n, 2) -> (8 (n - 1) + 1, 2): the Catmull-Rom curve, closed when its ends meet."""
    closed = bool(np.allclose(points[0], points[-1]))
    before = points[-2] if closed else 2 * points[0] - points[1]
    after = points[1] if closed else 2 * points[-1] - points[-2]
    ends = np.concatenate([before[None], points, after[None]])
    a, b, c, d = (ends[i : i + len(points) - 1, None] for i in range(4))
    t = np.linspace(0, 1, 8, endpoint=False)[None, :, None]
    curve = 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )
    return np.concatenate([curve.reshape(-1, 2), points[-1:]])


def write(
    symbol: str, *, hand: int, unit: float, pen: int, crisp: bool
) -> tuple[np.ndarray, tuple[int, int], float]:
    """Write one symbol in one of the `HANDS`: a mask (h, w) uint8, where in it the pen's
    first place on the baseline is (x, y), and the advance in pixels.

    `unit` is the grid's step in pixels.  A hand always writes a symbol the same way; the first is
    a draughtsman's, the others are less and less steady.  Raises KeyError for an unknown symbol.
    """
    # Any fixed numbers would do: they make a hand's letters differ from another hand's.
    rng = np.random.default_rng((hand, ord(symbol)))
    ways = _WRITING[symbol]
    strokes = ways[hand % len(ways)].split(";")
    unrest = 0.55 * hand / HANDS
    wide = 0.75 + 0.1 * (hand % 5)
    margin = pen + 2 * round(unit) + 2
    size = (round(10 * unit) + 2 * margin, round(9 * unit) + 2 * margin)
    mask = np.zeros((size[0], size[1]), np.uint8)
    reach = 0.0
    for stroke in strokes:
        points = np.array([[int(p[0]), int(p[1])] for p in stroke.lstrip("~").split()], float)
        shaken = points + rng.uniform(-unrest, unrest, points.shape)
        if np.array_equal(points[0], points[-1]):
            # A closed curve stays closed; a dot gets a little length, or a thin pen leaves none.
            shaken[-1] = shaken[0] + (0, 0.35 * (len(points) == 2))
        curve = _smooth(shaken) if stroke.startswith("~") else shaken
        reach = max(reach, float(points[:, 0].max()))
        pixels = np.round((curve * (wide, 1.0) * unit + margin) * 2**_SHIFT).astype(np.int32)
        kind = cv2.LINE_8 if crisp else cv2.LINE_AA
        cv2.polylines(mask, [pixels], False, (255,), pen, kind, _SHIFT)
    if crisp:
        mask = np.where(mask > 127, 255, 0).astype(np.uint8)
    baseline = margin + round(BASELINE * unit)
    return mask, (margin, baseline), (reach + 1.3) * wide * unit
