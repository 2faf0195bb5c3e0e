"""Bodies that nobody should send: an answer below 500 to each, nothing held afterwards."""

from __future__ import annotations

import io
import random
import socket
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmarks._bodies import PATHS, TYPES, random_body
from tests.solver.serving import serving


def test_random_bodies(http: Any, picture: bytes) -> None:
    rng = random.Random(7)
    for number in range(400):
        path, kind = rng.choice(PATHS), rng.choice(TYPES)
        body = random_body(rng, picture)
        answer = http.post(f"/v1/{path}", content=body, headers={"content-type": kind})
        assert answer.status_code < 500, (number, path, kind, body, answer.text)
        assert isinstance(answer.json(), dict)
    service = http.app.state.service
    assert (service.batcher.held, service.bodies.held) == (0, 0)


def png_bomb() -> bytes:
    """A PNG whose header promises 60,000 × 60,000 pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(name + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + name + data + crc

    size = (60_000).to_bytes(4, "big")
    header = size + size + bytes([8, 2, 0, 0, 0])
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1 << 20)))
        + chunk(b"IEND", b"")
    )


def large_but_allowed() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((2_000, 4_000), np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def test_bombs(http: Any) -> None:
    headers = {"content-type": "image/png"}
    assert http.post("/v1/text", content=png_bomb(), headers=headers).status_code == 422
    assert http.post("/v1/text", content=large_but_allowed(), headers=headers).status_code == 200
    deep = b'{"image":' * 50_000
    answer = http.post("/v1/text", content=deep, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    packed = {"content-type": "application/json", "content-encoding": "gzip"}
    answer = http.post("/v1/text", content=zlib.compress(bytes(10_000)), headers=packed)
    assert answer.status_code == 422


HEAD = b"POST /v1/text HTTP/1.1\r\nHost: 127.0.0.1\r\n"
PNG_HEAD = HEAD + b"Content-Type: image/png\r\n"
SLOW: list[tuple[bytes, bytes]] = [
    # (sent and then silence, how the answer begins; b"" where there is only an end)
    (b"", b""),
    (HEAD, b""),
    (PNG_HEAD + b"Content-Length: 900\r\n\r\nhalf", b"HTTP/1.1 408"),
    (PNG_HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", b"HTTP/1.1 408"),
    (b"GET / HTTP/9.9\r\n\r\n", b"HTTP/1.1 4"),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"HTTP/1.1 4"),
]


def exchange(address: str, sent: bytes) -> bytes:
    """What comes back until the server ends the connection."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=120) as client:
        client.sendall(sent)
        answer = b""
        while part := client.recv(65_536):
            answer += part
    return answer


@pytest.mark.parametrize(("sent", "begins"), SLOW)
def test_slow_and_broken_clients_are_let_go(
    toy_models: dict[str, str], sent: bytes, begins: bytes
) -> None:
    with serving(toy_models, body_timeout=1) as address:
        answer = exchange(address, sent)
        for _ in range(10):
            # On a machine that stands still, even this client may have been too slow for its head.
            if begins and not answer:
                answer = exchange(address, sent)
    assert answer.startswith(begins)
    assert bool(answer) == bool(begins)


@pytest.mark.parametrize("name", ["slow", "gone"])
def test_a_client_that_goes_away_leaves_nothing(toy_models: dict[str, str], name: str) -> None:
    head = PNG_HEAD + b"Content-Length: 900\r\n\r\n"
    with serving(toy_models) as address:
        host, port = address.removeprefix("http://").split(":")
        for _ in range(20):
            with socket.create_connection((host, int(port)), timeout=120) as client:
                client.sendall(head + (b"half" if name == "slow" else bytes(900)))
        about = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        assert b'"status":"ok"' in exchange(address, about)
