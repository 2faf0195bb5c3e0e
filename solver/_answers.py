"""What every verb does around its task: options checked, answers settled."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Literal, TypeVar

from solver.errors import LowConfidenceError
from solver.images import ImageSource
from solver.results import (
    ClassResult,
    ClickResult,
    Failure,
    SlideResult,
    TextResult,
    TilesResult,
)
from solver.tasks.stream import PICTURE_ERRORS, PictureError

OnError = Literal["raise", "return"]

_Result = TypeVar("_Result", TextResult, ClassResult, TilesResult, ClickResult, SlideResult)


def settle(
    answers: Iterator[tuple[ImageSource, _Result | PictureError]], on_error: OnError
) -> Iterator[_Result | Failure]:
    """Answers as they are, errors by ``on_error``."""
    for index, (source, answer) in enumerate(answers):
        if not isinstance(answer, PICTURE_ERRORS):
            yield answer
        elif on_error == "raise":
            raise answer
        else:
            yield Failure(index, name_of(source), answer)


def name_of(source: ImageSource) -> str | None:
    """What a failure calls its picture: the path, where it has one."""
    if isinstance(source, os.PathLike):
        return os.fsdecode(source)
    if isinstance(source, str) and source[:5].lower() != "data:":
        return source
    return None


def confident(result: _Result, least: float | None) -> _Result:
    """The result, if it is as sure as was asked for.

    Raises:
        LowConfidenceError: it is not; it is attached.
    """
    if least is not None and result.confidence < least:
        raise LowConfidenceError(
            f"expected a confidence of at least {least:g}, received {result.confidence:.3f}; "
            "the answer is in .result",
            result=result,
        )
    return result


def check_unit(name: str, value: float | None) -> None:
    """Raise ValueError for an option that is neither None nor a number from 0 to 1."""
    if value is not None and not 0 <= value <= 1:
        raise ValueError(f"{name}: expected 0 to 1, received {value!r}")


def check_batch(batch_size: int, on_error: str) -> None:
    """Raise ValueError for options of a batch that mean nothing."""
    if batch_size < 1:
        raise ValueError(f"batch_size: expected at least 1, received {batch_size!r}")
    if on_error not in ("raise", "return"):
        raise ValueError(f"on_error: expected 'raise' or 'return', received {on_error!r}")
