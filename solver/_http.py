"""What both clients tell httpx, and a transport that answers in a server's place."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solver._require import require_httpx
from solver._wire import error_to_dict
from solver.errors import ServiceError
from solver.results import Box

if TYPE_CHECKING:
    import httpx

_LOCAL = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Settings:
    """An address, the model to name there, further attempts, and httpx's own options."""

    url: str
    model: str | None
    retries: int
    http: Mapping[str, Any]

    @classmethod
    def of(
        cls,
        url: str,
        *,
        api_key: str | None,
        model: str | None,
        timeout: float,
        retries: int,
        connections: int,
    ) -> Settings:
        """Raises ValueError for an option that is malformed."""
        httpx = require_httpx()
        try:
            address = httpx.URL(url)
        except (httpx.InvalidURL, TypeError) as error:
            raise ValueError(f"url: expected http://host:port, received {url!r}") from error
        if address.scheme not in ("http", "https") or not address.host:
            raise ValueError(f"url: expected http://host:port, received {url!r}")
        if not timeout > 0:
            raise ValueError(f"timeout: expected seconds above 0, received {timeout!r}")
        if retries < 0:
            raise ValueError(f"retries: expected at least 0, received {retries!r}")
        if connections < 1:
            raise ValueError(f"connections: expected at least 1, received {connections!r}")
        headers = {"content-type": "application/json"}
        if api_key is not None:
            headers["authorization"] = f"Bearer {api_key}"
        http = {
            "base_url": url,
            "headers": headers,
            "timeout": timeout,
            # A proxy of the environment is not asked for what runs on this machine.
            "trust_env": address.host not in _LOCAL,
            "limits": httpx.Limits(
                max_connections=connections, max_keepalive_connections=connections
            ),
        }
        return cls(url, model, retries, http)


def service_error(error: Exception, settings: Settings) -> ServiceError:
    """What it means that no answer came."""
    return ServiceError(
        f"no answer from {settings.url} ({type(error).__name__}: {error}); is solver serve "
        "running there?"
    )


def mock_transport(
    **answers: Any,
) -> httpx.MockTransport:
    """A transport for either client: verb → a result, an exception, or a function of the request.

    A function gets the request's JSON and returns a result, or raises. For a batch it is called
    once a picture, with ``image`` in place of ``images``. A verb that is not named answers 404.

    >>> from solver.client import RemoteSolver, mock_transport
    >>> from solver import TextResult
    >>> s = RemoteSolver(transport=mock_transport(text=TextResult("x7Kp", 0.98)))
    >>> s.text(b"any bytes").text
    'x7Kp'
    """

    def handle(request: httpx.Request) -> httpx.Response:
        verb, _, many = request.url.path.removeprefix("/v1/").partition("/")
        body = json.loads(request.content)
        if verb not in answers:
            missing = {"type": "ServiceError", "message": f"no answer was set down for {verb}"}
            return httpx.Response(404, json={"error": missing})
        if many:
            pictures = body.pop("images")
            entries = [_entry(answers[verb], {**body, "image": item})[1] for item in pictures]
            return httpx.Response(200, json={"answers": entries})
        status, entry = _entry(answers[verb], body)
        return httpx.Response(status, json=entry)

    httpx = require_httpx()
    return httpx.MockTransport(handle)  # type: ignore[no-any-return]


def _entry(answer: Any, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """The status and the JSON of one picture."""
    try:
        found = answer(body) if callable(answer) else answer
        if isinstance(found, Exception):
            raise found
    except Exception as error:
        status = error.status_code if isinstance(error, ServiceError) else None
        return status or 422, {"error": error_to_dict(error)}
    if isinstance(found, Sequence) and all(isinstance(item, Box) for item in found):
        return 200, {"boxes": [box.to_dict() for box in found]}
    return 200, found.to_dict()
