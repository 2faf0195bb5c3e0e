"""Log in to the demo site in Chromium, by Selenium:

python -m examples.demo_site --port 8008
python -m examples.spider_selenium http://127.0.0.1:8008
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import solver as sdk
from examples.browsers import find_chromedriver, find_chromium, no_browser
from examples.demo_site.models import add_options, read_options
from examples.forms import UNSURE
from solver.browser import selenium as captcha

TRIES = 3
WAIT = 60.0  # seconds for a picture, and for the site's verdict
_VERDICT = "#welcome, #said:not(:empty)"


def text(driver: Any, solver: Any, timeout: float) -> None:
    captcha.text(
        driver,
        image="#captcha",
        into="#code",
        solver=solver,
        refresh="#new",
        min_confidence=0.5,
        charset=sdk.DIGITS + sdk.UPPER,
        length=4,
        timeout=timeout,
    )


def grid(driver: Any, solver: Any, timeout: float) -> None:
    captcha.tiles(driver, image="#captcha", solver=solver, refresh="#new", timeout=timeout)


def click(driver: Any, solver: Any, timeout: float) -> None:
    captcha.click(
        driver,
        image="#captcha",
        asked="#asked",
        solver=solver,
        refresh="#new",
        timeout=timeout,
    )


def slide(driver: Any, solver: Any, timeout: float) -> None:
    captcha.slide(
        driver,
        background="#background",
        piece="#piece",
        handle="#handle",
        solver=solver,
        refresh="#new",
        timeout=timeout,
    )


ANSWER: Mapping[str, Callable[[Any, Any, float], None]] = {
    "text": text,
    "grid": grid,
    "click": click,
    "slide": slide,
}


def log_in(
    driver: Any, address: str, kind: str, *, solver: Any, tries: int = TRIES, timeout: float = WAIT
) -> bool:
    """Whether the site let us in."""
    from selenium.common.exceptions import WebDriverException
    from selenium.webdriver.support.ui import WebDriverWait

    for _ in range(tries):
        driver.get(f"{address}/login/{kind}")
        for field in ("username", "password"):
            driver.find_element("id", field).send_keys("demo")
        try:
            ANSWER[kind](driver, solver, timeout)
        except UNSURE:
            continue
        driver.find_element("id", "submit").click()
        # A click may return before the next page is there, and while one page goes and the other
        # comes a look may find neither.
        wait = WebDriverWait(driver, timeout, ignored_exceptions=[WebDriverException])
        if wait.until(_verdict) == "welcome":
            return True
    return False


def _verdict(driver: Any) -> str | None:
    """The id of what the site says, once it says something."""
    said = driver.find_elements("css selector", _VERDICT)
    return said[0].get_attribute("id") if said else None


def main(arguments: Sequence[str] | None = None) -> int:
    from selenium import webdriver
    from selenium.common.exceptions import WebDriverException

    parser = argparse.ArgumentParser(description="Log in to the demo site by Selenium.")
    add_options(parser)
    parser.add_argument("--browser", help="a Chromium (default: on PATH, or what Selenium finds)")
    parser.add_argument("--driver", help="its chromedriver (default: the same)")
    parser.add_argument("--no-sandbox", action="store_true", help="as root, in a container")
    options, solver = read_options(parser, arguments)
    settings = webdriver.ChromeOptions()
    settings.add_argument("--headless=new")
    chromium = options.browser or find_chromium()
    if chromium:
        settings.binary_location = chromium
    if options.no_sandbox:
        settings.add_argument("--no-sandbox")
    service = webdriver.ChromeService(executable_path=options.driver or find_chromedriver())
    inside = []
    try:
        driver = webdriver.Chrome(options=settings, service=service)
    except WebDriverException as error:
        print(f"error: {no_browser(error)}", file=sys.stderr)
        return 2
    try:
        for kind in options.kinds:
            inside.append(log_in(driver, options.address, kind, solver=solver))
            print(f"{kind}: {'in' if inside[-1] else 'not in'}")
    finally:
        driver.quit()
    return 0 if all(inside) else 1


if __name__ == "__main__":
    raise SystemExit(main())
