"""How well a piece fits each place of a small background: the evidence, as maps over all places.

A gap is the picture under a veil: ``a · picture + c`` in each channel, cut along the piece's
outline. So the piece fits where what is inside correlates with it, and where edges run along its
outline. All of it is correlation, and is computed for all places at once by Fourier transform
(Lewis, "Fast normalized cross-correlation", 1995); the outline is compared by doubled angles, so
that a dark, a light and a drawn edge count alike. ``slide_close`` weighs the best places again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from solver.tasks.slide_piece import Float32, UInt8

# Weights of a conditional logit (McFadden 1974), fitted by benchmarks/slide_fit.py on pairs that
# training.generators.slide drew: the true place against the best wrong ones of its picture.
COARSE = {"inside": 7.55, "inside_square": 4.89, "outline": 14.7, "slope": -2.35, "busy": -0.63}
_NOISE_SEEN, _NOISE_PIECE = 4.0, 5.0  # grey levels that count as no texture
_FAINT = 4.0  # squared gradient below which an edge's direction counts less
FLOOR = 10.0  # squared grey levels added before a logarithm
GREY = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


class Scene:
    """A background ``(H, W, 1 | 3) uint8`` as spectra: colours, energy, edges' directions."""

    def __init__(self, pixels: UInt8) -> None:
        self.shape = pixels.shape[:2]
        self.size = dft_size(self.shape)
        values = pixels.astype(np.float32)
        values -= values.mean(axis=(0, 1))  # the sums stay small: float32 is enough
        single = values.shape[2] == 1
        self.colours = [spectrum(plane, self.size) for plane in cv2.split(values)]
        squares = values * values
        self.energy = spectrum(squares if single else squares.sum(axis=2), self.size)
        grey = values if single else values @ GREY
        self.lines = [spectrum(plane, self.size) for plane in directions(grey)]


def dft_size(shape: tuple[int, ...]) -> tuple[int, int]:
    """The sides, no smaller, for which a transform is fast."""
    return cv2.getOptimalDFTSize(shape[0]), cv2.getOptimalDFTSize(shape[1])


def spectrum(plane: npt.ArrayLike, size: tuple[int, int]) -> Float32:
    """The transform of a plane in a size that is no smaller."""
    plane = np.asarray(plane)
    padded = np.zeros(size, np.float32)
    padded[: plane.shape[0], : plane.shape[1]] = plane.reshape(plane.shape[:2])
    return np.asarray(cv2.dft(padded, nonzeroRows=plane.shape[0]), np.float32)


def directions(grey: Float32) -> tuple[Float32, Float32]:
    """Cosine and sine of edges' doubled angles, ``(H, W)`` each; short where an edge is faint."""
    grey = np.asarray(cv2.GaussianBlur(grey, (3, 3), 0), np.float32)
    across = cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=1 / 8)
    down = cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=1 / 8)
    squared, other = cv2.multiply(across, across), cv2.multiply(down, down)
    energy = np.asarray(squared + other, np.float32) + np.float32(_FAINT)
    cosine = cv2.divide(cv2.subtract(squared, other), energy)
    sine = cv2.divide(cv2.multiply(across, down, scale=2), energy)
    return np.asarray(cosine, np.float32), np.asarray(sine, np.float32)


def doubled_outline(cover: Float32) -> tuple[Float32, Float32]:
    """Cosine and sine of an outline's doubled angles; their lengths add up to 1."""
    soft = cv2.GaussianBlur(cover, (3, 3), 0)
    across, down = -cv2.Sobel(soft, cv2.CV_32F, 1, 0), -cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    length = cv2.magnitude(across, down)
    divisor = np.maximum(length, 1e-6) * length.sum()
    return (across * across - down * down) / divisor, 2 * across * down / divisor


def depths(cover: Float32) -> Float32:
    """How far inside the piece each pixel lies, ``(H, W)``: 0 outside, 1 along its edge."""
    hard = (cover > 0.5).astype(np.uint8)
    return np.asarray(cv2.distanceTransform(hard, cv2.DIST_L2, 3), np.float32)


def trust(depth: Float32, inset: int, glow: float) -> Float32:
    """How much each pixel of a piece counts, 0–1: nothing along its edge, the core wholly.

    Soft edges and shadows are there, and the piece's own glow, so many pixels broad.
    """
    most = float(depth.max())
    full = max(min(max(0.3 * most, 1.5 * glow), 0.8 * most - inset), 1.0)
    weights: Float32 = np.clip((depth - inset) * np.float32(1 / full), 0, 1)
    if weights.sum() >= 12:
        return weights
    # All of a thin piece that is seen so small that no pixel lies inside.
    return (depth > 0).astype(np.float32) if most else np.ones_like(depth)


class Template:
    """A piece drawn on its canvas: colours ``(h, w, 1 | 3)`` 0–255, cover ``(h, w)`` 0–1."""

    def __init__(self, colours: Float32, cover: Float32, *, inset: int, glow: float = 0.0) -> None:
        """``inset`` pixels along the edge are not looked at."""
        self.shape = cover.shape
        self.inner = trust(depths(cover), inset, glow)
        self.area = float(self.inner.sum())
        rest = colours - np.einsum("hwc,hw->c", colours, self.inner) / np.float32(self.area)
        self.part = rest * self.inner[..., None]
        self.variance = float((rest * self.part).sum()) / self.area / colours.shape[2]
        self.doubled = doubled_outline(cover)


def evidence(scene: Scene, template: Template) -> dict[str, Float32]:
    """Every kind of evidence that has a weight, for each place of the template's corner."""
    rows = scene.shape[0] - template.shape[0] + 1
    columns = scene.shape[1] - template.shape[1] + 1
    count = len(scene.colours)
    share = np.float32(1 / (template.area * count))

    def correlated(seen: Sequence[Float32], sought: Sequence[npt.ArrayLike]) -> Float32:
        return correlation(seen, [spectrum(plane, scene.size) for plane in sought])[:rows, :columns]

    inner = spectrum(template.inner * share, scene.size)
    busy = correlation([scene.energy], [inner])[:rows, :columns]
    for plane in scene.colours:
        mean = correlation([plane], [inner])[:rows, :columns]
        busy -= mean * mean * np.float32(count)
    np.maximum(busy, 0, out=busy)
    common = correlated(scene.colours, cv2.split(template.part * share))
    texture = np.float32(template.variance + _NOISE_PIECE**2)
    inside = common / np.sqrt((busy + np.float32(_NOISE_SEEN**2)) * texture)
    return {
        "inside": np.arctanh(np.clip(inside, -0.99, 0.99)),
        "inside_square": inside * np.abs(inside),
        "outline": correlated(scene.lines, template.doubled),
        "slope": common / texture,
        "busy": np.log(busy + np.float32(FLOOR)),
    }


def correlation(seen: Sequence[Float32], sought: Sequence[Float32]) -> Float32:
    """The sum of the correlations of pairs of spectra, over all places."""
    products = [
        cv2.mulSpectrums(one, other, 0, conjB=True) for one, other in zip(seen, sought, strict=True)
    ]
    total = products[0]
    for product in products[1:]:
        total = cv2.add(total, product)
    return np.asarray(cv2.idft(total, flags=cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT), np.float32)


def logits(scene: Scene, template: Template, weights: Mapping[str, float]) -> Float32:
    """The score of each place of the template's corner: the weighted sum of its evidence."""
    kinds = evidence(scene, template)
    total = np.zeros_like(kinds["inside"])
    for name, weight in weights.items():
        total += np.float32(weight) * kinds[name]
    return total
