"""The page's server: loopback only, a secret in every address, pictures by their number.

What another page in the same browser could try is refused: a foreign Host (DNS rebinding), an
address without this session's token, a request that is no JSON (a form needs no permission).
"""

from __future__ import annotations

import io
import json
import logging
import re
import secrets
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from PIL import Image

from solver import images
from solver.errors import ImageError
from training.label.session import Session
from training.label.store import LabelError

_log = logging.getLogger(__name__)

ADDRESS = "127.0.0.1"
NAMES = ("127.0.0.1", "localhost")
LARGEST_BODY = 8192
TIMEOUT = 30.0  # seconds without a byte from the browser
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
STATIC = {
    "": ("page.html", "text/html; charset=utf-8"),
    "page.js": ("page.js", "text/javascript; charset=utf-8"),
    "page.css": ("page.css", "text/css; charset=utf-8"),
}
PICTURES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".bmp": "image/bmp",
    ".webp": "image/webp",
}
_NUMBERED = re.compile(r"(item|picture)/([0-9]{1,9})")


class _Refused(Exception):  # noqa: N818 - it never leaves this module
    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class LabelServer(ThreadingHTTPServer):
    """Serves one session at :attr:`url`; ``port`` 0 takes a free one."""

    daemon_threads = True

    def __init__(self, session: Session, *, port: int = 0) -> None:
        self.session = session
        self.token = secrets.token_urlsafe(24)
        try:
            super().__init__((ADDRESS, port), _Handler)
        except OSError as error:
            raise ValueError(
                f"--port: cannot listen on {ADDRESS}:{port}: {error.strerror}; name another port, "
                "or none for one that is free"
            ) from error
        self.hosts = {f"{name}:{self.server_port}" for name in NAMES}

    @property
    def url(self) -> str:
        """The page's address, with the token."""
        return f"http://{ADDRESS}:{self.server_port}/{self.token}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that hangs up is no news."""
        _log.debug("%s", client_address, exc_info=True)


def serve(session: Session, *, port: int = 0, on_start: Callable[[str], None]) -> None:
    """Serve until the process is interrupted; ``on_start`` is told the address."""
    with LabelServer(session, port=port) as server:
        session.start()
        on_start(server.url)
        try:
            server.serve_forever()
        finally:
            session.stop()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "solver-train"
    sys_version = ""
    timeout = TIMEOUT
    server: LabelServer

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def log_message(self, format: str, *values: Any) -> None:  # noqa: A002
        # The address holds the token: it stays out of logs.
        _log.debug("%s %s", self.command, values[1:] if format.startswith('"') else "")

    def _answer(self, work: Callable[[str], tuple[bytes, str]]) -> None:
        try:
            body, kind = work(self._path())
            status = HTTPStatus.OK
        except _Refused as refusal:
            status, body, kind = refusal.status, *_json({"error": str(refusal)})
        except LabelError as error:
            status, body, kind = HTTPStatus.CONFLICT, *_json({"error": str(error)})
        except OSError as error:
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            body, kind = _json({"error": f"cannot be read or written: {error}"})
        if status != HTTPStatus.OK:
            self.close_connection = True  # its body, if any, was not read
        self.send_response(status)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def _path(self) -> str:
        """What follows the token."""
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1 or hosts[0].lower() not in self.server.hosts:
            raise _Refused(HTTPStatus.MISDIRECTED_REQUEST, "this server answers on loopback only")
        token, slash, path = urlsplit(self.path).path.lstrip("/").partition("/")
        if not slash or not secrets.compare_digest(token.encode(), self.server.token.encode()):
            raise _Refused(HTTPStatus.FORBIDDEN, "open the address that solver-train label printed")
        return path

    def _get(self, path: str) -> tuple[bytes, str]:
        if path in STATIC:
            name, kind = STATIC[path]
            return resources.files("training.label").joinpath("page", name).read_bytes(), kind
        session = self.server.session
        if path == "next":
            return _json(session.describe(session.next()))
        numbered = _NUMBERED.fullmatch(path)
        if numbered is None:
            raise _Refused(HTTPStatus.NOT_FOUND, "there is no such page")
        index = self._index(int(numbered[2]))
        if numbered[1] == "item":
            return _json(session.describe(index))
        picture = session.pictures[index]
        shown_as = PICTURES.get(picture.suffix.lower())
        return (picture.read_bytes(), shown_as) if shown_as else _as_png(picture)

    def _post(self, path: str) -> tuple[bytes, str]:
        session = self.server.session
        body = self._body()
        index = self._index(body.get("index"))
        if path == "label":
            label = body.get("label")
            if not isinstance(label, str):
                raise _Refused(HTTPStatus.BAD_REQUEST, "expected a label, a string")
            session.save(index, label)
        elif path == "unusable":
            session.mark_unusable(index)
        elif path == "skip":
            session.skip(index)
        else:
            raise _Refused(HTTPStatus.NOT_FOUND, "there is no such page")
        return _json(session.describe(session.next()))

    def _body(self) -> dict[str, Any]:
        origin = self.headers.get("Origin")
        if origin is not None and origin not in {f"http://{host}" for host in self.server.hosts}:
            raise _Refused(HTTPStatus.FORBIDDEN, "this comes from another page")
        if self.headers.get_content_type() != "application/json":
            raise _Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "expected application/json")
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or "Transfer-Encoding" in self.headers:
            raise _Refused(HTTPStatus.LENGTH_REQUIRED, "expected a Content-Length")
        if len(length) > 9 or int(length) > LARGEST_BODY:
            raise _Refused(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"expected at most {LARGEST_BODY} bytes"
            )
        try:
            body = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError) as error:
            raise _Refused(HTTPStatus.BAD_REQUEST, "expected JSON") from error
        if not isinstance(body, dict):
            raise _Refused(HTTPStatus.BAD_REQUEST, "expected a JSON object")
        return body

    def _index(self, value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise _Refused(HTTPStatus.BAD_REQUEST, "expected the number of a picture")
        if not 0 <= value < len(self.server.session.pictures):
            raise _Refused(HTTPStatus.NOT_FOUND, "there is no such picture")
        return value


def _as_png(picture: Path) -> tuple[bytes, str]:
    """A picture of a format that browsers do not show, such as TIFF, as one that they do."""
    try:
        pixels = images.load(picture)
    except ImageError:
        return b"", "image/png"
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue(), "image/png"


def _json(body: object) -> tuple[bytes, str]:
    return json.dumps(body).encode(), "application/json"
