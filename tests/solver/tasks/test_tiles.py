"""Grids answered through two real ONNX files: grey levels stand for words."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from solver import api, cli, images, pretrained
from solver.errors import ImageError, LowConfidenceError, ModelError, TaskError
from solver.results import Failure, TilesResult
from solver.spec import DecoderSpec, InputSpec, ModelSpec
from solver.tasks.tiles import certainty, choose, given_asked
from tests.solver.grids import draw_grid

# The toy network's classes are the grey levels 0, 127 and 254.
CAT, DOG, OWL = 0, 127, 250
LEVELS = (CAT, DOG, OWL - 30, DOG, CAT, OWL - 30, CAT, CAT)


def _spec(role: str, **options: Any) -> ModelSpec:
    return ModelSpec(
        role=role,
        input=InputSpec(
            8, 8, channels=1, fill=255, mean=(0.0,), std=(1.0,), interpolation="nearest"
        ),
        decoder=DecoderSpec("softmax", labels=("cat", "dog", "owl"), **options),
    )


@pytest.fixture(scope="module")
def files(
    tmp_path_factory: pytest.TempPathFactory, write_model: Callable[..., Path]
) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("grid")
    paths = [write_model(folder / f"{role}.onnx", _spec(role)) for role in ("header", "tile")]
    return str(paths[0]), str(paths[1])


@pytest.fixture(scope="module")
def grids(files: tuple[str, str]) -> api.Solver:
    return api.Solver(*files)


@pytest.mark.parametrize(
    ("wanted", "indices"),
    [("cat", (0, 4, 6, 7)), ("dog", (1, 3)), (["dog", "owl"], (1, 2, 3, 5))],
)
def test_wanted_tiles(grids: api.Solver, wanted: Any, indices: tuple[int, ...]) -> None:
    result = grids.tiles(draw_grid(LEVELS), wanted=wanted)
    assert result.indices == indices
    assert result.points[0] == result.tiles[indices[0]].point
    assert [tile.label for tile in result.tiles][:4] == ["cat", "dog", "owl", "dog"]
    assert result.confidence > 0.9
    assert TilesResult.from_dict(json.loads(json.dumps(result.to_dict()))) == result
    assert [word.confidence for word in result.prompt] == [1.0] * len(result.prompt)


def test_the_header_is_read(grids: api.Solver) -> None:
    one = grids.tiles(draw_grid(LEVELS, 90))
    assert [word.label for word in one.prompt] == ["dog"]
    assert one.indices == (1, 3)
    two = grids.tiles(draw_grid(LEVELS, 90, 90))
    assert [word.label for word in two.prompt] == ["dog", "dog"]
    assert two.indices == (1, 3)


def test_at_least_one(grids: api.Solver) -> None:
    result = grids.tiles(draw_grid([CAT] * 8), wanted="owl")
    assert len(result.indices) == 1


def test_what_is_none_of_the_words_is_no_answer(
    tmp_path: Path, write_model: Callable[..., Path]
) -> None:
    files = [
        write_model(tmp_path / f"{role}.onnx", _spec(role, background="owl"))
        for role in ("header", "tile")
    ]
    reader = api.Solver(*map(str, files))
    strange = reader.tiles(draw_grid(LEVELS, OWL - 30))
    assert strange.prompt[0].label in {"cat", "dog"}
    assert strange.confidence < 0.5
    assert reader.tiles(draw_grid(LEVELS, DOG)).prompt[0].label == "dog"
    with pytest.raises(TaskError, match="'owl' is no class"):
        reader.tiles(draw_grid(LEVELS), wanted="owl")


@pytest.mark.parametrize(
    "wanted",
    [
        "bus",
        "",
        [],
        ["cat", "dog", "owl"],
        ["cat", "cat"],
        3,
        [3],
        ["cat", None],
        [["cat"]],
        b"cat",
    ],
)
def test_what_cannot_be_wanted(grids: api.Solver, wanted: Any) -> None:
    with pytest.raises(TaskError):
        grids.tiles(draw_grid(LEVELS), wanted=wanted)


def test_what_cannot_be_answered(
    grids: api.Solver, files: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pretrained, "default_for", lambda role: None)
    with pytest.raises(TaskError, match="no ink"):
        grids.tiles(draw_grid(LEVELS))
    with pytest.raises(TaskError, match="no header"):
        grids.tiles(draw_grid(LEVELS), layout="3x3")
    with pytest.raises(ImageError):
        grids.tiles(b"no picture")
    with pytest.raises(ModelError, match="no model for the role 'tile'"):
        api.Solver(files[0]).tiles(draw_grid(LEVELS))
    with pytest.raises(ModelError, match="no model for the role 'header'"):
        api.Solver(files[1]).tiles(draw_grid(LEVELS, 90))
    assert api.Solver(files[1]).tiles(draw_grid(LEVELS), wanted="dog").indices == (1, 3)
    with pytest.raises(LowConfidenceError) as error:
        grids.tiles(draw_grid([CAT] * 8), wanted="owl", min_confidence=0.99)
    assert isinstance(error.value.result, TilesResult)


@pytest.mark.parametrize("batch_size", [1, 2, 32])
def test_many_answers_are_those_of_one(grids: api.Solver, batch_size: int) -> None:
    good = draw_grid(LEVELS, 90)
    sources: list[Any] = [good, b"no picture", draw_grid(LEVELS, 90, 90), draw_grid(LEVELS), good]
    answers = list(grids.tiles_many(sources, batch_size=batch_size, on_error="return"))
    assert [type(answer) for answer in answers] == [
        TilesResult, Failure, TilesResult, Failure, TilesResult,
    ]  # fmt: skip
    one = grids.tiles(good)
    for answer in (answers[0], answers[4]):
        assert isinstance(answer, TilesResult)
        assert answer.indices == one.indices
        # The last bits may depend on the size of the batch.
        assert answer.confidence == pytest.approx(one.confidence, abs=1e-5)
    assert list(grids.tiles_many([])) == []
    with pytest.raises(ImageError):
        list(grids.tiles_many(sources))


def test_async(grids: api.Solver, files: tuple[str, str]) -> None:
    again = api.AsyncSolver(*files)

    async def work() -> tuple[Any, list[Any]]:
        one = await again.tiles(draw_grid(LEVELS, 90))
        return one, [a async for a in again.tiles_many([draw_grid(LEVELS, 90)] * 2)]

    one, many = asyncio.run(work())
    assert [answer.indices for answer in (one, *many)] == [(1, 3)] * 3


@pytest.mark.parametrize(
    ("matches", "threshold", "expected"),
    [
        ([[0.9], [0.2], [0.6]], 0.5, [0, 2]),
        ([[0.9], [0.2], [0.6]], 0.7, [0]),
        ([[0.1], [0.2], [0.15]], 0.5, [1]),
        ([[0.0], [0.0]], 0.5, [0]),
        ([[0.9, 0.0], [0.1, 0.2], [0.0, 0.3]], 0.5, [0, 2]),
        ([[0.4, 0.3], [0.0, 0.0]], 0.5, [0, 1]),
        ([[0.6, 0.4]], 0.5, [0]),
    ],
)
def test_choose(matches: Any, threshold: float, expected: list[int]) -> None:
    assert choose(np.array(matches), threshold) == expected


@pytest.mark.parametrize("threshold", [0.07, 0.5, 0.9])
def test_the_threshold_is_an_even_chance_of_what_is_asked_for(threshold: float) -> None:
    alone = np.array([[0.0], [threshold / 2], [threshold], [1.0]])
    known = given_asked(alone, threshold)
    assert known[[0, 2, 3], 0] == pytest.approx([0, 0.5, 1])
    odds = alone[1, 0] / (1 - alone[1, 0]) * (1 - threshold) / threshold
    assert known[1, 0] == pytest.approx(odds / (1 + odds))
    two = given_asked(np.array([[0.2 * threshold, 0.8 * threshold]]), threshold)
    assert two == pytest.approx(np.array([[0.1, 0.4]]))


@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_a_threshold_at_the_end_divides_by_nothing(threshold: float) -> None:
    known = given_asked(np.array([[0.0, 0.0], [0.3, 0.2], [1.0, 0.0]]), threshold)
    assert known.sum(axis=1) == pytest.approx([0, 1 - threshold, 1])


@pytest.mark.parametrize("words", [1, 2])
def test_certainties_of_all_answers_sum_to_one(words: int) -> None:
    matches = np.random.default_rng(1).uniform(0, 1 / words, (5, words))
    answers = [[i for i in range(5) if number >> i & 1] for number in range(1, 32)]
    assert sum(certainty(matches, answer) for answer in answers) == pytest.approx(1)


def test_certainty_of_what_cannot_be() -> None:
    assert certainty(np.zeros((3, 1)), [0]) == 0
    assert certainty(np.array([[1.0], [0.0]]), [0]) == 1


def run(*arguments: object) -> int:
    return cli.main([str(argument) for argument in arguments])


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "grid.png"
    Image.fromarray(draw_grid(LEVELS, 90)).save(path)
    return path


def _models(files: Sequence[str]) -> list[str]:
    return [part for file in files for part in ("--model", file)]


def test_command(files: Any, picture: Path, tmp_path: Path, capsys: Any) -> None:
    drawing = tmp_path / "out.png"
    assert run("tiles", picture, *_models(files), "--draw", drawing) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("dog\t")
    assert lines[2].endswith("\t110.5,74.5")
    assert len(lines) == 9
    assert images.load(drawing).shape == (190, 293, 3)
    assert run("tiles", picture, picture, *_models(files), "--wanted", "owl") == 0
    assert f"{picture}\towl\t2 5\t" in capsys.readouterr().out
    assert run("tiles", picture, *_models(files), "--json") == 0
    assert json.loads(capsys.readouterr().out)["indices"] == [1, 3]


def test_exit_codes(
    files: Any, picture: Path, tmp_path: Path, class_file: Path, capsys: Any
) -> None:
    (tmp_path / "bad.png").write_bytes(b"")
    models = _models(files)
    assert run("tiles", tmp_path / "bad.png", *models) == 1
    assert run("tiles", picture, *models, "--wanted", "bus") == 2
    assert run("tiles", picture, *models, "--layout", "5x5") == 2
    assert run("tiles", picture, *models, "--draw", picture) == 2
    assert run("tiles", picture, "--model", class_file) == 3
    capsys.readouterr()
    cats = tmp_path / "cats.png"
    Image.fromarray(draw_grid([CAT] * 8)).save(cats)
    assert run("tiles", cats, *models, "--wanted", "owl", "--min-confidence", 0.9) == 1
    assert re.search(r"received 0\.\d+: owl, tiles \d\n$", capsys.readouterr().err)


def test_crop_command(picture: Path, tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "pieces"
    assert run("crop", picture, "-o", out, "--draw", tmp_path / "lines.png") == 0
    names = {path.name for path in out.iterdir()}
    assert names == {"grid.json", "header.png", *(f"tile_{i}.png" for i in range(1, 9))}
    assert json.loads((out / "grid.json").read_text())["tiles"][0] == [5, 41, 72, 108]
    assert images.load(out / "tile_8.png").shape == (67, 67, 3)
    before = (out / "header.png").read_bytes()
    assert run("crop", picture, "-o", out) == 1
    assert "is there already" in capsys.readouterr().err
    assert (out / "header.png").read_bytes() == before
    assert run("crop", picture, tmp_path / "no.png", "-o", tmp_path / "many", "--json") == 1
    cut, failed = map(json.loads, capsys.readouterr().out.splitlines())
    assert cut["size"] == [293, 190]
    assert failed["error"]["type"] == "ImageError"
    assert failed["path"].endswith("no.png")
    assert (tmp_path / "many" / "grid" / "tile_1.png").is_file()
    assert run("crop", picture, "-o", out, "--layout", "none.toml") == 2
