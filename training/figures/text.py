"""Figures of texts that were read: whole answers, characters, places, mix-ups and lengths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from training.figures.align import Pair, by_edits, by_place
from training.figures.confidence import ConfidenceFigures, confidence_figures
from training.figures.shares import Share, share
from training.metrics import edit_distance


@dataclass(frozen=True, slots=True)
class Symbol:
    """How often a symbol of the labels was read right."""

    symbol: str
    share: Share


@dataclass(frozen=True, slots=True)
class Confusion:
    """``truth`` read as ``answer``, ``count`` times in ``pictures`` pictures."""

    truth: str
    answer: str
    count: int
    pictures: int


@dataclass(frozen=True, slots=True)
class Lengths:
    """Answers as long as their label, shorter and longer, and the count of each (label, answer)."""

    right: Share
    shorter: int
    longer: int
    pairs: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Edits:
    """What it takes to turn all labels into the answers."""

    substitutions: int
    insertions: int
    deletions: int
    inserted: tuple[tuple[str, int], ...]
    deleted: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class TextFigures:
    """Everything that is known of one set of answers.

    ``characters`` are those of the labels; ``positions`` count from the left of the label.
    Symbols are sorted worst first, confusions by frequency.
    """

    exact: Share
    case_insensitive: Share
    characters: Share
    character_error_rate: float
    symbols: tuple[Symbol, ...]
    positions: tuple[Share, ...]
    confusions: tuple[Confusion, ...]
    edits: Edits
    lengths: Lengths
    confidence: ConfidenceFigures

    @property
    def whole(self) -> Share:
        """Answers that are right as a whole."""
        return self.exact

    @property
    def count(self) -> int:
        """Pictures."""
        return self.exact.count

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for JSON; shares come with their interval."""
        return {
            "kind": "text",
            "count": self.count,
            "exact": self.exact.to_dict(),
            "case_insensitive": self.case_insensitive.to_dict(),
            "characters": self.characters.to_dict(),
            "character_error_rate": self.character_error_rate,
            "symbols": {item.symbol: item.share.to_dict() for item in self.symbols},
            "positions": [position.to_dict() for position in self.positions],
            "confusions": [asdict(item) for item in self.confusions],
            "edits": asdict(self.edits),
            "lengths": {
                "right": self.lengths.right.to_dict(),
                "shorter": self.lengths.shorter,
                "longer": self.lengths.longer,
                "pairs": [
                    {"label": label, "answer": answer, "count": count}
                    for label, answer, count in self.lengths.pairs
                ],
            },
            "confidence": self.confidence.to_dict(),
        }


def text_figures(
    answers: Sequence[str],
    truths: Sequence[str],
    confidences: Sequence[float],
    *,
    aligned: bool = True,
) -> TextFigures:
    """Compare answers with labels, in order.

    ``aligned`` pairs characters by the fewest edits, as a CTC network needs it; without, the
    first is held against the first and so on, as for a network with one head a place.

    Raises:
        ValueError: lengths differ, or there is nothing to compare.
    """
    if not len(answers) == len(truths) == len(confidences) or not truths:
        raise ValueError(
            f"expected as many answers and confidences as labels, at least one; "
            f"received {len(answers)}, {len(confidences)} and {len(truths)}"
        )
    pair = by_edits if aligned else by_place
    pairs = [pair(truth, answer) for answer, truth in zip(answers, truths, strict=True)]
    exact = [answer == truth for answer, truth in zip(answers, truths, strict=True)]
    every = [item for picture in pairs for item in picture]
    errors = sum(edit_distance(a, t) for a, t in zip(answers, truths, strict=True))
    return TextFigures(
        exact=share(exact),
        case_insensitive=share(
            answer.casefold() == truth.casefold()
            for answer, truth in zip(answers, truths, strict=True)
        ),
        characters=share(left == right for left, right in every if left is not None),
        character_error_rate=errors / max(1, sum(map(len, truths))),
        symbols=_symbols(every),
        positions=_positions(pairs),
        confusions=_confusions(pairs),
        edits=_edits(every),
        lengths=_lengths(answers, truths),
        confidence=confidence_figures(confidences, exact),
    )


def _symbols(pairs: Sequence[Pair]) -> tuple[Symbol, ...]:
    verdicts: dict[str, list[bool]] = {}
    for left, right in pairs:
        if left is not None:
            verdicts.setdefault(left, []).append(left == right)
    found = [Symbol(symbol, share(flags)) for symbol, flags in verdicts.items()]
    return tuple(sorted(found, key=lambda item: (item.share.value, -item.share.count, item.symbol)))


def _positions(pairs: Sequence[Sequence[Pair]]) -> tuple[Share, ...]:
    verdicts: list[list[bool]] = []
    for picture in pairs:
        place = 0
        for left, right in picture:
            if left is None:
                continue
            if place == len(verdicts):
                verdicts.append([])
            verdicts[place].append(left == right)
            place += 1
    return tuple(share(flags) for flags in verdicts)


def _confusions(pairs: Sequence[Sequence[Pair]]) -> tuple[Confusion, ...]:
    counts: Counter[tuple[str, str]] = Counter()
    pictures: Counter[tuple[str, str]] = Counter()
    for picture in pairs:
        mixed = [
            (left, right)
            for left, right in picture
            if left is not None and right is not None and left != right
        ]
        counts.update(mixed)
        pictures.update(set(mixed))
    ordered = sorted(counts, key=lambda key: (-counts[key], key))
    return tuple(Confusion(*key, counts[key], pictures[key]) for key in ordered)


def _edits(pairs: Sequence[Pair]) -> Edits:
    inserted = Counter(right for left, right in pairs if left is None and right is not None)
    deleted = Counter(left for left, right in pairs if right is None and left is not None)
    return Edits(
        substitutions=sum(None not in pair and pair[0] != pair[1] for pair in pairs),
        insertions=inserted.total(),
        deletions=deleted.total(),
        inserted=_by_frequency(inserted),
        deleted=_by_frequency(deleted),
    )


def _lengths(answers: Sequence[str], truths: Sequence[str]) -> Lengths:
    sizes = [(len(truth), len(answer)) for answer, truth in zip(answers, truths, strict=True)]
    pairs = sorted(Counter(sizes).items())
    return Lengths(
        right=share(label == answer for label, answer in sizes),
        shorter=sum(answer < label for label, answer in sizes),
        longer=sum(answer > label for label, answer in sizes),
        pairs=tuple((label, answer, count) for (label, answer), count in pairs),
    )


def _by_frequency(counts: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
