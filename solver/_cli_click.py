"""``solver click``: the points to click in order, printed a line each or as JSON, and drawn."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from solver import images
from solver._answers import loaded
from solver._cli_draw import Drawings
from solver._cli_read import DOUBTFUL, ESCAPES, OK, SOME_FAILED, USAGE, said
from solver._models import open_model
from solver._solver import Solver
from solver._sources import standard_input
from solver.draw import draw_click
from solver.errors import ImageError, LowConfidenceError, ModelError, TaskError
from solver.images import ImageSource
from solver.results import ClickResult, Failure
from solver.tasks.click import TargetSource, check_targets, named_targets

_ROLES = ("detector", "glyph")


def read_click(args: argparse.Namespace) -> int:
    """Answer one picture; returns the exit code."""
    solver = _solver(args)
    if args.picture == "-" and args.prompt == "-":
        sys.stderr.write("solver: - stands for one picture only\n")
        return USAGE
    try:
        targets = _targets(args, solver)
    except TaskError as error:
        sys.stderr.write(f"solver: {error}\n")
        return USAGE
    try:
        drawings = None if args.draw is None else Drawings(Path(args.draw), single=True)
    except OSError as error:
        sys.stderr.write(f"solver: --draw: {error}\n")
        return USAGE
    source: ImageSource = standard_input() if args.picture == "-" else args.picture
    try:
        picture = loaded("image", source, images.load)
        answer = solver.click(picture, targets, min_confidence=args.min_confidence)
    except (ImageError, TaskError, LowConfidenceError) as error:
        sys.stderr.write(f"solver: {said(error)}\n")
        if args.json:
            _write({"error": Failure(0, args.picture, error).to_dict()["error"]})
        return SOME_FAILED
    _warn(answer)
    if args.json:
        _write(answer.to_dict())
    else:
        sys.stdout.writelines(f"{line}\n" for line in _rows(answer))
    if drawings is not None:
        try:
            drawings.write(draw_click(picture, answer), name=args.picture)
        except OSError as error:
            sys.stderr.write(f"solver: the drawing is not written: {error}\n")
            return SOME_FAILED
    return OK if answer.points else SOME_FAILED


def _solver(args: argparse.Namespace) -> Solver:
    """A solver with the models that were asked for, of which each is for clicking."""
    for source in args.model or ():
        role = open_model(source).spec.role
        if role not in _ROLES:
            raise ModelError(
                f"{source}: expected a model for the roles {' and '.join(_ROLES)}, it is {role!r}"
            )
    return Solver(*(args.model or ()), threads=args.threads)


def _targets(args: argparse.Namespace, solver: Solver) -> TargetSource:
    """What was asked for; raises TaskError where that can be looked for in no picture."""
    if args.prompt is not None:
        return standard_input() if args.prompt == "-" else Path(args.prompt)
    targets: TargetSource = args.target or args.targets
    named = named_targets(targets)
    if named is not None:
        check_targets(named, solver.models["glyph"])
    return targets


def _warn(answer: ClickResult) -> None:
    for name, places in (("missing", answer.missing), ("ambiguous", answer.ambiguous)):
        for place in places:
            text = answer.targets[place].text.translate(ESCAPES)
            # A glyph of a prompt's picture has no name.
            sys.stderr.write(f"solver: {name}: {f'target {place} {text}'.rstrip()}\n")
    if answer.confidence < DOUBTFUL:
        sys.stderr.write(f"solver: doubtful, confidence {answer.confidence:.2f}\n")


def _rows(answer: ClickResult) -> list[str]:
    """A line a target: what it is, its point, how sure that is; of one that is missing, "-"."""
    return [
        "\t".join(
            [
                target.text.translate(ESCAPES),
                "-" if target.point is None else "{:g},{:g}".format(*target.point),
                f"{target.confidence:.4f}",
            ]
        )
        for target in answer.targets
    ]


def _write(body: dict[str, object]) -> None:
    # ASCII: a line of JSON is then the same bytes whatever the terminal's encoding is.
    sys.stdout.write(json.dumps(body) + "\n")
