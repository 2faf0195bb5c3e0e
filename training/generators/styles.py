"""Style families for drawn text: ranges to draw from, never one fixed look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from training.generators.colours import BACKGROUNDS, PICKS, Rng
from training.generators.effects import CLUTTER, WARPS
from training.generators.glyphs import TREATMENTS
from training.generators.wear import WEAR

Range = tuple[float, float]
# Names with weights: one is drawn.
Choice = tuple[tuple[str, float], ...]
# Names with probabilities, in order of use: each is drawn on its own.
Several = tuple[tuple[str, float], ...]

FACES = ("any", "bold", "italic", "plain", "regular", "script", "serif", "stroke")
KINDS = ("digits", "lower", "upper", "lower+digits", "upper+digits", "mixed")

_TABLES: Mapping[str, tuple[str, ...]] = {
    "kinds": KINDS,
    "faces": FACES,
    "face_change": ("one", "family", "each"),
    "treatments": tuple(TREATMENTS),
    "background": tuple(BACKGROUNDS),
    "ground": tuple(PICKS),
    "ink": tuple(PICKS),
    "ink_change": ("one", "each", "gradient"),
    "warp": ("none", *WARPS),
    "in_ink": tuple(CLUTTER),
    "under": tuple(CLUTTER),
    "over": tuple(CLUTTER),
    "over_ink": ("same", "shade", "ground", *PICKS),
    "wear": tuple(WEAR),
}


def mix(text: str) -> Choice:
    """Read "name share, name share": the shares of a `Choice`, or the chances of a `Several`."""
    pairs = (entry.split() for entry in text.split(","))
    return tuple((name, float(share)) for name, share in pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextStyle:
    """What one family of pictures may look like.  Lengths are shares of the em unless said.

    size: pixels to the em.  gap: between one letter's ink and the next.  lift: up or down.
    scale, stretch: spread about 1 of a letter's size, and of its width alone (where both cases meet
    o and O keep their size: nothing else tells them apart).  rotation: degrees.
    fill_x, fill_y: the text's share of the picture.  centred: how often it lies in the middle.
    even: how often letters stand in cells of one width.
    contrast: the least distance of ink from ground, as `colours.contrast` counts it.
    in_ink: drawn in the text's ink, and warped with it.  under, over: before and after the text.
    """

    weight: float
    kinds: Choice
    size: Range
    faces: Choice
    face_change: Choice
    crisp: float
    treatments: Choice
    treatment_each: float
    rotation: Range
    shear: Range
    scale: Range
    stretch: Range
    lift: Range
    gap: Range
    even: float
    fill_x: Range
    fill_y: Range
    centred: float
    background: Choice
    ground: Choice
    ink: Choice
    ink_change: Choice
    contrast: float
    warp: Choice
    warp_amount: Range
    in_ink: Several
    under: Several
    over: Several
    over_ink: Choice
    halo: float
    shadow: float
    wear: Several

    def __post_init__(self) -> None:
        for name, allowed in _TABLES.items():
            entries = getattr(self, name)
            unknown = [entry for entry, _ in entries if entry not in allowed]
            if unknown or any(share < 0 for _, share in entries):
                raise ValueError(
                    f"TextStyle.{name}: expected names of {allowed} with shares >= 0. "
                    f"Received: {entries}"
                )
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type == "Choice" and sum(share for _, share in value) <= 0:
                raise ValueError(
                    f"TextStyle.{field.name}: expected a share above 0. Received: {value}"
                )
            if field.type == "Range" and not value[0] <= value[1]:
                raise ValueError(f"TextStyle.{field.name}: expected (low, high). Received: {value}")
        if self.size[0] < 8:
            raise ValueError(f"TextStyle.size: nothing is legible below 8. Received: {self.size}")


def choose(rng: Rng, choice: Choice) -> str:
    left = rng.random() * sum(share for _, share in choice)
    for name, share in choice:
        left -= share
        if left < 0:
            return name
    return choice[-1][0]


def some(rng: Rng, several: Several, most: int) -> list[str]:
    """The names that come up, in order; `most` of them at most, each as likely to stay."""
    names = [
        name
        for (name, chance), luck in zip(several, rng.random(len(several)), strict=True)
        if luck < chance
    ]
    if len(names) <= most:
        return names
    return [names[i] for i in sorted(rng.permutation(len(names))[:most].tolist())]


def within(rng: Rng, bounds: Range) -> float:
    return float(rng.uniform(*bounds))
