"""Log in to the demo site in Chromium, by Selenium:

python -m examples.demo_site --port 8008
python -m examples.spider_selenium http://127.0.0.1:8008
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from examples.browsers import (
    TRIES,
    WAIT,
    answer,
    find_chromedriver,
    find_chromium,
    no_browser,
)
from examples.spiders import UNSURE, add_options, enter_all, read_options
from solver.browser import selenium as captcha

_VERDICT = "#welcome, #said:not(:empty)"


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
            answer(captcha, driver, kind, solver=solver, timeout=timeout)
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
    try:
        driver = webdriver.Chrome(options=settings, service=service)
    except WebDriverException as error:
        print(f"error: {no_browser(error)}", file=sys.stderr)
        return 2
    try:
        return enter_all(
            options.kinds, lambda kind: log_in(driver, options.address, kind, solver=solver)
        )
    finally:
        driver.quit()


if __name__ == "__main__":
    raise SystemExit(main())
