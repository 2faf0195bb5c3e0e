"""Real browsers. They are slow to start, so there is one of each for all tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
CHROMEDRIVER = shutil.which("chromedriver")
# Chromium as root needs --no-sandbox; the others keep it from asking for addresses of its own.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Seconds. A machine that is busy with other things may take very long to start a browser.
PATIENCE = 180.0


# One a module: while Playwright runs, asyncio.run fails in its thread, also in the tests of others.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Playwright's browser, blocking."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=list(ARGUMENTS), timeout=PATIENCE * 1000
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def open_driver() -> Iterator[Any]:
    """Selenium's browsers, one for each ratio of the screen."""
    from selenium import webdriver

    drivers: dict[float, Any] = {}
    with ExitStack() as stack:

        def open_at(ratio: float) -> Any:
            if ratio not in drivers:
                options = webdriver.ChromeOptions()
                options.binary_location = CHROMIUM
                for argument in ARGUMENTS:
                    options.add_argument(argument)
                options.add_argument("--headless=new")
                options.add_argument("--window-size=900,800")
                options.add_argument(f"--force-device-scale-factor={ratio}")
                service = webdriver.ChromeService(executable_path=CHROMEDRIVER)
                drivers[ratio] = webdriver.Chrome(options=options, service=service)
                stack.callback(drivers[ratio].quit)
                drivers[ratio].set_script_timeout(PATIENCE)
            return drivers[ratio]

        yield open_at
