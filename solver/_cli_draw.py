"""Where ``--draw`` puts its pictures; nothing that is there is ever overwritten."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from solver.draw import draw_boxes
from solver.results import Box

PICTURE_SUFFIXES = frozenset(
    {".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".webp", ".bmp", ".dib"}
    | {".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm", ".ico", ".avif", ".jp2", ".tga", ".pcx"}
)
# What a drawing is written as: without loss, or as a photograph.
_WRITTEN = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".bmp": "BMP"}


class Drawings:
    """New picture files: ``out`` itself for one input, PNG files in the folder ``out`` for more.

    Raises:
        OSError: the one file is there already, has no suffix of a picture that can be written,
            or the folder cannot be made.
    """

    def __init__(self, out: Path, single: bool) -> None:
        self._out = out
        self._single = single and out.suffix.lower() in PICTURE_SUFFIXES
        if not self._single:
            out.mkdir(parents=True, exist_ok=True)
        elif out.suffix.lower() not in _WRITTEN:
            raise OSError(f"expected a file named {', '.join(_WRITTEN)}, received {out.name}")
        elif out.exists():
            raise FileExistsError(f"{out} is there already; name a new file")

    def save(self, image: npt.NDArray[np.uint8], boxes: Sequence[Box], *, name: str) -> None:
        """Write an ``(H, W, 3)`` RGB picture with its boxes; as :meth:`write`."""
        self.write(draw_boxes(image, boxes), name=name)

    def write(self, drawing: npt.NDArray[np.uint8], *, name: str) -> None:
        """Write an ``(H, W, 3)`` RGB picture; ``name`` is what its original was read from.

        Raises:
            OSError: it cannot be written.
        """
        path = self._out if self._single else self._free(Path(name).stem or "picture")
        # Opened as a new file, so that one that appeared meanwhile is not overwritten.
        with path.open("xb") as file:
            Image.fromarray(drawing).save(file, _WRITTEN[path.suffix.lower()])

    def _free(self, stem: str) -> Path:
        """A path in the folder that is not taken: stem.png, stem-2.png, …"""
        path, number = self._out / f"{stem}.png", 2
        while path.exists():
            path, number = self._out / f"{stem}-{number}.png", number + 1
        return path
