"""The commands ``solver text``, ``classify`` and ``detect``: inputs, printing, exit code."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solver import images
from solver._cli_draw import PICTURE_SUFFIXES, Drawings
from solver._sources import standard_input
from solver.api import Solver, open_model
from solver.decoders.scores import check_top_k
from solver.errors import ImageError, LowConfidenceError, ModelError, TaskError
from solver.images import ImageSource
from solver.results import (
    Box,
    ClassResult,
    ClickResult,
    Failure,
    SlideResult,
    TextResult,
    TilesResult,
)

OK, SOME_FAILED, USAGE = 0, 1, 2
DOUBTFUL = 0.70
# Columns end at a tab and lines at a newline: in a path they are written as escapes.
ESCAPES = str.maketrans({"\t": "\\t", "\n": "\\n", "\r": "\\r"})


@dataclass(frozen=True, slots=True)
class Input:
    """A picture to answer and the name that it is printed with."""

    name: str
    source: ImageSource


def read_texts(args: argparse.Namespace) -> int:
    """``solver text``."""
    solver = _solver(args, "text", tta=args.tta)
    inputs = unfold(args.inputs)
    try:
        answers = solver.text_many(
            [item.source for item in inputs],
            on_error="return",
            charset=args.charset,
            length=args.length,
            pattern=args.pattern,
            case=args.case,
            top_k=args.top_k,
            min_confidence=args.min_confidence,
        )
    except TaskError as error:
        sys.stderr.write(f"solver: {error}\n")
        return USAGE
    return report(args, inputs, answers, _answer_form("text"))


def read_classes(args: argparse.Namespace) -> int:
    """``solver classify``."""
    solver = _solver(args, "class")
    try:
        check_top_k(args.top_k)
    except TaskError as error:
        sys.stderr.write(f"solver: {error}\n")
        return USAGE
    inputs = unfold(args.inputs)

    def answers() -> Iterator[ClassResult | Failure]:
        for index, item in enumerate(inputs):
            try:
                yield solver.classify(
                    item.source, top_k=args.top_k, min_confidence=args.min_confidence
                )
            except (ImageError, TaskError, LowConfidenceError) as error:
                yield Failure(index, item.name, error)

    return report(args, inputs, answers(), _answer_form("label"))


def read_boxes(args: argparse.Namespace) -> int:
    """``solver detect``."""
    solver = _solver(args, "detector")
    inputs = unfold(args.inputs)
    try:
        drawings = open_drawings(args)
    except OSError as error:
        sys.stderr.write(f"solver: --draw: {error}\n")
        return USAGE

    def answers() -> Iterator[list[Box] | Failure]:
        for index, item in enumerate(inputs):
            try:
                image = images.load(item.source)
                boxes = solver.detect(image, threshold=args.threshold)
                if drawings is not None:
                    drawings.save(image, boxes, name=item.name)
            except (ImageError, TaskError) as error:
                yield Failure(index, item.name, error)
            except OSError as error:
                yield Failure(index, item.name, TaskError(f"the drawing is not written: {error}"))
            else:
                yield boxes

    return report(args, inputs, answers(), _BOX_FORM)


def open_drawings(args: argparse.Namespace) -> Drawings | None:
    """Where ``--draw`` points, if it was given; raises OSError where nothing can be written."""
    return None if args.draw is None else Drawings(Path(args.draw), is_bare(args))


def _solver(args: argparse.Namespace, role: str, *, tta: bool = True) -> Solver:
    """A solver whose network for ``role`` is the one that was asked for, never another."""
    if args.model is None:
        return Solver(threads=args.threads, tta=tta)
    found = open_model(args.model).spec.role
    if found != role:
        raise ModelError(f"{args.model}: expected a model for the role {role!r}, it is {found!r}")
    return Solver(args.model, threads=args.threads, tta=tta)


def unfold(names: Sequence[str]) -> list[Input]:
    """The pictures that the arguments stand for, folders unfolded."""
    inputs: list[Input] = []
    for name in names:
        if name == "-":
            inputs.append(Input(name, standard_input()))
        elif is_folder(name):
            inputs.extend(Input(str(path), path) for path in _pictures(Path(name)))
        else:
            inputs.append(Input(name, name))
    return inputs


def is_folder(name: str) -> bool:
    # Path("") is the working folder, and Path.is_dir raises for a name that is too long.
    return os.path.isdir(name)  # noqa: PTH112


def _pictures(folder: Path) -> list[Path]:
    """All picture files in a folder and below, sorted, without hidden ones."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in PICTURE_SUFFIXES
        and not path.name.startswith(".")
        and path.is_file()
    )


@dataclass(frozen=True, slots=True)
class Form:
    """How one kind of answer is printed: alone, in a table after its path, and as JSON."""

    bare: Callable[[Any], list[str]]
    rows: Callable[[Any], list[str]]
    body: Callable[[Any], dict[str, Any]]
    doubt: Callable[[Any], float]


def _answer_form(key: str) -> Form:
    """An answer with a confidence; ``key`` is the field that people want."""
    return Form(
        bare=lambda answer: [getattr(answer, key)],
        rows=lambda answer: [f"{getattr(answer, key).translate(ESCAPES)}\t{answer.confidence:.4f}"],
        body=lambda answer: dict(answer.to_dict()),
        doubt=lambda answer: float(answer.confidence),
    )


def _box_rows(boxes: Sequence[Box]) -> list[str]:
    return [
        "\t".join(
            [box.label.translate(ESCAPES), f"{box.score:.4f}", *(f"{x:.1f}" for x in box.xyxy)]
        )
        for box in boxes
    ]


_BOX_FORM = Form(
    bare=_box_rows,
    rows=_box_rows,
    body=lambda boxes: {"boxes": [box.to_dict() for box in boxes]},
    doubt=lambda boxes: 1.0,
)


def report(
    args: argparse.Namespace,
    inputs: Sequence[Input],
    answers: Iterable[TextResult | ClassResult | list[Box] | TilesResult | Failure],
    form: Form,
) -> int:
    """Print each answer as it comes; returns the exit code."""
    if not inputs:
        sys.stderr.write(f"solver: no picture files in {', '.join(args.inputs)}\n")
        return SOME_FAILED
    bare = is_bare(args)
    progress = not bare and sys.stderr.isatty() and not sys.stdout.isatty()
    code = OK
    for count, (item, answer) in enumerate(zip(inputs, answers, strict=True), start=1):
        name = item.name.translate(ESCAPES)
        if progress:
            sys.stderr.write("\r\x1b[K")
        if isinstance(answer, Failure):
            code = SOME_FAILED
            sys.stderr.write(f"solver: {name}: {said(answer.error)}\n")
            if args.json:
                _write_line({"path": item.name, "error": answer.to_dict()["error"]})
        else:
            if isinstance(answer, TextResult) and not answer.text:
                code = SOME_FAILED
            _warn(name, answer, form)
            if args.json:
                _write_line({"path": item.name, **form.body(answer)})
            elif bare:
                sys.stdout.writelines(f"{line}\n" for line in form.bare(answer))
            else:
                sys.stdout.writelines(f"{name}\t{line}\n" for line in form.rows(answer))
        if progress:
            sys.stderr.write(f"{count}/{len(inputs)}")
            sys.stderr.flush()
    if progress:
        sys.stderr.write("\r\x1b[K")
    return code


def _warn(name: str, answer: object, form: Form) -> None:
    """Flag an empty or a doubtful answer."""
    confidence = form.doubt(answer)
    if isinstance(answer, TextResult) and not answer.text:
        sys.stderr.write(f"solver: nothing was read in {name}\n")
    elif confidence < DOUBTFUL:
        sys.stderr.write(f"solver: {name}: doubtful, confidence {confidence:.2f}\n")


def said(error: Exception) -> str:
    """An error for stderr, with the answer that was not sure enough."""
    result = getattr(error, "result", None)
    if result is None:
        return str(error)
    message = str(error).removesuffix("; the answer is in .result")
    return f"{message}: {_short(result).translate(ESCAPES)}"


def _short(result: object) -> str:
    """An answer in a few words: a text or label, tiles, points or an offset."""
    match result:
        case TextResult():
            return result.text
        case ClassResult():
            return result.label
        case TilesResult():
            words = " + ".join(word.label for word in result.prompt)
            return f"{words}, tiles {' '.join(map(str, result.indices))}"
        case ClickResult():
            return " ".join(f"{x:g},{y:g}" for x, y in result.points) or "no points"
        case SlideResult():
            return f"{result.offset:g}"
    return "no answer"


def is_bare(args: argparse.Namespace) -> bool:
    """Whether the command was given one picture and no folder."""
    return len(args.inputs) == 1 and not is_folder(args.inputs[0])


def _write_line(body: dict[str, Any]) -> None:
    # ASCII: a line of JSON is then the same bytes whatever the terminal's encoding is.
    sys.stdout.write(json.dumps(body) + "\n")
