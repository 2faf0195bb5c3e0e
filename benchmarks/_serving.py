"""A server as a process, and clients that cost little, for the benchmarks of serving."""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Server:
    """A running ``solver serve``: where it is, what it has used, how long it took to be ready."""

    process: subprocess.Popen[Any]
    port: int
    ready: float

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cpu(self) -> float:
        """CPU seconds so far, user and system."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident(self) -> int:
        """Bytes of resident memory."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def metric(self, name: str) -> float:
        with urllib.request.urlopen(f"{self.address}/metrics", timeout=60) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.split(" ")[0] == name)


def start(*arguments: str, port: int = 0) -> Server:
    """Start a server and wait until it answers."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "solver", "serve", "--port", str(port), *arguments],
        stderr=subprocess.PIPE,
        text=True,
    )
    atexit.register(process.kill)  # a benchmark that fails leaves no server behind
    found = 0
    assert process.stderr is not None
    for line in process.stderr:
        record = json.loads(line)
        if "address" in record:
            found = int(record["address"].rpartition(":")[2])
            break
    else:
        raise SystemExit("solver serve did not start; install the extra: pip install '.[serve]'")
    # A full pipe would stop the server.
    threading.Thread(target=deque, args=(process.stderr, 0), daemon=True).start()
    return Server(process, found, time.perf_counter() - begun)


@contextmanager
def serving(*arguments: str) -> Iterator[Server]:
    server = start(*arguments)
    try:
        yield server
    finally:
        server.process.terminate()
        server.process.wait(60)


@dataclass
class Tally:
    """What clients saw. Latencies are in seconds, of answers with status 200."""

    latencies: list[float] = field(default_factory=list)
    pictures: int = 0
    wrong: int = 0
    refused: int = 0
    lost: int = 0
    other: dict[str, int] = field(default_factory=dict)

    def note(self, what: str) -> None:
        self.other[what] = self.other.get(what, 0) + 1


async def load(
    port: int, requests: Sequence[tuple[bytes, Any]], *, clients: int, seconds: float
) -> Tally:
    """Clients that each ask, wait for the answer, and ask again; ``requests`` have their answers.

    A request that is refused for want of room is asked again after a tenth of the pause that was
    named: the benchmark wants to stay at the limit.
    """
    tally = Tally()
    end = time.perf_counter() + seconds

    async def client(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        place = number
        while time.perf_counter() < end:
            data, expected = requests[place % len(requests)]
            begun = time.perf_counter()
            try:
                writer.write(data)
                status, headers, body = await asyncio.wait_for(answer_of(reader), 60)
            except (OSError, EOFError, TimeoutError):
                tally.lost += 1
                return
            if status == 429:
                tally.refused += 1
                await asyncio.sleep(float(headers.get("retry-after", "1")) / 10)
                continue
            place += clients
            if status != 200:
                tally.note(f"status {status}")
                continue
            tally.latencies.append(time.perf_counter() - begun)
            tally.pictures += len(expected)
            tally.wrong += texts_of(body) != expected
        writer.close()

    await asyncio.gather(*[client(number) for number in range(clients)])
    return tally


async def answer_of(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """One HTTP/1.1 answer with a length."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
    body = await reader.readexactly(int(headers["content-length"]))
    return int(head[0].split()[1]), headers, body


def texts_of(body: bytes) -> list[str | None]:
    data = json.loads(body)
    return [entry.get("text") for entry in data.get("answers", [data])]


def request(path: str, kind: str, body: bytes) -> bytes:
    """The bytes of a request."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
