"""``solver serve`` as a process: settings, exit codes, and a stop that answers what was taken."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from solver.cli import main
from tests.solver.serving import png

pytest.importorskip("fastapi", reason="the extra serve is not installed")
Capture = pytest.CaptureFixture[str]


@contextmanager
def process(*arguments: str, **environment: str) -> Iterator[tuple[Any, str]]:
    """The command running, and its address."""
    running = subprocess.Popen(
        [sys.executable, "-m", "solver", "serve", "--port", "0", *arguments],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
        cwd=Path(__file__).resolve().parents[2],
    )
    try:
        assert running.stderr is not None
        address = None
        for line in running.stderr:
            address = json.loads(line).get("address")
            if address is not None:
                break
        assert address is not None
        yield running, address
    finally:
        running.kill()
        running.communicate()


def test_it_answers_and_stops(ctc_file: Path, draw: Callable[..., Any], tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("sesame\n", encoding="utf-8")
    with process(f"mine={ctc_file}", "--api-key-file", str(key)) as (running, address):
        request = urllib.request.Request(
            f"{address}/v1/text?model=mine",
            data=png(draw("12")),
            headers={"content-type": "image/png", "authorization": "Bearer sesame"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert json.load(answer)["text"] == "12"
        running.send_signal(signal.SIGTERM)
        _, rest = running.communicate(timeout=60)
        assert running.returncode in (0, -signal.SIGTERM)
    lines = [json.loads(line) for line in rest.splitlines()]
    assert [line["status"] for line in lines if line["event"] == "request"] == [200]


def test_a_stop_answers_what_was_taken(ctc_file: Path, draw: Callable[..., Any]) -> None:
    picture = png(draw("12ab"))
    head = "POST /v1/text HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/png\r\n"
    head += f"Content-Length: {len(picture)}\r\n\r\n"
    with process(str(ctc_file)) as (running, address):
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=60) as client:
            # The request has begun, its body is on the way; then the process is told to stop.
            client.sendall(head.encode() + picture[:40])
            with socket.create_connection((host, int(port)), timeout=60) as other:
                other.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                assert other.recv(65_536).startswith(b"HTTP/1.1 200")
            running.send_signal(signal.SIGTERM)
            for line in running.stderr:
                if "Shutting down" in line or "Waiting for" in line:
                    break
            client.sendall(picture[40:])
            answer = b""
            while part := client.recv(65_536):
                answer += part
        assert answer.startswith(b"HTTP/1.1 200")
        assert b'"text":"12ab"' in answer
        running.communicate(timeout=60)


def exit_code(*arguments: object) -> int:
    return main(["serve", *map(str, arguments)])


def test_wrong_usage(tmp_path: Path, capsys: Capture) -> None:
    settings = tmp_path / "server.toml"
    settings.write_text('api_key = "sesame"\n', encoding="utf-8")
    cases: list[tuple[list[object], str]] = [
        (["--port", 99_999], "port"),
        (["--workers", 0], "workers"),
        (["--config", tmp_path / "none.toml"], "none.toml"),
        (["--config", settings], "no key in here"),
        (["--api-key-file", tmp_path / "none"], "--api-key-file"),
    ]
    for arguments, said in cases:
        assert exit_code(*arguments) == 2, arguments
        assert said in capsys.readouterr().err
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert exit_code("--port", taken.getsockname()[1]) == 2
    assert "port" in capsys.readouterr().err


def test_models_that_do_not_open(
    tmp_path: Path, ctc_file: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("solver.server.logs.log_to_stderr", lambda level: None)
    monkeypatch.setattr("solver.server.run.serve", lambda *arguments: None)
    assert exit_code("--port", 0, tmp_path / "none.onnx") == 3
    assert "none.onnx" in capsys.readouterr().err
    assert exit_code("--port", 0, ctc_file, ctc_file) == 3
    assert "NAME=FILE" in capsys.readouterr().err
    assert exit_code("--port", 0, ctc_file, f"other={ctc_file}") == 0
