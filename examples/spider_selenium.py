"""Log in to the demo site in Chromium, by Selenium:

    python -m examples.demo_site --port 8008
    python -m examples.spider_selenium http://127.0.0.1:8008 --browser /usr/bin/chromium \\
        --driver /usr/bin/chromedriver
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import solver as sdk
from solver.browser import selenium as captcha

TRIES = 3
WAIT = 60.0  # seconds for the site's verdict
_VERDICT = "#welcome, #said:not(:empty)"


def text(driver: Any, solver: Any) -> None:
    captcha.text(
        driver,
        image="#captcha",
        into="#code",
        solver=solver,
        refresh="#new",
        min_confidence=0.5,
        charset=sdk.DIGITS + sdk.UPPER,
        length=4,
    )


def grid(driver: Any, solver: Any) -> None:
    captcha.tiles(driver, image="#captcha", solver=solver, refresh="#new")


def click(driver: Any, solver: Any) -> None:
    captcha.click(driver, image="#captcha", asked="#asked", solver=solver, refresh="#new")


def slide(driver: Any, solver: Any) -> None:
    captcha.slide(
        driver,
        background="#background",
        piece="#piece",
        handle="#handle",
        solver=solver,
        refresh="#new",
    )


ANSWER: Mapping[str, Callable[[Any, Any], None]] = {
    "text": text,
    "grid": grid,
    "click": click,
    "slide": slide,
}


def log_in(driver: Any, address: str, kind: str, *, solver: Any, tries: int = TRIES) -> bool:
    """Whether the site let us in."""
    from selenium.webdriver.support.ui import WebDriverWait

    for _ in range(tries):
        driver.get(f"{address}/login/{kind}")
        for field in ("username", "password"):
            driver.find_element("id", field).send_keys("demo")
        try:
            ANSWER[kind](driver, solver)
        except (sdk.LowConfidenceError, sdk.TaskError):
            continue
        driver.find_element("id", "submit").click()
        # A click may return before the next page is there.
        WebDriverWait(driver, WAIT).until(lambda page: page.find_elements("css selector", _VERDICT))
        if driver.find_elements("id", "welcome"):
            return True
    return False


def main(arguments: Sequence[str] | None = None) -> int:
    from selenium import webdriver

    parser = argparse.ArgumentParser(description="Log in to the demo site by Selenium.")
    parser.add_argument("address")
    parser.add_argument("kinds", nargs="*", default=["text", "slide"], metavar="KIND")
    parser.add_argument("--browser", help="an installed Chromium (default: what Selenium finds)")
    parser.add_argument("--driver", help="its chromedriver (default: what Selenium finds)")
    parser.add_argument("--no-sandbox", action="store_true", help="as root, in a container")
    options = parser.parse_args(arguments)
    settings = webdriver.ChromeOptions()
    settings.add_argument("--headless=new")
    if options.browser:
        settings.binary_location = options.browser
    if options.no_sandbox:
        settings.add_argument("--no-sandbox")
    service = webdriver.ChromeService(executable_path=options.driver)
    solver = sdk.Solver()
    inside = []
    driver = webdriver.Chrome(options=settings, service=service)
    try:
        for kind in options.kinds:
            inside.append(log_in(driver, options.address, kind, solver=solver))
            print(f"{kind}: {'in' if inside[-1] else 'not in'}")
    finally:
        driver.quit()
    return 0 if all(inside) else 1


if __name__ == "__main__":
    raise SystemExit(main())
