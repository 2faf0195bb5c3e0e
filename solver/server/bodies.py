"""From a request to pictures and options: read within limits, in time, and checked.

JSON holds the pictures in base64 beside the options; any other body is one picture, and the
options stand in the query. Nothing is decoded here beyond base64: pixels come later, in a place of
the queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request

from solver.server import schemas
from solver.server.answers import RequestError
from solver.server.batching import Pictures
from solver.server.settings import ServerSettings
from solver.server.verbs import Verb

JSON = "application/json"
_MOST_FAULTS = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was understood: its pictures, and what is asked of each."""

    pictures: list[Pictures]
    options: schemas.Options


class Bodies:
    """Reads bodies, at most so many bytes each and so many at once."""

    def __init__(self, settings: ServerSettings) -> None:
        self._settings = settings
        self._held = 0

    @property
    def held(self) -> int:
        """Bytes of bodies that are being read or answered."""
        return self._held

    @asynccontextmanager
    async def read(self, request: Request) -> AsyncIterator[bytes]:
        """The body; its bytes count as held until the block ends.

        Raises:
            RequestError: 408 too slow, 413 too large, 429 too much is held.
        """
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and len(declared) < 16:
            self._check_size(int(declared))
        buffer = bytearray()
        try:
            await self._fill(buffer, request)
            yield bytes(buffer)
        finally:
            self._held -= len(buffer)

    async def _fill(self, buffer: bytearray, request: Request) -> None:
        try:
            async with asyncio.timeout(self._settings.body_timeout):
                async for part in request.stream():
                    self._check_size(len(buffer) + len(part))
                    if self._held + len(part) > self._settings.max_waiting:
                        raise RequestError(429, "too many bytes wait here", retry_after="1")
                    self._held += len(part)
                    buffer += part
        except TimeoutError as error:
            raise RequestError(
                408,
                f"the body did not arrive within {self._settings.body_timeout:g} s",
                connection="close",
            ) from error
        except ClientDisconnect as error:
            raise RequestError(499, "the client went away") from error

    def _check_size(self, size: int) -> None:
        if size > self._settings.max_body:
            raise RequestError(
                413,
                f"expected a body of at most {self._settings.max_body:,} bytes",
                connection="close",
            )


def kind_of(request: Request, *, batch: bool) -> bool:
    """Whether the body is JSON, and not a bare picture; raises 415 for anything else."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given == JSON:
        return True
    if not batch and (given.startswith("image/") or given == "application/octet-stream"):
        return False
    expected = JSON if batch else f"{JSON}, image/… or application/octet-stream"
    raise RequestError(415, f"expected the content type {expected}, received {given[:80]!r}")


def understand(verb: Verb, request: Request, body: bytes, *, json: bool, many: int | None) -> Asked:
    """The pictures and options of a body; ``many`` is the most that a batch may hold.

    An option may stand in the query or in the JSON; where it is in both, the JSON counts.

    Raises:
        RequestError: 422, with what was expected.
    """
    asked = _query(request)
    options = _checked(verb.options, asked)
    if not json:
        if not body:
            raise RequestError(
                422, "expected a picture in the body, received nothing", kind="ImageError"
            )
        return Asked([{verb.raw: body}], options)
    form = request_model(verb, batch=many is not None)
    try:
        parsed = form.model_validate_json(body, strict=True)
    except ValidationError as error:
        raise RequestError(422, _faults(error, form), kind="TaskError") from error
    names = verb.options.model_fields
    options = options.model_copy(
        update={name: getattr(parsed, name) for name in parsed.model_fields_set if name in names}
    )
    if many is not None:
        images: list[bytes] = getattr(parsed, "images")  # noqa: B009 -- of a class made from a verb
        if len(images) > many:
            raise RequestError(413, f"expected at most {many} pictures, received {len(images)}")
        return Asked([{verb.raw: image} for image in images], options)
    pictures = {
        name: value
        for name in verb.pictures.model_fields
        if (value := getattr(parsed, name)) is not None
    }
    return Asked([pictures], options)


def request_model(verb: Verb, *, batch: bool) -> type[BaseModel]:
    """The class of a verb's JSON: pictures and options in one object. Made once."""
    key = (verb.name, batch)
    if key not in _MODELS:
        pictures = schemas.ManyPictures if batch else verb.pictures
        name = f"{verb.name.capitalize()}{'Batch' if batch else ''}Request"
        _MODELS[key] = type(
            name, (pictures, verb.options), {"__module__": __name__, "__doc__": verb.summary}
        )
    return _MODELS[key]


_MODELS: dict[tuple[str, bool], type[BaseModel]] = {}


def _query(request: Request) -> dict[str, Any]:
    """The query's options; one that is given several times is a list."""
    found: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if name in found:
            earlier = found[name]
            found[name] = [*(earlier if isinstance(earlier, list) else [earlier]), value]
        else:
            found[name] = value
    return found


def _checked(options: type[schemas.Options], asked: dict[str, Any]) -> schemas.Options:
    try:
        return options.model_validate(asked)
    except ValidationError as error:
        raise RequestError(422, _faults(error, options), kind="TaskError") from error


def _faults(error: ValidationError, form: type[BaseModel]) -> str:
    """The first faults in words: where and what was expected, never the value."""
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    told = []
    for fault in faults[:_MOST_FAULTS]:
        place = ".".join(str(step)[:40] for step in fault["loc"]) or "body"
        if fault["type"] == "extra_forbidden" and len(fault["loc"]) == 1:
            told.append(f"{place}: unknown; expected of {', '.join(sorted(form.model_fields))}")
        else:
            told.append(f"{place}: {fault['msg'].removeprefix('Value error, ')[:200]}")
    further = len(faults) - _MOST_FAULTS
    return "; ".join(told) + (f"; and {further} more" if further > 0 else "")
