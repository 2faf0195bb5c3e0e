"""Square pieces of a picture around boxes: training and use cut them alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from solver._require import require_cv2

UInt8 = npt.NDArray[np.uint8]
Corners = Sequence[float]

# Of a box's longer side, on each side: a box may be a little tight.
MARGIN = 0.02


def cut_out(image: UInt8, box: Corners, *, margin: float = MARGIN, turn: float = 0.0) -> UInt8:
    """The square around a box (xyxy, pixels) of an ``(H, W, 3)`` picture: ``(s, s, 3)``.

    Its side is the box's longer one and ``margin`` of that on both ends. Beyond the picture's
    edges its last pixels are repeated. What it shows is turned by ``turn`` degrees, clockwise.

    Raises:
        MissingDependencyError: it is to be turned, and OpenCV does not import.
    """
    x1, y1, x2, y2 = box
    side = max(1, round(max(x2 - x1, y2 - y1) * (1 + 2 * margin)))
    left = round((x1 + x2 - side) / 2)
    top = round((y1 + y2 - side) / 2)
    if turn:
        cv2 = require_cv2()  # for this alone: what is not turned does not wait for it
        half = (side - 1) / 2
        to_picture = cv2.getRotationMatrix2D((half, half), turn, 1.0)
        to_picture[:, 2] += left, top
        turned = cv2.warpAffine(
            image,
            to_picture,
            (side, side),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(turned, dtype=np.uint8)
    rows = np.clip(np.arange(top, top + side), 0, image.shape[0] - 1)
    columns = np.clip(np.arange(left, left + side), 0, image.shape[1] - 1)
    return np.ascontiguousarray(image[rows[:, None], columns])
