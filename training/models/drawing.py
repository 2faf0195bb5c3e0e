"""A network drawn as SVG: one box a step, lines where values go. No other program is needed."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from training.models.summary import Row, Summary, by_times

BOX_WIDTH, BOX_HEIGHT = 210, 40
LETTERS = 34  # that a box has room for
GAP_X, GAP_Y, MARGIN, TITLE = 28, 26, 20, 44

# What changes no shape and has one input is written into the box before it.
_QUIET = {
    "Activation": "", "BatchNormalization": "norm", "Dropout": "dropout", "ReLU": "relu",
    "ZeroPadding2D": "pad",
}  # fmt: skip
_COLOURS = {
    "Conv2D": "#dbe9fb", "DepthwiseConv2D": "#dbe9fb", "SeparableConv2D": "#dbe9fb",
    "Dense": "#fde6c8", "SlotAttention": "#fde6c8", "LSTM": "#fde6c8", "Bidirectional": "#fde6c8",
    "Add": "#dff3df", "Concatenate": "#dff3df", "Multiply": "#dff3df",
}  # fmt: skip


@dataclass(slots=True)
class _Box:
    rows: list[Row]
    inputs: list[int]
    rank: int = 0
    lane: int = 0

    @property
    def x(self) -> int:
        return MARGIN + self.lane * (BOX_WIDTH + GAP_X)

    @property
    def y(self) -> int:
        return MARGIN + TITLE + self.rank * (BOX_HEIGHT + GAP_Y)


def draw(summary: Summary) -> str:
    """The drawing of a network as the text of one SVG file, inputs at the top."""
    boxes = _boxes(summary)
    _place(boxes)
    lanes = 1 + max((box.lane for box in boxes), default=0)
    ranks = 1 + max((box.rank for box in boxes), default=0)
    width = 2 * MARGIN + lanes * (BOX_WIDTH + GAP_X)
    height = 2 * MARGIN + TITLE + ranks * (BOX_HEIGHT + GAP_Y)
    totals = (
        f"{summary.parameters:,} parameters, {summary.multiply_adds / 1e6:,.1f} M multiply-adds"
    )
    lines = [_edge(boxes[source], box) for box in boxes for source in box.inputs]
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="{MARGIN}" y="{MARGIN + 12}" font-size="15">{escape(summary.name)}</text>',
        f'<text x="{MARGIN}" y="{MARGIN + 30}" fill="#555555">{totals}</text>',
        *lines,
        *map(_drawn, boxes),
        "</svg>\n",
    ]
    return "\n".join(parts)


def _boxes(summary: Summary) -> list[_Box]:
    consumers: dict[str, int] = {}
    for row in summary.rows:
        for name in row.inputs:
            consumers[name] = consumers.get(name, 0) + 1
    boxes: list[_Box] = []
    home: dict[str, int] = {}
    for row in summary.rows:
        quiet = row.kind in _QUIET and len(row.inputs) == 1
        if quiet and consumers[row.inputs[0]] == 1 and not _is_input(boxes[home[row.inputs[0]]]):
            home[row.name] = home[row.inputs[0]]
            boxes[home[row.name]].rows.append(row)
        else:
            home[row.name] = len(boxes)
            boxes.append(_Box([row], sorted({home[name] for name in row.inputs})))
    return boxes


def _is_input(box: _Box) -> bool:
    return not box.inputs


def _place(boxes: list[_Box]) -> None:
    """Ranks are longest ways from the input; a box stands below its first input if there is room.

    A lane that a line passes through on its way down is not room.
    """
    for box in boxes:
        box.rank = 1 + max((boxes[i].rank for i in box.inputs), default=-1)
    last_use = {i: max([b.rank for b in boxes if i in b.inputs], default=boxes[i].rank)
                for i in range(len(boxes))}  # fmt: skip
    taken: dict[int, set[int]] = {}
    for index, box in sorted(enumerate(boxes), key=lambda item: (item[1].rank, item[0])):
        busy = taken.setdefault(box.rank, set())
        wanted = [boxes[i].lane for i in box.inputs] or [0]
        free = [lane for lane in wanted if lane not in busy]
        box.lane = free[0] if free else next(n for n in range(len(boxes)) if n not in busy)
        busy.add(box.lane)
        for rank in range(box.rank + 1, last_use[index]):
            taken.setdefault(rank, set()).add(box.lane)


def _edge(source: _Box, target: _Box) -> str:
    x1, y1 = source.x + BOX_WIDTH // 2, source.y + BOX_HEIGHT
    x2, y2 = target.x + BOX_WIDTH // 2, target.y
    bend = y2 - GAP_Y // 2
    return (
        f'<path d="M{x1} {y1} V{bend} L{x2} {y2}" fill="none" stroke="#7a869a" stroke-width="1.3"/>'
    )


def _drawn(box: _Box) -> str:
    first, last = box.rows[0], box.rows[-1]
    extras = [_QUIET[row.kind] for row in box.rows[1:] if _QUIET[row.kind]]
    kind = " + ".join((first.kind, *extras))
    count = sum(row.parameters for row in box.rows)
    detail = by_times(last.shape) + (f"  ·  {count:,}" if count else "")
    colour = _COLOURS.get(first.kind, "#eef0f3")
    middle = box.x + BOX_WIDTH // 2
    title = ", ".join(row.name for row in box.rows)
    return (
        f'<g><title>{escape(title)}</title><rect x="{box.x}" y="{box.y}" width="{BOX_WIDTH}" '
        f'height="{BOX_HEIGHT}" rx="6" fill="{colour}" stroke="#7a869a"/>'
        f'<text x="{middle}" y="{box.y + 17}" text-anchor="middle">'
        f"{escape(_fitted(first.name, kind))}</text>"
        f'<text x="{middle}" y="{box.y + 32}" text-anchor="middle" fill="#555555">{detail}</text>'
        "</g>"
    )


def _fitted(name: str, kind: str) -> str:
    """A step's name and kind, as much as there is room for: of a long name its end."""
    room = max(LETTERS - len(kind) - 2, 8)
    short = name if len(name) <= room else f"…{name[1 - room :]}"
    whole = f"{short}: {kind}"
    return whole if len(whole) <= LETTERS else f"{whole[: LETTERS - 1]}…"
