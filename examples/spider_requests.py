"""Log in to the demo site with requests: python -m examples.spider_requests ADDRESS [KIND …]

python -m examples.demo_site --port 8008
python -m examples.spider_requests http://127.0.0.1:8008
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any

import requests

from examples.forms import ACCOUNT, FORMS
from examples.spiders import UNSURE, add_options, enter_all, read_options

TIMEOUT = 60.0  # seconds


def log_in(session: requests.Session, address: str, kind: str, *, solver: Any, tries: int) -> bool:
    """Whether the site let us in. An answer that is wrong costs one of the ``tries``."""
    session.headers["Accept"] = "application/json"
    for _ in range(tries):
        shown = _patient(session, "GET", f"{address}/captcha/{kind}.json").json()
        try:
            fields = FORMS[kind](solver, shown)
        except UNSURE:
            continue  # the next picture
        reply = _patient(session, "POST", f"{address}/login/{kind}", data=ACCOUNT | fields)
        if reply.ok:
            return True
    return False


def _patient(session: requests.Session, method: str, url: str, **options: Any) -> Any:
    """A request that waits as long as the site asks for."""
    while True:
        reply = session.request(method, url, timeout=TIMEOUT, **options)
        if reply.status_code != 429:
            return reply
        time.sleep(float(reply.headers["Retry-After"]))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Log in to the demo site with requests.")
    add_options(parser)
    options, solver = read_options(parser, arguments)

    def enter(kind: str) -> bool:
        with requests.Session() as session:
            session.trust_env = False  # loopback needs no proxy
            return log_in(session, options.address, kind, solver=solver, tries=3)

    return enter_all(options.kinds, enter)


if __name__ == "__main__":
    raise SystemExit(main())
