"""Log in to the demo site with httpx, several visitors at once:

    python -m examples.demo_site --port 8008
    python -m examples.spider_httpx http://127.0.0.1:8008 text slide --visitors 8

Pictures are fetched on the event loop and answered in threads, one solver for all.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import httpx

from examples.forms import ACCOUNT, FORMS
from examples.spiders import UNSURE, add_options, read_options

TIMEOUT = 60.0  # seconds


async def log_in(client: httpx.AsyncClient, kind: str, *, solver: Any, tries: int) -> bool:
    """Whether the site, which is the client's ``base_url``, let us in."""
    for _ in range(tries):
        shown = (await _patient(client, "GET", f"/captcha/{kind}.json")).json()
        try:
            fields = await asyncio.to_thread(partial(FORMS[kind], solver, shown))
        except UNSURE:
            continue  # the next picture
        reply = await _patient(client, "POST", f"/login/{kind}", data=ACCOUNT | fields)
        if reply.is_success:
            return True
    return False


async def visit(address: str, kind: str, *, visitors: int, solver: Any, tries: int = 3) -> int:
    """How many of so many visitors at once got in; each has cookies of its own."""

    async def one() -> bool:
        headers = {"Accept": "application/json"}
        async with httpx.AsyncClient(
            base_url=address, headers=headers, timeout=TIMEOUT, trust_env=False
        ) as client:
            return await log_in(client, kind, solver=solver, tries=tries)

    return sum(await asyncio.gather(*(one() for _ in range(visitors))))


async def _patient(
    client: httpx.AsyncClient, method: str, url: str, **options: Any
) -> httpx.Response:
    """A request that waits as long as the site asks for."""
    while True:
        reply = await client.request(method, url, **options)
        if reply.status_code != 429:
            return reply
        await asyncio.sleep(float(reply.headers["Retry-After"]))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Log in to the demo site with httpx.")
    add_options(parser)
    parser.add_argument("--visitors", type=int, default=4)
    options, solver = read_options(parser, arguments)
    least = options.visitors
    for kind in options.kinds:
        inside = asyncio.run(visit(options.address, kind, visitors=options.visitors, solver=solver))
        print(f"{kind}: {inside} of {options.visitors} in")
        least = min(least, inside)
    return 0 if least else 1


if __name__ == "__main__":
    raise SystemExit(main())
