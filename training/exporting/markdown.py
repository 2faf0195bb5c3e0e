"""Text that stays what it is inside Markdown."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence

from training.samples import shown

WIDTH = 100


def code(text: str) -> str:
    """A code span, also of backticks and of pipes inside a table."""
    text = shown(text)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def paragraph(text: str) -> str:
    """Lines of a readable width; words are not broken."""
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells may hold anything."""
    lines = [_row(head), _row(["---"] * len(head)), *(_row(row) for row in rows)]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(shown(cell).replace("|", r"\|") for cell in cells) + " |"
