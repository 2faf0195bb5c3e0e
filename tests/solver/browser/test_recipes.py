"""The recipes without a browser: what they do, in which order, and how they put things back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from solver import AsyncSolver
from solver.browser import _recipes, _scripts
from solver.browser._driver import answerer
from solver.browser._photo import Photo, Point
from solver.browser._playwright import PlaywrightDriver
from solver.browser._steps import Steps, run, run_async
from solver.errors import LowConfidenceError, TaskError


class PaperDriver:
    """A page on paper: elements are their names, and what is done is written down.

    ``pictures`` are shown one after the other, the next at each press on "new". The piece moves
    by ``slope`` of what the handle is pulled, and stops at ``end``; for ``lag`` looks after a pull
    it is seen where it was before. For ``unplaced`` looks the piece stands beside the ground.
    """

    timeout = 0.05

    def __init__(
        self,
        pictures: int = 1,
        *,
        slope: float = 1.0,
        end: float = 1e9,
        lag: int = 0,
        unplaced: int = 0,
    ) -> None:
        self.unplaced = unplaced
        self.pictures, self.slope, self.end, self.lag = pictures, slope, end, lag
        self.late, self.seen, self.furthest = 0, 0.0, 0.0
        self.shown = 0
        self.pulled = 0.0
        self.done: list[Any] = []

    def find(self, where: Any) -> Steps[Any]:
        return (yield where)

    def evaluate(self, element: Any, script: str, argument: object) -> Steps[Any]:
        if script == _scripts.MEASURE:
            return (yield {"width": 9, "height": 9, "insets": (0, 0, 0, 0), "ratio": 1})
        if script == _scripts.FRAMES:
            return (yield)
        names = {_scripts.DRESS: "dress", _scripts.UNDRESS: "undress", _scripts.TEXT: "text"}
        self.done.append((names[script], element))
        return (yield " a b\n" if script == _scripts.TEXT else "")

    def corner(self, element: Any) -> Steps[Point]:
        if self.late:
            self.late -= 1
        else:
            self.seen = self.pulled
        if element == "piece" and self.unplaced:
            self.unplaced -= 1
            return (yield (19.0, 0.0))
        if element == "ground":
            return (yield (10.0, 0.0))
        return (yield (10.0 + min(self.end, self.seen * self.slope), 0.0))

    def photograph(self, element: Any, *, shown: str) -> Steps[Photo]:
        pixels = np.full((10, 20, 3), self.shown, np.uint8)
        return (yield Photo(pixels, left=2.0, top=3.0, ratio=2.0))

    def press(self, element: Any, point: Point | None = None) -> Steps[None]:
        if element == "new":
            self.shown = min(self.shown + 1, self.pictures - 1)
        self.done.append(("press", element, point))
        yield

    def fill(self, element: Any, text: str) -> Steps[None]:
        self.done.append(("fill", element, text))
        yield

    def hold(self, element: Any) -> Steps[None]:
        self.done.append(("hold", element))
        yield

    def pull(self, distance: float, steps: int) -> Steps[None]:
        self.pulled += distance
        self.late, self.furthest = self.lag, max(self.furthest, self.pulled)
        self.done.append(("pull", steps))
        yield

    def let_go(self) -> Steps[None]:
        self.done.append(("let go",))
        yield

    def pause(self, element: Any, seconds: float) -> Steps[None]:
        yield

    def ask(self, call: Callable[[], Any]) -> Steps[Any]:
        return (yield call())


def sure_of(least: int) -> Callable[..., Any]:
    """Answers with the picture's number once that is high enough."""

    def answer(picture: np.ndarray, *_: Any) -> Any:
        number = int(picture[0, 0, 0])
        if number < least:
            raise LowConfidenceError("not sure", result=number)
        points = ((4.0, 6.0), (10.0, 2.0))
        return SimpleNamespace(text=str(number), points=points, missing=(), offset=30.0)

    return answer


def read(driver: PaperDriver, *, least: int, refresh: str | None, tries: int) -> Any:
    return run(
        _recipes.text(
            driver, image="cap", into="code", read=sure_of(least), refresh=refresh, tries=tries
        )
    )


@pytest.mark.parametrize(
    ("least", "refresh", "tries", "text"),
    [(0, None, 1, "0"), (0, "new", 3, "0"), (1, "new", 3, "1"), (2, "new", 3, "2")],
)
def test_tries_pictures_until_sure(least: int, refresh: str | None, tries: int, text: str) -> None:
    driver = PaperDriver(5)
    assert read(driver, least=least, refresh=refresh, tries=tries).text == text
    assert driver.done == [("press", "new", None)] * least + [("fill", "code", text)]


@pytest.mark.parametrize(
    ("pictures", "refresh", "tries", "error", "presses"),
    [
        (5, None, 9, LowConfidenceError, 0),
        (5, "new", 1, LowConfidenceError, 0),
        (5, "new", 3, LowConfidenceError, 2),
        (1, "new", 3, TaskError, 1),  # the picture stays as it is
        (5, "new", 0, ValueError, 0),
    ],
)
def test_gives_up(
    pictures: int, refresh: str | None, tries: int, error: type[Exception], presses: int
) -> None:
    driver = PaperDriver(pictures)
    with pytest.raises(error):
        read(driver, least=9, refresh=refresh, tries=tries)
    assert driver.done == [("press", "new", None)] * presses


@pytest.mark.parametrize(
    ("way", "asked"),
    [({"targets": "ab"}, "ab"), ({"asked": "words"}, "ab"), ({"prompt": "picture"}, None)],
)
def test_presses_in_order(way: dict[str, Any], asked: str | None) -> None:
    driver = PaperDriver()
    heard = []

    def answer(picture: np.ndarray, targets: Any) -> Any:
        heard.append(targets)
        return sure_of(0)(picture)

    ways = {"targets": None, "asked": None, "prompt": None} | way
    run(_recipes.click(driver, image="cap", answer=answer, refresh=None, tries=1, **ways))
    presses = [step for step in driver.done if step[0] == "press"]
    assert presses == [("press", "cap", (4.0, 6.0)), ("press", "cap", (7.0, 4.0))]
    assert heard[0] == asked if asked else heard[0].shape == (10, 20, 3)


@pytest.mark.parametrize("ways", [{}, {"targets": "a", "prompt": "b"}])
def test_needs_one_way_to_say_what_is_wanted(ways: dict[str, Any]) -> None:
    chosen = {"targets": None, "asked": None, "prompt": None} | ways
    steps = _recipes.click(
        PaperDriver(), image="cap", answer=sure_of(0), refresh=None, tries=1, **chosen
    )
    with pytest.raises(ValueError, match="expected one of targets, asked and prompt"):
        run(steps)


def test_presses_nothing_where_something_is_missing() -> None:
    driver = PaperDriver()

    def answer(*_: Any) -> Any:
        return SimpleNamespace(points=((1.0, 1.0),), missing=(1,))

    steps = _recipes.click(
        driver,
        image="cap",
        targets="ab",
        asked=None,
        prompt=None,
        answer=answer,
        refresh=None,
        tries=1,
    )
    with pytest.raises(LowConfidenceError) as caught:
        run(steps)
    assert caught.value.result.missing == (1,)
    assert driver.done == []


def slide(driver: PaperDriver, **options: Any) -> Any:
    chosen: dict[str, Any] = {
        "piece": "piece",
        "full": None,
        "ratio": 1.0,
        "answer": lambda **given: sure_of(0)(given["background"]),
    } | options
    return run(
        _recipes.slide(
            driver,
            background="ground",
            handle="grip",
            refresh=None,
            tries=1,
            **chosen,
        )
    )


@pytest.mark.parametrize(
    ("slope", "ratio", "piece", "pulled"),
    [
        (1.0, 1.0, "piece", 30.0),
        (0.5, 1.0, "piece", 60.0),  # the piece says that it is not there yet
        (0.5, 2.0, "piece", 60.0),
        (2.0, 1.0, "piece", 15.0),
        (0.5, 1.0, None, 30.0),  # nothing tells
        (0.0, 1.0, "piece", 30.0),  # a piece that is drawn, and not moved
    ],
)
def test_drags_until_the_piece_is_there(
    slope: float, ratio: float, piece: str | None, pulled: float
) -> None:
    driver = PaperDriver(slope=slope)
    slide(driver, piece=piece, ratio=ratio)
    assert driver.pulled == pytest.approx(pulled, abs=0.5)
    moves = [step for step in driver.done if step[0] in ("hold", "pull", "let go")]
    assert moves[:2] == [("hold", "grip"), ("pull", _recipes.DRAG_STEPS)]
    assert moves[-1] == ("let go",)


def test_a_piece_that_stops_short_ends_the_drag() -> None:
    driver = PaperDriver(end=20.0)
    slide(driver)
    assert driver.done[-1] == ("let go",)
    assert driver.furthest == 45.0  # one correction, and no more


def test_a_page_that_lags_is_waited_for() -> None:
    driver = PaperDriver(lag=3)
    slide(driver)
    assert driver.furthest == driver.pulled == 30.0


def test_a_piece_is_measured_once_it_is_placed() -> None:
    heard: list[float] = []

    def answer(**given: Any) -> Any:
        heard.append(given["start"])
        return sure_of(0)(given["background"])

    driver = PaperDriver(unplaced=5)
    driver.timeout = 60.0
    slide(driver, answer=answer)
    assert (driver.unplaced, heard) == (0, [0.0])
    driver = PaperDriver(unplaced=10**9)
    with pytest.raises(TaskError, match=r"piece does not stand still on ground within 0\.05 s"):
        slide(driver, answer=answer)
    assert (driver.done, len(heard)) == ([], 1)


def test_a_piece_that_stays_beneath_the_background_is_taken_as_it_is() -> None:
    class Beneath(PaperDriver):
        def corner(self, element: Any) -> Steps[Point]:
            x, y = yield from super().corner(element)
            return x, y + 40.0 if element == "piece" else y

    driver = Beneath()
    slide(driver)
    assert driver.pulled == 30.0


def test_a_drag_that_fails_lets_go() -> None:
    class Bounded(PaperDriver):
        def pull(self, distance: float, steps: int) -> Steps[None]:
            yield from super().pull(distance, steps)
            if steps == 1:
                raise RuntimeError("out of bounds")

    driver = Bounded(slope=0.5)
    with pytest.raises(RuntimeError):
        slide(driver)
    assert driver.done[-1] == ("let go",)


def test_styles_come_back_whatever_happens() -> None:
    driver = PaperDriver()

    def fails(**_: Any) -> Any:
        raise TaskError("no gap")

    steps = _recipes.slide(
        driver,
        background="ground",
        handle="grip",
        piece="piece",
        full="full",
        answer=fails,
        ratio=1.0,
        refresh=None,
        tries=1,
    )
    with pytest.raises(TaskError):
        run(steps)
    dressed = [element for step, element in driver.done if step == "dress"]
    undressed = [element for step, element in driver.done if step == "undress"]
    assert dressed == ["piece", "piece", "ground", "piece", "piece"]
    assert sorted(dressed) == sorted(undressed)


def test_a_blocking_page_refuses_awaitables() -> None:
    async def answer() -> int:
        return 1

    def recipe() -> Steps[int]:
        return (yield answer())

    with pytest.raises(TypeError, match="_async"):
        run(recipe())
    assert asyncio.run(run_async(recipe())) == 1


def test_what_fails_while_awaited_fails_inside() -> None:
    async def breaks() -> None:
        raise KeyError("away")

    undone = []

    def recipe() -> Steps[int]:
        try:
            yield breaks()
        finally:
            undone.append((yield 5))
        return 0

    with pytest.raises(KeyError, match="away"):
        asyncio.run(run_async(recipe()))
    assert undone == [5]


@pytest.mark.parametrize("kind", ["blocking", "asyncio"])
def test_an_asyncio_page_takes_either_solver(kind: str) -> None:
    class Later:
        async def text(self, image: object) -> str:
            return f"{image}"

    answers = Later() if kind == "asyncio" else SimpleNamespace(text=str)
    driver = PlaywrightDriver(None, timeout=1.0, threads=True)
    assert asyncio.run(run_async(driver.ask(partial(answers.text, 7)))) == "7"


def test_the_shared_solver_stands_in() -> None:
    assert hasattr(answerer(None), "text")
    assert answerer(AsyncSolver) is AsyncSolver
