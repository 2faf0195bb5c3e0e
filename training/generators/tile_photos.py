"""Tiles that are somebody's own pictures, in class folders, in place of drawn ones."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from training.generators.colours import Rng
from training.generators.grounds import read_photo
from training.samples import SUFFIXES

LEAST = 3  # things to tell apart: two words may be asked for, and what is neither is shown too


class TilePhotos:
    """The pictures in a folder's folders; a folder's name is what they show.

    Raises ValueError where the folder is none or has too few, or there is no picture in one of
    them that can be read.
    """

    def __init__(self, folder: str | Path) -> None:
        if not Path(folder).is_dir():
            raise ValueError(f"photos: expected a folder of class folders. Received: {folder}")
        classes = sorted(path for path in Path(folder).iterdir() if path.is_dir())
        self._pictures = {path.name: _pictures(path) for path in classes}
        empty = [name for name, pictures in self._pictures.items() if not pictures]
        if empty:
            raise ValueError(f"photos: no readable picture in {folder}/{empty[0]}")
        if len(classes) < LEAST:
            raise ValueError(
                f"photos: expected {LEAST} class folders or more in {folder}. "
                f"Received: {len(classes)}"
            )
        self.names = tuple(self._pictures)

    def tile(self, name: str, side: int, rng: Rng) -> np.ndarray:
        """One picture of a class: (side, side, 3) uint8 RGB."""
        pictures = self._pictures[name]
        picture = pictures[int(rng.integers(len(pictures)))]
        if picture.shape[:2] == (side, side):
            return picture
        how = cv2.INTER_AREA if max(picture.shape[:2]) > side else cv2.INTER_CUBIC
        return cv2.resize(picture, (side, side), interpolation=how)


def _pictures(folder: Path) -> list[np.ndarray]:
    files = (file for file in sorted(folder.iterdir()) if file.suffix.lower() in SUFFIXES)
    return [picture for file in files if (picture := read_photo(file)) is not None]
