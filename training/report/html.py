"""The page: one self-contained HTML file, no script, no request, light and dark."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from html import escape
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.evaluate import Evaluation, Figures, Prediction
from training.figures.boxes import BoxFigures
from training.figures.text import TextFigures
from training.report.files import WORST, has_classes, pixels, worst
from training.report.parts import cards, percent, row, table
from training.report.sections import box_sections, class_sections, text_sections
from training.sheets import fitted
from training.whole import write_whole

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
THUMBNAIL = (360, 160)
LISTED = 100


def write_html(evaluation: Evaluation, path: Path) -> Path:
    """Write the report; all that it shows stands inside the file."""
    return write_whole(path, page(evaluation).encode("utf-8", "backslashreplace"))


def page(evaluation: Evaluation) -> str:
    """The whole document."""
    title = f"Evaluation of {Path(evaluation.model).name}"
    style = resources.files("training.report").joinpath("style.css").read_text(encoding="utf-8")
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title>",
            f"<style>{style}</style></head><body>",
            f"<h1>{escape(title)}</h1>",
            f'<p class="soft">{_counts(evaluation)}</p>',
            cards(evaluation.pooled),
            *_sources(evaluation),
            *_sections(evaluation.pooled),
            *_worst(evaluation),
            *_each_source(evaluation),
            *_unreadable(evaluation),
            "</body></html>\n",
        ]
    )


def _counts(evaluation: Evaluation) -> str:
    sources = len(evaluation.sources)
    return (
        f"{len(evaluation.predictions)} pictures of {sources} source{'s' * (sources != 1)}, each "
        "read once. Intervals are 95 % (Wilson)."
    )


def _sections(figures: Figures) -> Iterable[str]:
    if isinstance(figures, TextFigures):
        return text_sections(figures)
    if isinstance(figures, BoxFigures):
        return box_sections(figures)
    return class_sections(figures)


def _sources(evaluation: Evaluation) -> Iterable[str]:
    if len(evaluation.sources) < 2:
        return
    rows = [row(name, figures) for name, figures in evaluation.sources.items()]
    names = list(row("", evaluation.pooled))
    yield "<h2>Each source</h2>"
    body = [list(cells.values()) for cells in rows]
    total = list(row("all together", evaluation.pooled).values())
    yield table(names, body, total=total)


def _each_source(evaluation: Evaluation) -> Iterable[str]:
    if len(evaluation.sources) < 2:
        return
    yield "<h2>Sources in detail</h2>"
    for name, figures in evaluation.sources.items():
        whole = figures.whole
        yield (
            f"<details><summary>{escape(name)} · {percent(whole.value)} of {whole.count}"
            f"</summary>{cards(figures)}{''.join(_sections(figures))}</details>"
        )


def _worst(evaluation: Evaluation) -> Iterable[str]:
    chosen = worst(evaluation)
    wrong = sum(not item.is_right for item in chosen)
    yield f"<h2>The worst {len(chosen)} answers</h2>"
    yield (
        f'<p class="soft">{wrong} wrong, the surest first'
        f"{', then right ones, the least sure first' if wrong < len(chosen) else ''}"
        f"{f'; at most {WORST} are shown' if len(chosen) == WORST else ''}.</p>"
    )
    yield '<div class="sheet">'
    named = has_classes(evaluation)
    for item in chosen:
        yield _figure(item, named=named)
    yield "</div>"


def _figure(item: Prediction, *, named: bool) -> str:
    label, answer = escape(item.label), escape(item.answer)
    return (
        f'<figure class="{"good" if item.is_right else "bad"}" '
        f'title="{escape(str(item.sample.path))}">'
        f'<img alt="captcha labelled {label}" src="{thumbnail(pixels(item, named=named))}">'
        f'<figcaption>label <code>{label}</code><br>read <code class="answer">{answer or "–"}'
        f"</code> {percent(item.confidence)}<br>{escape(item.sample.source)}</figcaption></figure>"
    )


def thumbnail(picture: npt.NDArray[np.uint8]) -> str:
    """An RGB picture as a small PNG in a ``data:`` address; small ones keep their own size."""
    height, width = picture.shape[:2]
    image = fitted(picture, (min(width, THUMBNAIL[0]), min(height, THUMBNAIL[1])))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def _unreadable(evaluation: Evaluation) -> Iterable[str]:
    if not evaluation.unreadable:
        return
    count = len(evaluation.unreadable)
    yield f"<h2>Left out: {count} file{'s' * (count != 1)} that cannot be read</h2>"
    rows = [[str(item.sample.path), item.reason] for item in evaluation.unreadable[:LISTED]]
    yield table(["file", "why"], rows, text_columns=2)
