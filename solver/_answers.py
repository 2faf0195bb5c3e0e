"""What every verb does around its task: options checked, answers settled."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Literal, TypeVar

from PIL import Image

from solver._fields import is_finite, is_integer
from solver._sources import describe, is_data_uri
from solver.errors import ImageError, LowConfidenceError
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

_ONE_PICTURE = (str, bytes, bytearray, memoryview, os.PathLike, Image.Image)

LARGEST_SCALE = 1000.0  # of what a slider's picture is on its page

_T = TypeVar("_T")
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
    if isinstance(source, str) and not is_data_uri(source):
        return source
    return None


def confident(result: _Result, least: float | None) -> _Result:
    """The result, if it is as sure as was asked for.

    Raises:
        LowConfidenceError: it is not; it is attached.
    """
    if least is not None and result.confidence < least:
        raise LowConfidenceError(
            f"expected a confidence of at least {least!r}, received "
            f"{_below(result.confidence, least)}; the answer is in .result",
            result=result,
        )
    return result


def _below(value: float, least: float) -> str:
    """A number to as many places, three or more, as show that it is below the other."""
    for places in range(3, 17):
        shown = f"{value:.{places}f}"
        if float(shown) < least:
            return shown
    return repr(value)


def check_unit(name: str, value: float | None) -> None:
    """Raise ValueError for an option that is neither None nor a number from 0 to 1."""
    if value is not None and not (is_finite(value) and 0 <= value <= 1):
        raise ValueError(f"{name}: expected a number from 0 to 1, received {value!r}")


def check_drag(scale: float, start: float) -> None:
    """Raise ValueError for a slider's ``scale`` or ``start`` that is no number in its bounds."""
    if not (is_finite(scale) and 0 < scale <= LARGEST_SCALE):
        raise ValueError(
            f"scale: expected a number above 0, up to {LARGEST_SCALE:g}, received {scale!r}"
        )
    if not is_finite(start):
        raise ValueError(f"start: expected a finite number, received {start!r}")


def loaded(name: str, source: ImageSource, load: Callable[[ImageSource], _T]) -> _T:
    """One of several pictures; the error of one that cannot be read begins with its ``name``.

    Raises:
        ImageError: it cannot be read.
    """
    try:
        return load(source)
    except ImageError as error:
        raise ImageError(f"{name}: {error}") from error


def check_batch(
    sources: Iterable[ImageSource], batch_size: int, on_error: str, *, verb: str
) -> None:
    """Raise ValueError for options of a batch that mean nothing, or one picture as its sources.

    Pictures are iterable too: what came out would be an answer a character, or a row of pixels.
    ``verb`` answers one picture.
    """
    if not is_integer(batch_size) or batch_size < 1:
        raise ValueError(f"batch_size: expected an integer from 1, received {batch_size!r}")
    if on_error not in ("raise", "return"):
        raise ValueError(f"on_error: expected 'raise' or 'return', received {on_error!r}")
    array = getattr(sources, "ndim", None)
    alone = array in (2, 3) or isinstance(sources, _ONE_PICTURE) or hasattr(sources, "read")
    if alone or not isinstance(sources, Iterable):
        raise ValueError(
            f"sources: expected pictures, one after the other, received {describe(sources)}; "
            f"{verb}() answers one picture"
        )
