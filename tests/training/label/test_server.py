"""The page over a real loopback socket: the way of a person, and what is refused."""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from training.label import LabelServer, Session, Store
from training.label.server import LARGEST_BODY, POLICY

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def server(folder: Path, tmp_path: Path) -> Iterator[LabelServer]:
    with LabelServer(Session(folder, Store(tmp_path / "labels.csv"))) as found:
        thread = threading.Thread(target=found.serve_forever, args=(0.01,))
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def ask(
    server: LabelServer,
    path: str,
    *,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    token: str | None = None,
    method: str | None = None,
) -> tuple[int, http.client.HTTPMessage, bytes]:
    link = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    try:
        link.request(
            method or ("GET" if body is None else "POST"),
            f"/{server.token if token is None else token}/{path}",
            body,
            headers or {},
        )
        answer = link.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        link.close()


def send(server: LabelServer, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
    status, _, answer = ask(server, path, body=json.dumps(body).encode(), headers=JSON)
    return status, json.loads(answer)


def digests(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_person_labels_goes_back_and_ends(
    server: LabelServer, folder: Path, tmp_path: Path
) -> None:
    before = digests(folder)
    status, headers, page = ask(server, "")
    assert status == 200
    assert headers["Content-Security-Policy"] == POLICY
    assert b'<script src="page.js" defer>' in page
    for name in ("page.js", "page.css"):
        status, headers, body = ask(server, name)
        assert (status, headers["X-Content-Type-Options"]) == (200, "nosniff")
        assert b"http" not in body
    state = json.loads(ask(server, "next")[2])
    assert (state["total"], state["item"]["index"], state["item"]["guess"]) == (5, 0, None)
    status, headers, picture = ask(server, "picture/0")
    assert (status, headers["Content-Type"]) == (200, "image/png")
    assert picture == (folder / "0.png").read_bytes()
    assert send(server, "label", index=0, label="ab")[1]["item"]["index"] == 1
    assert send(server, "skip", index=1)[1]["item"]["index"] == 2
    assert json.loads(ask(server, "item/0")[2])["item"]["label"] == "ab"
    assert send(server, "label", index=0, label="AB")[1]["labelled"] == 1
    for index in (2, 4):
        send(server, "label", index=index, label="x")
    assert send(server, "unusable", index=3)[1]["item"]["index"] == 1
    status, state = send(server, "label", index=1, label="y")
    assert (status, state["item"], state["labelled"], state["unusable"]) == (200, None, 4, 1)
    text = (tmp_path / "labels.csv").read_text()
    assert text.startswith("file,label,guess,confidence\n0.png,AB,,\n")
    assert digests(folder) == before


def test_an_answer_that_cannot_be_kept_says_so(server: LabelServer, tmp_path: Path) -> None:
    for label in ("", "a\nb", "\ud800"):
        status, answer = send(server, "label", index=0, label=label)
        assert status == 409
        assert "label" in answer["error"]
    assert not (tmp_path / "labels.csv").exists()


@pytest.mark.parametrize(
    ("path", "options", "status"),
    [
        ("next", {"token": ""}, 403),
        ("next", {"token": "wrong"}, 403),
        ("", {"token": "favicon.ico"}, 403),
        ("next", {"headers": {"Host": "evil.example"}}, 421),
        ("next", {"headers": {"Host": "127.0.0.1"}}, 421),
        ("next", {"headers": {"Host": ""}}, 421),
        ("picture/5", {}, 404),
        ("picture/-1", {}, 404),
        ("picture/99999999999999999999", {}, 404),
        ("picture/0.png", {}, 404),
        ("picture/../../labels.csv", {}, 404),
        ("picture/%2e%2e%2fnotes.txt", {}, 404),
        ("../../etc/passwd", {}, 404),
        ("page/page.js", {}, 404),
        ("server.py", {}, 404),
        ("next", {"method": "DELETE"}, 501),
        ("label", {"body": b"{}", "headers": {"Content-Type": "text/plain"}}, 415),
        ("label", {"body": b"index=0&label=x"}, 415),
        ("label", {"body": b"{}", "headers": {**JSON, "Origin": "http://evil.example"}}, 403),
        ("label", {"body": b"{}", "headers": {**JSON, "Origin": "null"}}, 403),
        ("label", {"body": b"x" * (LARGEST_BODY + 1), "headers": JSON}, 413),
        ("label", {"body": b"", "headers": {**JSON, "Content-Length": "9" * 5000}}, 413),
        ("label", {"body": b"", "headers": {**JSON, "Content-Length": "-1"}}, 411),
        ("label", {"body": b"", "headers": {**JSON, "Transfer-Encoding": "chunked"}}, 411),
        ("label", {"body": b"{", "headers": JSON}, 400),
        ("label", {"body": b"\xff", "headers": JSON}, 400),
        ("label", {"body": b"[" * 5000, "headers": JSON}, 400),
        ("label", {"body": b"[]", "headers": JSON}, 400),
        ("label", {"body": b"{}", "headers": JSON}, 400),
        ("label", {"body": b'{"index": true, "label": "a"}', "headers": JSON}, 400),
        ("label", {"body": b'{"index": "0", "label": "a"}', "headers": JSON}, 400),
        ("label", {"body": b'{"index": 0, "label": 7}', "headers": JSON}, 400),
        ("label", {"body": b'{"index": 5, "label": "a"}', "headers": JSON}, 404),
        ("label", {"body": b'{"index": -1, "label": "a"}', "headers": JSON}, 404),
        ("delete", {"body": b'{"index": 0}', "headers": JSON}, 404),
    ],
)
def test_refused(
    server: LabelServer, tmp_path: Path, path: str, options: dict[str, Any], status: int
) -> None:
    found, headers, body = ask(server, path, **options)
    assert found == status
    assert server.token.encode() not in body
    assert headers["Connection"] == "close"
    assert not (tmp_path / "labels.csv").exists()
    assert ask(server, "next")[0] == 200


def test_it_listens_on_loopback_under_a_new_secret(
    server: LabelServer, folder: Path, tmp_path: Path
) -> None:
    assert server.server_address[0] == "127.0.0.1"
    assert server.url == f"http://127.0.0.1:{server.server_port}/{server.token}/"
    assert len(server.token) >= 32
    with LabelServer(Session(folder, Store(tmp_path / "other.csv"))) as other:
        assert other.token != server.token
    assert ask(server, "next", headers={"Host": f"localhost:{server.server_port}"})[0] == 200


def test_pictures_that_are_gone_say_so(server: LabelServer, folder: Path) -> None:
    (folder / "0.png").rename(folder / "elsewhere.png")
    status, _, body = ask(server, "picture/0")
    assert status == 500
    assert "cannot be read or written" in json.loads(body)["error"]


@pytest.mark.parametrize(
    ("path", "status"), [("/é/next", 403), ("/TOKEN/picture/٣", 404), ("next", 403), ("//", 403)]
)
def test_raw_paths(server: LabelServer, path: str, status: int) -> None:
    host = f"127.0.0.1:{server.server_port}"
    line = f"GET {path.replace('TOKEN', server.token)} HTTP/1.1\r\nHost: {host}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=20) as link:
        link.sendall(line.encode())
        assert link.makefile("rb").readline().split()[1] == str(status).encode()


def test_a_port_that_is_taken(server: LabelServer) -> None:
    message = rf"--port: cannot listen on 127\.0\.0\.1:{server.server_port}: .*; name another port"
    with pytest.raises(ValueError, match=message):
        LabelServer(server.session, port=server.server_port)


def test_what_browsers_do_not_show_comes_as_png(folder: Path, server: LabelServer) -> None:
    index = server.session.names.index("0.png")
    tiff = folder / "0.tif"
    with Image.open(folder / "0.png") as picture:
        picture.save(tiff)
        expected = picture.convert("RGB").tobytes()
    server.session.pictures[index] = tiff
    status, headers, body = ask(server, f"picture/{index}")
    assert (status, headers["Content-Type"]) == (200, "image/png")
    with Image.open(io.BytesIO(body)) as shown:
        assert shown.tobytes() == expected
    tiff.write_bytes(b"no picture")
    assert ask(server, f"picture/{index}")[0] == 200
