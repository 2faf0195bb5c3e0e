"""Pictures that differ, are the same, or nearly."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image


def scene(seed: int, *, width: int = 96, height: int = 40) -> Image.Image:
    """Coarse blocks in random greys: every seed looks different."""
    blocks = np.random.default_rng(seed).integers(0, 256, (9, 17), dtype=np.uint8)
    return Image.fromarray(blocks).resize((width, height), Image.Resampling.BICUBIC).convert("RGB")


def save(folder: Path, name: str, picture: Image.Image) -> Path:
    """Write a PNG."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, "PNG")
    return path


def resaved(picture: Image.Image) -> Image.Image:
    """The picture after JPEG: nearly the same."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=80)
    return Image.open(file).convert("RGB")
