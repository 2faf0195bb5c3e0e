"""``solver slide``: the distance to drag, printed bare or as JSON, and drawn."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from solver import images
from solver._answers import loaded
from solver._cli_draw import Drawings
from solver._cli_read import DOUBTFUL, OK, SOME_FAILED, USAGE, said
from solver._solver import Solver
from solver._sources import standard_input
from solver.draw import draw_slide
from solver.errors import ImageError, LowConfidenceError, TaskError
from solver.results import Failure


def read_slide(args: argparse.Namespace) -> int:
    """Answer one background; returns the exit code."""
    sources = [args.background, args.piece, args.full]
    if sources.count("-") > 1:
        sys.stderr.write("solver: - stands for one picture only\n")
        return USAGE
    try:
        drawings = None if args.draw is None else Drawings(Path(args.draw), single=True)
    except OSError as error:
        sys.stderr.write(f"solver: --draw: {error}\n")
        return USAGE
    background, piece, full = (standard_input() if name == "-" else name for name in sources)
    try:
        picture = loaded("background", background, images.load)
        answer = Solver().slide(
            picture,
            piece,
            full=full,
            scale=args.scale,
            start=args.start,
            min_confidence=args.min_confidence,
        )
    except (ImageError, TaskError, LowConfidenceError) as error:
        sys.stderr.write(f"solver: {said(error)}\n")
        if args.json:
            _write({"error": Failure(0, args.background, error).to_dict()["error"]})
        return SOME_FAILED
    if answer.confidence < DOUBTFUL:
        sys.stderr.write(f"solver: doubtful, confidence {answer.confidence:.2f}\n")
    if args.json:
        _write(answer.to_dict())
    else:
        sys.stdout.write(f"{answer.offset:g}\n")
    if drawings is not None:
        try:
            drawings.write(draw_slide(picture, answer), name=args.background)
        except OSError as error:
            sys.stderr.write(f"solver: the drawing is not written: {error}\n")
            return SOME_FAILED
    return OK


def _write(body: dict[str, object]) -> None:
    # ASCII: a line of JSON is then the same bytes whatever the terminal's encoding is.
    sys.stdout.write(json.dumps(body) + "\n")
