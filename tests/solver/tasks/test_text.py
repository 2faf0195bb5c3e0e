"""Pictures to texts through real ONNX files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from solver.errors import SpecError, TaskError
from solver.model import Model
from solver.spec import ModelSpec
from solver.tasks.text import TextReader

Draw = Callable[..., Any]


@pytest.fixture(scope="module")
def reader(ctc_file: Path) -> TextReader:
    return TextReader(Model.open(ctc_file))


@pytest.mark.parametrize("text", ["", "0", "112", "9a8B7A6b", "0123456789abAB"])
def test_ctc_reads_what_was_drawn(reader: TextReader, draw: Draw, text: str) -> None:
    result = reader.read(draw(text), reader.options())
    assert result.text == text
    assert result.confidence > 0.99


def test_a_taller_picture_is_scaled(reader: TextReader, draw: Draw) -> None:
    tall = draw("12", height=8).repeat(4, axis=0).repeat(4, axis=1)
    assert reader.read(tall, reader.options()).text == "12"


@pytest.mark.parametrize("text", ["", "0", "112", "9a8B7A"])
def test_multi_head_reads_what_was_drawn(
    multi_head_file: Path, draw_heads: Draw, text: str
) -> None:
    reader = TextReader(Model.open(multi_head_file))
    assert reader.read(draw_heads(text), reader.options()).text == text


def test_one_output_a_head_reads_the_same(
    tmp_path: Path, write_model: Draw, multi_head_spec: Any, draw_heads: Draw
) -> None:
    path = write_model(tmp_path / "heads.onnx", multi_head_spec, split_heads=True)
    reader = TextReader(Model.open(path))
    assert reader.read(draw_heads("9a8B"), reader.options()).text == "9a8B"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "1b"),
        ({"case": "upper"}, "1B"),
        ({"charset": "0123456789"}, "19"),
        ({"charset": "2A"}, "2A"),
        ({"pattern": "[0-9]a"}, "1a"),
        ({"length": 1}, None),
        ({"length": (1, 2)}, "1b"),
        ({"length": range(1, 3)}, "1b"),
    ],
)
def test_options_mask_the_decoding(
    reader: TextReader, draw: Draw, options: dict[str, Any], expected: str | None
) -> None:
    text = reader.read(draw("1b"), reader.options(**options)).text
    assert len(text) == 1 if expected is None else text == expected


def test_top_k_gives_alternatives(reader: TextReader, stripes: Draw) -> None:
    # A level half-way between "1" (18) and "2" (36).
    result = reader.read(stripes(255, 27, 255), reader.options(top_k=2))
    assert {result.text, result.alternatives[0].text} == {"1", "2"}
    assert 0.3 < result.confidence < 0.6


@pytest.fixture(scope="module")
def least_two(
    tmp_path_factory: pytest.TempPathFactory, ctc_spec: ModelSpec, write_model: Draw
) -> TextReader:
    """The toy network, trained on no text of less than two characters."""
    spec = replace(ctc_spec, decoder=replace(ctc_spec.decoder, min_length=2))
    path = write_model(tmp_path_factory.mktemp("models") / "least.onnx", spec)
    return TextReader(Model.open(path))


@pytest.mark.parametrize(("text", "sure"), [("", False), ("1", False), ("12", True), ("123", True)])
def test_a_text_shorter_than_any_that_was_learned_is_not_believed(
    reader: TextReader, least_two: TextReader, draw: Draw, text: str, sure: bool
) -> None:
    result = least_two.read(draw(text), least_two.options())
    assert result.text == text
    assert result.confidence == (pytest.approx(1, abs=0.01) if sure else 0.0)
    assert result.characters == reader.read(draw(text), reader.options()).characters


def test_alternatives_that_are_too_short_come_last(least_two: TextReader, stripes: Draw) -> None:
    # "1", which may be a "2", and then a stripe that is nearly blank.
    result = least_two.read(stripes(255, 24, 255, 243, 255), least_two.options(top_k=8))
    chances = [one.confidence for one in result.alternatives]
    assert chances == sorted(chances, reverse=True)
    assert {len(one.text) for one in result.alternatives} > {1, 2}
    assert all((len(one.text) >= 2) == (one.confidence > 0) for one in result.alternatives)


def test_equal_options_are_compiled_once(reader: TextReader) -> None:
    first = reader.options(pattern=r"[ab]\d+", length=4)
    assert reader.options(pattern=r"[ab]\d+", length=4).constraint is first.constraint


@pytest.mark.parametrize(
    "options",
    [
        {"pattern": "["},
        {"charset": ""},
        {"charset": "é"},
        {"length": -1},
        {"length": "4"},
        {"case": "title"},
        {"top_k": 0},
        {"pattern": "a{3}", "length": 2},
    ],
)
def test_options_that_do_not_fit_are_task_errors(
    reader: TextReader, options: dict[str, Any]
) -> None:
    with pytest.raises(TaskError):
        reader.options(**options)


def test_a_network_for_another_role_is_refused(class_file: Path) -> None:
    with pytest.raises(SpecError, match="expected role 'text' with one of the decoders ctc, "):
        TextReader(Model.open(class_file))
