"""Grounds that are cut out of the user's own pictures: photographs are what sites lay marks on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from solver import images
from solver.errors import ImageError
from training.generators.colours import Rng
from training.samples import SUFFIXES

_SIDE = 1536  # a file is kept at most this long: in a crop of it a captcha finds detail enough
_LIMITS = images.ImageLimits(max_bytes=64 << 20, max_pixels=64_000_000)
_LEAST = 0.2  # of a file's breadth, that a crop shows


class Grounds:
    """Crops of the pictures in these folders and the folders in them.

    What cannot be read is left out. Raises ValueError where a folder is none, or nothing is left.
    """

    def __init__(self, folders: Sequence[str | Path]) -> None:
        missing = [str(folder) for folder in folders if not Path(folder).is_dir()]
        if missing:
            raise ValueError(f"grounds: expected folders of pictures. Received: {missing}")
        files = {
            file.resolve()
            for folder in folders
            for file in Path(folder).rglob("*")
            if file.suffix.lower() in SUFFIXES and file.is_file()
        }
        self._pictures = [kept for file in sorted(files) if (kept := read_photo(file)) is not None]
        if not self._pictures:
            raise ValueError(f"grounds: no readable picture in {[str(f) for f in folders]}")

    def __len__(self) -> int:
        return len(self._pictures)

    def crop(self, height: int, width: int, rng: Rng) -> np.ndarray:
        """``(height, width, 3)`` uint8 RGB: a place of a picture, mirrored or darkened at times."""
        picture = self._pictures[int(rng.integers(len(self._pictures)))]
        most = min(picture.shape[0] / height, picture.shape[1] / width)
        scale = most * rng.uniform(_LEAST, 1.0)
        h, w = max(1, int(height * scale)), max(1, int(width * scale))
        y = int(rng.integers(picture.shape[0] - h + 1))
        x = int(rng.integers(picture.shape[1] - w + 1))
        part = picture[y : y + h, x : x + w]
        if rng.random() < 0.5:
            part = part[:, ::-1]
        how = cv2.INTER_AREA if scale > 1 else cv2.INTER_CUBIC
        out = cv2.resize(np.ascontiguousarray(part), (width, height), interpolation=how)
        if rng.random() < 0.5:
            tint = rng.uniform(0.75, 1.25, 3) * rng.uniform(0.6, 1.2)
            out = np.clip(out * tint + rng.uniform(-20, 20), 0, 255).astype(np.uint8)
        return out


def read_photo(file: Path) -> np.ndarray | None:
    """A picture file as (H, W, 3) uint8 RGB, smaller where it is large; None where it is none."""
    try:
        picture = images.load(file, limits=_LIMITS)
    except ImageError:
        return None
    longest = max(picture.shape[:2])
    if longest <= _SIDE:
        return picture
    share = _SIDE / longest
    size = (max(1, round(picture.shape[1] * share)), max(1, round(picture.shape[0] * share)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
