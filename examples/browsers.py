"""Which Chromium the browser spiders drive, and what they say where none starts."""

from __future__ import annotations

import shutil

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
CHROMEDRIVER = "chromedriver"


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
