"""Playwright's adapter in real Chromium: what is pressed is where it should be."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import solver as sdk
from solver.browser import playwright as captcha
from tests.browsers import ARGUMENTS, CHROMIUM, PATIENCE
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

pytestmark = pytest.mark.browser

RATIOS = (1, 1.5, 2)
Opened = tuple[Any, Any]  # the page, and what the captcha is in


@pytest.fixture(scope="module", params=RATIOS)
def opener(
    request: pytest.FixtureRequest, chromium: Any, site: tuple[str, Counts]
) -> Iterator[Callable[[str], Opened]]:
    context = chromium.new_context(
        viewport={"width": 800, "height": 700}, device_scale_factor=request.param
    )
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()

    def open_at(path: str) -> Opened:
        page.goto(site[0] + path)
        return page, page.frame_locator("#frame") if path == "/framed" else page

    yield open_at
    context.close()


@pytest.fixture(params=("/", "/framed"))
def opened(request: pytest.FixtureRequest, opener: Callable[[str], Opened]) -> Opened:
    return opener(request.param)


def presses(where: Any) -> list[tuple[str, float, float]]:
    found: list[tuple[str, float, float]] = where.locator("body").evaluate(
        "() => presses.splice(0)"
    )
    return found


def expected(size: tuple[float, float]) -> list[tuple[float, float]]:
    return [(x * size[0] / SIZE[0], y * size[1] / SIZE[1]) for x, y in DOTS.values()]


def test_presses_land(opened: Opened) -> None:
    _, where = opened
    shown = {name: size for name, (_, size) in SHOWN.items()} | {"canvas": (120, 45), "lazy": SIZE}
    for name, size in shown.items():
        captcha.click(
            where, image=f"#{name}", targets=list(DOTS), solver=ColourSolver(), timeout=PATIENCE
        )
        landed = presses(where)
        assert [press[0] for press in landed] == [name] * len(DOTS)
        for (_, *point), wanted in zip(landed, expected(size), strict=True):
            assert point == pytest.approx(wanted, abs=0.999), name


def test_slides_land(opened: Opened) -> None:
    _, where = opened
    answers = ColourSolver()
    captcha.slide(
        where,
        background="#ground",
        piece="#piece",
        handle="#handle",
        solver=answers,
        timeout=PATIENCE,
    )
    ground, piece = (where.locator(name).bounding_box() for name in ("#ground", "#piece"))
    unit = 250 / SLIDE[0]
    ink = piece["x"] + PIECE_INK * unit - ground["x"] - 4
    assert ink == pytest.approx(GAP * unit, abs=0.999)
    picture, options = answers.seen[0]
    assert picture.shape[1] == pytest.approx(250 / options["scale"], abs=1)
    # The piece was taken off the background, and its transparency seen.
    assert not (abs(picture.astype(int) - (40, 90, 60)).sum(axis=2) < 30).any()
    assert options["piece"].shape[2] == 4
    for name in ("#piece", "#ground"):
        style = where.locator(name).get_attribute("style")
        assert "visibility" not in style
        assert "background" not in style


def test_a_piece_that_is_placed_late_is_waited_for(opener: Callable[[str], Opened]) -> None:
    page, where = opener("/?late")
    answers = ColourSolver()
    elements = {"background": "#ground", "piece": "#piece", "handle": "#handle"}
    captcha.slide(where, **elements, solver=answers, timeout=PATIENCE)
    ratio = page.evaluate("devicePixelRatio")
    assert answers.seen[0][1]["start"] == pytest.approx((25 - 6 - 4) * ratio, abs=2)
    page.goto(page.url.replace("late", "late&"))  # never placed
    page.locator("#piece").evaluate("(piece) => { piece.style.left = '400px'; }")
    with pytest.raises(sdk.TaskError, match="#piece does not stand still on #ground within 1 s"):
        captcha.slide(where, **elements, solver=answers, timeout=1.0)


def test_text_is_photographed_once_and_written(
    opener: Callable[[str], Opened], site: tuple[str, Counts]
) -> None:
    page, _ = opener("/")
    before = site[1].counted
    answers = ColourSolver(unsure=1)
    answer = captcha.text(
        page, image="#counted", into="#code", solver=answers, refresh="#new", timeout=PATIENCE
    )
    # One more picture, because the first was not sure; none for the photographs.
    assert site[1].counted == before + 1
    assert answer.text == f"n{before % 4}"
    assert page.locator("#code").input_value() == answer.text
    assert answers.seen[0][0].shape == answers.seen[1][0].shape


@pytest.mark.parametrize(
    ("image", "refresh", "unsure", "said"),
    [
        ("#counted", None, 9, "not sure"),
        ("#broken", None, 0, "#broken has not loaded within"),
        ("#hidden", None, 0, "#hidden is not shown within"),
        ("#plain", "#idle", 9, "#idle was pressed, and #plain did not change"),
    ],
)
def test_says_what_is_wrong(
    opener: Callable[[str], Opened],
    image: str,
    refresh: str | None,
    unsure: int,
    said: str,
) -> None:
    page, _ = opener("/")
    with pytest.raises((sdk.LowConfidenceError, sdk.TaskError), match=said):
        captcha.text(
            page,
            image=image,
            into="#code",
            solver=ColourSolver(unsure=unsure),
            refresh=refresh,
            timeout=3.0,
        )
    assert page.locator("#code").input_value() == "old"


def test_what_is_asked_may_stand_on_the_page(opener: Callable[[str], Opened]) -> None:
    page, _ = opener("/")
    answers = ColourSolver()
    captcha.click(page, image="#plain", asked="#asked", solver=answers, timeout=PATIENCE)
    captcha.click(page, image="#plain", prompt="#boxed", solver=answers, timeout=PATIENCE)
    captcha.tiles(page, image="#plain", solver=answers, wanted="dot", timeout=PATIENCE)
    assert len(presses(page)) == 9
    asked, prompt, tiles = (options for _, options in answers.seen)
    assert asked["targets"] == "redblue"
    assert prompt["targets"].shape[2] == 3
    assert tiles == {"layout": "12306", "wanted": "dot", "min_confidence": None}


def test_asyncio(site: tuple[str, Counts]) -> None:
    """In a thread of its own: the blocking browser of the other tests holds this one's loop."""
    found: list[Any] = []

    async def visit() -> None:
        from playwright.async_api import async_playwright

        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=CHROMIUM, args=list(ARGUMENTS), timeout=PATIENCE * 1000
            )
            page = await browser.new_page(viewport={"width": 800, "height": 700})
            page.set_default_timeout(PATIENCE * 1000)
            await page.goto(site[0])
            answers = ColourSolver()
            answer = await captcha.text_async(
                page, image="#counted", into="#code", solver=answers, timeout=PATIENCE
            )
            found.append((answer.text, await page.locator("#code").input_value()))
            await page.goto(f"{site[0]}/?late")
            await captcha.tiles_async(page, image="#boxed", solver=answers, timeout=PATIENCE)
            await captcha.click_async(
                page, image="#scaled", targets=["red"], solver=answers, timeout=PATIENCE
            )
            await captcha.slide_async(
                page,
                background="#ground",
                piece="#piece",
                handle="#handle",
                solver=answers,
                timeout=PATIENCE,
            )
            found.append(await page.evaluate("presses"))
            found.append(await page.locator("#piece").bounding_box())
            with pytest.raises(TypeError, match="_async"):
                captcha.text(page, image="#counted", into="#code", solver=answers)
            await browser.close()

    thread = threading.Thread(target=lambda: asyncio.run(visit()))
    thread.start()
    thread.join()
    (text, written), landed, piece = found
    assert text == written
    assert [name for name, *_ in landed] == ["boxed"] * 3 + ["scaled"]
    assert piece["x"] > 100
