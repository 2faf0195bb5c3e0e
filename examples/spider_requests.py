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

from examples.demo_site.models import add_options, read_options
from examples.forms import ACCOUNT, FORMS, UNSURE

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
    inside = []
    for kind in options.kinds:
        with requests.Session() as session:
            session.trust_env = False  # loopback needs no proxy
            entered = log_in(session, options.address, kind, solver=solver, tries=3)
        print(f"{kind}: {'in' if entered else 'not in'}")
        inside.append(entered)
    return 0 if all(inside) else 1


if __name__ == "__main__":
    raise SystemExit(main())
