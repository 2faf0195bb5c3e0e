"""How well a piece fits each place of a background: the evidence, as maps over all places.

A gap is the picture under a veil: ``a · picture + c`` in each channel, cut along the piece's
outline. So the piece fits where what is inside correlates with it, where what is around continues
it, and where edges run along its outline. All of it is correlation, and is computed for all places
at once by Fourier transform (Lewis, "Fast normalized cross-correlation", 1995); the outline is
compared by doubled angles, so that a dark, a light and a drawn edge count alike.

OpenCV works in one thread here: each call is too small for it to share out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from solver.tasks.slide_piece import Float32, UInt8

# Weights of a conditional logit (McFadden 1974), fitted by benchmarks/slide_fit.py on pairs that
# training.generators.slide drew: the true place against the best wrong ones of its picture.
COARSE = {
    "inside": 3.9,
    "inside_square": 6.9,
    "around": 3.1,
    "seam": -0.51,
    "shift": 0.03,
    "outline": 18.5,
    "slope": -1.62,
    "busy": -0.79,
}
FINE = {
    "inside": 4.8,
    "inside_square": 8.3,
    "around": 1.26,
    "seam": -0.91,
    "shift": 0.67,
    "outline": 16.0,
    "slope": 0.89,
    "busy": -0.82,
}
_NOISE_SEEN, _NOISE_PIECE = 4.0, 5.0  # grey levels that count as no texture
_FAINT = 4.0  # squared gradient below which an edge's direction counts less
_FLOOR = 10.0  # squared grey levels added before a logarithm
GREY = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


def _disc(radius: int) -> UInt8:
    side = 2 * radius + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)


class Scene:
    """A background ``(H, W, 1 | 3) uint8`` as spectra: colours, energy, edges' directions."""

    def __init__(self, pixels: UInt8) -> None:
        self.shape = pixels.shape[:2]
        self.size = tuple(cv2.getOptimalDFTSize(side) for side in self.shape)
        values = pixels.astype(np.float32)
        self.middle = values.mean(axis=(0, 1))
        values -= self.middle  # the sums stay small: float32 is enough
        grey = values[..., 0] if values.shape[2] == 1 else values @ GREY
        grey = np.asarray(cv2.GaussianBlur(grey, (3, 3), 0), np.float32)
        across = cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=1 / 8)
        down = cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=1 / 8)
        strength = 1 / np.sqrt(across * across + down * down + np.float32(_FAINT))
        across, down = across * strength, down * strength
        self.colours = [self.spectrum(plane) for plane in cv2.split(values)]
        self.energy = self.spectrum(np.einsum("hwc,hwc->hw", values, values))
        self.lines = [
            self.spectrum(across * across - down * down),
            self.spectrum(2 * across * down),
        ]

    def spectrum(self, plane: npt.ArrayLike) -> Float32:
        """The transform of a plane that is no larger than the scene."""
        plane = np.asarray(plane)
        padded = np.zeros(self.size, np.float32)
        padded[: plane.shape[0], : plane.shape[1]] = plane
        return np.asarray(cv2.dft(padded, nonzeroRows=plane.shape[0]), np.float32)


class Template:
    """A piece drawn on its canvas: colours ``(h, w, 1 | 3)`` 0–255, cover ``(h, w)`` 0–1."""

    def __init__(self, colours: Float32, cover: Float32, *, inset: int, reach: int) -> None:
        """``inset`` pixels along the edge are not looked at, ``reach`` beyond it are."""
        self.shape = cover.shape
        hard = (cover > 0.5).astype(np.uint8)
        inner = np.asarray(cv2.erode(hard, _disc(inset), borderValue=0), np.float32)
        if inner.sum() < 12:
            inner = hard.astype(np.float32)
        ring = cv2.dilate(hard, _disc(reach)).astype(np.float32) - cv2.dilate(hard, _disc(1))
        self.inner, self.ring = inner, ring
        self.inner_area = max(float(inner.sum()), 1.0)
        self.ring_area = max(float(ring.sum()), 1.0)
        known = colours * inner[..., None]
        # What the piece would go on like beyond its edge.
        spread = cv2.GaussianBlur(np.dstack([known, inner]), (0, 0), reach + 1.0)
        beyond = np.asarray(spread[..., :-1] / np.maximum(spread[..., -1:], 1e-6), np.float32)
        self.inner_mean, self.inner_part, self.inner_variance = _centred(colours, inner)
        self.ring_mean, self.ring_part, self.ring_variance = _centred(beyond, ring)
        soft = cv2.GaussianBlur(cover, (3, 3), 0)
        across, down = -cv2.Sobel(soft, cv2.CV_32F, 1, 0), -cv2.Sobel(soft, cv2.CV_32F, 0, 1)
        length = np.sqrt(across * across + down * down)
        total = length.sum()
        divisor = np.maximum(length, 1e-6) * total
        self.doubled = (across * across - down * down) / divisor, 2 * across * down / divisor
        self._spectra: dict[tuple[int, ...], _Wanted] = {}

    def spectra(self, scene: Scene) -> _Wanted:
        """Its transforms in the size of a scene; kept, because windows are alike."""
        known = self._spectra.get(scene.size)
        if known is None:
            known = self._spectra[scene.size] = _Wanted(
                inner=scene.spectrum(self.inner * np.float32(1 / self.inner_area)),
                ring=scene.spectrum(self.ring * np.float32(1 / self.ring_area)),
                inside=_transformed(scene, self.inner_part, self.inner_area),
                around=_transformed(scene, self.ring_part, self.ring_area),
                doubled=[scene.spectrum(plane) for plane in self.doubled],
            )
        return known


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A template's parts as spectra, each divided by its area (and channels)."""

    inner: Float32
    ring: Float32
    inside: list[Float32]
    around: list[Float32]
    doubled: list[Float32]


def _transformed(scene: Scene, part: Float32, area: float) -> list[Float32]:
    share = np.float32(1 / (area * part.shape[2]))
    return [scene.spectrum(plane) for plane in cv2.split(part * share)]


def _centred(colours: Float32, part: Float32) -> tuple[Float32, Float32, float]:
    """Mean colour of a part, the colours there less that, and their mean variance."""
    area = max(float(part.sum()), 1.0)
    mean = np.einsum("hwc,hw->c", colours, part) / area
    rest = (colours - mean) * part[..., None]
    return mean, rest, float((rest * rest).sum()) / area / colours.shape[2]


def evidence(scene: Scene, template: Template) -> dict[str, Float32]:
    """Every kind of evidence that has a weight, for each place of the template's corner."""
    rows = scene.shape[0] - template.shape[0] + 1
    columns = scene.shape[1] - template.shape[1] + 1
    channels = np.float32(len(scene.colours))
    wanted = template.spectra(scene)

    def correlated(seen: Sequence[Float32], sought: Sequence[Float32]) -> Float32:
        total = np.zeros_like(seen[0])
        for one, other in zip(seen, sought, strict=True):
            cv2.add(total, cv2.mulSpectrums(one, other, 0, conjB=True), total)
        flags = cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT
        whole = cv2.idft(total, flags=flags, nonzeroRows=rows)
        return np.asarray(whole[:rows, :columns], np.float32)

    def moments(part: Float32, colours: Float32) -> tuple[Float32, Float32]:
        """Mean variance of the scene there; the squared distance of its colour from another."""
        variance = correlated([scene.energy], [part])
        distance = np.zeros_like(variance)
        for plane, middle, colour in zip(scene.colours, scene.middle, colours, strict=True):
            mean = correlated([plane], [part])
            variance -= mean * mean
            mean += np.float32(middle - colour)
            distance += mean * mean
        variance = np.asarray(np.maximum(variance, 0) / channels, np.float32)
        return variance, distance / channels

    busy, shift = moments(wanted.inner, template.inner_mean)
    calm, seam = moments(wanted.ring, template.ring_mean)
    common = correlated(scene.colours, wanted.inside)
    texture = np.float32(template.inner_variance + _NOISE_PIECE**2)
    beyond = np.float32(template.ring_variance + _NOISE_PIECE**2)
    noise = np.float32(_NOISE_SEEN**2)
    inside = common / np.sqrt((busy + noise) * texture)
    around = correlated(scene.colours, wanted.around) / np.sqrt((calm + noise) * beyond)
    return {
        "inside": np.arctanh(np.clip(inside, -0.99, 0.99)),
        "inside_square": inside * np.abs(inside),
        "around": np.arctanh(np.clip(around, -0.99, 0.99)),
        "seam": np.log(seam + np.float32(_FLOOR)),
        "shift": np.log(shift + np.float32(_FLOOR)),
        "outline": correlated(scene.lines, wanted.doubled),
        "slope": common / texture,
        "busy": np.log(busy + np.float32(_FLOOR)),
    }


def logits(scene: Scene, template: Template, weights: Mapping[str, float]) -> Float32:
    """The score of each place of the template's corner: the weighted sum of its evidence."""
    kinds = evidence(scene, template)
    total = np.zeros_like(kinds["inside"])
    for name, weight in weights.items():
        total += np.float32(weight) * kinds[name]
    return total
