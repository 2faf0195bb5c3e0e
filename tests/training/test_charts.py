"""Axes and inline SVG."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import pytest

from training.charts import Chart, Frame, Series, span, svg, tick_text, ticks


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0, 10, [0, 2, 4, 6, 8, 10]),
        (0.5, 4.4, [1, 2, 3, 4]),
        (-3, 3, [-3, -2, -1, 0, 1, 2, 3]),
        (0, 3e-6, [0, 5e-7, 1e-6, 1.5e-6, 2e-6, 2.5e-6, 3e-6]),
    ],
)
def test_ticks_are_round(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(expected)


def test_whole_ticks_are_whole() -> None:
    assert ticks(1, 3, wanted=8, whole=True) == [1, 2, 3]


@pytest.mark.parametrize(
    ("values", "expected"),
    [([], (0, 1)), ([2.0], (1.4, 2.6)), ([0, 0.97], (0, 1)), ([1.3, 9.1], (0, 10))],
)
def test_span_holds_its_values(values: list[float], expected: tuple[float, float]) -> None:
    low, high = span(values)
    assert low < high
    assert (low, high) == pytest.approx(expected, abs=0.11)
    assert all(low <= value <= high for value in values)


def test_tick_text_is_short() -> None:
    assert tick_text(0.30000000000000004) == "0.3"
    assert tick_text(0.2, is_percent=True) == "20 %"


def test_a_line_breaks_where_a_value_is_missing() -> None:
    frame = Frame(0, 0, 100, 100, (0, 1), (0, 1))
    points = [(0.0, 0.0), (0.5, math.nan), (0.6, 2.0), (1.0, 1.0)]
    assert frame.line(points) == [[(0, 100)], [(60, 0), (100, 0)]]


@pytest.mark.parametrize(
    "series",
    [
        (),
        (Series("one", ()),),
        (Series("one", ((0.0, math.nan),)),),
        (Series("one", ((1.0, 1.0),)), Series("<script>&", ((0.0, 0.0), (1.0, 0.5)))),
        tuple(Series(f"line {i}", ((0.0, float(i)),), is_quiet=i % 2 == 0) for i in range(9)),
    ],
)
def test_svg_is_whole_and_escaped(series: tuple[Series, ...]) -> None:
    chart = Chart("a < b", "x & y", "<y>", series, has_diagonal=True)
    root = ElementTree.fromstring(svg(chart))
    assert root.find("title") is not None
    texts = [node.text for node in root.iter("text")]
    assert {"a < b", "x & y", "<y>"} <= set(texts)
    assert not list(root.iter("script"))
