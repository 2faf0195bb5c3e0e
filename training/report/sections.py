"""Sections of the page: what one set of figures says, pooled or of one source."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from training.charts import PALETTE, Chart, Series, svg
from training.figures.boxes import BoxFigures
from training.figures.classes import ClassFigures
from training.figures.confidence import ConfidenceFigures
from training.figures.shares import Share
from training.figures.text import TextFigures
from training.report.parts import Markup, bar, code, interval, percent, table

SYMBOLS = 24
CONFUSIONS = 24
MATRIX = 40


def text_sections(figures: TextFigures) -> Iterator[str]:
    """How sure, which places, which symbols, which mix-ups, which lengths."""
    yield from confidence_section(figures.confidence)
    yield '<div class="two"><section><h3>Places, from the left of the label</h3>'
    yield _shares("place", [(str(i), s) for i, s in enumerate(figures.positions, 1)])
    yield "</section><section>"
    yield from _lengths(figures)
    yield "</section><section><h3>Symbols, the worst first</h3>"
    yield _shares("symbol", [(code(s.symbol), s.share) for s in figures.symbols[:SYMBOLS]])
    yield _more(len(figures.symbols), SYMBOLS, "symbols")
    yield "</section><section><h3>Mix-ups</h3>"
    rows = [
        [code(item.truth), code(item.answer), str(item.count), str(item.pictures)]
        for item in figures.confusions[:CONFUSIONS]
    ]
    yield table(["label", "read as", "times", "pictures"], rows, text_columns=2)
    yield _more(len(figures.confusions), CONFUSIONS, "mix-ups")
    yield "</section></div>"


def box_sections(figures: BoxFigures) -> Iterator[str]:
    """What counts as right, and each class."""
    yield (
        '<p class="soft">A box is right where it has the label of a true one and overlaps it by '
        "half (IoU .5) or more. Average precision ranks all boxes by their score; the other "
        f"figures count those that score {figures.threshold:g} or more.</p>"
    )
    yield "<h3>Classes, the worst first</h3>"
    rows = [
        [code(item.label), str(item.truths), percent(item.ap50), percent(item.ap), bar(item.ap50)]
        for item in sorted(figures.classes, key=lambda item: (item.ap50, item.ap, item.label))
    ]
    yield table(["class", "boxes", "AP@.5", "AP@[.5:.95]", ""], rows)


def class_sections(figures: ClassFigures) -> Iterator[str]:
    """How sure, each class, and the confusion matrix."""
    yield from confidence_section(figures.confidence)
    yield "<h3>Classes, the worst first</h3>"
    ordered = sorted(figures.classes, key=lambda item: (item.f1, item.label))
    rows = [
        [
            item.label,
            str(item.recall.count),
            percent(item.recall.value) if item.recall.count else "–",
            percent(item.precision.value) if item.precision.count else "–",
            f"{item.f1:.3f}",
        ]
        for item in ordered
    ]
    yield table(["class", "pictures", "found (recall)", "right (precision)", "F1"], rows)
    if len(figures.labels) <= MATRIX:
        yield "<h3>Confusion matrix</h3>"
        yield '<p class="soft">Rows: the label. Columns: the answer.</p>'
        yield _matrix(figures)
    else:
        yield "<h3>Mix-ups</h3>"
        mixed = [
            (count, figures.labels[i], figures.labels[j])
            for i, counts in enumerate(figures.matrix)
            for j, count in enumerate(counts)
            if i != j and count
        ]
        mixed.sort(key=lambda item: (-item[0], item[1:]))
        rows = [[truth, answer, str(count)] for count, truth, answer in mixed[:CONFUSIONS]]
        yield table(["label", "taken for", "times"], rows, text_columns=2)
        yield _more(len(mixed), CONFUSIONS, "mix-ups")


def confidence_section(figures: ConfidenceFigures) -> Iterator[str]:
    """Calibration and risk–coverage, and which ``min_confidence`` keeps which promise."""
    yield '<h3>Confidence</h3><div class="two"><section>'
    yield svg(_calibration_chart(figures))
    yield "</section><section>"
    yield svg(_risk_chart(figures))
    yield "</section></div>"
    rows = [
        [
            f"at most {100 * target.risk:g} % wrong",
            percent(target.coverage),
            "none does" if target.threshold is None else f"{target.threshold:.4f}",
        ]
        for target in figures.targets
    ]
    yield table(["of the answers given", "answered", "min_confidence"], rows)
    yield (
        f'<p class="soft">Area under the risk–coverage curve {figures.area:.4f}. A threshold taken '
        "from these pictures is kept on others only roughly.</p>"
    )


def _calibration_chart(figures: ConfidenceFigures) -> Chart:
    points = tuple((one.confidence, one.accuracy) for one in figures.bins)
    shares = tuple(
        ((one.low + one.high) / 2, one.count / sum(b.count for b in figures.bins))
        for one in figures.bins
    )
    return Chart(
        "Calibration: is it as right as it is sure?",
        "confidence",
        "right",
        (
            Series("right, of ten bins", points, has_marks=True),
            Series("share of the answers", shares, is_quiet=True, has_marks=True),
        ),
        x_range=(0.0, 1.0),
        y_range=(0.0, 1.0),
        is_percent=True,
        has_diagonal=True,
    )


def _risk_chart(figures: ConfidenceFigures) -> Chart:
    points = tuple((point.coverage, point.risk) for point in figures.curve)
    return Chart(
        "Risk and coverage: leave out the unsure",
        "answered, the surest first",
        "wrong, of those answered",
        (Series("", points, colour=PALETTE[1]),),
        x_range=(0.0, 1.0),
        y_range=(0.0, max(0.05, *(risk for _, risk in points))),
        is_percent=True,
    )


def _lengths(figures: TextFigures) -> Iterator[str]:
    lengths, edits = figures.lengths, figures.edits
    yield "<h3>Lengths and edits</h3>"
    rows = [
        ["answers of the right length", str(lengths.right.right)],
        ["too short", str(lengths.shorter)],
        ["too long", str(lengths.longer)],
        ["characters read as another", str(edits.substitutions)],
        ["characters left out", str(edits.deletions)],
        ["characters too many", str(edits.insertions)],
    ]
    yield table(["what", "count"], rows)
    wrong = [item for item in lengths.pairs if item[0] != item[1]]
    wrong.sort(key=lambda item: -item[2])
    if wrong:
        shown = [[f"{label} read as {answer}", str(n)] for label, answer, n in wrong[:6]]
        yield table(["length", "pictures"], shown)
    for name, counts in (("Left out", edits.deleted), ("Too many", edits.inserted)):
        if counts:
            listed = ", ".join(f"{code(symbol)} {count}×" for symbol, count in counts[:8])
            yield f'<p class="soft">{name}: {listed}</p>'


def _shares(name: str, items: list[tuple[str, Share]]) -> str:
    rows = [
        [label, bar(share.value), percent(share.value), interval(share), str(share.count)]
        for label, share in items
    ]
    return table([name, "", "right", "95 %", "of"], rows)


def _matrix(figures: ClassFigures) -> str:
    head = "".join(f"<th>{escape(label)}</th>" for label in figures.labels)
    rows = []
    for label, counts in zip(figures.labels, figures.matrix, strict=True):
        total = max(1, sum(counts))
        cells = "".join(
            f'<td style="background:rgba(var(--heat),{0.5 * count / total:.2f})">{count or ""}</td>'
            for count in counts
        )
        rows.append(f"<tr><th>{escape(label)}</th>{cells}</tr>")
    return Markup(
        f'<div class="scroll"><table class="matrix"><thead><tr><th></th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _more(count: int, shown: int, what: str) -> str:
    return f'<p class="soft">{count - shown} more {what} in the JSON.</p>' if count > shown else ""
