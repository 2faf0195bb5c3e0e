"""The page stands alone, escapes what it shows and says what the figures say."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from solver import images
from training.evaluate import Evaluation
from training.figures.classes import class_figures
from training.report.html import page, thumbnail, write_html

VOID = {"meta", "br", "img"}


class Outline(HTMLParser):
    """Tags, texts and attributes; fails on tags that do not nest."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def outline(text: str) -> Outline:
    parsed = Outline()
    parsed.feed(text)
    parsed.close()
    assert not parsed.open
    return parsed


@pytest.fixture(params=["texts", "classes"])
def evaluation(request: pytest.FixtureRequest) -> Evaluation:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Evaluation)
    return found


def test_the_page_asks_for_nothing(evaluation: Evaluation) -> None:
    parsed = outline(page(evaluation))
    assert not {"script", "link", "iframe", "object", "u"} & set(parsed.tags)
    addresses = [value for name, value in parsed.attributes if name in ("src", "href")]
    assert len(addresses) == len(evaluation.predictions)
    assert all(address.startswith("data:image/png;base64,") for address in addresses)
    assert not [name for name, _ in parsed.attributes if name.startswith("on")]
    assert not re.search(r"url\(|@import", page(evaluation))


def test_hostile_names_are_text(texts: Evaluation) -> None:
    text = page(texts)
    for raw in ('<script>"bad"', "<i>&<", "<u>damaged", "<b>texts"):
        assert raw not in text
    shown = outline(text).text
    assert '<script>"bad"' in shown
    assert "<i>&" in shown


def test_texts_get_all_their_sections(texts: Evaluation) -> None:
    shown = outline(page(texts)).text
    for part in (
        "Whole captcha right60.0 %23.1–88.2 % · 3 of 5",
        "Each source",
        "all together",
        "Calibration",
        "Risk and coverage",
        "Places, from the left",
        "Symbols, the worst first",
        "Mix-ups",
        "The worst 5 answers",
        "2 wrong, the surest first, then right ones",
        "Left out: 1 file that cannot be read",
        "Sources in detail",
    ):
        assert part in shown


def test_classes_get_a_matrix(classes: Evaluation) -> None:
    parsed = outline(page(classes))
    assert "Confusion matrix" in parsed.text
    assert "Right class75.0 %" in parsed.text
    assert "Each source" not in parsed.text


def test_many_classes_get_a_list_of_mix_ups(classes: Evaluation) -> None:
    labels = [f"class {number}" for number in range(60)]
    answers = [[labels[(i + i % 2) % 60]] for i in range(60)]
    figures = class_figures(answers, labels, [0.5] * 60, labels=labels)
    shown = outline(page(replace(classes, pooled=figures))).text
    assert "Confusion matrix" not in shown
    assert "taken for" in shown
    assert "6 more mix-ups in the JSON" in shown


def test_light_and_dark(texts: Evaluation, tmp_path: Path) -> None:
    text = write_html(texts, tmp_path / "r.html").read_text(encoding="utf-8")
    assert "prefers-color-scheme: dark" in text
    assert "color-scheme: light dark" in text


def test_thumbnails_are_small(texts: Evaluation) -> None:
    assert len(thumbnail(images.load(texts.predictions[0].sample.path))) < 2000


def test_boxes(boxes: Evaluation) -> None:
    found = outline(page(boxes))
    assert found.tags.count("figure") == 3
    assert "Average precision at IoU .5" in found.text
    assert "AP@[.5:.95]" in found.text
    assert "score 0.3 or more" in found.text
    assert "墨" in found.text
    assert "<b>" in found.text  # the source's name, escaped
