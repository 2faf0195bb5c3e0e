"""Label-safe changes of a canvas, drawn anew for every look at a picture.

All work on ``(h, w, 3) uint8`` RGB and keep the shape; :func:`augment` takes one grey channel too.
The caller hands in the generator, so a seed gives the same pictures again. Boxes go where their
pixels went: :func:`moved_boxes`.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from solver.geometry import Boxes, Indices, area, clip

UInt8 = npt.NDArray[np.uint8]
# (2, 3): where a point (x, y, 1) of the canvas goes.
Matrix = npt.NDArray[np.float64]

# Of a box that a change pushes out of the canvas, this share must stay for it to count.
STAYING = 0.5


def stretch(pixels: UInt8, width: int) -> UInt8:
    """Resize a canvas to another width; heights stay."""
    if pixels.shape[1] == width:
        return pixels
    shrink = width < pixels.shape[1]
    method = cv2.INTER_AREA if shrink else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, (width, pixels.shape[0]), interpolation=method), np.uint8)


def augment(pixels: UInt8, rng: np.random.Generator) -> UInt8:
    """Apply a random few of the changes below, each with its own odds.

    ``pixels`` are ``(h, w, 3)`` RGB, or grey ``(h, w)`` or ``(h, w, 1)``; grey stays grey, as
    ``(h, w, 1)``.
    """
    return augment_and_tell(pixels, rng)[0]


def distort(pixels: UInt8, rng: np.random.Generator) -> UInt8:
    """Changes of shape that few pictures need: bent, specked, crossed out here and there.

    ``pixels`` are ``(h, w, c)``. Points move by up to a thirtieth of the height or so; what is laid
    over has colours of the canvas itself. For pictures whose labels are no boxes.
    """
    if rng.random() < 0.6:
        pixels = _bent(pixels, rng)
    if rng.random() < 0.4:
        pixels = _specked(pixels, rng)
    if rng.random() < 0.3:
        pixels = _crossed(pixels, rng)
    return pixels


def augment_and_tell(pixels: UInt8, rng: np.random.Generator) -> tuple[UInt8, Matrix]:
    """:func:`augment`, and where it moved the points of the canvas."""
    if pixels.ndim == 2 or pixels.shape[2] == 1:
        coloured = np.repeat(pixels.reshape(*pixels.shape[:2], 1), 3, axis=2)
        changed, matrix = augment_and_tell(coloured, rng)
        return _grey(changed)[..., None], matrix
    matrix = np.eye(2, 3)
    if rng.random() < 0.5:
        pixels, matrix = _affine(pixels, rng)
    if rng.random() < 0.12:
        pixels = _coarse(pixels, rng)
    if rng.random() < 0.5:
        pixels = _levels(pixels, rng)
    if rng.random() < 0.08:
        pixels = 255 - pixels
    if rng.random() < 0.15:
        pixels = np.ascontiguousarray(pixels[..., rng.permutation(3)])
    if rng.random() < 0.1:
        pixels = np.repeat(_grey(pixels)[..., None], 3, axis=2)
    if rng.random() < 0.08:
        pixels = _blur(pixels, rng)
    if rng.random() < 0.12:
        pixels = _noise(pixels, rng)
    if rng.random() < 0.12:
        pixels = _jpeg(pixels, rng)
    return np.asarray(pixels, np.uint8), matrix


def flip(pixels: UInt8) -> tuple[UInt8, Matrix]:
    """The canvas mirrored left to right, and where that moved its points."""
    matrix = np.array([[-1.0, 0.0, pixels.shape[1]], [0.0, 1.0, 0.0]])
    return np.ascontiguousarray(pixels[:, ::-1]), matrix


def then(first: Matrix, second: Matrix) -> Matrix:
    """One move after another, as one."""
    whole = np.vstack([first, [0.0, 0.0, 1.0]])
    return np.asarray(second @ whole)


def moved_boxes(boxes: Boxes, matrix: Matrix, *, width: int, height: int) -> tuple[Boxes, Indices]:
    """``(M, 4)`` boxes of a canvas, xyxy pixels, after a move, and which of them are still there.

    What a box holds is tight around it, but seldom fills its corners: where they are turned, the
    new box is half-way between that of the corners and that of the ellipse inside the old one.
    Boxes are held inside the canvas; one of which less than half remains is left out.
    """
    halves = (boxes[:, 2:] - boxes[:, :2]) / 2
    middles = (boxes[:, 2:] + boxes[:, :2]) / 2 @ matrix[:, :2].T + matrix[:, 2]
    corners = halves @ np.abs(matrix[:, :2]).T
    ellipse = np.sqrt(halves**2 @ (matrix[:, :2] ** 2).T)
    around = (corners + ellipse) / 2
    moved = np.concatenate([middles - around, middles + around], axis=1)
    inside = clip(moved, width=width, height=height)
    kept: Indices = np.flatnonzero(area(inside) > STAYING * area(moved))
    return inside[kept], kept


def _affine(pixels: UInt8, rng: np.random.Generator) -> tuple[UInt8, Matrix]:
    """Small turn, shear, scale and shift about the centre; edges repeat."""
    height, width = pixels.shape[:2]
    angle = np.deg2rad(rng.uniform(-4, 4))
    scale = rng.uniform(0.82, 1.08)
    shear = rng.uniform(-0.15, 0.15)
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    matrix = np.array([[cos, -sin + shear, 0.0], [sin, cos, 0.0]])
    centre = np.array([width / 2, height / 2])
    shift = np.array([rng.uniform(-3, 3), rng.uniform(-3, 3)])
    matrix[:, 2] = centre + shift - matrix[:, :2] @ centre
    # OpenCV counts from the middles of pixels, boxes from their edges.
    from_middles = matrix.copy()
    from_middles[:, 2] += (np.eye(2) - matrix[:, :2]) @ [0.5, 0.5]
    moved = cv2.warpAffine(pixels, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8), from_middles


def _bent(pixels: UInt8, rng: np.random.Generator) -> UInt8:
    """Every point a little elsewhere, neighbours alike (Simard et al. 2003); edges repeat."""
    height, width = pixels.shape[:2]
    reach = height * rng.uniform(0.01, 0.035)
    cells = max(2, round(height / 16)), max(2, round(width / 16))
    away = cv2.resize(
        rng.standard_normal((*cells, 2)).astype(np.float32),
        (width, height),
        interpolation=cv2.INTER_CUBIC,
    )
    ways = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = ways[1] + reach * away[..., 0], ways[0] + reach * away[..., 1]
    bent = cv2.remap(pixels, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(bent, np.uint8).reshape(pixels.shape)


def _specked(pixels: UInt8, rng: np.random.Generator) -> UInt8:
    """Dots of colours that are there."""
    specked = pixels.copy()
    height, width = pixels.shape[:2]
    for _ in range(int(rng.integers(2, max(3, height * width // 300)))):
        at = (int(rng.integers(width)), int(rng.integers(height)))
        cv2.circle(
            specked, at, int(rng.integers(0, max(1, height // 24) + 1)), _met(pixels, rng), -1
        )
    return specked


def _crossed(pixels: UInt8, rng: np.random.Generator) -> UInt8:
    """A line or three of colours that are there."""
    crossed = pixels.copy()
    height, width = pixels.shape[:2]
    for _ in range(int(rng.integers(1, 4))):
        ends = [(int(rng.integers(width)), int(rng.integers(height))) for _ in range(2)]
        pen = int(rng.integers(1, max(1, height // 24) + 1))
        cv2.line(crossed, ends[0], ends[1], _met(pixels, rng), pen, cv2.LINE_AA)
    return crossed


def _met(pixels: UInt8, rng: np.random.Generator) -> tuple[int, ...]:
    """The colour of some pixel."""
    y, x = (int(rng.integers(side)) for side in pixels.shape[:2])
    return tuple(int(value) for value in pixels[y, x])


def _coarse(pixels: UInt8, rng: np.random.Generator) -> UInt8:
    """Down and up again, as small pictures look when they are enlarged."""
    height, width = pixels.shape[:2]
    factor = rng.uniform(0.45, 0.8)
    small = cv2.resize(
        pixels, (max(8, int(width * factor)), int(height * factor)), interpolation=cv2.INTER_AREA
    )
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _levels(pixels: UInt8, rng: np.random.Generator) -> UInt8:
    """Gain about the mean, and a shift of each channel, through one table."""
    gain = rng.uniform(0.6, 1.25)
    centre = float(pixels.mean())
    levels = np.arange(256, dtype=np.float32)[:, None]
    shifts = rng.uniform(-30, 30) + rng.uniform(-12, 12, size=3)
    moved = (levels - centre) * gain + centre + shifts
    table = np.clip(moved, 0, 255).astype(np.uint8).reshape(1, 256, 3)
    return np.asarray(cv2.LUT(pixels, table), np.uint8)


def _grey(pixels: UInt8) -> UInt8:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)


def _blur(pixels: UInt8, rng: np.random.Generator) -> UInt8:
    return np.asarray(cv2.GaussianBlur(pixels, (3, 3), float(rng.uniform(0.4, 1.0))), np.uint8)


def _noise(pixels: UInt8, rng: np.random.Generator) -> UInt8:
    """Grey grain of one strength."""
    grain = rng.standard_normal(pixels.shape[:2], dtype=np.float32) * rng.uniform(3, 18)
    return np.clip(pixels + grain[..., None], 0, 255).astype(np.uint8)


def _jpeg(pixels: UInt8, rng: np.random.Generator) -> UInt8:
    """The marks of a JPEG of quality 25–85."""
    quality = int(rng.integers(25, 86))
    _, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)
