"""Where a mask that is laid on a picture, perhaps over its edge, meets it."""

from __future__ import annotations

import numpy as np

Part = tuple[slice, slice]


def meeting(picture: np.ndarray, mask: np.ndarray, x: int, y: int) -> tuple[Part, Part]:
    """The rows and columns of the picture that a mask at corner (x, y) covers, and the mask's own.

    Both are empty where it lies outside.  picture: (H, W, …); mask: (h, w, …).
    """
    (ours, own), (across, along) = (
        _spans(start, length, full)
        for start, length, full in zip((y, x), mask.shape[:2], picture.shape[:2], strict=True)
    )
    return (ours, across), (own, along)


def _spans(start: int, length: int, full: int) -> tuple[slice, slice]:
    first, last = max(0, start), min(full, start + length)
    if first >= last:
        return slice(0, 0), slice(0, 0)
    return slice(first, last), slice(first - start, last - start)
