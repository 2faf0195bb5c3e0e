"""The cases of ``benchmarks/hostile.py`` but its bombs, through the loading of pictures."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from benchmarks.hostile_cases import build_cases
from benchmarks.hostile_pictures import Case, plain
from solver.errors import ImageError
from solver.images import load

CASES = [case for case in build_cases(seed=1, number=4) if not case.bomb]
BOMBS = [
    case
    for case in build_cases(number=1)
    if case.name
    in {
        "png text bomb",
        "png EXIF of overlaps",
        "jpeg EXIF of overlaps",
        "jpeg 400 comments",
        "gif comment of 16 MB",
        "tiff of overlaps",
        "bmp RLE of ends of line",
    }
]


def _name(case: Case) -> str:
    return case.name.encode("ascii", "backslashreplace").decode()


@pytest.mark.parametrize("case", [c for c in CASES if c.twin], ids=_name)
def test_odd_pictures_look_like_their_plain_twin(case: Case) -> None:
    assert case.twin is not None
    pixels = load(case.make()).astype(int)
    twin = plain(case.twin)
    assert pixels.shape == twin.shape
    assert np.abs(pixels - twin).mean() <= case.tolerance


@pytest.mark.parametrize("case", [c for c in CASES if not c.twin and not c.may_read], ids=_name)
def test_what_is_no_picture_is_a_typed_error(case: Case) -> None:
    with pytest.raises(ImageError):
        load(case.make())


@pytest.mark.parametrize("case", [*(c for c in CASES if c.may_read), *BOMBS], ids=_name)
def test_damage_is_a_picture_or_a_typed_error(case: Case) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of damaged TIFF headers
        try:
            pixels = load(case.make())
        except ImageError:
            return
    assert pixels.dtype == np.uint8
    assert pixels.ndim == 3
    assert pixels.flags.c_contiguous
