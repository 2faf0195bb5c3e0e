"""A Scrapy spider that is stopped by log-ins, and a downloader middleware that passes them:

    python -m examples.demo_site --port 8008
    python -m examples.spider_scrapy http://127.0.0.1:8008 text slide

The spider knows nothing of captchas. Where a site sends it to a log-in, the middleware keeps the
request back, fetches a challenge, answers it, and lets the request go on when it is in.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import scrapy
from scrapy.crawler import Crawler, CrawlerProcess
from scrapy.downloadermiddlewares import cookies
from scrapy.exceptions import IgnoreRequest
from scrapy.http import FormRequest, Request, Response
from tldextract import TLDExtract

from examples.demo_site.models import open_solver
from examples.forms import ACCOUNT, FORMS
from examples.spiders import UNSURE, add_options, read_options

_LOG = logging.getLogger(__name__)
TRIES = 3
_STAGE, _KEPT = "captcha_stage", "captcha_kept"
_TRIES, _KIND = "captcha_tries", "captcha_kind"


class CaptchaMiddleware:
    """Passes log-ins, and waits where the site asks for it.

    In ``DOWNLOADER_MIDDLEWARES`` between 550 and 600: redirects are followed and cookies are kept
    before it looks, and Scrapy's own retries, which do not wait, come after.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._stats = crawler.stats
        self._solver = open_solver(crawler.settings.getlist("CAPTCHA_MODELS"))

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> CaptchaMiddleware:
        return cls(crawler)

    async def process_response(self, request: Request, response: Response) -> Request | Response:
        stage = request.meta.get(_STAGE)
        if response.status == 429:
            await asyncio.sleep(float(response.headers["Retry-After"]))
            return request.replace(dont_filter=True)
        if stage == "challenge":
            return await self._answered(request, response)
        if stage == "answer":
            self._count("passed" if response.status == 200 else "failed")
            if response.status == 200:
                kept: Request = request.meta[_KEPT]
                return kept.replace(dont_filter=True)
            return self._challenge(request, response)
        path = urlsplit(response.url).path
        if path.startswith("/login/"):
            # Where the request was redirected, this is its first self.
            first = request.replace(url=request.meta.get("redirect_urls", [request.url])[0])
            request.meta.update({_KEPT: first, _KIND: path.rpartition("/")[2]})
            return self._challenge(request, response)
        return response

    def _challenge(self, request: Request, response: Response) -> Request:
        """Ask for another picture.

        Raises:
            IgnoreRequest: there were enough of them; the spider's errback hears of it.
        """
        kind, tries = request.meta[_KIND], request.meta.get(_TRIES, 0)
        kept: Request = request.meta[_KEPT]
        if tries >= TRIES:
            _LOG.warning("%s: not in after %d pictures", kept.url, tries)
            raise IgnoreRequest(f"not in after {tries} pictures")
        return Request(
            response.urljoin(f"/captcha/{kind}.json"),
            callback=kept.callback,
            errback=kept.errback,
            meta={_KEPT: kept, _KIND: kind, _TRIES: tries + 1, _STAGE: "challenge"},
            dont_filter=True,
        )

    async def _answered(self, request: Request, response: Response) -> Request:
        kind = request.meta[_KIND]
        shown = json.loads(response.text)
        try:
            fields = await asyncio.to_thread(partial(FORMS[kind], self._solver, shown))
        except UNSURE:
            self._count("unsure")
            return self._challenge(request, response)
        return FormRequest(
            response.urljoin(f"/login/{kind}"),
            formdata=ACCOUNT | fields,
            headers={"Accept": "application/json"},
            callback=request.callback,
            errback=request.errback,
            meta={**request.meta, _STAGE: "answer", "handle_httpstatus_list": [403, 410]},
            dont_filter=True,
        )

    def _count(self, what: str) -> None:
        if self._stats is not None:
            self._stats.inc_value(f"captcha/{what}")


class AccountSpider(scrapy.Spider):
    """Fetches pages that only those see who are logged in."""

    name = "accounts"
    custom_settings = {  # noqa: RUF012 - Scrapy's own way
        "DOWNLOADER_MIDDLEWARES": {CaptchaMiddleware: 580},
        "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
        "TELNETCONSOLE_ENABLED": False,
    }

    def __init__(self, address: str, kinds: Sequence[str]) -> None:
        super().__init__()
        self.start_urls = [f"{address}/account/{kind}" for kind in kinds]

    async def start(self) -> AsyncIterator[Request]:
        for url in self.start_urls:
            yield Request(url)

    def parse(self, response: Response) -> Iterator[dict[str, Any]]:
        yield {"page": response.url, "said": response.css("#welcome::text").get()}


def _use_the_snapshot() -> None:
    """Let Scrapy's cookies know domains by the list that came with ``tldextract``: at the first
    cookie they would ask the network for a newer one, and warn at length where there is none.
    """
    domains = getattr(cookies, "_split_domain", None)
    if isinstance(domains, TLDExtract):
        domains.suffix_list_urls = ()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Crawl the demo site's accounts with Scrapy.")
    add_options(parser)
    options, _ = read_options(parser, arguments)
    _use_the_snapshot()
    pages: list[dict[str, Any]] = []
    process = CrawlerProcess({"CAPTCHA_MODELS": options.model, "LOG_LEVEL": "WARNING"})
    crawler = process.create_crawler(AccountSpider)

    def keep(item: dict[str, Any]) -> None:
        pages.append(item)

    crawler.signals.connect(keep, signal=scrapy.signals.item_scraped)
    process.crawl(crawler, address=options.address, kinds=options.kinds)
    process.start()
    for page in pages:
        print(json.dumps(page))
    return 0 if len(pages) == len(options.kinds) and all(page["said"] for page in pages) else 1


if __name__ == "__main__":
    raise SystemExit(main())
