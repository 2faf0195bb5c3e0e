"""Changes of small photographs that leave what they show, for training on few of them.

All work on ``(h, w, 3) uint8`` RGB and keep the shape. What is drawn is as in the usual recipes
for classifiers that learn from scratch: random resized crops and mirroring (Szegedy et al. 2015),
colour jitter, random erasing (Zhong et al. 2020), and pairs mixed by patches (Yun et al. 2019,
CutMix) or by their levels (Zhang et al. 2018, mixup).
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]

_BETA = 0.4  # of mixup: mostly nearly one of the two


def change(pixels: UInt8, rng: np.random.Generator, *, strength: float = 1.0) -> UInt8:
    """A changed version of a photograph; ``strength`` 1 suits labels, 1.5 comparing versions.

    One grey channel stays one: ``(h, w, 1)``.
    """
    if pixels.shape[2] == 1:
        coloured = np.repeat(pixels, 3, axis=2)
        changed = change(coloured, rng, strength=strength)
        return np.asarray(cv2.cvtColor(changed, cv2.COLOR_RGB2GRAY), np.uint8)[..., None]
    out = _crop(pixels, rng, strength)
    if rng.random() < 0.8:
        out = _colours(out, rng, strength)
    if rng.random() < 0.1 * strength:
        grey = cv2.cvtColor(out, cv2.COLOR_RGB2GRAY)
        out = np.asarray(np.repeat(grey[..., None], 3, axis=2), np.uint8)
    if rng.random() < 0.15 * strength:
        out = np.asarray(cv2.GaussianBlur(out, (0, 0), rng.uniform(0.3, 1.2)), np.uint8)
    if rng.random() < 0.15:
        out = _grain(out, rng)
    if rng.random() < 0.2:
        out = _jpeg(out, rng)
    if rng.random() < 0.3:
        out = _erased(out, rng)
    return out


def mix(
    pixels: UInt8, rng: np.random.Generator, *, share: float
) -> tuple[UInt8, npt.NDArray[np.int64], Float32]:
    """Mix a ``share`` of a batch ``(N, h, w, c)`` with other pictures of it.

    Returns the pictures, the index of each one's partner, and how much of each is still itself,
    ``(N,)`` from 0 to 1.
    """
    count, height, width = pixels.shape[:3]
    partners = rng.permutation(count)
    kept = np.ones(count, np.float32)
    out = pixels.copy()
    for index in np.flatnonzero(rng.random(count) < share).tolist():
        other = pixels[partners[index]]
        if rng.random() < 0.5:
            part = rng.beta(_BETA, _BETA)
            blend = pixels[index] * part + other * (1 - part)
            out[index] = np.round(blend).astype(np.uint8)
            kept[index] = part
            continue
        side = np.sqrt(rng.uniform(0, 1))
        high, wide = round(height * side), round(width * side)
        y, x = int(rng.integers(height - high + 1)), int(rng.integers(width - wide + 1))
        out[index, y : y + high, x : x + wide] = other[y : y + high, x : x + wide]
        kept[index] = 1 - high * wide / (height * width)
    return out, partners, kept


def _crop(pixels: UInt8, rng: np.random.Generator, strength: float) -> UInt8:
    """A part of the picture, mirrored or not, a little turned, at full size."""
    height, width = pixels.shape[:2]
    area = rng.uniform(max(0.1, 1 - 0.65 * strength), 1.1)
    ratio = np.exp(rng.uniform(-0.25, 0.25))
    angle = np.deg2rad(rng.normal(0, 7 * strength))
    across, down = np.sqrt(area * ratio), np.sqrt(area / ratio)
    mirrored = -1.0 if rng.random() < 0.5 else 1.0
    cos, sin = np.cos(angle), np.sin(angle)
    # Output pixel → input pixel, about the centres.
    matrix = np.array(
        [[across * cos * mirrored, -down * sin, 0.0], [across * sin * mirrored, down * cos, 0.0]]
    )
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    room = np.array([width * abs(1 - across), height * abs(1 - down)]) / 2
    matrix[:, 2] = middle + rng.uniform(-1, 1, 2) * room - matrix[:, :2] @ middle
    moved = cv2.warpAffine(
        pixels,
        matrix,
        (width, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(moved, np.uint8)


def _colours(pixels: UInt8, rng: np.random.Generator, strength: float) -> UInt8:
    """Another light, contrast and saturation, and a slightly other hue."""
    amount = 0.35 * strength
    out = pixels.astype(np.float32)
    grey = out @ np.array([0.299, 0.587, 0.114], np.float32)
    out = grey[..., None] + (out - grey[..., None]) * np.float32(
        rng.uniform(1 - amount, 1 + amount)
    )
    middle = np.float32(grey.mean())
    out = middle + (out - middle) * np.float32(rng.uniform(1 - amount, 1 + amount))
    out *= np.float32(rng.uniform(1 - amount, 1 + amount))
    out += rng.normal(0, 8 * strength, 3).astype(np.float32)
    return np.clip(out, 0, 255).astype(np.uint8)


def _grain(pixels: UInt8, rng: np.random.Generator) -> UInt8:
    grain = rng.standard_normal(pixels.shape, np.float32) * np.float32(rng.uniform(2, 14))
    return np.clip(pixels + grain, 0, 255).astype(np.uint8)


def _jpeg(pixels: UInt8, rng: np.random.Generator) -> UInt8:
    """The marks of a JPEG of quality 35–90."""
    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 91))])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def _erased(pixels: UInt8, rng: np.random.Generator) -> UInt8:
    """One box of it in a single colour."""
    height, width = pixels.shape[:2]
    area, ratio = rng.uniform(0.03, 0.25), np.exp(rng.uniform(-0.7, 0.7))
    high = min(height, max(1, round(height * np.sqrt(area * ratio))))
    wide = min(width, max(1, round(width * np.sqrt(area / ratio))))
    y, x = int(rng.integers(height - high + 1)), int(rng.integers(width - wide + 1))
    out = pixels.copy()
    out[y : y + high, x : x + wide] = rng.integers(0, 256, 3)
    return out
