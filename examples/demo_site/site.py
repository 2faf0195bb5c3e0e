"""The site: pages, pictures and log-ins over HTTP, on loopback alone.

=========================  =================================================================
``GET /``                  what there is
``GET /login/KIND``        a log-in
``GET /captcha/text.png``  a picture, and with it a new challenge: asking twice voids the first
``GET /captcha/grid.jpg``  the same
``GET /captcha/KIND.json``  a new challenge of any kind, its pictures as ``data:`` URIs
``POST /login/KIND``       username, password and answer: 403 wrong, 410 expired or used; right:
                           200 for ``Accept: application/json``, else 303 to the account
``GET /account/KIND``      what only those see who are logged in; others are sent to the log-in
``GET /records.json``      what became of the challenges, without their answers
=========================  =================================================================

The answer is the field ``code`` (text), ``points`` (grid, click: ``x,y x,y``, pixels of the
picture) or ``offset`` (slide: pixels of the background). 429 comes with ``Retry-After``.
"""

from __future__ import annotations

import html
import ipaddress
import json
import math
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from examples.demo_site.challenges import MAKERS, Kind
from examples.demo_site.records import SOLVED, Desk, LimitedError
from solver.errors import MissingDependencyError

USER, PASSWORD = "demo", "demo"
STATIC = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".html": "text/html"}
_PICTURES = {"/captcha/text.png": "text", "/captcha/grid.jpg": "grid"}
_MOST = 8192  # bytes of a form
_MOST_FIELDS = 20
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_SAID = {
    "solved": (HTTPStatus.OK, "You are logged in."),
    "password": (HTTPStatus.FORBIDDEN, "Unknown name or wrong password."),
    "wrong": (HTTPStatus.FORBIDDEN, "That was not the answer."),
    "expired": (HTTPStatus.GONE, "That picture has expired."),
    "none": (HTTPStatus.GONE, "That picture has been answered already."),
}


def open_kinds(
    makers: Mapping[str, Callable[[], Kind]] = MAKERS,
) -> tuple[dict[str, Kind], dict[str, str]]:
    """The kinds that this machine can draw, and why it cannot draw the others."""
    kinds, missing = {}, {}
    for name, make in makers.items():
        try:
            kinds[name] = make()
        except (MissingDependencyError, ValueError) as error:
            missing[name] = str(error)
    return kinds, missing


class Site:
    """A running site: ``with Site(desk) as site: site.address``.

    Raises:
        ValueError: ``host`` is no address of loopback.
    """

    def __init__(self, desk: Desk, *, host: str = "127.0.0.1", port: int = 0) -> None:
        if not ipaddress.ip_address(host).is_loopback:
            raise ValueError(f"host: expected an address of loopback, received {host!r}")
        self.desk = desk
        self._server = _Server((host, port), desk)
        self.address = f"http://{host}:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Site:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait(self) -> None:
        """Until it is interrupted."""
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], desk: Desk) -> None:
        self.desk = desk
        self.members: set[tuple[str, str]] = set()  # (visitor, kind) of those who are logged in
        super().__init__(address, _Visit)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A visitor who leaves in the middle of a reply is nothing to report."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Visit(BaseHTTPRequestHandler):
    """One connection."""

    server: _Server
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "demo", ""
    timeout = 20  # seconds for a slow request
    _visitor: str

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        kind = path.rpartition("/")[2].partition(".")[0]
        known = kind in self.server.desk.kinds
        if path == "/":
            self._page("index.html", kinds=self._links())
        elif path.startswith("/static/"):
            self._file(path.removeprefix("/static/"))
        elif path == f"/login/{kind}" and known:
            self._login(kind, HTTPStatus.OK, "")
        elif path == f"/account/{kind}" and known:
            self._account(kind)
        elif known and (path == f"/captcha/{kind}.json" or _PICTURES.get(path) == kind):
            self._challenge(kind, bare=path in _PICTURES)
        elif path == "/records.json":
            records = [asdict(record) for record in self.server.desk.records()]
            for record in records:
                del record["visitor"]
            self._json(HTTPStatus.OK, records)
        else:
            self._lost()

    def do_POST(self) -> None:
        head, _, kind = urlsplit(self.path).path.rpartition("/")
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _MOST:
            self.close_connection = True
            self._json(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"outcome": "too large"})
            return
        body = self.rfile.read(int(length)).decode("utf-8", errors="replace")
        if head != "/login" or kind not in self.server.desk.kinds:
            self._lost()
            return
        try:
            fields = parse_qs(body, max_num_fields=_MOST_FIELDS)
        except ValueError:
            self._json(HTTPStatus.BAD_REQUEST, {"outcome": "too many fields"})
            return
        form = {name: values[-1] for name, values in fields.items()}
        visitor = self._find_visitor()
        try:
            outcome = self.server.desk.judge(
                kind, form, visitor=visitor, address=self.client_address[0]
            )
        except LimitedError as limited:
            self._wait(limited)
            return
        if outcome == SOLVED and (form.get("username"), form.get("password")) != (USER, PASSWORD):
            outcome = "password"
        status, said = _SAID[outcome]
        if outcome == SOLVED:
            self.server.members.add((visitor, kind))
        if "application/json" in self.headers.get("Accept", ""):
            self._json(status, {"outcome": outcome, "message": said})
        elif outcome == SOLVED:
            self._send(HTTPStatus.SEE_OTHER, "text/plain", b"", location=f"/account/{kind}")
        else:
            self._login(kind, status, said)

    def log_message(self, *_: object) -> None:
        """Nothing: the records are the log."""

    def _challenge(self, kind: str, *, bare: bool) -> None:
        visitor = self._find_visitor()
        try:
            challenge = self.server.desk.ask(kind, visitor=visitor, address=self.client_address[0])
        except LimitedError as limited:
            self._wait(limited)
            return
        if bare:
            picture = challenge.pictures["captcha"]
            self._send(HTTPStatus.OK, picture.kind, picture.data)
            return
        uris = {name: picture.uri for name, picture in challenge.pictures.items()}
        self._json(HTTPStatus.OK, {**uris, **challenge.shown})

    def _login(self, kind: str, status: HTTPStatus, said: str) -> None:
        self._find_visitor()
        challenge = (STATIC / f"{kind}.html").read_text("utf-8")
        self._page(
            "login.html",
            status,
            kind=kind,
            title=self._title(kind),
            said=html.escape(said),
            challenge=challenge,
        )

    def _account(self, kind: str) -> None:
        if (self._find_visitor(), kind) in self.server.members:
            said = _SAID[SOLVED][1]
            self._page("welcome.html", kind=kind, title=self._title(kind), said=said)
        else:
            self._send(HTTPStatus.SEE_OTHER, "text/plain", b"", location=f"/login/{kind}")

    def _title(self, kind: str) -> str:
        return html.escape(self.server.desk.kinds[kind].title)

    def _links(self) -> str:
        return "\n".join(
            f'<li><a href="/login/{kind.name}"><b>{html.escape(kind.title)}</b> '
            f"<span>{kind.name}</span></a></li>"
            for kind in self.server.desk.kinds.values()
        )

    def _find_visitor(self) -> str:
        """The visitor's name from the cookie; whoever has none gets one with the reply."""
        try:
            cookie = SimpleCookie(self.headers.get("Cookie", ""))
        except CookieError:
            cookie = SimpleCookie()
        if "visitor" in cookie and 8 <= len(cookie["visitor"].value) <= 64:
            return cookie["visitor"].value
        self._visitor = self.server.desk.visitor()
        return self._visitor

    def _file(self, name: str) -> None:
        path = STATIC / name
        if path.parent != STATIC or path.suffix not in (".css", ".js") or not path.is_file():
            self._lost()
            return
        self._send(HTTPStatus.OK, _TYPES[path.suffix], path.read_bytes())

    def _page(self, name: str, status: HTTPStatus = HTTPStatus.OK, **values: str) -> None:
        template = Template((STATIC / name).read_text("utf-8"))
        self._send(status, "text/html", template.substitute(values).encode())

    def _json(self, status: HTTPStatus, value: object, **headers: str) -> None:
        body = json.dumps(value, ensure_ascii=False).encode()
        self._send(status, "application/json", body, **headers)

    def _wait(self, limited: LimitedError) -> None:
        seconds = str(math.ceil(limited.seconds))
        self._json(HTTPStatus.TOO_MANY_REQUESTS, {"outcome": "limited"}, retry_after=seconds)

    def _lost(self) -> None:
        self._json(HTTPStatus.NOT_FOUND, {"outcome": "no such address"})

    def _send(self, status: HTTPStatus, kind: str, body: bytes, **headers: str) -> None:
        charset = "; charset=utf-8" if kind.startswith(("text/", "application/")) else ""
        self.send_response(status)
        self.send_header("Content-Type", kind + charset)
        self.send_header("Content-Length", str(len(body)))
        for name, value in {**_HEADERS, **headers}.items():
            self.send_header(name.replace("_", "-").title(), value)
        if hasattr(self, "_visitor"):
            cookie = f"visitor={self._visitor}; Path=/; HttpOnly; SameSite=Strict"
            self.send_header("Set-Cookie", cookie)
            del self._visitor
        self.end_headers()
        self.wfile.write(body)
