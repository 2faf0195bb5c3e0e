"""The recipes' moves as WebDriver's commands."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from solver.browser._driver import Where, measured
from solver.browser._photo import Measure, Photo, Point, UInt8, cut, decode
from solver.browser._steps import Steps
from solver.errors import TaskError

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # WebDriver's name for a reference
_POINTER = "solver"
# The border box, and what WebDriver counts an element's offsets from: the middle of its part in
# view, whole pixels.
_PLACE = """
(element) => {
  element.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
  const { left, top, right, bottom } = element.getBoundingClientRect();
  const middle = (from, to, end) => Math.floor((Math.max(0, from) + Math.min(end, to)) / 2);
  return [left, top, right, bottom,
          middle(left, right, innerWidth), middle(top, bottom, innerHeight)];
}
"""
# Notes where the page sees the pointer come near a point, and says so; null where it did not. Moves
# elsewhere are of the press before, which a busy page hears of late.
_LISTEN = """
(element, [x, y]) => {
  const view = element.ownerDocument.defaultView;
  const heard = { at: null };
  const note = ({ clientX, clientY }) => {
    if (Math.hypot(clientX - x, clientY - y) > 4) return;
    heard.at = [clientX, clientY];
    heard.end();
  };
  heard.end = () => view.removeEventListener("pointermove", note, true);
  element[Symbol.for("solver")] = heard;
  view.addEventListener("pointermove", note, true);
}
"""
_HEARD = """
async (element) => {
  const heard = element[Symbol.for("solver")];
  for (let left = 50; left && !heard.at; left -= 1) {
    await new Promise((go) => setTimeout(go, 10));
  }
  heard.end();
  delete element[Symbol.for("solver")];
  return heard.at;
}
"""
# The border box's corner in the window; null below a frame of another site.
_IN_WINDOW = """
(element) => {
  let { left, top } = element.getBoundingClientRect();
  for (let view = element.ownerDocument.defaultView; view !== view.top; view = view.parent) {
    const frame = view.frameElement;
    if (!frame) return null;
    const box = frame.getBoundingClientRect();
    const style = getComputedStyle(frame);
    left += box.left + frame.clientLeft + parseFloat(style.paddingLeft);
    top += box.top + frame.clientTop + parseFloat(style.paddingTop);
  }
  return [left, top];
}
"""
_DOWN_UP: tuple[dict[str, Any], dict[str, Any]] = (
    {"type": "pointerDown", "button": 0},
    {"type": "pointerUp", "button": 0},
)


def _covers(screen: UInt8, measure: Measure) -> bool:
    """Whether a screenshot is as large as an element."""
    sides = (measure.height, screen.shape[0]), (measure.width, screen.shape[1])
    return all(abs(side * measure.ratio - pixels) < 2 for side, pixels in sides)


class SeleniumDriver:
    """A WebDriver, switched to the frame that the captcha is in."""

    def __init__(self, driver: Any, *, timeout: float) -> None:
        self._driver = driver
        self.timeout = timeout
        self._owed = 0.0  # the part of a pixel by which the pointer lags behind

    def find(self, where: Where) -> Steps[Any]:
        if isinstance(where, str):
            where = self._driver.find_element("css selector", where)
        return (yield where)

    def evaluate(self, element: Any, script: str, argument: object) -> Steps[Any]:
        body = f"return ({script})(arguments[0], arguments[1])"
        return (yield self._driver.execute_script(body, element, argument))

    def corner(self, element: Any) -> Steps[Point]:
        left, top, *_ = yield from self.evaluate(element, _PLACE, None)
        return left, top

    def photograph(self, element: Any, *, shown: str) -> Steps[Photo]:
        measure = yield from measured(self, element, shown=shown)
        corner = yield from self.evaluate(element, _IN_WINDOW, None)
        if corner is not None:
            screen = decode((yield self._driver.get_screenshot_as_png()))
            return cut(screen, measure, corner=tuple(corner), shown=shown)
        # Nobody tells where the frame is. The element's own screenshot begins at its border box,
        # but for half a CSS pixel, and takes no notice of transforms.
        screen = decode((yield element.screenshot_as_png))
        if not _covers(screen, measure):
            raise TaskError(
                f"{shown} is transformed, in a frame of another site: expected one of the two"
            )
        return cut(screen, measure, corner=(0.0, 0.0), shown=shown)

    def press(self, element: Any, point: Point | None = None) -> Steps[None]:
        if point is None:
            yield element.click()
            return
        left, top, _, _, x, y = yield from self.evaluate(element, _PLACE, None)
        wanted = left + point[0], top + point[1]
        yield from self.evaluate(element, _LISTEN, wanted)
        yield self._act(_move((round(wanted[0] - x), round(wanted[1] - y)), {_ELEMENT: element.id}))
        heard = yield from self.evaluate(element, _HEARD, None)
        if heard is not None:  # frames and screens in between cost part of a pixel each
            off = round(wanted[0] - heard[0]), round(wanted[1] - heard[1])
            yield self._act(_move(off, "pointer"))
        yield self._act(*_DOWN_UP)

    def fill(self, element: Any, text: str) -> Steps[None]:
        yield element.clear()
        yield element.send_keys(text)

    def hold(self, element: Any) -> Steps[None]:
        yield from self.evaluate(element, _PLACE, None)
        self._owed = 0.0
        yield self._act(_move((0, 0), {_ELEMENT: element.id}), _DOWN_UP[0])

    def pull(self, distance: float, steps: int) -> Steps[None]:
        moves = []
        for _ in range(steps):
            self._owed += distance / steps
            whole = round(self._owed)
            self._owed -= whole
            moves.append(_move((whole, 0), "pointer"))
        yield self._act(*moves)

    def let_go(self) -> Steps[None]:
        yield self._act(_DOWN_UP[1])

    def pause(self, element: Any, seconds: float) -> Steps[None]:
        time.sleep(seconds)
        yield

    def ask(self, call: Callable[[], Any]) -> Steps[Any]:
        return (yield call())

    def _act(self, *actions: dict[str, Any]) -> Any:
        source = {
            "type": "pointer",
            "id": _POINTER,
            "parameters": {"pointerType": "mouse"},
            "actions": list(actions),
        }
        return self._driver.execute("actions", {"actions": [source]})


def _move(offset: tuple[int, int], origin: str | dict[str, str]) -> dict[str, Any]:
    return {
        "type": "pointerMove",
        "duration": 0,
        "x": offset[0],
        "y": offset[1],
        "origin": origin,
    }
