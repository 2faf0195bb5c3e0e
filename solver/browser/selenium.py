"""Captchas on a page that Selenium 4 drives: ``text``, ``tiles``, ``click``, ``slide``.

``driver`` is a WebDriver, switched to the captcha's frame where it is in one. An element is a CSS
selector or a WebElement; Selenium itself is not imported. ``solver`` is whatever has the verbs (a
Solver, a RemoteSolver); the shared one on the embedded models where None. Where an answer stays
below ``min_confidence``, or the picture is unfit, ``refresh`` is pressed for another one, up to
``tries`` pictures; the last one's error is raised. ``timeout`` is in seconds, for a picture to be
loaded or to change.

WebDriver's pointer moves by whole CSS pixels, so a point may be missed by half of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from solver.browser import _recipes
from solver.browser._driver import Where, answerer
from solver.browser._selenium import SeleniumDriver
from solver.browser._steps import run
from solver.charset import Case
from solver.layouts import LayoutSource
from solver.results import ClickResult, SlideResult, TextResult, TilesResult
from solver.tasks.text import Length
from solver.tasks.tiles import Wanted

__all__ = ["click", "slide", "text", "tiles"]


def text(
    driver: Any,
    *,
    image: Where,
    into: Where,
    solver: Any = None,
    refresh: Where | None = None,
    min_confidence: float | None = None,
    tries: int = 3,
    timeout: float = 10.0,
    charset: str | None = None,
    length: Length | None = None,
    pattern: str | None = None,
    case: Case | None = None,
) -> TextResult:
    """Read the picture ``image`` and write its text into the field ``into``.

    The last four options are those of :meth:`solver.Solver.text`.

    Raises:
        LowConfidenceError: no picture was read with ``min_confidence``.
        TaskError: the picture was not loaded in time, or did not change.
    """
    read = partial(
        answerer(solver).text,
        charset=charset,
        length=length,
        pattern=pattern,
        case=case,
        min_confidence=min_confidence,
    )
    answer: TextResult = run(
        _recipes.text(
            SeleniumDriver(driver, timeout=timeout),
            image=image,
            into=into,
            read=read,
            refresh=refresh,
            tries=tries,
        )
    )
    return answer


def tiles(
    driver: Any,
    *,
    image: Where,
    solver: Any = None,
    layout: LayoutSource = "12306",
    wanted: Wanted | None = None,
    refresh: Where | None = None,
    min_confidence: float | None = None,
    tries: int = 3,
    timeout: float = 10.0,
) -> TilesResult:
    """Press the tiles of the grid ``image`` that show what its header, or ``wanted``, asks for.

    Raises:
        LowConfidenceError: no picture was answered with ``min_confidence``.
        TaskError: the picture is no such grid, was not loaded in time, or did not change.
    """
    result: TilesResult = run(
        _recipes.tiles(
            SeleniumDriver(driver, timeout=timeout),
            image=image,
            answer=partial(
                answerer(solver).tiles, layout=layout, wanted=wanted, min_confidence=min_confidence
            ),
            refresh=refresh,
            tries=tries,
        )
    )
    return result


def click(
    driver: Any,
    *,
    image: Where,
    targets: str | Sequence[str] | None = None,
    asked: Where | None = None,
    prompt: Where | None = None,
    solver: Any = None,
    refresh: Where | None = None,
    min_confidence: float | None = None,
    tries: int = 3,
    timeout: float = 10.0,
) -> ClickResult:
    """Press what is asked for on the picture ``image``, in order.

    What is asked for is ``targets``, or stands on the page: in the text of the element ``asked``,
    or in the picture that the element ``prompt`` shows.

    Raises:
        LowConfidenceError: a target was not found, or no answer had ``min_confidence``.
        TaskError: the picture was not loaded in time, or did not change.
        ValueError: not just one of ``targets``, ``asked`` and ``prompt`` was given.
    """
    result: ClickResult = run(
        _recipes.click(
            SeleniumDriver(driver, timeout=timeout),
            image=image,
            targets=targets,
            asked=asked,
            prompt=prompt,
            answer=partial(answerer(solver).click, min_confidence=min_confidence),
            refresh=refresh,
            tries=tries,
        )
    )
    return result


def slide(
    driver: Any,
    *,
    background: Where,
    handle: Where,
    piece: Where | None = None,
    full: Where | None = None,
    solver: Any = None,
    ratio: float = 1.0,
    refresh: Where | None = None,
    min_confidence: float | None = None,
    tries: int = 3,
    timeout: float = 10.0,
) -> SlideResult:
    """Drag ``handle`` until the piece fills the gap of ``background``.

    ``piece`` is the element that shows the piece and moves with the handle, ``full`` one that
    shows the background without a gap. ``ratio`` is the handle's way divided by the piece's;
    where ``piece`` is given, its own movement corrects it. ``offset`` is in CSS pixels.

    Raises:
        LowConfidenceError: no picture was answered with ``min_confidence``.
        TaskError: the pictures do not fit, were not loaded in time, or did not change.
    """
    result: SlideResult = run(
        _recipes.slide(
            SeleniumDriver(driver, timeout=timeout),
            background=background,
            handle=handle,
            piece=piece,
            full=full,
            answer=partial(answerer(solver).slide, min_confidence=min_confidence),
            ratio=ratio,
            refresh=refresh,
            tries=tries,
        )
    )
    return result
