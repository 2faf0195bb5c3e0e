"""What happens to a finished picture: blur, noise, compression, frames.

Each function takes and gives (H, W, 3) uint8; `unit` is the width of the text's strokes in pixels,
so that wear stays below what would make the text unreadable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from training.generators.colours import Rng


def _blur(picture: np.ndarray, rng: Rng, unit: float) -> np.ndarray:
    return cv2.GaussianBlur(picture, (0, 0), max(0.3, min(1.6, unit * rng.uniform(0.1, 0.35))))


def _rescale(picture: np.ndarray, rng: Rng, unit: float) -> np.ndarray:
    """Down and up again, so far that a stroke keeps about one pixel."""
    height, width = picture.shape[:2]
    factor = max(rng.uniform(0.45, 0.9), min(1.0, 1.3 / unit))
    small = (max(8, round(width * factor)), max(8, round(height * factor)))
    method = int(rng.choice([cv2.INTER_AREA, cv2.INTER_LINEAR]))
    down = cv2.resize(picture, small, interpolation=method)
    up = int(rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST]))
    return cv2.resize(down, (width, height), interpolation=up)


def _jpeg(picture: np.ndarray, rng: Rng, unit: float) -> np.ndarray:
    quality = int(rng.integers(30, 92))
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise RuntimeError("OpenCV could not encode a JPEG")
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    if decoded is None:
        raise RuntimeError("OpenCV could not decode its own JPEG")
    return decoded


def _noise(picture: np.ndarray, rng: Rng, unit: float) -> np.ndarray:
    height, width = picture.shape[:2]
    channels = int(rng.choice([1, 3]))
    field = rng.standard_normal((height, width, channels), np.float32)
    return np.clip(picture + field * np.float32(rng.uniform(4, 26)), 0, 255).astype(np.uint8)


def _salt(picture: np.ndarray, rng: Rng, unit: float) -> np.ndarray:
    out = picture.copy()
    field = rng.random(picture.shape[:2], np.float32)
    amount = rng.uniform(0.005, 0.06)
    out[field < amount / 2] = 0
    out[field > 1 - amount / 2] = 255
    return out


def _threshold(picture: np.ndarray, rng: Rng, unit: float) -> np.ndarray:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    _, two = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return cv2.cvtColor(two, cv2.COLOR_GRAY2RGB)


def _grey(picture: np.ndarray, rng: Rng, unit: float) -> np.ndarray:
    return cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def _frame(picture: np.ndarray, rng: Rng, unit: float) -> np.ndarray:
    out = picture.copy()
    colour = (0, 0, 0) if rng.random() < 0.6 else tuple(int(v) for v in rng.integers(0, 200, 3))
    height, width = out.shape[:2]
    cv2.rectangle(out, (0, 0), (width - 1, height - 1), colour, int(rng.choice([1, 1, 1, 2, 3])))
    return out


def _bars(picture: np.ndarray, rng: Rng, unit: float) -> np.ndarray:
    """The picture lies within a taller or wider empty one."""
    height = picture.shape[0]
    colour = (0, 0, 0) if rng.random() < 0.6 else (255, 255, 255)
    tall = int(height * rng.uniform(0.1, 0.9)) if rng.random() < 0.7 else 0
    wide = int(height * rng.uniform(0.1, 0.8)) if not tall or rng.random() < 0.2 else 0
    top, left = int(tall * rng.uniform(0.3, 0.7)), int(wide * rng.uniform(0.0, 1.0))
    return cv2.copyMakeBorder(
        picture, top, tall - top, left, wide - left, cv2.BORDER_CONSTANT, value=colour
    )


def _levels(picture: np.ndarray, rng: Rng, unit: float) -> np.ndarray:
    """Few colours, as a GIF has."""
    step = int(rng.choice([16, 32, 51]))
    return np.clip((picture.astype(np.int16) + step // 2) // step * step, 0, 255).astype(np.uint8)


def _invert(picture: np.ndarray, rng: Rng, unit: float) -> np.ndarray:
    return 255 - picture


def _sharpen(picture: np.ndarray, rng: Rng, unit: float) -> np.ndarray:
    soft = cv2.GaussianBlur(picture, (0, 0), 1.2)
    amount = float(rng.uniform(0.4, 1.3))
    return cv2.addWeighted(picture, 1 + amount, soft, -amount, 0)


WEAR: Mapping[str, Callable[[np.ndarray, Rng, float], np.ndarray]] = {
    "bars": _bars,
    "blur": _blur,
    "frame": _frame,
    "grey": _grey,
    "invert": _invert,
    "jpeg": _jpeg,
    "levels": _levels,
    "noise": _noise,
    "rescale": _rescale,
    "salt": _salt,
    "sharpen": _sharpen,
    "threshold": _threshold,
}
