"""What a pixel becomes for the ImageNet weights of Keras's networks. No Keras here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PixelRule:
    """``(level·scale - mean)/std`` for each of red, green and blue, as in the contract."""

    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __str__(self) -> str:
        return f"scale {self.scale:.6g}, mean {self.mean}, std {self.std}"


SYMMETRIC = PixelRule(1 / 127.5, (1.0, 1.0, 1.0), (1.0, 1.0, 1.0))
STANDARDISED = PixelRule(1 / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
CENTRED = PixelRule(1.0, (123.68, 116.779, 103.939), (1.0, 1.0, 1.0))

IMAGENET: dict[str, PixelRule] = {
    "vgg16": CENTRED,
    "mobilenetv2": SYMMETRIC,
    "mobilenetv3-small": SYMMETRIC,
    "mobilenetv3-large": SYMMETRIC,
    "densenet121": STANDARDISED,
    "resnet50": CENTRED,
    "inceptionv3": SYMMETRIC,
    "efficientnetv2-b0": STANDARDISED,
}
