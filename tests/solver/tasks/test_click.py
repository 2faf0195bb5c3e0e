"""Targets to points through two real ONNX files: the toy detector, and a toy glyph reader.

A cell of ink is a mark; its grey level is the character, and how surely it is a mark.
"""

from __future__ import annotations

import base64
import io
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from solver import _cli_click, cli
from solver.api import AsyncSolver, Solver
from solver.cutouts import cut_out
from solver.errors import ImageError, LowConfidenceError, ModelError, TaskError
from solver.results import Box, ClickResult, ClickTarget
from solver.spec import METADATA_KEY, DecoderSpec, InputSpec, ModelSpec
from solver.tasks.click import named_targets
from solver.tasks.glyphs import GlyphReader

SIDE, CELL = 8, 16
# Levels of ink; the last one scores .15 as a mark, and is none by the detector's threshold.
GLYPHS = {"龙": 0, "舟": 16, "年": 32, "heart": 48, "天": 75}
SHARPNESS = 12_000.0


@pytest.fixture(scope="module")
def glyph_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "glyph.onnx"
    spec = ModelSpec(
        role="glyph",
        input=InputSpec(SIDE, SIDE, channels=1, mean=(0.0,), std=(1.0,), interpolation="bilinear"),
        decoder=DecoderSpec("softmax", labels=tuple(GLYPHS), likeness=(80.0, -76.0)),
    )
    levels = np.array(list(GLYPHS.values())) / 255
    weights = {
        "gain": (2 * SHARPNESS * levels)[None, :].astype(np.float32),
        "bias": (-SHARPNESS * levels**2).astype(np.float32),
        "starts": np.array([2, 2]),
        "ends": np.array([6, 6]),
        "axes": np.array([1, 2]),
    }
    graph = helper.make_graph(
        [
            # The middle alone: what is around a mark depends on where it stands.
            helper.make_node("Slice", ["image", "starts", "ends", "axes"], ["middle"]),
            helper.make_node("ReduceMean", ["middle"], ["level"], axes=[1, 2], keepdims=0),
            helper.make_node("MatMul", ["level", "gain"], ["scaled"]),
            helper.make_node("Add", ["scaled", "bias"], ["logits"]),
        ],
        "toy",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", SIDE, SIDE, 1])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", len(GLYPHS)])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, {METADATA_KEY: spec.to_json()})
    onnx.save(model, path)
    return path


@pytest.fixture(scope="module")
def clicker(detector_file: Path, glyph_file: Path) -> Solver:
    return Solver(detector_file, glyph_file)


@pytest.fixture(scope="module")
def many_classes(
    tmp_path_factory: pytest.TempPathFactory, detector_spec: ModelSpec, write_detector: Any
) -> Path:
    """A detector that takes each mark for any of three characters, one box for each."""
    decoder = replace(detector_spec.decoder, labels=("龙", "舟", "年"))
    path = tmp_path_factory.mktemp("models") / "characters.onnx"
    return Path(write_detector(path, replace(detector_spec, decoder=decoder)))


def picture(**marks: tuple[int, int]) -> np.ndarray[Any, Any]:
    """Marks by their name, or name_2 for a second one, in (row, column) of four by four cells."""
    pixels = np.full((4 * CELL, 4 * CELL, 3), 255, dtype=np.uint8)
    for name, (row, column) in marks.items():
        level = GLYPHS[name.partition("_")[0]]
        pixels[row * CELL : (row + 1) * CELL, column * CELL : (column + 1) * CELL] = level
    return pixels


def middle(row: int, column: int) -> tuple[float, float]:
    return (column + 0.5) * CELL, (row + 0.5) * CELL


def test_points_come_in_the_order_of_the_targets(clicker: Solver) -> None:
    drawn = picture(舟=(0, 0), 年=(1, 3), 龙=(3, 1), heart=(2, 2))
    answer = clicker.click(drawn, "龙舟年")
    assert answer.points == (middle(3, 1), middle(0, 0), middle(1, 3))
    assert [target.text for target in answer.targets] == ["龙", "舟", "年"]
    assert (answer.missing, answer.ambiguous) == ((), ())
    assert answer.confidence > 0.9
    assert ClickResult.from_dict(answer.to_dict()) == answer


def test_a_list_may_name_labels(clicker: Solver) -> None:
    answer = clicker.click(picture(年=(0, 0), heart=(2, 2)), ["heart", "年"])
    assert answer.points == (middle(2, 2), middle(0, 0))


def test_a_weak_hit_that_is_asked_for_is_taken_before_a_strong_decoy(clicker: Solver) -> None:
    drawn = picture(天=(1, 1), 舟=(0, 3), 年=(3, 3))
    assert len(clicker.detect(drawn)) == 2
    answer = clicker.click(drawn, "天年")
    assert answer.points == (middle(1, 1), middle(3, 3))


def test_a_detector_with_a_class_a_character_finds_each_mark_once(
    many_classes: Path, glyph_file: Path
) -> None:
    solver = Solver(many_classes, glyph_file)
    drawn = picture(龙=(0, 0), 年=(1, 3))
    assert len(solver.detect(drawn)) == 6
    answer = solver.click(drawn, "年龙")
    assert answer.points == (middle(1, 3), middle(0, 0))
    assert answer.ambiguous == ()
    # One mark cannot be two.
    assert solver.click(drawn, "龙龙").missing == (1,)


def test_what_is_absent_is_missing(clicker: Solver) -> None:
    answer = clicker.click(picture(舟=(0, 0), 年=(1, 3)), "龙年")
    assert answer.missing == (0,)
    assert answer.targets[0].point is None
    assert answer.points == (middle(1, 3),)


def test_an_empty_picture_lacks_everything(clicker: Solver) -> None:
    answer = clicker.click(picture(), "龙年")
    assert (answer.points, answer.missing) == ((), (0, 1))


def test_one_of_two_is_ambiguous_and_both_of_two_are_not(clicker: Solver) -> None:
    drawn = picture(龙=(0, 0), 龙_2=(2, 3), 年=(3, 1))
    once = clicker.click(drawn, "龙年")
    assert once.ambiguous == (0,)
    assert once.targets[0].confidence == pytest.approx(0.5, abs=0.05)
    twice = clicker.click(drawn, "龙龙年")
    assert twice.ambiguous == ()
    assert twice.points == (middle(0, 0), middle(2, 3), middle(3, 1))
    assert twice.confidence > 0.9


def test_a_character_without_a_class_is_what_is_left_over(clicker: Solver) -> None:
    answer = clicker.click(picture(舟=(0, 0), heart=(2, 2)), "舟瞭")
    assert answer.points == (middle(0, 0), middle(2, 2))


def test_a_prompts_picture_asks_from_left_to_right(clicker: Solver) -> None:
    asked = picture(年=(1, 0), heart=(1, 1), 龙=(1, 3))
    answer = clicker.click(picture(heart=(0, 0), 龙=(1, 3), 年=(3, 1), 舟=(2, 2)), asked)
    assert answer.points == (middle(3, 1), middle(0, 0), middle(1, 3))
    assert [target.text for target in answer.targets] == ["年", "", "龙"]


def test_what_stands_in_a_prompts_row_is_asked_for_and_what_does_not_is_not(
    clicker: Solver,
) -> None:
    asked = picture(年=(1, 0), 龙=(1, 2))
    stained = asked.copy()
    stained[3 * CELL :, CELL : 2 * CELL] = 67  # scores .38 as a mark, and reads 天
    drawn = picture(龙=(1, 3), 年=(3, 1), 舟=(0, 0))
    answer = clicker.click(drawn, stained)
    assert [target.text for target in answer.targets] == ["年", "龙"]
    assert answer.missing == ()
    asked[CELL : 2 * CELL, CELL : 2 * CELL] = 67
    assert clicker.click(drawn, asked).missing == (1,)
    drawn[:CELL, 3 * CELL :] = 67
    assert clicker.click(drawn, asked).points == (middle(3, 1), middle(0, 3), middle(1, 3))
    # What is surely a glyph is missing.
    assert clicker.click(picture(年=(3, 1)), asked).missing == (1, 2)


@pytest.mark.parametrize("targets", ["", "  ", [], ["nothing such"], ["龙", ""], [1], "龙" * 33])
def test_targets_that_nobody_can_look_for_are_refused(clicker: Solver, targets: Any) -> None:
    with pytest.raises(TaskError, match="targets: expected"):
        clicker.click(picture(), targets)


@pytest.mark.parametrize("targets", [{"天"}, iter("天"), None, 7, {"天": 1}])
def test_what_can_be_no_targets_is_said_to_be_none(clicker: Solver, targets: Any) -> None:
    with pytest.raises(TaskError, match=r"^targets: expected a text, a list .*received"):
        clicker.click("not looked at", targets)


def test_which_picture_cannot_be_read_is_said(clicker: Solver) -> None:
    with pytest.raises(ImageError, match=r"^targets: "):
        clicker.click(picture(), b"nothing")
    with pytest.raises(ImageError, match=r"^image: "):
        clicker.click(b"nothing", "龙")
    with pytest.raises(ImageError, match=r"^image: "):
        clicker.click(b"nothing", picture())


def test_a_prompt_may_be_a_data_uri_with_space_before_it(clicker: Solver) -> None:
    file = io.BytesIO()
    Image.fromarray(picture(年=(1, 0), 龙=(1, 3))).save(file, "PNG")
    uri = " \ndata:image/png;base64," + base64.b64encode(file.getvalue()).decode()
    answer = clicker.click(picture(龙=(1, 3), 年=(3, 1)), uri)
    assert answer.points == (middle(3, 1), middle(1, 3))


def test_the_background_of_a_glyph_model_is_no_target(
    detector_file: Path, glyph_file: Path, tmp_path: Path
) -> None:
    model = onnx.load(glyph_file)
    spec = ModelSpec.from_json({one.key: one.value for one in model.metadata_props}[METADATA_KEY])
    for background in ("heart", "天"):
        decoder = replace(spec.decoder, background=background)
        helper.set_model_props(model, {METADATA_KEY: replace(spec, decoder=decoder).to_json()})
        path = tmp_path / f"{len(background)}.onnx"
        onnx.save(model, path)
        solver = Solver(detector_file, path)
        drawn = picture(heart=(0, 0), 天=(1, 3), 龙=(3, 1))
        assert solver.click(drawn, "龙").points == (middle(3, 1),)
        if background == "heart":
            with pytest.raises(TaskError, match="received 'heart'"):
                solver.click(drawn, ["heart"])
        else:
            # As any character without a class: what is left over.
            assert solver.click(drawn, ["龙", "heart", "天"]).ambiguous == (2,)
            answer = solver.click(drawn, picture(天=(0, 0)))
            assert [target.text for target in answer.targets] == [""]


def test_a_large_prompt_is_looked_at_smaller(clicker: Solver) -> None:
    asked = np.kron(picture(年=(1, 0), 龙=(1, 3)), np.ones((30, 30, 1), np.uint8))
    drawn = picture(龙=(1, 3), 年=(3, 1))
    clicker.click(drawn, picture(年=(1, 0)))  # what is loaded once is not counted
    tracemalloc.start()
    answer = clicker.click(drawn, asked)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert answer.points == (middle(3, 1), middle(1, 3))
    assert most < 100e6


def test_what_is_cut_out_of_a_large_picture_is_bounded(clicker: Solver) -> None:
    drawn = np.kron(picture(龙=(1, 3), 年=(3, 1)), np.ones((60, 60, 1), np.uint8))
    answer = clicker.click(drawn, "年龙")
    assert answer.points == tuple((60 * x, 60 * y) for x, y in (middle(3, 1), middle(1, 3)))
    assert answer.confidence > 0.9
    wide = np.full((900, 16_000, 3), 255, np.uint8)
    reader = GlyphReader(clicker.models["glyph"])
    tracemalloc.start()
    reader.logits(wide, [Box(100, 100, 15_900, 800, "", 0.5)])
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 20e6


def test_a_prompt_with_nothing_on_it_is_refused(clicker: Solver) -> None:
    with pytest.raises(TaskError, match="shows 0 glyphs"):
        clicker.click(picture(), picture())


def test_a_doubtful_answer_is_an_error_where_that_was_asked_for(clicker: Solver) -> None:
    drawn = picture(龙=(0, 0), 龙_2=(2, 3))
    with pytest.raises(LowConfidenceError) as caught:
        clicker.click(drawn, "龙", min_confidence=0.9)
    assert isinstance(caught.value.result, ClickResult)


async def _asked(clicker: AsyncSolver, drawn: Any) -> ClickResult:
    return await clicker.click(drawn, "年龙")


def test_as_a_coroutine(detector_file: Path, glyph_file: Path) -> None:
    import asyncio

    drawn = picture(龙=(0, 0), 年=(2, 3))
    answer = asyncio.run(_asked(AsyncSolver(detector_file, glyph_file, workers=1), drawn))
    assert answer.points == (middle(2, 3), middle(0, 0))


@pytest.mark.parametrize(
    ("targets", "named"),
    [
        ("龙 舟\n年", ["龙", "舟", "年"]),
        (("a", "bc"), ["a", "bc"]),
        ([], []),
        ("data:image/png;base64,AA==", None),
        (" \nDATA:image/png;base64,AA==", None),
        (bytearray(b"x"), None),
        (io.BytesIO(b"x"), None),
        (np.zeros((2, 2)), None),
        (Path("prompt.png"), None),
        (b"\x89PNG", None),
    ],
)
def test_what_is_text_and_what_is_a_picture(targets: Any, named: list[str] | None) -> None:
    assert named_targets(targets) == named


def test_what_is_cut_out_turns_clockwise() -> None:
    pixels = np.zeros((30, 30, 3), dtype=np.uint8)
    pixels[10:12, 10:20] = 255
    assert (cut_out(pixels, (10, 10, 20, 20), margin=0.0, turn=90.0)[:, 8:] == 255).all()


def test_beyond_the_edge_the_last_pixels_are_repeated() -> None:
    pixels = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    cut = cut_out(pixels, (0, 0, 2, 4), margin=0.5)
    assert cut.shape == (8, 8, 3)
    assert (cut[0] == cut[2]).all()
    assert (cut[2:6, 3:] == pixels[:, :5]).all()
    assert cut_out(pixels, (2, 2, 2, 2)).shape == (1, 1, 3)


@pytest.fixture
def files(tmp_path: Path, detector_file: Path, glyph_file: Path) -> Callable[..., list[str]]:
    def arguments(drawn: Any, name: str = "picture.png") -> list[str]:
        Image.fromarray(drawn).save(tmp_path / name)
        models = ["--model", str(detector_file), "--model", str(glyph_file)]
        return ["click", str(tmp_path / name), *models]

    return arguments


def test_the_command_prints_draws_and_flags(
    files: Callable[..., list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = picture(龙=(0, 0), 龙_2=(2, 3), 年=(3, 1))
    out = tmp_path / "drawn.png"
    assert cli.main([*files(drawn), "--targets", "年龙舟", "--draw", str(out)]) == cli.OK
    printed = capsys.readouterr()
    lines = [line.split("\t") for line in printed.out.splitlines()]
    assert [line[:2] for line in lines] == [["年", "24,56"], ["龙", "8,8"], ["舟", "-"]]
    assert "missing: target 2 舟" in printed.err
    assert "ambiguous: target 1 龙" in printed.err
    assert (np.asarray(Image.open(out)) != drawn).any()


@pytest.mark.parametrize(("text", "said"), [("", "target 0"), ("龙", "target 0 龙")])
def test_a_target_without_a_name_is_told_by_its_number(
    text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    target = ClickTarget(text, (5.0, 5.0), Box(0, 0, 10, 10, text or "mark", 0.9), 0.9)
    _cli_click._warn(ClickResult(((5.0, 5.0),), (target,), 0.9, ambiguous=(0,)))
    assert capsys.readouterr().err == f"solver: ambiguous: {said}\n"


def test_the_command_writes_json_of_a_prompt(
    files: Callable[..., list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import json

    Image.fromarray(picture(年=(0, 0), 龙=(0, 2))).save(tmp_path / "prompt.png")
    call = files(picture(龙=(0, 0), 年=(2, 3)))
    assert cli.main([*call, "--prompt", str(tmp_path / "prompt.png"), "--json"]) == cli.OK
    answer = json.loads(capsys.readouterr().out)
    assert answer["points"] == [list(middle(2, 3)), list(middle(0, 0))]


@pytest.mark.parametrize(
    "targets",
    [["--targets", ""], ["--targets", " "], ["--targets", "、、"], ["--target", "nothing such"]],
)
def test_the_command_refuses_what_it_cannot_look_for(
    files: Callable[..., list[str]], targets: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    models = files(picture())[2:]
    assert cli.main(["click", "not looked for.png", *models, *targets]) == cli.USAGE
    assert "targets: expected" in capsys.readouterr().err


@pytest.mark.parametrize(("targets", "code"), [("龙年", cli.OK), ("舟", cli.SOME_FAILED)])
def test_the_command_fails_where_nothing_is_found(
    files: Callable[..., list[str]],
    targets: str,
    code: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    call = files(picture(龙=(0, 0)))
    assert cli.main([*call, "--targets", targets]) == code
    assert "missing: target" in capsys.readouterr().err
    assert cli.main([*call, "--targets", targets, "--json"]) == code
    assert '"missing": [' in capsys.readouterr().out


def test_the_command_names_the_answer_that_was_not_sure_enough(
    files: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    call = files(picture(龙=(0, 0), 龙_2=(2, 3), 年=(3, 1)))
    asked = ["--targets", "年，龙", "--min-confidence", "0.9"]
    assert cli.main([*call, *asked]) == cli.SOME_FAILED
    said = capsys.readouterr().err.rstrip()
    assert "; the answer is in .result" not in said
    assert said.endswith((": 24,56 8,8", ": 24,56 56,40"))


def test_a_model_for_something_else_is_refused(ctc_file: Path, class_file: Path) -> None:
    assert cli.main(["click", "x.png", "--targets", "a", "--model", str(ctc_file)]) == cli.NO_MODEL
    with pytest.raises(ModelError, match="two models for the role"):
        Solver(class_file, class_file)
