"""From what the demo site asks to what its forms take, for spiders without a browser.

``shown`` is the reply to ``GET /captcha/KIND.json``; pictures in it are ``data:`` URIs, which the
solver takes as they are. Every function raises one of ``spiders.UNSURE`` where there is no good
answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import solver as sdk

Fields = dict[str, str]
Shown = Mapping[str, Any]

ACCOUNT = {"username": "demo", "password": "demo"}


def text(solver: Any, shown: Shown) -> Fields:
    """Four characters, as the page says; the site does not tell upper from lower case."""
    answer = solver.text(shown["captcha"], charset=sdk.DIGITS + sdk.UPPER, length=4)
    return {"code": answer.text}


def grid(solver: Any, shown: Shown) -> Fields:
    return {"points": _written(solver.tiles(shown["captcha"]).points)}


def click(solver: Any, shown: Shown) -> Fields:
    answer = solver.click(shown["captcha"], shown["asked"])
    if answer.missing:
        raise sdk.LowConfidenceError(f"no place for {answer.missing!r}", result=answer)
    return {"points": _written(answer.points)}


def slide(solver: Any, shown: Shown) -> Fields:
    answer = solver.slide(shown["background"], shown["piece"], start=shown["start"])
    return {"offset": f"{answer.offset:.1f}"}


FORMS: Mapping[str, Callable[[Any, Shown], Fields]] = {
    "text": text,
    "grid": grid,
    "click": click,
    "slide": slide,
}


def _written(points: Any) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
