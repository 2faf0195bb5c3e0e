"""The command ``solver models``: list, verify, show, labels."""

from __future__ import annotations

import argparse
import json
import sys

from solver import pretrained
from solver.api import open_model
from solver.errors import MissingDependencyError, ModelError

OK, NO_MODEL = 0, 3


def run(args: argparse.Namespace) -> int:
    """``solver models [list | verify | show | labels]``."""
    return _ACTIONS[args.action](args)


def _list(args: argparse.Namespace) -> int:
    for item in pretrained.available().values():
        size = f"{item.size / 1e6:.1f} MB"
        sys.stdout.write(f"{item.name}\t{item.role}\t{size}\t{item.licence}\n")
    return OK


def _verify(args: argparse.Namespace) -> int:
    """Checksum, contract, and a session: all that can be wrong before the first picture."""
    code = OK
    for name in args.names or list(pretrained.available()):
        try:
            providers = open_model(name).providers
        except (ModelError, MissingDependencyError) as error:
            sys.stderr.write(f"solver: {error}\n")
            code = NO_MODEL
        else:
            sys.stdout.write(f"{name}\tok\t{', '.join(providers)}\n")
    return code


def _show(args: argparse.Namespace) -> int:
    if args.name in pretrained.available():
        sys.stdout.write(pretrained.find(args.name).read_card().rstrip() + "\n")
        return OK
    contract = json.loads(open_model(args.name).spec.to_json())
    sys.stdout.write(json.dumps(contract, indent=2) + "\n")
    return OK


def _labels(args: argparse.Namespace) -> int:
    """All that a model may answer: symbols or labels, one a line, in the contract's order."""
    decoder = open_model(args.name).spec.decoder
    answers = [label for label in decoder.labels or decoder.symbols if label != decoder.background]
    sys.stdout.writelines(f"{answer}\n" for answer in answers)
    return OK


_ACTIONS = {"list": _list, "verify": _verify, "show": _show, "labels": _labels}
