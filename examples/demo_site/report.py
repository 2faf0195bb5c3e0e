"""The server's records as a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from examples.demo_site.records import Summary

_HEAD = ("kind", "logins", "first try", "solved / tried", "tries a success", "s a login")


def lines(summaries: Iterable[Summary], *, notes: Mapping[str, str]) -> list[str]:
    """One line a kind, aligned; ``notes`` says why a kind has no figures."""
    rows = [_HEAD, *(_row(summary, notes.get(summary.kind, "")) for summary in summaries)]
    figures = [row for row in rows if len(row) == len(_HEAD)]
    widths = [max(len(row[column]) for row in figures) for column in range(len(_HEAD))]
    kind = max(len(row[0]) for row in rows)
    return [_line(row, [kind, *widths[1:]]) for row in rows]


def _row(summary: Summary, note: str) -> tuple[str, ...]:
    if not summary.answers:
        return summary.kind, note or "nothing was asked"
    tries = f"{summary.answers / summary.solved:.2f}" if summary.solved else "-"
    return (
        summary.kind,
        str(summary.visitors),
        f"{summary.first} ({summary.first / summary.visitors:.2f})",
        f"{summary.solved} / {summary.answers}",
        tries,
        "-" if summary.seconds is None else f"{summary.seconds:.3f}",
    )


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    if len(row) < len(widths):
        return f"{row[0]:<{widths[0]}}  {row[1]}"
    cells = (f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
    return "  ".join([f"{row[0]:<{widths[0]}}", *cells])
