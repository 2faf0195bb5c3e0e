"""The recipes' moves as Playwright's calls, for blocking and asyncio pages alike."""

from __future__ import annotations

import asyncio
import inspect
import math
from collections.abc import Callable
from typing import Any

from solver.browser._driver import Where, measured
from solver.browser._photo import Photo, Point, cut, decode
from solver.browser._steps import Steps
from solver.errors import TaskError

# A screenshot that begins at a multiple of this many CSS pixels begins at a whole pixel of every
# usual screen (ratios of 1, 1.25, 1.5, 1.75, 2, 3).
_STEP = 4


class PlaywrightDriver:
    """A page or frame. ``threads``: it is one of asyncio's, and solvers work in a thread."""

    def __init__(self, page: Any, *, timeout: float, threads: bool = False) -> None:
        self._page = page
        self._threads = threads
        self.timeout = timeout
        self._mouse: Any = None
        self._at = (0.0, 0.0)

    def find(self, where: Where) -> Steps[Any]:
        return (yield self._page.locator(where) if isinstance(where, str) else where)

    def evaluate(self, element: Any, script: str, argument: object) -> Steps[Any]:
        return (yield element.evaluate(script, argument))

    def corner(self, element: Any) -> Steps[Point]:
        box = yield from self._box(element)
        return box["x"], box["y"]

    def photograph(self, element: Any, *, shown: str) -> Steps[Photo]:
        measure = yield from measured(self, element, shown=shown)
        box = yield from self._box(element)
        x, y = (max(0, math.floor(box[axis] / _STEP) * _STEP) for axis in "xy")
        clip = {
            "x": x,
            "y": y,
            "width": math.ceil(box["x"] + box["width"]) - x + 1,
            "height": math.ceil(box["y"] + box["height"]) - y + 1,
        }
        png = yield element.page.screenshot(clip=clip)
        return cut(decode(png), measure, corner=(box["x"] - x, box["y"] - y), shown=shown)

    def press(self, element: Any, point: Point | None = None) -> Steps[None]:
        if point is None:
            yield element.click()
            return
        yield element.scroll_into_view_if_needed()
        box = yield from self._box(element)
        yield element.page.mouse.click(box["x"] + point[0], box["y"] + point[1])

    def fill(self, element: Any, text: str) -> Steps[None]:
        yield element.fill(text)

    def hold(self, element: Any) -> Steps[None]:
        yield element.scroll_into_view_if_needed()
        box = yield from self._box(element)
        self._mouse = element.page.mouse
        self._at = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        yield self._mouse.move(*self._at)
        yield self._mouse.down()

    def pull(self, distance: float, steps: int) -> Steps[None]:
        self._at = self._at[0] + distance, self._at[1]
        yield self._mouse.move(*self._at, steps=steps)

    def let_go(self) -> Steps[None]:
        yield self._mouse.up()

    def pause(self, element: Any, seconds: float) -> Steps[None]:
        yield element.page.wait_for_timeout(seconds * 1000)

    def ask(self, call: Callable[[], Any]) -> Steps[Any]:
        answer = yield asyncio.to_thread(call) if self._threads else call()
        if inspect.isawaitable(answer):  # what a call in a thread gave: an AsyncSolver's coroutine
            answer = yield answer
        return answer

    def _box(self, element: Any) -> Steps[Any]:
        """The border box in the window, whatever frames the element is in."""
        box = yield element.bounding_box()
        if box is None:
            raise TaskError("the element is not shown")
        return box
