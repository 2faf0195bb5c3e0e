"""Log in to the demo site in Chromium, by Playwright:

python -m examples.demo_site --port 8008
python -m examples.spider_playwright http://127.0.0.1:8008
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from examples.browsers import TRIES, WAIT, answer, find_chromium, no_browser
from examples.spiders import UNSURE, add_options, enter_all, read_options
from solver.browser import playwright as captcha

# Playwright's own downloads are not needed: it drives the system's Chromium too.
ARGUMENTS = ("--disable-background-networking", "--disable-component-update", "--disable-sync")


def log_in(
    page: Any, address: str, kind: str, *, solver: Any, tries: int = TRIES, timeout: float = WAIT
) -> bool:
    """Whether the site let us in."""
    for _ in range(tries):
        page.goto(f"{address}/login/{kind}")
        page.locator("#username").fill("demo")
        page.locator("#password").fill("demo")
        try:
            answer(captcha, page, kind, solver=solver, timeout=timeout)
        except UNSURE:
            continue
        page.locator("#submit").click()
        page.locator("#welcome, #said:not(:empty)").first.wait_for(timeout=timeout * 1000)
        if page.locator("#welcome").count():
            return True
    return False


def open_chromium(playwright: Any, *, browser: str | None, arguments: Sequence[str]) -> Any:
    """The named one; else Playwright's own, or where that is missing the machine's.

    Raises:
        playwright.sync_api.Error: none of them starts.
    """
    from playwright.sync_api import Error

    chromium = playwright.chromium
    try:
        return chromium.launch(executable_path=browser, args=list(arguments))
    except Error:
        installed = find_chromium()
        if browser is not None or installed is None:
            raise
        return chromium.launch(executable_path=installed, args=list(arguments))


def main(arguments: Sequence[str] | None = None) -> int:
    from playwright.sync_api import Error, sync_playwright

    parser = argparse.ArgumentParser(description="Log in to the demo site by Playwright.")
    add_options(parser)
    parser.add_argument("--browser", help="a Chromium (default: Playwright's own, or on PATH)")
    parser.add_argument("--no-sandbox", action="store_true", help="as root, in a container")
    options, solver = read_options(parser, arguments)
    extra = ["--no-sandbox"] if options.no_sandbox else []
    with sync_playwright() as playwright:
        try:
            browser = open_chromium(
                playwright, browser=options.browser, arguments=[*ARGUMENTS, *extra]
            )
        except Error as error:
            print(f"error: {no_browser(error)}", file=sys.stderr)
            return 2
        code = enter_all(
            options.kinds,
            lambda kind: log_in(browser.new_page(), options.address, kind, solver=solver),
        )
        browser.close()
    return code


if __name__ == "__main__":
    raise SystemExit(main())
