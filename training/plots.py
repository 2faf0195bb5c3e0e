"""Charts as PNG, drawn by Pillow: a run's losses and accuracies, rewritten at every epoch."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from training.charts import PALETTE, QUIET, Chart, Frame, Series, tick_text, ticks
from training.whole import beside

SCALE = 2  # drawn twice as large and shrunk: smooth lines
PANEL = (640, 440)
INK, SOFT, GRID, PAPER = "#202124", "#5f6368", "#e4e6e9", "#ffffff"
MAX_NAMED = 6
LEGEND_ROW = 18
# What decides, by its column in the log.
MEASURES = {
    "ap50": "Average precision at IoU .5, on validation",
    "exact": "Whole captcha right, on validation",
}


def plot_log(run: Path) -> Path:
    """Draw ``log.csv`` of a run's folder as ``log.png`` beside it: loss, and exact accuracy.

    The columns are ``epoch``, ``loss``, ``source`` and ``exact``, one row a source and an epoch;
    ``validation_loss`` is drawn where there is one, and ``ap50`` in place of ``exact``. Without
    validation (no row has a source) the loss is drawn alone. The new picture takes the old one's
    place when it is whole.

    Raises:
        ValueError: a row is not of that kind; the message names it.
        OSError: there is no log, or the folder cannot be written.
    """
    log = run / "log.csv"
    rows = _rows(log)
    said = [row for row in rows if row["source"]]
    charts = [_loss_chart(rows)]
    if said or not rows:
        charts.append(_accuracy_chart(said))
    picture = draw(charts)
    output = run / "log.png"
    with beside(output) as partial:
        picture.save(partial, "PNG")
    return output


def draw(charts: Sequence[Chart]) -> Image.Image:
    """The charts side by side on white."""
    width, height = PANEL
    whole = Image.new("RGB", (width * len(charts) * SCALE, height * SCALE), PAPER)
    for index, chart in enumerate(charts):
        whole.paste(_panel(chart), (index * width * SCALE, 0))
    return whole.resize((width * len(charts), height), Image.Resampling.LANCZOS)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = {"epoch", "loss", "source", "exact"} - set(reader.fieldnames or ())
        if missing:
            raise ValueError(
                f"{path}: expected the columns {', '.join(sorted(missing))}; "
                f"received {reader.fieldnames}"
            )
        rows = list(reader)
    for number, row in enumerate(rows, 2):
        for name in ("epoch", "loss", *(["exact"] if row["source"] else [])):
            if not _is_number(row[name]):
                raise ValueError(f"{path}: line {number}: {name} is no number: {row[name]!r}")
    return rows


def _loss_chart(rows: Sequence[dict[str, str]]) -> Chart:
    """A value a source and an epoch is averaged: the training loss is the same for all."""
    series: list[Series] = []
    for column, name in (("loss", "training"), ("validation_loss", "validation")):
        values = [row for row in rows if _is_number(row.get(column))]
        points = _mean_by_epoch(values, column)
        if points:
            series.append(Series(name, points, colour=PALETTE[len(series)]))
    losses = [y for s in series for _, y in s.points if math.isfinite(y)]
    return Chart(
        "Loss",
        "epoch",
        "loss a picture",
        tuple(series),
        x_range=_epochs(rows),
        y_range=None if losses and min(losses) < 0 else (0.0, _ceiling(losses)),
    )


def _accuracy_chart(rows: Sequence[dict[str, str]]) -> Chart:
    """The mean of the sources, and each; of many sources only the weakest are named."""
    by_source: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        by_source.setdefault(row["source"], []).append(row)
    column = "ap50" if rows and "ap50" in rows[0] else "exact"
    lines = {name: _mean_by_epoch(part, column) for name, part in by_source.items()}
    weakest = sorted(lines, key=lambda name: (lines[name][-1][1], name))[:MAX_NAMED]
    quiet = [Series("", lines[name], is_quiet=True) for name in lines if name not in weakest]
    if quiet:
        quiet[0] = Series(f"{len(quiet)} other sources", quiet[0].points, is_quiet=True)
    colours = dict(zip(weakest, PALETTE[1:], strict=False))
    named = [Series(name, lines[name], colour=colours[name]) for name in weakest]
    mean = [Series("mean of sources", _mean_by_epoch(rows, column), colour=PALETTE[0])]
    return Chart(
        MEASURES[column],
        "epoch",
        column,
        tuple([*quiet, *named, *mean] if len(lines) > 1 else named),
        x_range=_epochs(rows),
        y_range=(0.0, 1.0),
        is_percent=True,
    )


def _mean_by_epoch(rows: Sequence[dict[str, str]], column: str) -> tuple[tuple[float, float], ...]:
    values: dict[float, list[float]] = {}
    for row in rows:
        values.setdefault(float(row["epoch"]), []).append(float(row[column]))
    return tuple((epoch, sum(part) / len(part)) for epoch, part in sorted(values.items()))


def _epochs(rows: Sequence[dict[str, str]]) -> tuple[float, float]:
    last = max((float(row["epoch"]) for row in rows), default=1.0)
    return (1.0, last) if last > 1 else (0.0, 2.0)


def _ceiling(losses: Sequence[float]) -> float:
    """The axis ends above the losses, but one early peak may leave the picture."""
    if not losses:
        return 1.0
    ordered = sorted(losses)
    usual = ordered[int(0.95 * (len(ordered) - 1))]
    top = min(ordered[-1], 4 * usual) if usual > 0 else ordered[-1]
    return 1.05 * top or 1.0


def _is_number(text: str | None) -> bool:
    try:
        float(text or "")
    except ValueError:
        return False
    return True


def _panel(chart: Chart) -> Image.Image:
    width, height = PANEL[0] * SCALE, PANEL[1] * SCALE
    image = Image.new("RGB", (width, height), PAPER)
    pen = ImageDraw.Draw(image)
    font = _font(13)
    named = [series for series in chart.series if series.name]
    rows = math.ceil(len(named) / 2)
    x_range, y_range = chart.bounds()
    frame = Frame(
        78 * SCALE,
        44 * SCALE,
        width - 24 * SCALE,
        height - (60 + LEGEND_ROW * rows) * SCALE,
        x_range,
        y_range,
    )
    pen.text((frame.left, 14 * SCALE), chart.title, font=_font(16), fill=INK)
    _axes(pen, chart, frame, font)
    for series in chart.series:
        _draw_series(pen, series, frame)
    _turned(image, chart.y_label, (18 * SCALE, (frame.top + frame.bottom) / 2), font)
    for index, series in enumerate(reversed(named)):
        x = frame.left + (frame.right - frame.left) / 2 * (index % 2)
        y = frame.bottom + (54 + LEGEND_ROW * (index // 2)) * SCALE
        colour = QUIET if series.is_quiet else series.colour
        pen.line([(x, y), (x + 22 * SCALE, y)], fill=colour, width=3 * SCALE)
        pen.text((x + 30 * SCALE, y), series.name, font=font, fill=INK, anchor="lm")
    return image


def _axes(
    pen: ImageDraw.ImageDraw, chart: Chart, frame: Frame, font: ImageFont.FreeTypeFont
) -> None:
    for value in ticks(*frame.y):
        _, y = frame.at(frame.x[0], value)
        pen.line([(frame.left, y), (frame.right, y)], fill=GRID, width=SCALE)
        shown = tick_text(value, is_percent=chart.is_percent)
        pen.text((frame.left - 8 * SCALE, y), shown, font=font, fill=SOFT, anchor="rm")
    for value in ticks(*frame.x, wanted=8, whole=True):
        x, _ = frame.at(value, frame.y[0])
        pen.line([(x, frame.bottom), (x, frame.bottom + 5 * SCALE)], fill=SOFT, width=SCALE)
        pen.text((x, frame.bottom + 8 * SCALE), tick_text(value), font=font, fill=SOFT, anchor="ma")
    corner = [(frame.left, frame.top), (frame.left, frame.bottom), (frame.right, frame.bottom)]
    pen.line(corner, fill=SOFT, width=SCALE)
    middle = (frame.left + frame.right) / 2
    pen.text((middle, frame.bottom + 26 * SCALE), chart.x_label, font=font, fill=SOFT, anchor="ma")


def _draw_series(pen: ImageDraw.ImageDraw, series: Series, frame: Frame) -> None:
    colour = QUIET if series.is_quiet else series.colour
    for piece in frame.line(series.points):
        if len(piece) > 1:
            thick = SCALE if series.is_quiet else round(2.4 * SCALE)
            pen.line(piece, fill=colour, width=thick, joint="curve")
        if series.has_marks or len(piece) == 1:
            for x, y in piece:
                pen.circle((x, y), 4 * SCALE, fill=colour)


def _turned(
    image: Image.Image, text: str, middle: tuple[float, float], font: ImageFont.FreeTypeFont
) -> None:
    left, top, right, bottom = font.getbbox(text)
    label = Image.new("RGB", (math.ceil(right - left), math.ceil(bottom - top)), PAPER)
    ImageDraw.Draw(label).text((-left, -top), text, font=font, fill=SOFT)
    label = label.rotate(90, expand=True)
    x, y = middle
    image.paste(label, (round(x - label.width / 2), round(y - label.height / 2)))


def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size * SCALE)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font
