"""The figures and the limits on a model card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from solver.spec import DecoderSpec
from training.evaluate import Evaluation, Figures
from training.exporting.markdown import code, paragraph, table
from training.figures.boxes import BoxFigures
from training.figures.classes import TOP, ClassFigures
from training.figures.confidence import ConfidenceFigures
from training.figures.text import TextFigures

WORST = 5
FEW = 300
UNSURE = 0.05
RARE = 20


def figures(evaluation: Evaluation) -> Iterator[str]:
    """A table with a row a source, and what confidence is worth."""
    parts = list(evaluation.sources.items())
    if len(parts) > 1:
        parts.append(("all together", evaluation.pooled))
    if isinstance(evaluation.pooled, BoxFigures):
        yield from _box_figures(evaluation, parts)
        return
    is_text = isinstance(evaluation.pooled, TextFigures)
    third = "character error rate" if is_text else f"top-{TOP}"
    second = "ignoring case" if is_text else "wrong"
    head = ("source", "pictures", "right", "95 %", second, third, "calibration error")
    rows = [_row(name, found) for name, found in parts if not isinstance(found, BoxFigures)]
    yield table(head, rows)
    if evaluation.unreadable:
        yield f"{len(evaluation.unreadable)} damaged files were left out."
    yield paragraph(
        "Right is the whole answer, the case of letters included; 95 % is Wilson's interval. "
        f"{_thresholds(evaluation.pooled.confidence)}"
    )


def _box_figures(evaluation: Evaluation, parts: Sequence[tuple[str, Figures]]) -> Iterator[str]:
    head = ("source", "pictures", "boxes", "AP@.5", "AP@[.5:.95]", "found", "right", "whole, 95 %")
    yield table(head, [_box_row(n, found) for n, found in parts if isinstance(found, BoxFigures)])
    if evaluation.unreadable:
        yield f"{len(evaluation.unreadable)} damaged files were left out."
    yield paragraph(
        "AP is average precision as COCO counts it. Found are boxes that are there, right are "
        "boxes of the answer, at IoU .5 and the contract's score threshold; whole are pictures "
        "with every box found and no other, with Wilson's interval."
    )


def _box_row(name: str, found: BoxFigures) -> tuple[str, ...]:
    low, high = found.exact.interval
    return (
        name,
        f"{found.count:,}",
        f"{found.recall.count:,}",
        f"{100 * found.ap50:.1f} %",
        f"{100 * found.ap:.1f} %",
        f"{100 * found.recall.value:.1f} %",
        f"{100 * found.precision.value:.1f} %",
        f"{100 * found.exact.value:.1f} % ({100 * low:.1f}–{100 * high:.1f} %)",
    )


def _row(name: str, found: TextFigures | ClassFigures) -> tuple[str, ...]:
    right = found.whole
    low, high = right.interval
    if isinstance(found, TextFigures):
        more = (
            f"{100 * found.case_insensitive.value:.1f} %",
            f"{100 * found.character_error_rate:.1f} %",
        )
    else:
        more = (str(found.count - right.right), f"{100 * found.top5.value:.1f} %")
    return (
        name,
        f"{found.count:,}",
        f"{100 * right.value:.1f} %",
        f"{100 * low:.1f}–{100 * high:.1f} %",
        *more,
        f"{found.confidence.expected_error:.3f}",
    )


def _thresholds(found: ConfidenceFigures) -> str:
    kept = [
        f"{100 * target.risk:g} % wrong at `min_confidence={target.threshold:.3f}`, which answers "
        f"{100 * target.coverage:.0f} %"
        for target in found.targets
        if target.threshold is not None
    ]
    if not kept:
        return "No threshold of confidence keeps wrong answers below 5 %."
    return f"At most {'; '.join(kept)} (chosen on these pictures)."


def limits(
    evaluation: Evaluation | None, *, trained: Sequence[str], decoder: DecoderSpec
) -> list[str]:
    """What the model cannot do, or what is not known of it, a sentence each.

    ``trained`` are the labels of training's pictures, or of their boxes; empty: not known.
    """
    lines = ["Made for pictures like those of its sources; how it reads others is not known."]
    if trained:
        lines += (_untrained if decoder.symbols else _rare)(trained, decoder)
    if evaluation is None:
        return lines
    found = evaluation.pooled
    low, high = found.whole.interval
    if found.count < FEW or high - low > UNSURE:
        lines.append(
            f"{found.count} pictures measure roughly: with others like them, {100 * low:.0f} to "
            f"{100 * high:.0f} % may be right."
        )
    lines += _mixed_up(found)
    weak = [name for name, part in evaluation.sources.items() if part.whole.value < 0.5]
    if weak:
        lines.append(f"Wrong more often than right: {', '.join(map(code, weak))}.")
    return lines


def _untrained(trained: Sequence[str], decoder: DecoderSpec) -> list[str]:
    lines = []
    unseen = "".join(sorted(set(decoder.symbols) - set("".join(trained))))
    if unseen:
        lines.append(f"Never seen in training, so never to be expected: {code(unseen[:200])}.")
    lengths = {len(label) for label in trained}
    if lengths:
        shortest, longest = min(lengths), max(lengths)
        said = str(shortest) if shortest == longest else f"{shortest} to {longest}"
        lines.append(f"It learned texts of {said} characters; others are guesses.")
    return lines


def _rare(trained: Sequence[str], decoder: DecoderSpec) -> list[str]:
    """Of classes, in pictures or in boxes."""
    counts = Counter(trained)
    rare = [label for label in decoder.labels if counts[label] < RARE]
    if not rare:
        return []
    named = ", ".join(f"{code(label)} {counts[label]}" for label in rare[:20])
    more = f" and {len(rare) - 20} more" if len(rare) > 20 else ""
    return [f"Fewer than {RARE} examples in training: {named}{more}."]


def _mixed_up(found: Figures) -> list[str]:
    if isinstance(found, TextFigures):
        pairs = [
            f"{code(item.truth)} read as {code(item.answer)} ({item.count})"
            for item in found.confusions[:WORST]
        ]
        return [f"Mixed up most often on validation: {', '.join(pairs)}."] if pairs else []
    if isinstance(found, BoxFigures):
        worst = sorted(found.classes, key=lambda item: item.ap50)[:WORST]
        named = (f"{code(x.label)} AP@.5 {x.ap50:.2f} of {x.truths}" for x in worst if x.ap50 < 1)
        sentence = ", ".join(named)
        return [f"Found least well on validation: {sentence}."] if sentence else []
    missed = sorted(
        (item for item in found.classes if item.recall.count and item.recall.value < 1),
        key=lambda item: item.recall.value,
    )[:WORST]
    untested = [item.label for item in found.classes if not item.recall.count]
    lines = []
    if missed:
        shown = (f"{code(x.label)} {x.recall.right} of {x.recall.count}" for x in missed)
        lines.append(f"Found least often on validation: {', '.join(shown)}.")
    if untested:
        lines.append(f"Not in validation at all: {', '.join(map(code, untested[:20]))}.")
    return lines
