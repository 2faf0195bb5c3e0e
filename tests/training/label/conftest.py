"""A folder of pictures that the toy network reads, one of them no picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.training import toys

TEXTS = ("ab", "ba", "aa")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """``0.png`` to ``2.png``, ``sub/3.png`` of noise, and ``bad.png``."""
    found = tmp_path / "pictures"
    toys.save(found, [(text, toys.picture(text)) for text in TEXTS], source="")
    (found / "sub").mkdir()
    noise = np.random.default_rng(1).integers(0, 256, (16, 40, 3), dtype=np.uint8)
    Image.fromarray(noise).save(found / "sub" / "3.png")
    (found / "bad.png").write_bytes(b"no picture")
    (found / "notes.txt").write_text("not listed")
    return found
