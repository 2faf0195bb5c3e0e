"""Selenium's adapter in real Chromium: what is pressed is where it should be."""

from __future__ import annotations

from typing import Any

import pytest

import solver as sdk
from solver.browser import selenium as captcha
from tests.browsers import CHROMEDRIVER, PATIENCE
from tests.solver.browser.pages import (
    DOTS,
    GAP,
    PIECE_INK,
    SHOWN,
    SIZE,
    SLIDE,
    ColourSolver,
    Counts,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMEDRIVER is None, reason="no chromedriver is installed"),
]

RECT = "const box = arguments[0].getBoundingClientRect(); return [box.left, box.top];"


@pytest.fixture(params=(1, 1.5, 2))
def driver(request: pytest.FixtureRequest, open_driver: Any) -> Any:
    return open_driver(request.param)


def open_at(driver: Any, address: str, path: str) -> None:
    driver.get(address + path)
    if path == "/framed":
        driver.switch_to.frame(driver.find_element("id", "frame"))


def presses(driver: Any) -> list[tuple[str, float, float]]:
    found: list[tuple[str, float, float]] = driver.execute_script("return presses.splice(0)")
    return found


@pytest.mark.parametrize("path", ["/", "/framed"])
def test_presses_and_slides_land(driver: Any, path: str, site: tuple[str, Counts]) -> None:
    open_at(driver, site[0], path)
    shown = {name: size for name, (_, size) in SHOWN.items()} | {"canvas": (120, 45), "lazy": SIZE}
    for name, size in shown.items():
        captcha.click(
            driver, image=f"#{name}", targets=list(DOTS), solver=ColourSolver(), timeout=PATIENCE
        )
        landed = presses(driver)
        assert [press[0] for press in landed] == [name] * len(DOTS)
        for (_, *point), (x, y) in zip(landed, DOTS.values(), strict=True):
            wanted = x * size[0] / SIZE[0], y * size[1] / SIZE[1]
            # WebDriver counts from a middle in whole pixels, which a transform makes uncertain.
            near = 1.999 if name == "grown" else 0.999
            assert point == pytest.approx(wanted, abs=near), name
    captcha.slide(
        driver,
        background="#ground",
        piece="#piece",
        handle="#handle",
        solver=ColourSolver(),
        timeout=PATIENCE,
    )
    ground, piece = (
        driver.execute_script(RECT, driver.find_element("id", name)) for name in ("ground", "piece")
    )
    unit = 250 / SLIDE[0]
    assert piece[0] + PIECE_INK * unit - ground[0] - 4 == pytest.approx(GAP * unit, abs=0.999)


def test_a_piece_that_is_placed_late_is_waited_for(
    open_driver: Any, site: tuple[str, Counts]
) -> None:
    driver = open_driver(1)
    open_at(driver, site[0], "/?late")
    answers = ColourSolver()
    captcha.slide(
        driver,
        background="#ground",
        piece="#piece",
        handle="#handle",
        solver=answers,
        timeout=PATIENCE,
    )
    assert answers.seen[0][1]["start"] == pytest.approx(25 - 6 - 4, abs=2)


def test_text_is_photographed_once_and_written(open_driver: Any, site: tuple[str, Counts]) -> None:
    driver = open_driver(1)
    open_at(driver, site[0], "/")
    before = site[1].counted
    answer = captcha.text(
        driver,
        image="#counted",
        into="#code",
        solver=ColourSolver(unsure=1),
        refresh="#new",
        timeout=PATIENCE,
    )
    assert site[1].counted == before + 1
    assert answer.text == f"n{before % 4}"
    assert driver.find_element("id", "code").get_property("value") == answer.text


@pytest.mark.parametrize(
    ("image", "said"),
    [("#broken", "has not loaded within 3 s"), ("#hidden", "is not shown within 3 s")],
)
def test_says_what_is_wrong(
    open_driver: Any, site: tuple[str, Counts], image: str, said: str
) -> None:
    driver = open_driver(1)
    open_at(driver, site[0], "/")
    with pytest.raises(sdk.TaskError, match=said):
        captcha.tiles(driver, image=image, solver=ColourSolver(), timeout=3.0)
