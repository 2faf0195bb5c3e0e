"""Faces that every machine has, and Chinese ones where they are installed."""

from __future__ import annotations

import pytest

from training.generators.cjk import find_cjk_fonts
from training.generators.fonts import BUILTIN, FontFace


@pytest.fixture(scope="session")
def latin() -> tuple[FontFace, ...]:
    """Pillow's own face: drawn alike everywhere."""
    return (FontFace(BUILTIN, family="Aileron"),)


@pytest.fixture(scope="session")
def chinese() -> tuple[FontFace, ...]:
    """Faces that draw a few Chinese words; skips where none is installed."""
    try:
        return find_cjk_fonts("请点击下图中所有的茶杯旗子小鸟铃铛")
    except ValueError as error:
        pytest.skip(str(error))
