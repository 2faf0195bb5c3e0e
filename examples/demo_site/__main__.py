"""The demo site's command: ``python -m examples.demo_site``; ``--run`` sends a spider to it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import solver as sdk
from examples.demo_site.challenges import MAKERS, Kind
from examples.demo_site.records import Desk
from examples.demo_site.report import lines
from examples.demo_site.site import Site, open_kinds

TRIES = 3


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        solver = sdk.Solver(*options.model) if options.run else None
    except sdk.SolverError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    kinds, undrawn = open_kinds(tuple(options.kinds or MAKERS))
    desk = Desk(kinds, lifetime=options.lifetime, limit=options.limit, seed=options.seed)
    if solver is None:
        return _serve(desk, undrawn, port=options.port)
    return _run(desk, undrawn, solver=solver, logins=options.logins, port=options.port)


def _serve(desk: Desk, undrawn: dict[str, str], *, port: int) -> int:
    for kind, why in undrawn.items():
        print(f"without {kind}: {why}", file=sys.stderr)
    with Site(desk, port=port) as site:
        print(f"{site.address} - Ctrl C ends it", flush=True)
        try:
            site.wait()
        except KeyboardInterrupt:
            print()
    return 0


def _run(desk: Desk, undrawn: dict[str, str], *, solver: Any, logins: int, port: int) -> int:
    """Let a spider log in so many times by each kind; exit code 1 where one never succeeded."""
    import requests

    from examples.spider_requests import log_in

    notes = dict(undrawn)
    with Site(desk, port=port) as site:
        for name, kind in desk.kinds.items():
            lacking = _lacking(kind, solver)
            if lacking:
                notes[name] = lacking
                continue
            for _ in range(logins):
                with requests.Session() as session:
                    session.trust_env = False  # loopback needs no proxy
                    log_in(session, site.address, name, solver=solver, tries=TRIES)
    summaries = [desk.summary(name) for name in (*desk.kinds, *undrawn)]
    print("\n".join(lines(summaries, notes=notes)))
    return 1 if any(summary.answers and not summary.solved for summary in summaries) else 0


def _lacking(kind: Kind, solver: Any) -> str:
    """Why a kind cannot be answered by these models; empty where it can."""
    roles = [role for role in kind.roles if role not in solver.models]
    if roles or not hasattr(solver, _VERB[kind.name]):
        return f"no model ({', '.join(roles or kind.roles)})"
    if kind.words:
        known = set(kind.words) & set(solver.models["tile"].spec.decoder.labels)
        if len(known) < len(kind.words):
            return f"the model knows {len(known)} of the grid's {len(kind.words)} words"
    return ""


_VERB = {"text": "text", "grid": "tiles", "click": "click", "slide": "slide"}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m examples.demo_site",
        description="A small site on loopback with a log-in for each kind of captcha.",
    )
    parser.add_argument("--run", action="store_true", help="send a spider, and print its success")
    parser.add_argument("--logins", type=int, default=50, help="how often by each kind (50)")
    parser.add_argument(
        "--model", action="append", default=[], metavar="FILE", help="one's own, beside embedded"
    )
    parser.add_argument("--kinds", nargs="+", choices=list(MAKERS), help="some of them")
    parser.add_argument("--port", type=int, default=0, help="on loopback (any that is free)")
    parser.add_argument("--lifetime", type=float, default=120.0, help="of a picture, seconds (120)")
    parser.add_argument(
        "--limit", type=int, default=600, help="pictures and answers an address a minute (600)"
    )
    parser.add_argument("--seed", type=int, help="the same pictures again")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
