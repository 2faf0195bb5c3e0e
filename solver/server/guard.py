"""Around every request: who may ask, what is told of it, and the headers that keep a page safe."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import re
import secrets
import time
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from solver.server.answers import RequestError, error_body
from solver.server.metrics import Metrics
from solver.server.settings import ServerSettings

_LOG = logging.getLogger("solver.server.requests")
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
# Nothing from elsewhere, and nothing inline: the page's own files, and pictures that it holds.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
# The page asks for the key itself, and a load balancer has none.
_OPEN = re.compile(r"/|/page/[^/]+|/health|/openapi\.json")


class Guard:
    """ASGI middleware: host, key, request id, headers, metrics and one line of log a request."""

    def __init__(self, app: ASGIApp, *, settings: ServerSettings, metrics: Metrics) -> None:
        self._app = app
        self._hosts = settings.hosts
        self._metrics = metrics
        self._key = None if settings.api_key is None else _digest(settings.api_key)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        name = given if _ID.fullmatch(given) else secrets.token_hex(8)
        # What happens to the request is written here, by whoever knows it.
        notes: dict[str, Any] = {}
        scope.setdefault("state", {})["notes"] = notes
        status = 0

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                answer = MutableHeaders(scope=message)
                for key, value in _HEADERS.items():
                    answer[key] = value
                answer["x-request-id"] = name
                if "cache-control" not in answer:
                    answer["cache-control"] = "no-store"
            await send(message)

        try:
            refusal = self._refusal(scope, headers)
            if refusal is None:
                await self._app(scope, receive, send_on)
            else:
                await refuse(refusal, send_on)
        finally:
            seconds = time.perf_counter() - begun
            endpoint = notes.get("endpoint", "other")
            self._metrics.request(endpoint, status, seconds)
            _LOG.info(
                "request",
                extra={
                    "fields": {
                        "id": name,
                        "method": scope["method"],
                        "endpoint": endpoint,
                        "status": status,
                        "ms": round(seconds * 1_000, 1),
                        **notes,
                    }
                },
            )

    def _refusal(self, scope: Scope, headers: Headers) -> RequestError | None:
        """Why this request is not answered, if it is not."""
        host = headers.get("host", "").lower()
        name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
        if self._hosts and name not in self._hosts:
            # A page of another site that points its own name here would otherwise get answers.
            return RequestError(421, "this server does not answer for that host")
        if self._key is None or _OPEN.fullmatch(scope["path"]):
            return None
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(_digest(given), self._key):
            return RequestError(
                401, "expected the header Authorization: Bearer KEY", www_authenticate="Bearer"
            )
        return None


async def refuse(error: RequestError, send: Send) -> None:
    """Answer with an error, before any application is asked."""
    body = json.dumps(error_body(error)).encode()
    headers = {"content-type": "application/json", "content-length": str(len(body))}
    pairs = [(k.encode(), v.encode()) for k, v in {**headers, **error.headers}.items()]
    await send({"type": "http.response.start", "status": error.status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})


def _digest(key: str) -> bytes:
    """Of one length, whatever the key's is, so that comparing takes the same time."""
    return hashlib.sha256(key.strip().encode("utf-8", "surrogateescape")).digest()
