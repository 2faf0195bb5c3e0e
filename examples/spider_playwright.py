"""Log in to the demo site in Chromium, by Playwright:

python -m examples.demo_site --port 8008
python -m examples.spider_playwright http://127.0.0.1:8008 --browser /usr/bin/chromium
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import solver as sdk
from solver.browser import playwright as captcha

TRIES = 3
# Playwright's own downloads are not needed: it drives the system's Chromium too.
ARGUMENTS = ("--disable-background-networking", "--disable-component-update", "--disable-sync")


def text(page: Any, solver: Any) -> None:
    captcha.text(
        page,
        image="#captcha",
        into="#code",
        solver=solver,
        refresh="#new",
        min_confidence=0.5,
        charset=sdk.DIGITS + sdk.UPPER,
        length=4,
    )


def grid(page: Any, solver: Any) -> None:
    captcha.tiles(page, image="#captcha", solver=solver, refresh="#new")


def click(page: Any, solver: Any) -> None:
    captcha.click(page, image="#captcha", asked="#asked", solver=solver, refresh="#new")


def slide(page: Any, solver: Any) -> None:
    captcha.slide(
        page,
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


def log_in(page: Any, address: str, kind: str, *, solver: Any, tries: int = TRIES) -> bool:
    """Whether the site let us in."""
    for _ in range(tries):
        page.goto(f"{address}/login/{kind}")
        page.locator("#username").fill("demo")
        page.locator("#password").fill("demo")
        try:
            ANSWER[kind](page, solver)
        except (sdk.LowConfidenceError, sdk.TaskError):
            continue
        page.locator("#submit").click()
        page.locator("#welcome, #said:not(:empty)").first.wait_for()
        if page.locator("#welcome").count():
            return True
    return False


def main(arguments: Sequence[str] | None = None) -> int:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description="Log in to the demo site by Playwright.")
    parser.add_argument("address")
    parser.add_argument("kinds", nargs="*", default=["text", "slide"], metavar="KIND")
    parser.add_argument("--browser", help="an installed Chromium (default: Playwright's own)")
    parser.add_argument("--no-sandbox", action="store_true", help="as root, in a container")
    options = parser.parse_args(arguments)
    extra = ["--no-sandbox"] if options.no_sandbox else []
    solver = sdk.Solver()
    inside = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=options.browser, args=[*ARGUMENTS, *extra]
        )
        for kind in options.kinds:
            inside.append(log_in(browser.new_page(), options.address, kind, solver=solver))
            print(f"{kind}: {'in' if inside[-1] else 'not in'}")
        browser.close()
    return 0 if all(inside) else 1


if __name__ == "__main__":
    raise SystemExit(main())
