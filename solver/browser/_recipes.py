"""Find the captcha, answer it, give the answer to the page: the four kinds, for any driver.

Where a solver is not sure, or finds the picture unfit, and the page has something to press for
another picture, that is pressed and the new picture is tried.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias, TypeVar

import numpy as np

from solver.browser import _scripts
from solver.browser._driver import Driver, Where, measured
from solver.browser._photo import Photo, UInt8, layers
from solver.browser._steps import Steps
from solver.errors import LowConfidenceError, TaskError

_T = TypeVar("_T")
_Answered: TypeAlias = tuple[Any, Photo, Any]  # element, its photograph, the answer

DRAG_STEPS = 24
_CORRECTIONS = 4
_CLOSE = 0.25  # CSS pixels between where a piece is and where it belongs
_LAGS = 4.0  # times that a piece is short of, or beyond, what the pointer did: look again
_LOOKS = 10
_LOOK_AGAIN = 0.05  # seconds
_ASIDE = 2.0  # seconds: a piece that stands just off the background until then belongs there
_CHANGED = 0.003  # share of pixels
_HIDDEN = {"visibility": "hidden"}
_BLACK = {"background-color": "#000"}
_WHITE = {"background-color": "#fff"}


def text(
    driver: Driver,
    *,
    image: Where,
    into: Where,
    read: Callable[[UInt8], Any],
    refresh: Where | None,
    tries: int,
) -> Steps[Any]:
    """Read ``image`` and write what it says into the field ``into``."""

    def attempt() -> Steps[Any]:
        element = yield from driver.find(image)
        photo = yield from driver.photograph(element, shown=_named(image))
        return (yield from driver.ask(partial(read, photo.pixels)))

    answer = yield from _tried(driver, attempt, image, refresh, tries)
    field = yield from driver.find(into)
    yield from driver.fill(field, answer.text)
    return answer


def tiles(
    driver: Driver,
    *,
    image: Where,
    answer: Callable[[UInt8], Any],
    refresh: Where | None,
    tries: int,
) -> Steps[Any]:
    """Press the tiles of the grid ``image`` that are the answer."""

    def attempt() -> Steps[_Answered]:
        element = yield from driver.find(image)
        photo = yield from driver.photograph(element, shown=_named(image))
        result = yield from driver.ask(partial(answer, photo.pixels))
        return element, photo, result

    found = yield from _tried(driver, attempt, image, refresh, tries)
    return (yield from _press_all(driver, *found))


def click(
    driver: Driver,
    *,
    image: Where,
    targets: str | Sequence[str] | None,
    asked: Where | None,
    prompt: Where | None,
    answer: Callable[[UInt8, Any], Any],
    refresh: Where | None,
    tries: int,
) -> Steps[Any]:
    """Press on ``image`` what is asked for, in order."""
    ways = [targets, asked, prompt]
    if sum(way is not None for way in ways) != 1:
        raise ValueError(
            "expected one of targets, asked and prompt, received "
            f"targets={targets!r}, asked={asked!r}, prompt={prompt!r}"
        )

    def attempt() -> Steps[_Answered]:
        element = yield from driver.find(image)
        photo = yield from driver.photograph(element, shown=_named(image))
        wanted: Any = targets
        if asked is not None:
            label = yield from driver.find(asked)
            wanted = "".join((yield from driver.evaluate(label, _scripts.TEXT, None)).split())
        elif prompt is not None:
            picture = yield from driver.find(prompt)
            wanted = (yield from driver.photograph(picture, shown=_named(prompt))).pixels
        result = yield from driver.ask(partial(answer, photo.pixels, wanted))
        if result.missing:
            raise LowConfidenceError(
                f"{_named(image)}: no place for the targets {result.missing} (from 0)",
                result=result,
            )
        return element, photo, result

    found = yield from _tried(driver, attempt, image, refresh, tries)
    return (yield from _press_all(driver, *found))


def _press_all(driver: Driver, element: Any, photo: Photo, result: Any) -> Steps[Any]:
    for point in result.points:
        yield from driver.press(element, photo.on_element(point))
    return result


def slide(
    driver: Driver,
    *,
    background: Where,
    handle: Where,
    piece: Where | None,
    full: Where | None,
    answer: Callable[..., Any],
    ratio: float,
    refresh: Where | None,
    tries: int,
) -> Steps[Any]:
    """Drag ``handle`` until the piece is where it belongs."""

    def attempt() -> Steps[Any]:
        photos = yield from _slide_photos(driver, background, piece, full)
        return (yield from driver.ask(partial(answer, **photos)))

    result = yield from _tried(driver, attempt, background, refresh, tries)
    grip = yield from driver.find(handle)
    part = None if piece is None else (yield from driver.find(piece))
    yield from _drag(driver, grip, part, result.offset, ratio)
    return result


def _slide_photos(
    driver: Driver, background: Where, piece: Where | None, full: Where | None
) -> Steps[dict[str, Any]]:
    """Background without the piece, and the piece without the background."""
    ground = yield from driver.find(background)
    part = None if piece is None else (yield from driver.find(piece))
    if part is not None:
        yield from _placed(driver, ground, part, names=(_named(background), _named(piece)))
    hidden = [] if part is None else [(part, _HIDDEN)]
    photo = yield from _dressed(driver, hidden, ground, background)
    photos = {"background": photo.pixels, "scale": 1 / photo.ratio}
    if full is not None:
        whole = yield from driver.find(full)
        shown = yield from _dressed(driver, [*hidden, (ground, _HIDDEN)], whole, full)
        photos["full"] = shown.pixels
    if part is not None:
        on_black = yield from _dressed(driver, [(part, _BLACK)], part, piece)
        on_white = yield from _dressed(driver, [(part, _WHITE)], part, piece)
        photos["piece"] = layers(on_black.pixels, on_white.pixels)
        here = yield from driver.corner(part)
        there = yield from driver.corner(ground)
        photos["start"] = (here[0] + on_black.left - there[0] - photo.left) * photo.ratio
    return photos


def _placed(driver: Driver, ground: Any, part: Any, *, names: tuple[str, str]) -> Steps[None]:
    """Wait until the piece stands still over the background, as seen from it.

    A page may show both before it puts the one on the other: then the piece is where the flow of
    the page has it, beside the background or beneath.

    Raises:
        TaskError: it is a background's width away, or moving, when the time is over.
    """
    begun, before = time.monotonic(), None
    while True:
        its = yield from measured(driver, ground, shown=names[0])
        mine = yield from measured(driver, part, shown=names[1])
        # The background first: where a look scrolls the page, the piece on it is in view then.
        there = yield from driver.corner(ground)
        here = yield from driver.corner(part)
        off = here[0] - there[0], here[1] - there[1]
        spent = time.monotonic() - begun
        aside = abs(off[0]) < its.width
        over = -mine.width < off[0] < its.width and -mine.height < off[1] < its.height
        still = before is not None and math.dist(off, before) <= _CLOSE
        if still and (over or (aside and spent > min(_ASIDE, driver.timeout))):
            return
        if spent > driver.timeout:
            raise TaskError(
                f"{names[1]} does not stand still on {names[0]} within {driver.timeout:g} s"
            )
        before = off
        yield from driver.pause(part, _LOOK_AGAIN)


def _drag(driver: Driver, grip: Any, part: Any, offset: float, ratio: float) -> Steps[None]:
    """Drag in plain steps, then by what the piece itself says is left.

    ``ratio`` is the handle's way to the piece's; pages where the piece is an element correct it.
    """
    begun = (0.0, 0.0) if part is None else (yield from driver.corner(part))
    pulled, before = offset * ratio, 0.0
    yield from driver.hold(grip)
    try:
        yield from driver.pull(pulled, DRAG_STEPS)
        for _ in range(0 if part is None else _CORRECTIONS):
            moved = yield from _moved(driver, part, begun[0], pulled / ratio)
            # What the last pull did not move has come to its end.
            if abs(moved) < 1 or abs(moved - before) < _CLOSE or abs(offset - moved) <= _CLOSE:
                break
            step = (offset - moved) * pulled / moved
            pulled, before = pulled + step, moved
            yield from driver.pull(step, 1)
    finally:
        yield from driver.let_go()


def _moved(driver: Driver, part: Any, begun: float, expected: float) -> Steps[float]:
    """How far to the right the piece has gone.

    A busy page lags behind the pointer, and half of a way taken for all of it would send the
    pointer far beyond: where the piece is not about where it is ``expected``, look again for a
    while.
    """
    moved = 0.0
    for _ in range(_LOOKS):
        yield from driver.evaluate(part, _scripts.FRAMES, None)
        yield from measured(driver, part, shown="the piece")
        now = yield from driver.corner(part)
        moved = now[0] - begun
        if abs(expected) / _LAGS <= abs(moved) <= abs(expected) * _LAGS:
            break
        yield from driver.pause(part, _LOOK_AGAIN)
    return moved


def _dressed(
    driver: Driver, dress: Sequence[tuple[Any, dict[str, str]]], element: Any, shown: Where
) -> Steps[Photo]:
    """A photograph while elements have other styles; they get their own back whatever happens."""
    before = []
    try:
        for dressed, styles in dress:
            style = yield from driver.evaluate(dressed, _scripts.DRESS, styles)
            before.append((dressed, style))
        return (yield from driver.photograph(element, shown=_named(shown)))
    finally:
        for dressed, style in reversed(before):
            yield from driver.evaluate(dressed, _scripts.UNDRESS, style)


def _tried(
    driver: Driver,
    attempt: Callable[[], Steps[_T]],
    shown: Where,
    refresh: Where | None,
    tries: int,
) -> Steps[_T]:
    """Attempt up to ``tries`` pictures; without ``refresh`` there is one.

    Raises:
        LowConfidenceError, TaskError: of the last attempt.
        ValueError: ``tries`` is below 1.
    """
    if tries < 1:
        raise ValueError(f"tries: expected at least 1, received {tries!r}")
    for left in reversed(range(tries)):
        try:
            return (yield from attempt())
        except (LowConfidenceError, TaskError):
            if refresh is None or not left:
                raise
        yield from _renewed(driver, shown, refresh)
    raise AssertionError("the last attempt returns or raises")


def _renewed(driver: Driver, shown: Where, refresh: Where) -> Steps[None]:
    """Press for another picture, and wait until there is one."""
    element = yield from driver.find(shown)
    before = yield from driver.photograph(element, shown=_named(shown))
    button = yield from driver.find(refresh)
    yield from driver.press(button)
    end = time.monotonic() + driver.timeout
    while time.monotonic() < end:
        yield from driver.pause(element, _LOOK_AGAIN)
        element = yield from driver.find(shown)
        photo = yield from driver.photograph(element, shown=_named(shown))
        if _differ(photo.pixels, before.pixels):
            return
    raise TaskError(
        f"{_named(refresh)} was pressed, and {_named(shown)} did not change within "
        f"{driver.timeout:g} s"
    )


def _differ(one: UInt8, other: UInt8) -> bool:
    """Whether two photographs show different pictures, and not one with a pointer over it."""
    if one.shape != other.shape:
        return True
    return bool(np.mean(np.any(one != other, axis=2)) > _CHANGED)


def _named(where: Where) -> str:
    return where if isinstance(where, str) else "the element"
