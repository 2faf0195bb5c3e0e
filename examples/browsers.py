"""What the spiders in browsers share: how each kind is answered on its page, and which Chromium
they drive.

``verbs`` is ``solver.browser.playwright`` or ``solver.browser.selenium``, ``page`` what it takes:
the verbs are the same.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from typing import Any

import solver as sdk

Shared = Mapping[str, Any]

TRIES = 3
WAIT = 60.0  # seconds for a picture, and for the site's verdict
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
CHROMEDRIVER = "chromedriver"


def text(verbs: Any, page: Any, shared: Shared) -> None:
    verbs.text(
        page,
        image="#captcha",
        into="#code",
        min_confidence=0.5,
        charset=sdk.DIGITS + sdk.UPPER,
        length=4,
        **shared,
    )


def grid(verbs: Any, page: Any, shared: Shared) -> None:
    verbs.tiles(page, image="#captcha", **shared)


def click(verbs: Any, page: Any, shared: Shared) -> None:
    verbs.click(page, image="#captcha", asked="#asked", **shared)


def slide(verbs: Any, page: Any, shared: Shared) -> None:
    verbs.slide(page, background="#background", piece="#piece", handle="#handle", **shared)


ANSWER: Mapping[str, Callable[[Any, Any, Shared], None]] = {
    "text": text,
    "grid": grid,
    "click": click,
    "slide": slide,
}


def answer(verbs: Any, page: Any, kind: str, *, solver: Any, timeout: float) -> None:
    """Answer the challenge on a page, or another one that it offers.

    Raises:
        LowConfidenceError, TaskError: no picture had a good answer.
    """
    ANSWER[kind](verbs, page, {"solver": solver, "refresh": "#new", "timeout": timeout})


def find_chromium() -> str | None:
    """The machine's own, by ``PATH``."""
    return next(filter(None, map(shutil.which, CHROMIUM)), None)


def find_chromedriver() -> str | None:
    """The machine's own, by ``PATH``."""
    return shutil.which(CHROMEDRIVER)


def no_browser(error: Exception) -> str:
    """The sentence for a browser that does not start, from what its package says."""
    said = str(error).removeprefix("Message: ").strip().splitlines() or [type(error).__name__]
    why = said[0].partition("; For documentation")[0]
    return (
        f"no browser starts ({why}): install Chromium (apt-get install chromium chromium-driver) "
        "or name one with --browser; as root add --no-sandbox"
    )
