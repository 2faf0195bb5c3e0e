"""Pieces of the page: cards, tables, bars. All text is escaped here."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from training.evaluate import Figures
from training.figures.boxes import BoxFigures
from training.figures.confidence import ConfidenceFigures
from training.figures.shares import Share
from training.figures.text import TextFigures


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def percent(value: float) -> str:
    """Per cent with one decimal."""
    return f"{100 * value:.1f} %"


def interval(share: Share) -> str:
    """The ends of a share's interval, in per cent."""
    low, high = share.interval
    return f"{100 * low:.1f}–{100 * high:.1f} %"


def code(text: str) -> Markup:
    """Symbols of a captcha; a space is made visible."""
    return Markup(f"<code>{escape(text.replace(' ', '␣'))}</code>")


def bar(value: float) -> Markup:
    """A share from 0 to 1 as a bar, and its number."""
    return Markup(f'<span class="bar"><i style="width:{100 * value:.1f}%"></i></span>')


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    total: Sequence[str] | None = None,
    text_columns: int = 1,
) -> str:
    """A table whose first ``text_columns`` columns are words and the others numbers."""

    def cells(values: Sequence[str], tag: str) -> str:
        return "".join(
            f"<{tag}{' class=text' if column < text_columns else ''}>"
            f"{value if isinstance(value, Markup) else escape(value)}</{tag}>"
            for column, value in enumerate(values)
        )

    body = "".join(f"<tr>{cells(values, 'td')}</tr>" for values in rows)
    if total:
        body += f'<tr class="total">{cells(total, "td")}</tr>'
    return (
        f'<div class="scroll"><table><thead><tr>{cells(head, "th")}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def cards(figures: Figures) -> str:
    """The few figures that matter most."""
    if isinstance(figures, BoxFigures):
        shown = [
            _card("Boxes found", figures.recall),
            _card("Boxes right", figures.precision),
            _card("Whole pictures right", figures.exact),
        ]
        return f'<div class="cards">{_precision_card(figures)}{"".join(shown)}</div>'
    if isinstance(figures, TextFigures):
        first = [
            _card("Whole captcha right", figures.exact),
            _card("Ignoring case", figures.case_insensitive),
            _card("Characters right", figures.characters),
            _card("Length right", figures.lengths.right),
        ]
    else:
        first = [_card("Right class", figures.top1), _card("Among the first five", figures.top5)]
    return f'<div class="cards">{"".join(first)}{_confidence_card(figures.confidence)}</div>'


def row(name: str, figures: Figures) -> dict[str, str]:
    """One source as a row of the table of sources: heading → cell."""
    if isinstance(figures, BoxFigures):
        return {
            "source": name,
            "pictures": str(figures.count),
            "boxes": str(figures.recall.count),
            "AP@.5": percent(figures.ap50),
            "AP@.75": percent(figures.ap75),
            "AP@[.5:.95]": percent(figures.ap),
            "boxes found": percent(figures.recall.value),
            "boxes right": percent(figures.precision.value),
            "whole pictures right": percent(figures.exact.value),
            "95 %": interval(figures.exact),
        }
    confidence = figures.confidence
    if isinstance(figures, TextFigures):
        shares = {
            "exact": percent(figures.exact.value),
            "95 %": interval(figures.exact),
            "ignoring case": percent(figures.case_insensitive.value),
            "character errors": percent(figures.character_error_rate),
            "length right": percent(figures.lengths.right.value),
        }
    else:
        shares = {
            "top-1": percent(figures.top1.value),
            "95 %": interval(figures.top1),
            "top-5": percent(figures.top5.value),
        }
    return {
        "source": name,
        "pictures": str(figures.count),
        **shares,
        "calibration error": f"{confidence.expected_error:.3f}",
        "Brier": f"{confidence.brier:.3f}",
        "risk area": f"{confidence.area:.3f}",
        **{
            f"answered at {100 * target.risk:g} % errors": percent(target.coverage)
            for target in confidence.targets
        },
    }


def _card(name: str, share: Share) -> str:
    return (
        f'<div class="card"><span>{escape(name)}</span><b>{percent(share.value)}</b>'
        f"<span>{interval(share)} · {share.right} of {share.count}</span></div>"
    )


def _precision_card(figures: BoxFigures) -> str:
    return (
        f'<div class="card"><span>Average precision at IoU .5</span><b>{percent(figures.ap50)}</b>'
        f"<span>at .75 {percent(figures.ap75)} · at .5 to .95 {percent(figures.ap)}</span></div>"
    )


def _confidence_card(confidence: ConfidenceFigures) -> str:
    return (
        f'<div class="card"><span>Calibration error</span><b>{confidence.expected_error:.3f}</b>'
        f"<span>Brier score {confidence.brier:.3f}</span></div>"
    )
