"""What all spiders share: options of their commands, when they try again, and what they print."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

import solver as sdk
from examples.demo_site.models import ROLES, lacking, open_solver

# What another picture may mend; any other error is told.
UNSURE = (sdk.LowConfidenceError, sdk.TaskError)


def add_model_option(parser: argparse.ArgumentParser) -> None:
    """Networks of one's own."""
    parser.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="MODEL",
        help="a file, or an embedded model's name, in place of what answers for its role",
    )


def add_options(parser: argparse.ArgumentParser) -> None:
    """What every spider is told: the site's address, kinds, and networks of one's own."""
    parser.add_argument("address", help="of the demo site, as it prints it")
    parser.add_argument(
        "kinds", nargs="*", metavar="KIND", help=f"of {', '.join(ROLES)} (all that can be answered)"
    )
    add_model_option(parser)


def read_options(
    parser: argparse.ArgumentParser, arguments: Sequence[str] | None
) -> tuple[argparse.Namespace, sdk.Solver]:
    """The options, and a solver that can do what they ask for; else the command ends here."""
    options = parser.parse_args(arguments)
    try:
        solver = open_solver(options.model)
    except sdk.SolverError as error:
        parser.error(str(error))
    unknown = sorted(set(options.kinds) - set(ROLES))
    if unknown:
        parser.error(f"expected kinds of {', '.join(ROLES)}, received {unknown[0]!r}")
    for kind in options.kinds:
        if why := lacking(solver, kind):
            parser.error(f"{kind}: {why}; name one with --model")
    options.kinds = options.kinds or [kind for kind in ROLES if not lacking(solver, kind)]
    return options, solver


def enter_all(kinds: Sequence[str], log_in: Callable[[str], bool]) -> int:
    """Log in by each kind and print whether that got in; the exit code: 1 where one did not."""
    inside = []
    for kind in kinds:
        inside.append(log_in(kind))
        print(f"{kind}: {'in' if inside[-1] else 'not in'}")
    return 0 if all(inside) else 1
