"""The parts of an export that need no training: gate, figures of int8, Markdown."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from solver.model import Model, Outputs
from tests.training import toys
from training.evaluate import Prediction, predict, reader_for
from training.exporting import int8, markdown, parity
from training.exporting.card_figures import limits
from training.exporting.temperature import fit_temperature
from training.figures.shares import Share
from training.metrics import paired_interval
from training.samples import DatasetError


def moved(model: Model, by: float) -> parity.Run:
    """A model whose first logit is off."""

    def run(tensor: parity.Float32) -> Outputs:
        outputs = tuple(output.copy() for output in model.run(tensor))
        outputs[0][..., 0] += by
        return outputs

    return run


@pytest.mark.parametrize("kind", ["text", "class", "detector"])
@pytest.mark.parametrize(
    ("by", "passes"), [(0.0, True), (1e-6, True), (1000.0, False), (np.nan, False)]
)
def test_the_gate(kind: str, by: float, passes: bool, tmp_path: Path) -> None:
    make = {
        "text": toys.text_model,
        "class": toys.class_model,
        "detector": toys.detector_model,
    }[kind]
    model = Model.open(make(tmp_path))
    tensors = parity.gate_tensors(model.spec, [], seed=1, count=8)
    assert len(tensors) == 8
    found = parity.check(model, model.run, tensors, candidate=moved(model, by))
    assert found.passes is passes
    assert found.pictures == 8
    if passes:
        assert parity.demand(found, "x.onnx") is found
    else:
        with pytest.raises(parity.ParityError, match=r"x\.onnx: not exported; parity: "):
            parity.demand(found, "x.onnx")


@pytest.mark.parametrize(
    ("off", "rounding", "passes"),
    [
        (2e-4, 6e-5, False),
        (2e-4, 3e-4, True),
        (3.1e-4, 2.45571e-4, True),  # text-general, fitted on four pictures
        (4e-4, 3e-4, True),
        (4e-4, 1.3e-4, False),
        (9.9e-4, 4e-4, True),
        (1.1e-3, 4e-4, False),
        (2e-3, 1.0, False),
        (np.nan, 1.0, False),
        (5e-5, 1e-6, True),
    ],
)
def test_what_single_precision_does_to_keras_is_no_fault_of_the_file(
    off: float, rounding: float, passes: bool
) -> None:
    file, keras = (
        parity.Parity(4, 4, largest, "strings", "log-probabilities") for largest in (off, rounding)
    )
    assert file.within(keras).passes is passes
    assert not replace(file, same=3).within(keras).passes


def test_a_refused_export_says_what_to_do() -> None:
    file = parity.Parity(4, 4, 3.1e-4, "strings", "log-probabilities", 2.45571e-4)
    with pytest.raises(parity.ParityError, match=r"allowed: 0\.00025\)\. .*train a few"):
        parity.demand(file, "x.onnx")


@pytest.mark.parametrize(("by", "passes"), [(0.0, True), (0.02, True), (0.2, False)])
def test_boxes_may_lie_a_tenth_of_a_pixel_apart(by: float, passes: bool, tmp_path: Path) -> None:
    model = Model.open(toys.detector_model(tmp_path))
    sample = toys.cells(tmp_path / "s", "a.png", [(1, 1)], ["11"])
    tensors = parity.gate_tensors(model.spec, [sample], seed=1, count=2)

    def shifted(tensor: parity.Float32) -> Outputs:
        logits, deltas = model.run(tensor)
        return logits, deltas + np.float32([0, by * 10 / 8, 0, 0])  # anchors of 8, variance .1

    found = parity.check(model, model.run, tensors, candidate=shifted)
    assert found.passes is passes
    assert found.largest == pytest.approx(by, abs=1e-5)
    assert "corners in pixels" in str(found)


def test_half_of_the_gate_are_pictures_in_use(tmp_path: Path) -> None:
    model = Model.open(toys.text_model(tmp_path))
    samples = toys.save(tmp_path / "s", [("1", toys.picture("1"))] * 3, source="s")
    (tmp_path / "s" / "0.png").write_bytes(b"damaged")
    drawn = parity.gate_tensors(model.spec, [], seed=1, count=6)
    tensors = parity.gate_tensors(model.spec, samples, seed=1, count=6)
    assert len(tensors) == 6
    assert sum(np.array_equal(a, b) for a in tensors for b in drawn) == 4


@pytest.mark.parametrize(
    ("lost", "gained", "count", "middle"), [(0, 0, 1, 0.0), (5, 0, 10, 0.5), (3, 3, 100, 0.0)]
)
def test_paired_interval(lost: int, gained: int, count: int, middle: float) -> None:
    low, high = paired_interval(lost, gained, count)
    assert -1 <= low < middle < high <= 1
    other = paired_interval(gained, lost, count)
    assert (-other[1], -other[0]) == pytest.approx((low, high))
    wider = paired_interval(lost, gained, count + 1)
    assert wider != (low, high)


def test_paired_interval_of_a_known_table() -> None:
    # 53 against 8 of 300: (53.5 - 8.5) / 302 ± 1.96 · sqrt(62/302 - 0.149²) / sqrt(302)
    assert paired_interval(53, 8, 300) == pytest.approx((0.1007, 0.1973), abs=1e-4)


@pytest.mark.parametrize(("lost", "gained", "count"), [(-1, 0, 1), (1, 1, 1), (0, 0, 0)])
def test_paired_interval_of_nonsense(lost: int, gained: int, count: int) -> None:
    with pytest.raises(ValueError, match="lost \\+ gained ≤ count"):
        paired_interval(lost, gained, count)


@pytest.mark.parametrize(("allowed", "passes"), [(0.0, False), (0.01, False), (0.02, True)])
def test_int8_in_a_line(allowed: float, passes: bool) -> None:
    found = int8.Int8(
        calibrated_on="8 named pictures",
        right=(Share(90, 100), Share(88, 100)),
        right_ignoring_case=(Share(95, 100), Share(94, 100)),
        lost=3,
        gained=1,
        milliseconds=(2.0, 0.5),
        size=(4000, 1000),
        allowed=allowed,
    )
    assert found.passes is passes
    assert str(found) == (
        "int8: 90 → 88 of 100 right, loss 2.0 points [-2.3, 6.2]; "
        "4.0 times as fast, 1000 bytes in place of 4000"
    )


def test_int8_of_a_detector(tmp_path: Path) -> None:
    """One network against itself, and against one that finds less."""
    file = toys.detector_model(tmp_path)
    model = Model.open(file)
    samples = [
        toys.cells(tmp_path / "s", "a.png", [(0, 1), (1, 0)], ["01", "10"]),
        toys.cells(tmp_path / "s", "b.png", [], []),
    ]
    before = list(predict(reader_for(model), samples, unreadable=[]))
    none = [replace(one, result=replace(one.result, candidates=())) for one in before]
    tensors = parity.gate_tensors(model.spec, samples, seed=1, count=2)

    def held(after: list[Prediction], *, first: int = 0) -> int8.Int8:
        return int8.compare(
            before[first:],
            after[first:],
            models=(model, model),
            files=(file, file),
            tensors=tensors,
            calibrated_on="nothing",
            allowed=0.01,
        )

    same, less = held(before), held(none)
    assert same.passes
    assert (same.ap50, same.right[0], same.loss) == ((1.0, 1.0), Share(2, 2), 0.0)
    assert not less.passes
    assert (less.ap50, less.lost, less.gained) == ((1.0, 0.0), 2, 0)
    assert str(less).startswith("int8: AP@.5 1.000 → 0.000, 2 → 0 of 2 boxes found, loss 100.0")
    with pytest.raises(int8.Int8Error, match="no box is on the pictures"):
        held(none, first=1)


def test_the_last_layers_of_every_output() -> None:
    from onnx import TensorProto, helper

    def value(name: str) -> object:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, None)

    nodes = [
        helper.make_node("Conv", ["image", "w"], ["a"], name="first"),
        helper.make_node("Conv", ["a", "w"], ["b"], name="level3"),
        helper.make_node("Conv", ["a", "w"], ["c"], name="level4"),
        helper.make_node("Concat", ["b", "c"], ["logits"], name="join"),
        helper.make_node("MatMul", ["a", "w"], ["deltas"], name="box"),
    ]
    graph = helper.make_graph(nodes, "g", [value("image")], [value("logits"), value("deltas")])
    assert int8.last_layers(graph) == ["box", "level3", "level4"]


@pytest.mark.parametrize("count", [0, 1, 3, 5, 9])
def test_chosen_and_others(count: int) -> None:
    taken, others = int8.chosen("abcde", count, seed=1)
    assert len(taken) == min(count, 5)
    assert sorted(taken + others) == list("abcde")
    assert taken == sorted(taken)
    assert int8.chosen("abcde", count, seed=1) == (taken, others)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("ab", "`ab`"),
        ("`", "`` ` ``"),
        ("a``b", "```a``b```"),
        ("中文", "`中文`"),
        ("a\nb", "`a\\nb`"),
    ],
)
def test_code_spans(text: str, span: str) -> None:
    assert markdown.code(text) == span


def test_a_cell_may_hold_anything() -> None:
    assert markdown.table(("a",), [("x|y\nz",)]) == "| a |\n| --- |\n| x\\|y\\nz |"
    assert markdown.table(("a", "b"), []) == "| a | b |\n| --- | --- |"


def test_limits_of_what_nothing_is_known_of(tmp_path: Path) -> None:
    decoder = Model.open(toys.text_model(tmp_path)).spec.decoder
    lines = limits(None, trained=["12", "a"], decoder=decoder)
    assert any("Never seen in training" in line for line in lines)
    assert "It learned texts of 1 to 2 characters; others are guesses." in lines


def test_limits_of_classes_with_few_examples(tmp_path: Path) -> None:
    decoder = Model.open(toys.class_model(tmp_path)).spec.decoder
    first, *others = decoder.labels
    (line,) = (
        line for line in limits(None, trained=[first] * 20, decoder=decoder) if "Fewer" in line
    )
    assert f"`{others[0]}` 0" in line
    assert f"`{first}`" not in line
    assert not [line for line in limits(None, trained=[], decoder=decoder) if "Fewer" in line]


@pytest.mark.training
def test_layers_of_ones_own_are_named(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    from training.exporting.keras_files import foreign_layers

    config = (
        '{"module": "keras", "class_name": "Functional", "config": {"layers": ['
        '{"module": "keras.layers", "class_name": "Dense", "registered_name": null},'
        '{"module": "my_module", "class_name": "Mine", "registered_name": "my>Mine"},'
        '{"module": null, "class_name": "Other", "registered_name": "Custom>Other"}]}}'
    )
    with zipfile.ZipFile(tmp_path / "x.keras", "w") as archive:
        archive.writestr("config.json", config)
    assert foreign_layers(tmp_path / "x.keras") == ["Custom>Other", "my_module.Mine"]


def test_what_cannot_calibrate_is_named(tmp_path: Path) -> None:
    model = Model.open(toys.text_model(tmp_path))
    samples = toys.save(tmp_path / "s", [("1", toys.picture("1"))] * 2, source="s")
    (tmp_path / "s" / "0.png").write_bytes(b"damaged")
    said: list[str] = []
    pictures = [*(sample.path for sample in samples), b"packed"]
    assert len(int8.readable(pictures, model.spec.input, said.append)) == 1
    assert said[0].startswith(f"--int8: left out: {samples[0].path}: expected a picture")
    assert said[1].startswith("--int8: left out: expected a picture")
    with pytest.raises(DatasetError, match=r"0\.png: expected a picture .* leave it out"):
        fit_temperature(model, samples)
