"""The demo site's command: ``python -m examples.demo_site``; ``--run`` sends a spider to it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import solver as sdk
from examples.demo_site.challenges import MAKERS, grid_kind
from examples.demo_site.models import lacking, open_solver
from examples.demo_site.records import Desk
from examples.demo_site.report import lines
from examples.demo_site.site import Site, open_kinds
from examples.spiders import add_model_option

TRIES = 3


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if options.tiles is not None and not Path(options.tiles).is_dir():
        print(f"error: --tiles: expected a folder, received {options.tiles}", file=sys.stderr)
        return 2
    try:
        solver = open_solver(options.model, drawn=options.tiles is None) if options.run else None
    except sdk.SolverError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    makers = {**MAKERS, "grid": partial(grid_kind, options.tiles)}
    kinds, undrawn = open_kinds({name: makers[name] for name in options.kinds or MAKERS})
    if options.tiles is not None and "grid" in undrawn:
        print(f"error: --tiles: {undrawn['grid']}", file=sys.stderr)
        return 2
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
            why_not = lacking(solver, name, kind.words)
            if why_not:
                notes[name] = why_not
                continue
            for _ in range(logins):
                with requests.Session() as session:
                    session.trust_env = False  # loopback needs no proxy
                    log_in(session, site.address, name, solver=solver, tries=TRIES)
    summaries = [desk.summary(name) for name in (*desk.kinds, *undrawn)]
    print("\n".join(lines(summaries, notes=notes)))
    return 1 if any(summary.answers and not summary.solved for summary in summaries) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m examples.demo_site",
        description="A small site on loopback with a log-in for each kind of captcha.",
    )
    parser.add_argument("--run", action="store_true", help="send a spider, and print its success")
    parser.add_argument("--logins", type=int, default=50, help="how often by each kind (50)")
    add_model_option(parser)
    parser.add_argument(
        "--tiles",
        metavar="FOLDER",
        help="pictures of your own for the grid, a folder a word (the site's drawings)",
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
