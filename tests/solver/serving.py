"""A server on loopback for tests: every verb answers, with toy networks."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import numpy.typing as npt
from PIL import Image


def png(pixels: npt.NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


class Asker:
    """Asks an application without a socket, from any thread; closes its queue at the end."""

    def __init__(self, app: Any) -> None:
        import httpx

        self.app = app
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.app.state.service.batcher.close(60)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()

    def ask(self, method: str, path: str, **options: Any) -> Any:
        coroutine = self._client.request(method, path, **options)
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(120)

    def get(self, path: str, **options: Any) -> Any:
        return self.ask("GET", path, **options)

    def post(self, path: str, **options: Any) -> Any:
        return self.ask("POST", path, **options)


@contextmanager
def serving(models: Mapping[str, str], **options: Any) -> Iterator[str]:
    """The address of a real server in a thread of its own."""
    import uvicorn

    from solver.server.app import create_app
    from solver.server.run import configure, listen
    from solver.server.settings import ServerSettings

    settings = ServerSettings(models=models, port=0, **{"workers": 2, **options})
    app = create_app(settings)
    with listen(settings) as socket:
        server = uvicorn.Server(configure(app, settings))
        ready = threading.Event()
        startup = server.startup

        async def start(sockets: Any = None) -> None:
            await startup(sockets=sockets)
            ready.set()

        server.startup = start  # type: ignore[method-assign]
        thread = threading.Thread(
            target=lambda: asyncio.run(server.serve(sockets=[socket])), daemon=True
        )
        thread.start()
        assert ready.wait(60)
        host, port = socket.getsockname()
        try:
            yield f"http://{host}:{port}"
        finally:
            server.should_exit = True
            thread.join(60)
            assert not thread.is_alive()
