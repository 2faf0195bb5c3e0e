"""What a recipe needs of a browser; Playwright's and Selenium's drivers give it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from solver import api
from solver.browser import _scripts
from solver.browser._photo import Measure, Photo, Point
from solver.browser._steps import Steps
from solver.errors import TaskError

Where = Any  # a CSS selector, or the browser package's own element


class Driver(Protocol):
    """One page, or one frame of it. ``timeout`` is in seconds; points are CSS pixels."""

    timeout: float

    def find(self, where: Where) -> Steps[Any]:
        """The element of a selector; an element is given back as it is."""

    def evaluate(self, element: Any, script: str, argument: object) -> Steps[Any]:
        """What a JavaScript function of ``(element, argument)`` returns, or its promise gives."""

    def corner(self, element: Any) -> Steps[Point]:
        """The border box's top left corner, in any system that stands still while one drags."""

    def photograph(self, element: Any, *, shown: str) -> Steps[Photo]:
        """The picture that the element shows, once it is loaded and still."""

    def press(self, element: Any, point: Point | None = None) -> Steps[None]:
        """A click on a point of the border box; on its middle where None."""

    def fill(self, element: Any, text: str) -> Steps[None]:
        """Write into a field, in place of what was there."""

    def hold(self, element: Any) -> Steps[None]:
        """Press the button down on an element's middle."""

    def pull(self, distance: float, steps: int) -> Steps[None]:
        """Move the pointer to the right, button down, in so many equal steps."""

    def let_go(self) -> Steps[None]:
        """Release the button."""

    def pause(self, element: Any, seconds: float) -> Steps[None]:
        """Let the element's page go on for a while."""

    def ask(self, call: Callable[[], Any]) -> Steps[Any]:
        """An answer of the solver, off the event loop where there is one."""


def measured(driver: Driver, element: Any, *, shown: str) -> Steps[Measure]:
    """Wait until an element is loaded and still, and measure it.

    Raises:
        TaskError: it is not loaded, not shown, or still moving when the time is over.
    """
    found = yield from driver.evaluate(element, _scripts.MEASURE, driver.timeout * 1000)
    if "late" in found:
        raise TaskError(f"{shown} {found['late']} within {driver.timeout:g} s")
    left, top, right, bottom = found["insets"]
    return Measure(found["width"], found["height"], (left, top, right, bottom), found["ratio"])


def answerer(solver: Any) -> Any:
    """Whatever has the verbs: the caller's solver, or the shared one on the embedded models."""
    return api if solver is None else solver
