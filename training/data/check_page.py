"""A check's report for people: as text, and as one HTML page with small pictures.

The page loads nothing: pictures stand in it as ``data:`` URIs, and its policy forbids all else.
Labels and file names come from strangers' data, so every one of them is escaped.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from html import escape

from PIL import Image, ImageDraw

from solver import images
from solver.errors import ImageError
from training.data.check import TEXT, Group, Report
from training.samples import Sample, in_a_row, shown

LINES = 10
GROUPS = 40
PICTURES = 8
THUMBNAIL = (180, 90)
BOXES_THUMBNAIL = (180, 180)
FRAME = "#00e000"
BARS = 100

_HEADINGS = {
    "conflicts": "Conflicts: the same picture, two answers",
    "leaks": "Leaks: on both sides of training and validation",
    "duplicates": "Exact duplicates",
    "near": "Near duplicates",
}

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --bad: #c5221f; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; } th, td { text-align: left; padding: .25rem .9rem .25rem 0; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
tr { border-bottom: 1px solid var(--line); }
.bad { color: var(--bad); font-weight: 600; }
.row { display: flex; flex-wrap: wrap; gap: .6rem; padding: .6rem 0;
  border-bottom: 1px solid var(--line); }
figure { margin: 0; padding: .4rem; background: var(--soft); border-radius: .4rem; width: 190px; }
figure img { display: block; max-width: 100%; margin: 0 auto; }
figcaption { font-size: .8rem; overflow-wrap: anywhere; }
figcaption b { font: 600 .95rem ui-monospace, monospace; white-space: pre-wrap; }
.bars { columns: 14rem; } .bar { display: flex; gap: .5rem; break-inside: avoid; }
.bar span:first-child { flex: 0 0 5.5rem; overflow-wrap: anywhere; }
.bar i { display: block; height: .8rem; margin-top: .35rem; background: #4285f4; min-width: 1px; }
code { background: var(--soft); padding: 0 .3rem; overflow-wrap: anywhere; }
"""


def to_text(report: Report) -> str:
    """The report as lines for a terminal."""
    return "\n".join(_text_lines(report))


def _text_lines(report: Report) -> Iterator[str]:
    yield f"pictures: {report.pictures}"
    for source in report.sources:
        sizes = f"{_span(source.widths)} wide, {_span(source.heights)} high"
        damaged = f", {source.damaged} damaged" if source.damaged else ""
        name = shown(source.name)
        yield f"  {name} ({source.side}): {source.pictures} pictures, {sizes}{damaged}"
    if report.suggested_input is not None:
        size = report.suggested_input
        free = f"height = {size.height}, max_width = {size.max_width}; or " * (report.kind == TEXT)
        yield f"input: {free}letterbox {size.letterbox_width}×{size.letterbox_height}"
    if report.suggested_detect is not None:
        yield f"detect: {report.suggested_detect}"
        yield f"  {report.suggested_detect.reason}"
    if report.kind == TEXT:
        yield f"symbols in the labels: {shown(report.suggested_symbols)}"
        yield "label lengths: " + ", ".join(f"{k} ({v})" for k, v in report.lengths.items())
    counts = list(report.balance.items())
    some = counts if len(counts) <= 2 * LINES else [*counts[:LINES], *counts[-LINES:]]
    dots = "" if some is counts else ", commonest and rarest"
    listed = ", ".join(f"{shown(name)} {count}" for name, count in some)
    yield f"{_counted(report)}{dots}: {listed}"
    unreadable = [f"{shown(item.sample.path)}: {shown(item.reason)}" for item in report.damaged]
    yield from _listed("label", [shown(fault.reason) for fault in report.faults])
    yield from _listed("damaged", unreadable)
    outside = [f"{shown(sample.path)}: {shown(sample.label)}" for sample in report.outside]
    yield from _listed("outside the charset", outside)
    yield from _listed("boxes outside", [shown(sample.path) for sample in report.boxes_outside])
    for name in _HEADINGS:
        yield from _listed(name, [_equation(group) for group in getattr(report, name)])
    for sentence in report.problems:
        yield f"PROBLEM {sentence}"
    for sentence in report.warnings:
        yield f"note: {sentence}"
    if not report.problems:
        yield "no problems found"


def _listed(what: str, lines: Sequence[str]) -> Iterator[str]:
    yield from (f"  {what}: {line}" for line in lines[:LINES])
    if len(lines) > LINES:
        yield f"  {what}: and {len(lines) - LINES} more"


def _equation(group: Group) -> str:
    files = " = ".join(f"{shown(s.path)} ({shown(s.label)})" for s in group[:PICTURES])
    return files + (" …" if len(group) > PICTURES else "")


def to_html(report: Report) -> str:
    """The report as one page."""
    parts = [
        "<!doctype html><html lang=en><head><meta charset=utf-8>",
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name=viewport content="width=device-width">',
        f"<title>Check of {report.pictures} pictures</title><style>{_STYLE}</style></head><body>",
        f"<h1>Check of {report.pictures} pictures</h1>",
        *_summary(report),
        *_sources(report),
        *_bars(report),
        *_table(
            "Labels that cannot be used",
            [(one.path, one.reason.removeprefix(f"{one.path}: ")) for one in report.faults],
        ),
        *_table("Damaged files", [(one.sample.path, one.reason) for one in report.damaged]),
        *_pictures("Labels outside the charset", report.outside),
        *_pictures("Boxes outside of their picture", report.boxes_outside),
    ]
    for name, heading in _HEADINGS.items():
        parts.extend(_group_rows(heading, getattr(report, name)))
    parts.extend(_pictures("A look at the data", report.examples))
    return "\n".join([*parts, "</body></html>\n"])


def _summary(report: Report) -> Iterator[str]:
    yield "<ul>"
    for sentence in report.problems:
        yield f"<li class=bad>{_safe(sentence)}</li>"
    for sentence in report.warnings:
        yield f"<li>{_safe(sentence)}</li>"
    if not report.problems:
        yield "<li>No problems found.</li>"
    yield "</ul>"


def _sources(report: Report) -> Iterator[str]:
    yield "<h2>Sources</h2><table><tr><th>source<th>side<th class=n>pictures<th class=n>damaged"
    yield "<th class=n>width<th class=n>height</tr>"
    for one in report.sources:
        numbers = (one.pictures, one.damaged, _span(one.widths), _span(one.heights))
        cells = "".join(f"<td class=n>{value}" for value in numbers)
        yield f"<tr><td>{_safe(one.name)}<td>{one.side}{cells}</tr>"
    yield "</table>"
    size = report.suggested_input
    if size is not None:
        yield "<p>Suggested input: "
        if report.kind == TEXT:
            yield f"<code>height = {size.height}</code> "
            yield f"<code>max_width = {size.max_width}</code>, or "
        yield f"a letterbox of {size.letterbox_width}×{size.letterbox_height}.</p>"
    anchors = report.suggested_detect
    if anchors is not None:
        yield f"<p>Suggested for a detector: <code>{_safe(anchors)}</code>. "
        yield f"{_safe(anchors.reason)}.</p>"
    if report.kind == TEXT:
        yield f"<p>Symbols in the labels: <code>{_safe(report.suggested_symbols)}</code></p>"


def _bars(report: Report) -> Iterator[str]:
    tables = [(_counted(report), report.balance)]
    if report.lengths:
        tables.append(("Label lengths", {str(k): v for k, v in report.lengths.items()}))
    for heading, counts in tables:
        yield f"<h2>{heading}</h2><div class=bars>"
        most = max(counts.values(), default=1)
        for name, count in list(counts.items())[:BARS]:
            yield f"<div class=bar><span>{_safe(name)}</span>"
            yield f'<i style="width:{100 * count / most:.0f}px"></i><span>{count}</span></div>'
        yield "</div>" + _more(len(counts), BARS)


def _table(heading: str, rows: Sequence[tuple[object, str]]) -> Iterator[str]:
    if rows:
        yield f"<h2>{heading}</h2><table>"
        for path, reason in rows[: GROUPS * PICTURES]:
            yield f"<tr><td>{_safe(path)}<td>{_safe(reason)}</tr>"
        yield "</table>" + _more(len(rows), GROUPS * PICTURES)


def _pictures(heading: str, samples: Sequence[Sample]) -> Iterator[str]:
    if samples:
        yield f"<h2>{heading}</h2><div class=row>"
        yield from (_figure(sample) for sample in samples[: GROUPS * 2])
        yield "</div>" + _more(len(samples), GROUPS * 2)


def _group_rows(heading: str, groups: Sequence[Group]) -> Iterator[str]:
    if groups:
        yield f"<h2>{heading}</h2>"
        for group in groups[:GROUPS]:
            yield "<div class=row>"
            yield from (_figure(sample) for sample in group[:PICTURES])
            yield _more(len(group), PICTURES) + "</div>"
        yield _more(len(groups), GROUPS)


def _figure(sample: Sample) -> str:
    label = sample.label or in_a_row((box.label for box in sample.boxes), between=", ")
    return (
        f'<figure><img alt="" src="{_thumbnail(sample)}"><figcaption><b>{_safe(label)}</b><br>'
        f"{_safe(sample.source)} / {_safe(sample.path.name)}</figcaption></figure>"
    )


def _thumbnail(sample: Sample) -> str:
    try:
        pixels = images.load(sample.content())
    except ImageError:
        return "data:,"
    picture = Image.fromarray(pixels)
    picture.thumbnail(BOXES_THUMBNAIL if sample.boxes else THUMBNAIL)
    # After scaling, so that frames keep their one pixel.
    across, down = picture.width / pixels.shape[1], picture.height / pixels.shape[0]
    pen = ImageDraw.Draw(picture)
    for box in sample.boxes:
        # Pillow goes along every pixel of a side, wherever it lies.
        x1, x2 = (min(max(x * across, -1.0), picture.width) for x in (box.x1, box.x2))
        y1, y2 = (min(max(y * down, -1.0), picture.height) for y in (box.y1, box.y2))
        pen.rectangle((x1, y1, max(x1, x2 - 1), max(y1, y2 - 1)), outline=FRAME)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _more(count: int, limit: int) -> str:
    return f"<p>and {count - limit} more</p>" if count > limit else ""


def _span(ends: tuple[int, int]) -> str:
    return str(ends[0]) if ends[0] == ends[1] else f"{ends[0]}–{ends[1]}"


def _counted(report: Report) -> str:
    count = len(report.balance)
    one, many = ("character", "characters") if report.kind == TEXT else ("class", "classes")
    return f"{count} {one if count == 1 else many}"


def _safe(text: object) -> str:
    return escape(shown(text), quote=True)
