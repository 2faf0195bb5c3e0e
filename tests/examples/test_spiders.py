"""Every spider against the demo site."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import solver as sdk
from examples.demo_site.challenges import Kind
from examples.demo_site.models import lacking
from examples.demo_site.site import Site
from examples.spiders import add_options, enter_all, read_options
from tests.browsers import CHROMEDRIVER, PATIENCE
from tests.examples.sites import KINDS, Oracle, demo

ROOT = Path(__file__).parents[2]


@pytest.fixture
def site(kinds: dict[str, Kind]) -> Iterator[Site]:
    with demo(kinds, lifetime=PATIENCE) as found:
        yield found


def drawn(site: Site) -> list[str]:
    return [kind for kind in KINDS if kind in site.desk.kinds]


class Unsure(Oracle):
    """Is not sure of its first picture."""

    asked = 0

    def text(self, image: Any, **options: Any) -> Any:
        self.asked += 1
        if self.asked == 1:
            raise sdk.LowConfidenceError("not sure", result=None)
        return super().text(image, **options)


def test_requests(site: Site) -> None:
    requests = pytest.importorskip("requests")
    from examples.spider_requests import log_in

    for kind in drawn(site):
        with requests.Session() as session:
            session.trust_env = False
            assert log_in(session, site.address, kind, solver=Oracle(site.desk), tries=1)
            assert "logged in" in session.get(f"{site.address}/account/{kind}").text
    with requests.Session() as session:
        session.trust_env = False
        assert log_in(session, site.address, "text", solver=Unsure(site.desk), tries=2)
        assert not log_in(session, site.address, "text", solver=Unsure(site.desk), tries=1)


def test_httpx(site: Site) -> None:
    pytest.importorskip("httpx")
    from examples.spider_httpx import visit

    for kind in drawn(site):
        # One at a time: the server's hook knows the last challenge.
        oracle = Oracle(site.desk)
        assert asyncio.run(visit(site.address, kind, visitors=1, solver=oracle, tries=1)) == 1
    assert asyncio.run(visit(site.address, "slide", visitors=3, solver=sdk.Solver())) == 3
    assert site.desk.summary("slide").visitors == 4


def test_scrapy(site: Site, tmp_path: Path) -> None:
    """In a process of its own: Twisted's reactor runs once in each."""
    pytest.importorskip("scrapy")
    done = subprocess.run(
        [sys.executable, "-m", "examples.spider_scrapy", site.address, "slide", "text"],
        cwd=ROOT,
        # No list of domains is kept, and none can be fetched.
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "TLDEXTRACT_CACHE": str(tmp_path),
            "https_proxy": "http://127.0.0.1:9",
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    pages = [json.loads(line) for line in done.stdout.splitlines()]
    said = {page["page"]: page["said"] for page in pages}
    assert said.pop(f"{site.address}/account/slide") == "You are logged in.", done.stderr
    assert site.desk.summary("text").answers >= 1
    assert "Public Suffix List" not in done.stderr


@pytest.mark.browser
@pytest.mark.parametrize("ratio", [1, 1.5, 2])
def test_playwright(site: Site, chromium: Any, ratio: float) -> None:
    from examples.spider_playwright import log_in

    context = chromium.new_context(
        viewport={"width": 900, "height": 900}, device_scale_factor=ratio
    )
    context.set_default_timeout(PATIENCE * 1000)
    for kind in drawn(site):
        page = context.new_page()
        oracle = Oracle(site.desk)
        assert log_in(page, site.address, kind, solver=oracle, tries=1, timeout=PATIENCE), kind
        page.close()
    context.close()


@pytest.mark.browser
def test_playwright_with_the_real_solver(site: Site, chromium: Any) -> None:
    from examples.spider_playwright import log_in

    page = chromium.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    assert log_in(page, site.address, "slide", solver=sdk.Solver(), timeout=PATIENCE)
    page.close()


@pytest.mark.browser
@pytest.mark.skipif(CHROMEDRIVER is None, reason="no chromedriver is installed")
@pytest.mark.parametrize("ratio", [1, 1.5, 2])
def test_selenium(site: Site, open_driver: Any, ratio: float) -> None:
    from examples.spider_selenium import log_in

    for kind in drawn(site):
        driver = open_driver(ratio)
        oracle = Oracle(site.desk)
        assert log_in(driver, site.address, kind, solver=oracle, tries=1, timeout=PATIENCE), kind


@pytest.mark.browser
@pytest.mark.parametrize("name", ["spider_playwright", "spider_selenium"])
def test_a_browser_that_is_not_there_is_told_in_a_sentence(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spider = importlib.import_module(f"examples.{name}")
    gone = str(tmp_path / "gone")
    monkeypatch.setattr(spider, "find_chromium", lambda: gone)
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    line = ["http://127.0.0.1:9", "slide"]
    for more in ([], ["--browser", gone]):
        # In a thread of its own: the blocking browser of the other tests holds this one's loop.
        with ThreadPoolExecutor() as pool:
            assert pool.submit(spider.main, [*line, *more]).result() == 2
        (said,) = capsys.readouterr().err.splitlines()
        assert said.startswith("error: no browser starts (")
        assert "--browser" in said


@pytest.mark.browser
@pytest.mark.parametrize("name", ["spider_playwright", "spider_selenium"])
def test_the_installed_browser_is_found(
    site: Site, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    if name == "spider_selenium" and CHROMEDRIVER is None:
        pytest.skip("no chromedriver is installed")
    spider = importlib.import_module(f"examples.{name}")
    with ThreadPoolExecutor() as pool:
        line = [site.address, "slide", "--no-sandbox"]
        assert pool.submit(spider.main, line).result() == 0


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser()
    add_options(found)
    return found


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["http://x", "chess"], "received 'chess'"),
        (["http://x", "--model", "nothing.onnx"], "nothing.onnx"),
        (["http://x", "--model", "nothing"], "nothing"),
        ([], "address"),
    ],
)
def test_a_spider_says_what_is_wrong(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        read_options(parser(), arguments)
    assert caught.value.code == 2
    assert said in capsys.readouterr().err


def test_without_kinds_it_is_all_that_can_be_answered() -> None:
    options, found = read_options(parser(), ["http://x"])
    assert options.kinds == [kind for kind in KINDS if not lacking(found, kind)]
    assert {"text", "grid", "slide"} <= set(options.kinds)


@pytest.mark.parametrize(
    ("kinds", "code", "said"),
    [([], 0, ""), (["text"], 0, "text: in\n"), (["grid", "text"], 1, "grid: not in\ntext: in\n")],
)
def test_a_line_a_kind(
    kinds: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert enter_all(kinds, lambda kind: kind == "text") == code
    assert capsys.readouterr().out == said
