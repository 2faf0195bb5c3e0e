"""The verbs as HTTP requests and their answers, without sending anything.

A :class:`Call` is one request and how its answer is read: what the blocking and the asynchronous
client share.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import numpy as np
from PIL import Image

from solver import images
from solver._answers import loaded, name_of
from solver._sources import read_bytes
from solver._wire import error_from_dict
from solver.errors import ImageError, ServiceError, TaskError
from solver.images import DEFAULT_LIMITS, ImageSource
from solver.layouts import LAYOUTS, LayoutSource, find_layout
from solver.results import Box, Failure
from solver.tasks.click import TargetSource, named_targets

T = TypeVar("T")
Read = Callable[[Mapping[str, Any]], T]

# Asked again, after the pause that the server names: it did not take the request.
RETRIED = frozenset({429, 503})
_LONGEST_PAUSE = 30.0


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request to a verb: its JSON, and how its answer becomes a result."""

    path: str
    body: bytes
    read: Read[T]
    read_doubtful: Read[Any]


def make_call(
    verb: str,
    pictures: Mapping[str, ImageSource | None],
    options: Mapping[str, Any],
    read: Read[T],
) -> Call[T]:
    """A verb's request; options that are None are left to the server.

    Raises:
        ImageError: a picture cannot be read.
    """
    given = {name: image for name, image in pictures.items() if image is not None}
    if len(given) > 1:  # of several, an error says which
        body = {name: loaded(name, image, encode) for name, image in given.items()}
    else:
        body = {name: encode(image) for name, image in given.items()}
    return Call(f"/v1/{verb}", _body({**body, **_options(options)}), read, read)


def make_batch(
    verb: str, sources: Sequence[ImageSource], options: Mapping[str, Any], read: Read[T], first: int
) -> tuple[Call[list[T | Failure]] | None, list[T | Failure | None]]:
    """The request of those pictures that can be read, and a list with the failures of the others.

    Where nothing can be read there is no request. ``first`` is the index of the first source.
    """
    answers: list[T | Failure | None] = [None] * len(sources)
    encoded, places = [], []
    for place, source in enumerate(sources):
        try:
            encoded.append(encode(source))
            places.append(place)
        except ImageError as error:
            answers[place] = Failure(first + place, name_of(source), error)
    if not encoded:
        return None, answers

    def read_all(data: Mapping[str, Any]) -> list[T | Failure]:
        entries = data.get("answers")
        if not isinstance(entries, list) or len(entries) != len(encoded):
            raise ValueError(f"expected {len(encoded)} answers")
        found: list[T | Failure] = []
        for place, entry in zip(places, entries, strict=True):
            if "error" in entry:
                error = error_from_dict(entry["error"], status=422, read=read)
                found.append(Failure(first + place, name_of(sources[place]), error))
            else:
                found.append(read(entry))
        return found

    body = _body({"images": encoded, **_options(options)})
    return Call(f"/v1/{verb}/batch", body, read_all, read), answers


def fill(answers: list[T | Failure | None], found: Sequence[T | Failure]) -> list[T | Failure]:
    """The server's answers in the places that had no failure yet."""
    rest = iter(found)
    return [next(rest) if answer is None else answer for answer in answers]


def encode(image: ImageSource) -> str:
    """The bytes of a picture in base64; what has no bytes (an array, a PIL image) becomes PNG.

    Raises:
        ImageError: it cannot be read.
    """
    if isinstance(image, Image.Image | np.ndarray):
        pixels, alpha = images.load_layers(image)
        if alpha is not None:
            pixels = np.dstack([pixels, alpha])
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
        data = buffer.getvalue()
    else:
        data = read_bytes(image, DEFAULT_LIMITS)
    if not data:
        raise ImageError("expected a picture, received no bytes")
    return base64.b64encode(data).decode("ascii")


def boxes_of(data: Mapping[str, Any]) -> list[Box]:
    """A detector's answer."""
    return [Box.from_dict(box) for box in data["boxes"]]


def pictures_of_click(
    image: ImageSource, targets: TargetSource
) -> tuple[dict[str, ImageSource | None], list[str] | None]:
    """The pictures of a click, and its targets where they are words and no picture."""
    named = named_targets(targets)
    if named is not None:
        return {"image": image}, named
    return {"image": image, "prompt": cast(ImageSource, targets)}, None


def layout_of(layout: LayoutSource) -> Any:
    """A layout as the server takes it: a built-in name, or all its fields."""
    found = find_layout(layout)
    return found.name if LAYOUTS.get(found.name) == found else found.to_dict()


def result_of(call: Call[T], status: int, body: bytes) -> T:
    """The result in an answer.

    Raises:
        SolverError: the error that the server answered, or ServiceError where it is not ours.
    """
    try:
        data = json.loads(body)
        if not isinstance(data, Mapping):
            raise ValueError(f"expected an object, received {type(data).__name__}")
    except (ValueError, RecursionError) as error:
        raise ServiceError(
            f"expected JSON, received status {status} and {len(body):,} bytes that are none: is "
            "this the address of solver serve?",
            status_code=status,
        ) from error
    if status != 200:
        raise error_from_dict(data.get("error"), status=status, read=call.read_doubtful)
    try:
        return call.read(data)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ServiceError(f"the answer does not fit: {error}", status_code=status) from error


def pause_before(attempt: int, retry_after: str | None) -> float:
    """Seconds to wait before the next attempt: the server's word, or a doubling pause."""
    if retry_after is not None and retry_after.strip().isdecimal():
        return min(_LONGEST_PAUSE, float(retry_after))
    return float(min(_LONGEST_PAUSE, 0.1 * 2**attempt))


def _options(options: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _bounds(value) if isinstance(value, range) else value
        for name, value in options.items()
        if value is not None
    }


def _bounds(lengths: range) -> list[int]:
    """Least and most of a range, both included."""
    if not lengths or abs(lengths.step) != 1:
        raise TaskError(f"length: only a range without gaps can be sent; received {lengths}")
    return sorted((lengths[0], lengths[-1]))


def _body(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, separators=(",", ":"), allow_nan=False).encode()
