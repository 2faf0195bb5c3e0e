"""What is in the data: counts, sizes, damage, labels, duplicates, conflicts, leaks.

One pass over the pictures; of each only its size and its hashes are kept. Nothing is changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from solver.anchors import AnchorSpec
from training.data import anchor_fit
from training.data.anchor_fit import LEAST_SIDE, AnchorFit, Canvas
from training.data.likeness import (
    NEAR,
    Damaged,
    Looks,
    hashes,
    join_equal,
    look_at,
    members,
    near_groups,
)
from training.samples import Fault, Sample, labels_outside, shown

TEXT, CLASSES, BOXES = KINDS = ("text", "classes", "boxes")
FEW = 10
EXAMPLES = 48
STEP = 16
# Of the boxes, that the settings' anchors may miss and others reach.
UNREACHED = 0.01

Group = tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class SourceFigures:
    """Counts and sizes of one source; widths and heights are (smallest, largest) in pixels."""

    name: str
    side: str
    pictures: int
    damaged: int
    widths: tuple[int, int]
    heights: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Input sizes that hold every picture: for fit "height", and for fit "letterbox"."""

    height: int
    max_width: int
    letterbox_height: int
    letterbox_width: int


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was found; ``balance`` counts characters or classes, commonest first.

    ``near`` holds groups that are nearly the same and not all the same; ``conflicts`` groups of
    the same picture with two answers; ``leaks`` groups with pictures on both sides. ``faults`` are
    pictures whose labels cannot be used; they are counted nowhere else.
    """

    kind: str
    sources: tuple[SourceFigures, ...]
    symbols: str
    suggested_symbols: str
    suggested_input: Suggestion | None
    suggested_detect: AnchorFit | None
    balance: dict[str, int]
    lengths: dict[int, int]
    faults: tuple[Fault, ...]
    damaged: tuple[Damaged, ...]
    outside: tuple[Sample, ...]
    boxes_outside: tuple[Sample, ...]
    duplicates: tuple[Group, ...]
    near: tuple[Group, ...]
    conflicts: tuple[Group, ...]
    leaks: tuple[Group, ...]
    examples: tuple[Sample, ...]

    @property
    def pictures(self) -> int:
        """All pictures, the damaged ones among them."""
        return sum(source.pictures for source in self.sources)

    @property
    def problems(self) -> tuple[str, ...]:
        """What should be mended before training, a sentence each."""
        lone = self.kind == CLASSES and len(self.balance) == 1
        found = (
            (int(lone), "class only: there is nothing to tell apart; add pictures of another"),
            (len(self.faults), "labels that cannot be used: training refuses them; mend them"),
            (len(self.damaged), "damaged files: training leaves them out; mend or remove them"),
            (len(self.outside), "labels outside the charset: add the symbols, or leave them out"),
            (len(self.boxes_outside), "pictures with boxes outside of them: the labels are wrong"),
            (len(self.conflicts), "conflicts, one picture with two answers: keep the right one"),
            (len(self.leaks), "leaks: pictures of training in validation make figures too good"),
        )
        return tuple(f"{count} {sentence}" for count, sentence in found if count)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What may be as it should, a sentence each."""
        found = []
        if len(self.balance) == 1 and self.kind == TEXT:
            found.append(f"one {self._unit} only: there is nothing to tell apart")
        rare = [name for name, count in self.balance.items() if count < FEW]
        if rare and self.balance:
            some = ", ".join(rare[:10]) + (", …" if len(rare) > 10 else "")
            found.append(f"{len(rare)} with fewer than {FEW} examples: {shown(some)}")
        if self.duplicates:
            extra = sum(map(len, self.duplicates)) - len(self.duplicates)
            found.append(f"{extra} exact duplicates: they count twice and teach nothing new")
        if self.near:
            found.append(f"{len(self.near)} groups of near duplicates: keep each on one side")
        anchors = self.suggested_detect
        now = anchors.now if anchors is not None else None
        if anchors is not None and now is not None and now < anchors.reached - UNREACHED:
            found.append(
                f"the anchors of the settings reach {100 * now:.1f} % of the boxes, others "
                f"{100 * anchors.reached:.1f} %: take the suggested ones"
            )
        if anchors is not None and anchors.smallest < LEAST_SIDE:
            found.append(
                f"small boxes have sides of {anchors.smallest:.0f} pixels on an input of "
                f"{anchors.width}×{anchors.height}: below {LEAST_SIDE} they are hard to find; "
                "enlarge it"
            )
        return tuple(found)

    @property
    def _unit(self) -> str:
        return "character" if self.kind == TEXT else "class"

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON has it."""
        plain = {
            name: [_plain(item) for item in getattr(self, name)]
            for name in ("faults", "damaged", "outside", "boxes_outside")
        }
        groups = {
            name: [[_plain(sample) for sample in group] for group in getattr(self, name)]
            for name in ("duplicates", "near", "conflicts", "leaks")
        }
        return {
            "kind": self.kind,
            "pictures": self.pictures,
            "problems": [shown(sentence) for sentence in self.problems],
            "warnings": list(self.warnings),
            "sources": [asdict(s) | {"name": shown(s.name)} for s in self.sources],
            "symbols": self.symbols,
            "suggested_symbols": self.suggested_symbols,
            "suggested_input": asdict(self.suggested_input) if self.suggested_input else None,
            "suggested_detect": asdict(self.suggested_detect) if self.suggested_detect else None,
            "balance": {shown(name): count for name, count in self.balance.items()},
            "lengths": {str(length): count for length, count in self.lengths.items()},
            **plain,
            **groups,
        }


def check(
    train: Mapping[str, Sequence[Sample]],
    validation: Mapping[str, Sequence[Sample]] | None = None,
    *,
    symbols: str = "",
    kind: str | None = None,
    near: int = NEAR,
    workers: int = 2,
    canvas: Canvas | None = None,
    anchors: AnchorSpec | None = None,
    faults: Sequence[Fault] = (),
) -> Report:
    """Look at every picture of the sources once.

    ``symbols`` is the charset that labels should keep to (empty: any). ``kind`` says what labels
    are: "text", "classes" or "boxes" (default: boxes where there are some, else text). ``near``
    is the Hamming distance up to which pictures are near duplicates, of 256 bits. ``canvas`` and
    ``anchors`` are a detector's, where there are settings. ``faults`` are what reading the sources
    left out.
    """
    sides = {"train": train, "validation": validation or {}}
    seen = _Seen()
    figures = []
    for side, sources in sides.items():
        for name, samples in sources.items():
            figures.append(seen.add(name, side, samples, workers))
    everything = [s for sources in sides.values() for part in sources.values() for s in part]
    kind = kind or (BOXES if any(sample.boxes for sample in everything) else TEXT)
    balance = _balance(everything, kind)
    groups = _groups(seen, near)
    is_text = kind == TEXT
    return Report(
        kind=kind,
        sources=tuple(figures),
        symbols=symbols if is_text else "",
        suggested_symbols="".join(sorted(balance, key=_order)) if is_text else "",
        suggested_input=_suggest(seen.looks) if seen.looks else None,
        suggested_detect=_anchors(seen, canvas, anchors) if kind == BOXES else None,
        balance=balance,
        lengths=dict(sorted(Counter(len(s.label) for s in everything).items())) if is_text else {},
        faults=tuple(faults),
        damaged=tuple(seen.damaged),
        outside=tuple(labels_outside(everything, symbols)) if symbols and is_text else (),
        boxes_outside=tuple(seen.boxes_outside),
        duplicates=groups["duplicates"],
        near=groups["near"],
        conflicts=groups["conflicts"],
        leaks=groups["leaks"],
        examples=tuple(seen.samples[:: max(1, -(-len(seen.samples) // EXAMPLES))]),
    )


class _Seen:
    """The readable samples with their looks and sides, and the others."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.looks: list[Looks] = []
        self.sides: list[str] = []
        self.damaged: list[Damaged] = []
        self.boxes_outside: list[Sample] = []

    def add(self, name: str, side: str, samples: Sequence[Sample], workers: int) -> SourceFigures:
        first, damaged_before = len(self.looks), len(self.damaged)
        for sample, found in zip(samples, look_at(samples, workers=workers), strict=True):
            if isinstance(found, Damaged):
                self.damaged.append(found)
                continue
            self.samples.append(sample)
            self.looks.append(found)
            self.sides.append(side)
            if any(b.x2 > found.width + 1 or b.y2 > found.height + 1 for b in sample.boxes):
                self.boxes_outside.append(sample)
        looks = self.looks[first:]
        widths, heights = [one.width for one in looks], [one.height for one in looks]
        return SourceFigures(
            name=name,
            side=side,
            pictures=len(samples),
            damaged=len(self.damaged) - damaged_before,
            widths=(min(widths, default=0), max(widths, default=0)),
            heights=(min(heights, default=0), max(heights, default=0)),
        )


def _groups(seen: _Seen, near: int) -> dict[str, tuple[Group, ...]]:
    digests = [one.digest for one in seen.looks]
    labels = [sample.label for sample in seen.samples]
    alone = np.arange(len(digests), dtype=np.int64)
    same = [group for group in members(join_equal(alone, digests)) if len(group) > 1]
    close = [
        group
        for group in members(
            join_equal(near_groups(hashes(seen.looks), labels, near=near), digests)
        )
        if len(group) > 1
    ]
    chosen = {
        "duplicates": same,
        "near": [g for g in close if len({digests[i] for i in g}) > 1],
        "conflicts": [g for g in same if len({_answer(seen.samples[i]) for i in g}) > 1],
        "leaks": [g for g in close if len({seen.sides[i] for i in g}) > 1],
    }
    return {
        name: tuple(tuple(seen.samples[i] for i in group) for group in found)
        for name, found in chosen.items()
    }


def _answer(sample: Sample) -> object:
    return sample.label, frozenset(sample.boxes)


def _balance(samples: Sequence[Sample], kind: str) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for sample in samples:
        counts.update(units(sample, kind))
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def units(sample: Sample, kind: str) -> list[str]:
    """What a split balances and a check counts: characters, the class, or the boxes' classes."""
    if kind == BOXES:
        return [one.label for one in sample.boxes]
    return [sample.label] if kind == CLASSES else list(sample.label)


def _order(symbol: str) -> tuple[int, str]:
    """Digits, then lower, then upper case, then the rest: as the charset constants run."""
    kinds = (symbol.isdigit(), symbol.islower(), symbol.isupper())
    return kinds.index(True) if True in kinds else 3, symbol


def _suggest(looks: Sequence[Looks]) -> Suggestion:
    """Heights near the usual one, so that most pictures are hardly resized."""
    widths = np.array([one.width for one in looks])
    heights = np.array([one.height for one in looks])
    height = int(min(max(_up(float(np.median(heights))), 32), 96))
    return Suggestion(
        height=height,
        max_width=max(_up(float((widths * height / heights).max())), STEP),
        letterbox_height=_up(float(heights.max())),
        letterbox_width=_up(float(widths.max())),
    )


def _anchors(seen: _Seen, canvas: Canvas | None, anchors: AnchorSpec | None) -> AnchorFit | None:
    boxes = [
        np.array([(b.x2 - b.x1, b.y2 - b.y1) for b in one.boxes], dtype=np.float64).reshape(-1, 2)
        for one in seen.samples
    ]
    pictures = [(one.width, one.height) for one in seen.looks]
    return anchor_fit.fit(boxes, pictures, canvas=canvas, anchors=anchors)


def _up(value: float) -> int:
    return int(-(-value // STEP) * STEP)


def _plain(item: Sample | Damaged | Fault) -> dict[str, str]:
    if isinstance(item, Fault):
        fields = {"file": item.path, "source": item.source, "reason": item.reason}
        return {name: shown(value) for name, value in fields.items()}
    sample = item.sample if isinstance(item, Damaged) else item
    plain = {
        "file": shown(sample.path),
        "label": shown(sample.label),
        "source": shown(sample.source),
    }
    return plain | {"reason": shown(item.reason)} if isinstance(item, Damaged) else plain
