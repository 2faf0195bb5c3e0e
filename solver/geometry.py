"""Where a picture came to lie on a network's canvas, and the way back.

Boxes and points are pixels, ``xyxy``, origin at the top left corner, the right and bottom edges
exclusive; a picture ``w`` pixels wide spans ``0 … w``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Placement:
    """A picture scaled by ``scale_x, scale_y`` and laid at ``left, top`` of a canvas.

    ``width, height`` are the picture's own size in pixels; ``left, top`` are canvas pixels.
    """

    width: int
    height: int
    scale_x: float
    scale_y: float
    left: int = 0
    top: int = 0

    def to_canvas(self, x: float, y: float) -> tuple[float, float]:
        """Map a point of the picture to the canvas."""
        return x * self.scale_x + self.left, y * self.scale_y + self.top

    def to_picture(self, x: float, y: float) -> tuple[float, float]:
        """Map a point of the canvas to the picture, held inside the picture's edges."""
        picture_x = (x - self.left) / self.scale_x
        picture_y = (y - self.top) / self.scale_y
        return (
            min(max(picture_x, 0.0), float(self.width)),
            min(max(picture_y, 0.0), float(self.height)),
        )
