"""Solver, AsyncSolver and the shared verbs."""

from __future__ import annotations

import asyncio
import hashlib
import io
import itertools
import json
import pickle
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import solver
from solver import api, pretrained
from solver.errors import (
    ImageError,
    LowConfidenceError,
    MissingDependencyError,
    ModelError,
    ModelIntegrityError,
    TaskError,
)
from solver.results import Failure, TextResult

Draw = Callable[..., Any]

# Widths 1, 2 and 4 symbols wide, so that batches have to be sorted.
TEXTS = ["1", "22a", "B", "9876", "", "ab", "AB12", "3"] * 5


@pytest.fixture(scope="module")
def reader(ctc_file: Path) -> api.Solver:
    return api.Solver(ctc_file)


@pytest.fixture
def embedded(tmp_path: Path, ctc_file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package whose one embedded model is the toy."""
    shutil.copy(ctc_file, tmp_path / "toy.onnx")
    (tmp_path / "toy.md").write_text("# Toy\n", encoding="utf-8")
    entry = {
        "file": "toy.onnx",
        "sha256": hashlib.sha256(ctc_file.read_bytes()).hexdigest(),
        "bytes": ctc_file.stat().st_size,
        "role": "text",
        "licence": "Apache-2.0",
        "card": "toy.md",
        "default_for": ["text"],
    }
    (tmp_path / "manifest.json").write_text(json.dumps({"toy": entry}), encoding="utf-8")
    monkeypatch.setattr(pretrained, "FOLDER", tmp_path)
    return tmp_path


def png(pixels: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_every_kind_of_source_gives_the_same_answer(
    reader: api.Solver, draw: Draw, tmp_path: Path
) -> None:
    pixels = draw("12ab")
    path = tmp_path / "a.png"
    path.write_bytes(png(pixels))
    sources = [pixels, path, str(path), png(pixels), io.BytesIO(png(pixels)), Image.open(path)]
    answers = [reader.text(source) for source in sources]
    assert {answer.text for answer in answers} == {"12ab"}
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize("batch_size", [1, 3, 32])
@pytest.mark.parametrize("options", [{}, {"case": "lower", "top_k": 3}, {"charset": "0123456789"}])
def test_text_many_is_text(
    reader: api.Solver, draw: Draw, batch_size: int, options: dict[str, Any]
) -> None:
    pictures = [draw(text) for text in TEXTS]
    many = list(reader.text_many(pictures, batch_size=batch_size, **options))
    for picture, answer in zip(pictures, many, strict=True):
        assert isinstance(answer, TextResult)
        alone = reader.text(picture, **options)
        assert answer.text == alone.text
        assert answer.confidence == pytest.approx(alone.confidence, abs=1e-4)
        # Neighbouring levels are equally likely: only rounding orders those alternatives.
        assert [a.confidence for a in answer.alternatives] == pytest.approx(
            [a.confidence for a in alone.alternatives], abs=1e-4
        )


def test_text_many_of_nothing(reader: api.Solver) -> None:
    assert list(reader.text_many([])) == []


def test_text_many_streams_from_an_endless_source(reader: api.Solver, draw: Draw) -> None:
    asked = itertools.count()
    endless = (draw(str(next(asked) % 10)) for _ in itertools.repeat(None))
    answers = reader.text_many(endless, batch_size=4)
    assert [answer.text for answer in itertools.islice(answers, 12)] == list("012345678901")
    assert next(asked) <= 12 + 4 * 4


def test_failures_stand_in_their_place(reader: api.Solver, draw: Draw, tmp_path: Path) -> None:
    missing = tmp_path / "missing.png"
    sources = [draw("1"), missing, draw("22"), b"no picture", "data:image/png;base64,AAAA", 7]
    answers = list(reader.text_many(sources, on_error="return", batch_size=2))
    assert [getattr(answer, "text", None) for answer in answers] == ["1", None, "22", *[None] * 3]
    failures = [answer for answer in answers if isinstance(answer, Failure)]
    assert [failure.index for failure in failures] == [1, 3, 4, 5]
    assert [failure.source for failure in failures] == [str(missing), None, None, None]
    assert all(isinstance(failure.error, ImageError) for failure in failures)


def test_errors_are_raised_in_their_turn(reader: api.Solver, draw: Draw) -> None:
    answers = reader.text_many([draw("1"), draw("2"), b"no picture", draw("3")])
    assert [next(answers).text, next(answers).text] == ["1", "2"]  # type: ignore[union-attr]
    with pytest.raises(ImageError):
        next(answers)


def test_a_text_that_does_not_fit_the_picture_is_a_failure(reader: api.Solver, draw: Draw) -> None:
    sources = [draw("1"), draw("1234")]
    first, second = reader.text_many(sources, on_error="return", length=4)
    assert isinstance(first, Failure)
    assert isinstance(first.error, TaskError)
    assert isinstance(second, TextResult)


def test_min_confidence_raises_with_the_result(reader: api.Solver, stripes: Draw) -> None:
    doubtful = stripes(255, 27, 255)
    assert reader.text(doubtful, min_confidence=0.1).confidence < 0.6
    with pytest.raises(LowConfidenceError, match=r"at least 0\.9, received 0") as caught:
        reader.text(doubtful, min_confidence=0.9)
    assert caught.value.result == reader.text(doubtful)
    (failure,) = reader.text_many([doubtful], min_confidence=0.9, on_error="return")
    assert isinstance(failure, Failure)
    assert isinstance(failure.error, LowConfidenceError)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"min_confidence": 1.5}, ValueError),
        ({"min_confidence": float("nan")}, ValueError),
        ({"min_confidence": "0.9"}, ValueError),
        ({"case": []}, TaskError),
        ({"charset": "1я"}, TaskError),
        ({"top_k": 0}, TaskError),
        ({"pattern": "("}, TaskError),
        ({"length": "4"}, TaskError),
    ],
)
def test_bad_options_are_refused_before_the_first_picture(
    reader: api.Solver, options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        reader.text(b"never read", **options)
    with pytest.raises(error):
        reader.text_many(iter(()), on_error="return", **options)


@pytest.mark.parametrize("top_k", [0, 33, 1.5, None])
def test_classes_that_cannot_be_counted_are_refused_before_the_picture(
    class_file: Path, top_k: Any
) -> None:
    with pytest.raises(TaskError, match="top_k"):
        api.Solver(class_file).classify("never read", top_k=top_k)


def test_the_module_lists_every_verb() -> None:
    verbs = {name for name, home in solver._HOME.items() if home == "api"}
    assert verbs < set(api.__all__)


@pytest.mark.parametrize(
    "options", [{"batch_size": 0}, {"batch_size": "3"}, {"on_error": "ignore"}, {"on_error": []}]
)
def test_bad_batch_options_are_refused(reader: api.Solver, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        reader.text_many([], **options)


@pytest.mark.parametrize(
    "picture",
    [
        "a.png",
        Path("a.png"),
        b"GIF89a",
        bytearray(3),
        memoryview(b"abc"),
        io.BytesIO(b"abc"),
        Image.new("L", (2, 2)),
        np.zeros((8, 8), np.uint8),
        np.zeros((8, 8, 3), np.uint8),
        None,
        7,
    ],
    ids=lambda picture: type(picture).__name__,
)
def test_one_picture_is_not_many(reader: api.Solver, picture: Any) -> None:
    for verb in ("text", "tiles"):
        with pytest.raises(
            ValueError, match=rf"sources: expected pictures.*{verb}\(\) answers one"
        ):
            getattr(reader, f"{verb}_many")(picture)


def test_numbers_of_numpy_are_numbers(reader: api.Solver, draw: Draw) -> None:
    options: dict[str, Any] = {"length": np.int64(2), "top_k": np.int32(2)}
    options["min_confidence"] = np.float32(0.5)
    assert reader.text(draw("12"), **options).text == "12"
    (answer,) = reader.text_many([draw("12")], batch_size=np.int64(3), **options)
    assert isinstance(answer, TextResult)
    assert api.Solver(threads=np.int64(2)).models["text"].threads == 2


def test_limits_are_the_solvers(ctc_file: Path, draw: Draw, tmp_path: Path) -> None:
    picture = draw("12")
    path = tmp_path / "a.png"
    path.write_bytes(png(picture))
    narrow = api.Solver(ctc_file, limits=solver.ImageLimits(max_side=4))
    for source in (picture, path, Image.fromarray(picture)):
        with pytest.raises(ImageError, match="at most 4 pixels"):
            narrow.text(source)
    (failure,) = narrow.text_many([path], on_error="return")
    assert isinstance(failure, Failure)
    with pytest.raises(ImageError, match="at most 4 pixels"):
        pickle.loads(pickle.dumps(narrow)).text(path)
    with pytest.raises(ImageError, match="at most 4 pixels"):
        asyncio.run(api.AsyncSolver(ctc_file, limits=solver.ImageLimits(max_side=4)).text(path))
    wide = api.Solver(ctc_file, limits=solver.ImageLimits(max_side=40_000, max_aspect=9000))
    assert wide.text(np.full((8, 20_000, 3), 255, np.uint8)).text == ""
    with pytest.raises(ValueError, match="limits: expected an ImageLimits"):
        api.Solver(limits=4)  # type: ignore[arg-type]


def test_threads_answer_as_one(reader: api.Solver, draw: Draw) -> None:
    pictures = [draw(text) for text in TEXTS]
    serial = [reader.text(picture) for picture in pictures]

    def work(start: int) -> list[tuple[int, TextResult]]:
        order = [(start + step) % len(pictures) for step in range(200)]
        return [(place, reader.text(pictures[place])) for place in order]

    with ThreadPoolExecutor(8) as pool:
        for answers in pool.map(work, range(8)):
            assert all(answer == serial[place] for place, answer in answers)


def test_classify(class_file: Path, ctc_file: Path, stripes: Draw) -> None:
    both = api.Solver(class_file, ctc_file)
    assert both.classify(stripes(0, 0)).label == "cat"
    assert both.text(stripes(255, 18, 255)).text == "1"
    with pytest.raises(LowConfidenceError):
        both.classify(stripes(63, 64), min_confidence=0.99)


def test_two_files_for_one_role_are_refused(ctc_file: Path, multi_head_file: Path) -> None:
    with pytest.raises(ModelError, match="two models for the role 'text'") as caught:
        api.Solver(ctc_file, multi_head_file)
    assert str(ctc_file) in str(caught.value)
    assert str(multi_head_file) in str(caught.value)


def test_a_role_without_a_model_is_a_model_error(ctc_file: Path) -> None:
    with pytest.raises(ModelError, match="no model for the role 'class': none is embedded"):
        api.Solver(ctc_file).classify(np.zeros((8, 8, 3), np.uint8))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("no-such-model", "no embedded model is called 'no-such-model'"),
        ("", "no embedded model is called ''"),
        ("missing.onnx", "cannot be read"),
        ("folder/missing", "cannot be read"),
        (Path("no-such-model"), "cannot be read"),
        (None, "expected the path of a model file or the name of an embedded model, received None"),
        (b"a.onnx", "received b'a.onnx'"),
        (["a.onnx"], "received .'a.onnx'"),
    ],
)
def test_missing_models_are_model_errors(source: Any, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        api.Solver(source)


def test_a_missing_provider_is_refused_at_construction() -> None:
    with pytest.raises(MissingDependencyError, match="QNNExecutionProvider"):
        api.Solver(providers=["QNNExecutionProvider"])


@pytest.mark.parametrize("providers", [[None], [("CPUExecutionProvider",)], [], "CPU", 7])
def test_malformed_providers_are_refused(providers: Any) -> None:
    with pytest.raises(ValueError, match="providers: expected"):
        api.Solver(providers=providers)


def test_threads_is_checked_at_construction() -> None:
    with pytest.raises(ValueError, match="threads"):
        api.Solver(threads=0)


def test_embedded_models_fill_the_other_roles(embedded: Path, class_file: Path, draw: Draw) -> None:
    mixed = api.Solver(class_file)
    assert mixed.text(draw("12")).text == "12"
    assert {role: model.source for role, model in mixed.models.items()} == {
        "class": str(class_file),
        "text": "toy",
    }
    assert mixed.models["text"].providers == ("CPUExecutionProvider",)
    assert api.Solver("toy").text(draw("12")).text == "12"


def test_a_damaged_embedded_model_is_refused(embedded: Path, draw: Draw) -> None:
    with (embedded / "toy.onnx").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(ModelIntegrityError, match="'toy' is damaged"):
        api.Solver().text(draw("1"))


def test_models_cannot_be_changed(reader: api.Solver) -> None:
    with pytest.raises(TypeError):
        reader.models["text"] = None  # type: ignore[index]


def test_a_solver_survives_pickling(ctc_file: Path, draw: Draw) -> None:
    original = api.Solver(ctc_file, threads=2)
    assert original.text(draw("12")).text == "12"
    copy = pickle.loads(pickle.dumps(original))
    assert copy.text(draw("12")) == original.text(draw("12"))
    assert copy.models["text"].threads == 2


def test_repr_is_the_call(ctc_file: Path) -> None:
    assert repr(api.Solver(str(ctc_file))) == f"Solver('{ctc_file}')"
    assert repr(api.AsyncSolver()) == "AsyncSolver()"


def test_the_shared_verbs_are_those_of_one_solver(embedded: Path) -> None:
    verbs = [solver.text, solver.text_many, solver.classify, solver.detect]
    assert len({id(verb.__self__) for verb in verbs}) == 1  # type: ignore[attr-defined]
    assert [verb.__name__ for verb in verbs] == ["text", "text_many", "classify", "detect"]


def test_async_verbs_answer_as_the_others(
    ctc_file: Path, class_file: Path, draw: Draw, stripes: Draw
) -> None:
    reader = api.AsyncSolver(ctc_file, class_file, workers=3)

    async def work() -> tuple[list[str], list[str], str]:
        alone = await asyncio.gather(*(reader.text(draw(text)) for text in TEXTS))
        many = [a async for a in reader.text_many([draw(text) for text in TEXTS], batch_size=4)]
        label = (await reader.classify(stripes(0, 0))).label
        return [a.text for a in alone], [a.text for a in many], label  # type: ignore[union-attr]

    assert asyncio.run(work()) == (TEXTS, TEXTS, "cat")
    assert sorted(reader.models)[0] == "class"


def test_an_async_solver_ends_its_threads(ctc_file: Path, draw: Draw) -> None:
    async def work() -> str:
        async with api.AsyncSolver(ctc_file, workers=1) as reader:
            text = (await reader.text(draw("12"))).text
        with pytest.raises(RuntimeError):
            await reader.text(draw("12"))
        await reader.aclose()
        return text

    assert asyncio.run(work()) == "12"


def test_async_options_are_checked_when_asked(ctc_file: Path) -> None:
    reader = api.AsyncSolver(ctc_file)
    with pytest.raises(ValueError, match="batch_size"):
        reader.text_many([], batch_size=0)
    with pytest.raises(TaskError, match="pattern"):
        reader.text_many([], pattern="(")
    with pytest.raises(ValueError, match="on_error"):
        reader.tiles_many([], on_error="ignore")  # type: ignore[arg-type]


def test_detect(
    detector_file: Path,
    ctc_file: Path,
    cells: Draw,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    picture = cells((0, 1), (3, 3))
    both = api.Solver(ctc_file, detector_file)
    found = both.detect(picture)
    assert [box.xyxy for box in found] == [(16, 0, 32, 16), (48, 48, 64, 64)]
    assert both.detect(png(picture)) == found
    assert both.detect(picture, threshold=1.0) == []
    again = api.AsyncSolver(detector_file)
    assert asyncio.run(again.detect(picture)) == found
    assert pickle.loads(pickle.dumps(both)).detect(picture) == found
    with pytest.raises(ImageError):
        both.detect(tmp_path / "missing.png")
    monkeypatch.setattr(pretrained, "default_for", lambda role: None)
    with pytest.raises(ModelError, match="no model for the role 'detector'"):
        api.Solver(ctc_file).detect(picture)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_threshold_is_a_share(detector_file: Path, cells: Draw, threshold: float) -> None:
    with pytest.raises(ValueError, match="threshold: expected a number from 0 to 1"):
        api.Solver(detector_file).detect(cells(), threshold=threshold)


def test_async_errors(ctc_file: Path, draw: Draw) -> None:
    reader = api.AsyncSolver(ctc_file)

    async def failures() -> list[object]:
        sources = [b"no picture", draw("1")]
        return [answer async for answer in reader.text_many(sources, on_error="return")]

    async def raising() -> None:
        await reader.text(b"no picture")

    first, second = asyncio.run(failures())
    assert isinstance(first, Failure)
    assert isinstance(second, TextResult)
    with pytest.raises(ImageError):
        asyncio.run(raising())
    with pytest.raises(ValueError, match="workers: expected an integer from 1, received 0"):
        api.AsyncSolver(workers=0)
