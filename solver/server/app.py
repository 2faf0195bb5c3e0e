"""The application: routes around a queue. :func:`create_app` makes it from settings."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from importlib import resources
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse

from solver import __version__
from solver.errors import LowConfidenceError
from solver.server import answers
from solver.server.answers import RequestError, error_body, status_of
from solver.server.batching import Batcher, Job, Outcome, Pictures, QueueFull
from solver.server.bodies import Asked, Bodies, kind_of, understand
from solver.server.drift import DriftAlarm
from solver.server.guard import Guard
from solver.server.metrics import CONTENT_TYPE, Metrics
from solver.server.openapi import describe, refusals, request_of
from solver.server.registry import Registry
from solver.server.schemas import Options
from solver.server.settings import ServerSettings
from solver.server.verbs import VERBS, Verb

_LOG = logging.getLogger(__name__)
_PAGE = {
    "index.html": "text/html; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
    "api.js": "text/javascript; charset=utf-8",
    "draw.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
Endpoint = Callable[[Request], Awaitable[Response]]


class Service:
    """What stands behind the routes: models, queue, bodies, metrics."""

    def __init__(self, settings: ServerSettings, registry: Registry) -> None:
        self.settings = settings
        self.registry = registry
        self.bodies = Bodies(settings)
        alarm = DriftAlarm(below=settings.alarm_below, window=settings.alarm_window)
        self.metrics = Metrics(
            alarm, queued=lambda: self.batcher.held, held=lambda: self.bodies.held
        )
        self.batcher = Batcher(
            self._run,
            workers=settings.workers,
            limit=settings.queue,
            micro_batch=settings.micro_batch,
            observe=self.metrics.batch,
        )

    def _run(self, key: tuple[str, Options], pictures: Sequence[Pictures]) -> Sequence[Outcome]:
        verb, options = VERBS[key[0]], key[1]
        solver = self.registry.solver_for(options.model, verb.needs(options))
        return verb.run(solver, pictures, options)

    async def answer(self, verb: Verb, request: Request, *, batch: bool) -> Response:
        """Answer one request of a verb; every error becomes a typed answer."""
        notes = request.state.notes
        notes["endpoint"] = f"{verb.name}/batch" if batch else verb.name
        try:
            self.batcher.check_room()
            is_json = kind_of(request, batch=batch)
            async with self.bodies.read(request) as body:
                notes["bytes"] = len(body)
                asked = understand(
                    verb,
                    request,
                    body,
                    json=is_json,
                    many=self.settings.max_pictures if batch else None,
                )
                notes["pictures"] = len(asked.pictures)
                outcomes = await self._outcomes(verb, asked, request)
        except Exception as error:
            return self._refused(verb, error, notes)
        entries = [self._entry(verb, asked, outcome, notes) for outcome in outcomes]
        if batch:
            return _json({"answers": [entry for _, entry in entries]})
        status, entry = entries[0]
        return _json(entry, status)

    async def _outcomes(self, verb: Verb, asked: Asked, request: Request) -> Sequence[Outcome]:
        """The outcomes of a request's pictures, once the queue has come to them."""
        # Found here already, so that a model that is not there takes no place.
        self.registry.solver_for(asked.options.model, verb.needs(asked.options))
        job = self.batcher.submit((verb.name, asked.options), asked.pictures)
        try:
            return await self._wait(job, request)
        finally:
            if job.started is not None:
                self.metrics.waited(job.started - job.taken)
            if not job.future.done():
                self.batcher.abandon(job)

    async def _wait(self, job: Job, request: Request) -> Sequence[Outcome]:
        gone = asyncio.ensure_future(request.receive())
        try:
            waited: set[asyncio.Future[Any]] = {job.future, gone}
            await asyncio.wait(
                waited,
                timeout=self.settings.timeout,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            gone.cancel()
        if job.future.done():
            return job.future.result()
        if gone.done() and not gone.cancelled():
            raise RequestError(499, "the client went away")
        raise RequestError(504, f"there was no answer within {self.settings.timeout:g} s")

    def _entry(
        self, verb: Verb, asked: Asked, outcome: Outcome, notes: dict[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        """The status and the JSON of one picture's outcome."""
        # What was not sure enough counts too, or the mean would not see it.
        answer = outcome.result if isinstance(outcome, LowConfidenceError) else outcome
        confidence = getattr(answer, "confidence", None)
        if confidence is not None:
            self.metrics.confidence(verb.name, asked.options.model or "default", confidence)
            if len(asked.pictures) == 1:
                notes["confidence"] = round(confidence, 4)
        if isinstance(outcome, Exception):
            body = error_body(outcome)
            self._note(verb, outcome, body, notes)
            return status_of(outcome), body
        return 200, outcome.to_dict()

    def _note(
        self, verb: Verb, error: Exception, body: dict[str, Any], notes: dict[str, Any]
    ) -> None:
        """Count an error, and log it whole where it is the server's own."""
        if status_of(error) == 500:
            _LOG.error("failed", exc_info=error, extra={"fields": {"verb": verb.name}})
        notes["error"] = body["error"]["type"]
        self.metrics.error(notes["endpoint"], notes["error"])

    def _refused(self, verb: Verb, error: Exception, notes: dict[str, Any]) -> Response:
        body = error_body(error)
        self._note(verb, error, body, notes)
        headers = dict(error.headers) if isinstance(error, RequestError) else {}
        if isinstance(error, QueueFull):
            headers["retry-after"] = str(error.retry_after)
        return _json(body, status_of(error), headers)


def create_app(
    settings: ServerSettings | None = None, *, registry: Registry | None = None
) -> FastAPI:
    """The application; its models are opened and checked here.

    Raises:
        ModelError, SpecError: a model of the settings cannot be used.
    """
    settings = settings or ServerSettings()
    service = Service(
        settings, registry or Registry(settings.models, threads=settings.threads, tta=settings.tta)
    )

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        yield
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, service.batcher.close, settings.stop_timeout)

    app = FastAPI(title="solver", version=__version__, docs_url=None, redoc_url=None, lifespan=life)
    app.state.service = service
    app.add_middleware(Guard, settings=settings, metrics=service.metrics)
    app.add_exception_handler(HTTPException, _not_found)
    _add_verbs(app, service)
    _add_about(app, service)
    _add_page(app)
    description: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        if not description:
            description.update(describe(app, keyed=settings.api_key is not None))
        return description

    app.openapi = openapi  # type: ignore[method-assign]
    return app


def _add_verbs(app: FastAPI, service: Service) -> None:
    for verb in VERBS.values():
        for batch in (False, True) if verb.batch else (False,):
            app.add_api_route(
                f"/v1/{verb.name}/batch" if batch else f"/v1/{verb.name}",
                _endpoint(service, verb, batch=batch),
                methods=["POST"],
                name=f"{verb.name}_batch" if batch else verb.name,
                summary=f"{verb.summary}: many pictures" if batch else verb.summary,
                response_model=None,
                responses={
                    200: {"model": answers.BatchAnswer if batch else verb.answer},
                    **refusals(),
                },
                openapi_extra=request_of(verb, batch=batch),
            )


def _endpoint(service: Service, verb: Verb, *, batch: bool) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return await service.answer(verb, request, batch=batch)

    return endpoint


def _add_about(app: FastAPI, service: Service) -> None:
    async def health(request: Request) -> Response:
        request.state.notes["endpoint"] = "health"
        return _json({"status": "ok", "queue": service.batcher.held})

    async def models(request: Request) -> Response:
        request.state.notes["endpoint"] = "models"
        ready = service.registry.roles()
        verbs = [
            {
                "name": verb.name,
                "roles": list(verb.roles),
                "missing": [role for role in verb.roles if role not in ready],
            }
            for verb in VERBS.values()
        ]
        return _json(
            {"version": __version__, "models": service.registry.describe(), "verbs": verbs}
        )

    async def metrics(request: Request) -> Response:
        request.state.notes["endpoint"] = "metrics"
        return Response(service.metrics.render(), headers={"content-type": CONTENT_TYPE})

    about: tuple[tuple[str, Endpoint, type[Any] | None, str], ...] = (
        ("/health", health, answers.HealthAnswer, "Whether the server answers"),
        ("/v1/models", models, answers.ModelsAnswer, "The models and verbs that are there"),
        ("/metrics", metrics, None, "Figures for Prometheus"),
    )
    text = {"description": "text format 0.0.4", "content": {"text/plain": {"schema": {}}}}
    for path, endpoint, model, summary in about:
        app.add_api_route(
            path,
            endpoint,
            methods=["GET"],
            response_model=None,
            summary=summary,
            response_class=JSONResponse if model else PlainTextResponse,
            responses={200: {"model": model} if model else text},
        )


def _add_page(app: FastAPI) -> None:
    folder = resources.files(__package__) / "page"
    files = {name: (folder / name).read_bytes() for name in _PAGE}

    def file(name: str) -> Endpoint:
        data = files[name]
        tag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
        headers = {"content-type": _PAGE[name], "etag": tag, "cache-control": "no-cache"}

        async def endpoint(request: Request) -> Response:
            request.state.notes["endpoint"] = "page"
            if request.headers.get("if-none-match") == tag:
                return Response(status_code=304, headers=headers)
            return Response(data, headers=headers)

        return endpoint

    for name in _PAGE:
        path = "/" if name == "index.html" else f"/page/{name}"
        app.add_api_route(path, file(name), methods=["GET"], include_in_schema=False)


async def _not_found(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = getattr(error, "headers", None) or {}
    message = f"{request.method} is not answered here" if status == 405 else "there is nothing here"
    return _json(error_body(RequestError(status, message)), status, dict(headers))


def _json(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(
        json.dumps(body, separators=(",", ":")),
        status_code=status,
        headers={"content-type": "application/json", **(headers or {})},
    )
