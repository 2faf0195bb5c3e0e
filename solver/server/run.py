"""The process behind ``solver serve``: uvicorn on one socket, a stop that answers what is taken."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from solver.server.memory import trim_early
from solver.server.settings import ServerSettings

_LOG = logging.getLogger(__name__)


def protocol_of(settings: ServerSettings) -> type[H11Protocol]:
    """uvicorn's HTTP, with an end to connections whose request never becomes whole."""

    class PatientProtocol(H11Protocol):
        _patience: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._patience = self.loop.call_later(settings.body_timeout, self._lose_patience)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self._patience is not None and self._has_request():
                self._patience.cancel()
                self._patience = None

        def connection_lost(self, exc: Exception | None) -> None:
            if self._patience is not None:
                self._patience.cancel()
            super().connection_lost(exc)

        def _lose_patience(self) -> None:
            if not self._has_request() and not self.transport.is_closing():
                self.transport.close()

        def _has_request(self) -> bool:
            return vars(self).get("cycle") is not None

    return PatientProtocol


def configure(app: FastAPI, settings: ServerSettings) -> uvicorn.Config:
    """How uvicorn runs the application."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=protocol_of(settings),
        ws="none",
        loop="asyncio",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=settings.max_connections,
        backlog=settings.max_connections,
        timeout_keep_alive=30,
        # What was taken is answered within its own time; then the process goes.
        timeout_graceful_shutdown=max(1, round(settings.stop_timeout)),
    )


def listen(settings: ServerSettings) -> socket.socket:
    """A socket on the host and port, before any model is opened.

    Raises:
        OSError: the port is taken, or the host is not this machine's.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((settings.host, settings.port))
    except OSError:
        found.close()
        raise
    return found


class AnnouncingServer(uvicorn.Server):
    """uvicorn's server, which says where it is once it can be asked."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        for one in sockets or ():
            host, port = one.getsockname()[:2]
            address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
            _LOG.info("listening", extra={"fields": {"address": address}})


def serve(app: FastAPI, settings: ServerSettings, on: socket.socket) -> None:
    """Answer until SIGTERM or SIGINT; then answer what was taken, and return."""
    if not settings.loopback and settings.api_key is None:
        _LOG.warning("other machines can ask this server, and it asks for no key")
    trim_early()
    try:
        AnnouncingServer(configure(app, settings)).run(sockets=[on])
    except KeyboardInterrupt:
        _LOG.info("interrupted")
