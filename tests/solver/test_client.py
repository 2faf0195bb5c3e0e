"""The remote solvers: the same answers and errors as of a local one, over real HTTP."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import solver
from solver import Solver
from solver.errors import (
    ImageError,
    LowConfidenceError,
    ModelError,
    ServiceError,
    SolverError,
    TaskError,
)
from solver.results import Alternative, Box, ClassResult, Failure, SlideResult, TextResult
from tests.solver.grids import draw_grid
from tests.solver.serving import png, serving

httpx = pytest.importorskip("httpx", reason="the extra client is not installed")
client = pytest.importorskip("solver.client")
Draw = Callable[..., Any]


@pytest.fixture(scope="module")
def address(toy_models: dict[str, str]) -> Iterator[str]:
    pytest.importorskip("fastapi", reason="the extra serve is not installed")
    with serving(toy_models) as found:
        yield found


@pytest.fixture(scope="module")
def remote(address: str) -> Iterator[Any]:
    with client.RemoteSolver(address) as found:
        yield found


@pytest.fixture(scope="module")
def local(toy_models: dict[str, str]) -> Solver:
    return Solver(*toy_models.values())


def test_every_kind_of_picture_gives_the_local_answer(
    remote: Any, local: Solver, draw: Draw, tmp_path: Path
) -> None:
    pixels = draw("12ab")
    path = tmp_path / "a.png"
    path.write_bytes(png(pixels))
    rgba = Image.fromarray(pixels).convert("RGBA")
    sources = [pixels, path, str(path), png(pixels), io.BytesIO(png(pixels)), rgba]
    assert all(remote.text(source) == local.text(pixels) for source in sources)


def test_every_verb_gives_the_local_answer(
    remote: Any, local: Solver, draw: Draw, cells: Draw
) -> None:
    text, inked, grid = draw("12ab"), cells((0, 1), (2, 3)), draw_grid()
    slider = np.random.default_rng(1).integers(90, 200, (100, 200, 3)).astype(np.uint8)
    slider[30:70, 120:160] //= 3
    for options in ({}, {"length": 4, "top_k": 3, "case": "lower"}, {"length": range(3, 5)}):
        assert remote.text(text, **options) == local.text(text, **options)
    assert remote.classify(text, top_k=3) == local.classify(text, top_k=3)
    assert remote.detect(inked) == local.detect(inked)
    assert remote.detect(inked, threshold=0.1) == local.detect(inked, threshold=0.1)
    assert remote.tiles(grid, wanted="cat") == local.tiles(grid, wanted="cat")
    assert remote.click(inked, ["cat", "dog"]) == local.click(inked, ["cat", "dog"])
    for scale in (0.5, np.float32(0.5)):
        assert remote.slide(slider, scale=scale) == local.slide(slider, scale=scale)
    cut, expected = remote.crop(grid), solver.crop(grid)
    assert cut.to_dict() == expected.to_dict()
    assert all(np.array_equal(a, b) for a, b in zip(cut.tiles, expected.tiles, strict=True))


def test_many(remote: Any, draw: Draw, tmp_path: Path) -> None:
    missing = tmp_path / "missing.png"
    sources = [draw("1"), missing, draw("22"), b"no picture", draw("ab"), draw("9")]
    answers = list(remote.text_many(sources, batch_size=2, on_error="return"))
    assert [getattr(answer, "text", None) for answer in answers] == [
        "1", None, "22", None, "ab", "9",
    ]  # fmt: skip
    failures = [answer for answer in answers if isinstance(answer, Failure)]
    assert [(failure.index, failure.source) for failure in failures] == [
        (1, str(missing)),
        (3, None),
    ]
    assert all(isinstance(failure.error, ImageError) for failure in failures)
    assert list(remote.text_many([])) == []
    with pytest.raises(ImageError):
        list(remote.text_many(sources))
    grids = [draw_grid(), draw("1")]
    found = list(remote.tiles_many(grids, wanted="cat", on_error="return"))
    assert isinstance(found[1], Failure)


def test_errors_are_the_local_ones(remote: Any, local: Solver, stripes: Draw, draw: Draw) -> None:
    doubtful = stripes(255, 27, 255)
    for s in (remote, local):
        with pytest.raises(LowConfidenceError) as caught:
            s.text(doubtful, min_confidence=0.99)
        assert isinstance(caught.value.result, TextResult)
        with pytest.raises(ImageError):
            s.text(b"no picture")
        with pytest.raises(TaskError):
            s.text(draw("1"), pattern="(")
        with pytest.raises(TaskError):
            s.text(draw("1"), top_k=99)
        with pytest.raises(ValueError, match="min_confidence"):
            s.text(draw("1"), min_confidence=7)
        with pytest.raises(ValueError, match="batch_size"):
            s.text_many([], batch_size=0)
        with pytest.raises(TaskError):
            s.tiles(draw("1"), wanted="cat")
        with pytest.raises(TaskError):
            s.tiles(draw_grid(), layout="nowhere")
        with pytest.raises(ImageError):
            s.text("http://127.0.0.1/captcha.png")
        with pytest.raises(ValueError, match=r"^scale: "):
            s.slide("never read", scale=0)
        with pytest.raises(ImageError, match=r"^piece: "):
            s.slide(draw("1"), "missing.png")
        with pytest.raises(TaskError, match=r"^targets: expected a text, .* received a set"):
            s.click(draw("1"), {"cat"})


def test_a_model_by_name(address: str, draw: Draw) -> None:
    with client.RemoteSolver(address, model="toy-text") as named:
        assert named.text(draw("12")).text == "12"
    with client.RemoteSolver(address, model="nobody") as unknown, pytest.raises(ModelError):
        unknown.text(draw("12"))


def test_as_coroutines(address: str, draw: Draw) -> None:
    async def main() -> None:
        async with client.AsyncRemoteSolver(address) as remote:
            answers = await asyncio.gather(*[remote.text(draw(str(n))) for n in range(10)])
            assert [answer.text for answer in answers] == list("0123456789")
            many = remote.text_many([draw("1"), b"none"], on_error="return")
            assert [type(answer) for answer in [a async for a in many]] == [TextResult, Failure]
            with pytest.raises(ImageError):
                await remote.text(b"none")

    asyncio.run(main())


def test_threads_share_one(remote: Any, draw: Draw) -> None:
    wrong: list[str] = []

    def ask(text: str) -> None:
        for _ in range(5):
            if remote.text(draw(text)).text != text:
                wrong.append(text)

    threads = [threading.Thread(target=ask, args=(str(n),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_nobody_there() -> None:
    alone = client.RemoteSolver("http://127.0.0.1:9", timeout=5)
    with pytest.raises(ServiceError, match="is solver serve running") as caught:
        alone.text(b"any")
    assert caught.value.status_code is None


@pytest.mark.parametrize(
    "options",
    [
        {"url": "127.0.0.1:8000"}, {"url": "ftp://127.0.0.1"}, {"url": 5}, {"url": "http://"},
        {"timeout": 0}, {"retries": -1}, {"connections": 0},
    ],
)  # fmt: skip
def test_malformed_options(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        client.RemoteSolver(**options)


class Refusing:
    """A transport that refuses so many times before it answers."""

    def __init__(self, status: int, times: int) -> None:
        self.asked = 0
        self._status, self._times = status, times

    def __call__(self, request: Any) -> Any:
        self.asked += 1
        if self.asked <= self._times:
            detail = {"error": {"type": "ServiceError", "message": "full"}}
            return httpx.Response(self._status, json=detail, headers={"retry-after": "0"})
        return httpx.Response(200, json=TextResult("ok", 0.9).to_dict())


@pytest.mark.parametrize(
    ("status", "times", "asked", "answered"),
    [(429, 2, 3, True), (503, 3, 4, True), (429, 9, 4, False), (500, 1, 1, False),
     (504, 1, 1, False), (502, 1, 1, False)],
)  # fmt: skip
def test_only_want_of_room_is_asked_again(
    status: int, times: int, asked: int, answered: bool
) -> None:
    for kind in (client.RemoteSolver, client.AsyncRemoteSolver):
        refusing = Refusing(status, times)
        remote = kind(transport=httpx.MockTransport(refusing), retries=3)

        def ask(remote: Any = remote) -> Any:
            answer = remote.text(b"any")
            return asyncio.run(answer) if asyncio.iscoroutine(answer) else answer

        if answered:
            assert ask().text == "ok"
        else:
            with pytest.raises(ServiceError) as caught:
                ask()
            assert caught.value.status_code == status
        assert refusing.asked == asked


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"{}", b'{"text": 5, "confidence": 1}', b"[" * 100_000,
     json.dumps({"text": "a", "confidence": 2}).encode()],
)  # fmt: skip
@pytest.mark.parametrize("status", [200, 404, 502])
def test_answers_that_are_none(status: int, body: bytes) -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(status, content=body))
    with pytest.raises(ServiceError):
        client.RemoteSolver(transport=transport).text(b"any")


def test_the_mock_transport() -> None:
    asked: list[Any] = []

    def text(body: Any) -> TextResult:
        asked.append(body)
        if len(asked) == 2:
            raise ImageError("unreadable")
        return TextResult("x7Kp", 0.98, alternatives=(Alternative("x7kp", 0.01),))

    box = Box(1, 2, 3, 4, "a", 0.5)
    transport = client.mock_transport(
        text=text, detect=[box], classify=ModelError("none"), slide=SlideResult(7.0, box, 0.5),
        tiles=LowConfidenceError("low", result=ClassResult("a", 0.1)),
    )  # fmt: skip
    remote = client.RemoteSolver(transport=transport)
    assert remote.text(b"any", length=4).text == "x7Kp"
    assert asked[0]["length"] == 4
    assert [type(a) for a in remote.text_many([b"a", b"b"], on_error="return")] == [
        Failure, TextResult,
    ]  # fmt: skip
    assert remote.detect(b"any") == [box]
    assert remote.slide(b"any").offset == 7.0
    with pytest.raises(ModelError, match="none"):
        remote.classify(b"any")
    with pytest.raises(ServiceError, match="no answer was set down"):
        remote.click(b"any", "a")


def test_the_key_goes_along(draw: Draw, toy_models: dict[str, str]) -> None:
    pytest.importorskip("fastapi", reason="the extra serve is not installed")
    with serving(toy_models, api_key="sesame") as address:
        with client.RemoteSolver(address, api_key="sesame") as known:
            assert known.text(draw("1")).text == "1"
        with client.RemoteSolver(address) as unknown, pytest.raises(ServiceError) as caught:
            unknown.text(draw("1"))
        assert caught.value.status_code == 401
        assert isinstance(caught.value, SolverError)
