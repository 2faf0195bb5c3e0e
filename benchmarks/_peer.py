"""A peer in another process: found by its environment's folder, asked over pipes."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

WORKER = Path(__file__).parent / "peers" / "worker.py"


@dataclass(frozen=True)
class Peer:
    """One adapter in one environment; ``importing`` and ``first`` are Python statements."""

    name: str
    python: Path
    version: str
    importing: str
    first: str
    model_bytes: int

    @property
    def title(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True)
class PeerAnswer:
    """``text`` as the peer gave it, and the CPU seconds it took there."""

    text: str
    cpu_s: float
    error: str | None


class Worker:
    """A program in another interpreter that prints a line of JSON for each that it is sent.

    ``title`` is what it is called where it ends too soon.
    """

    def __init__(
        self, python: Path, script: Path, *arguments: str, title: str, threads: int | None = 1
    ) -> None:
        self._title = title
        self._process = subprocess.Popen(
            [str(python), str(script), *arguments],
            env=peer_environment(threads),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )

    def line(self) -> dict[str, Any]:
        """The next line that it prints."""
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self._title} ended with code {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def ask(self, **pictures: bytes) -> dict[str, Any]:
        """The answer to encoded pictures, which are sent as base64."""
        assert self._process.stdin
        request = {key: base64.b64encode(data).decode("ascii") for key, data in pictures.items()}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self.line()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


class Reader(Worker):
    """A peer that reads texts; ``threads`` is ONNX Runtime's, None for the peer's own default."""

    def __init__(self, peer: Peer, *, threads: int | None = 1) -> None:
        limit = [] if threads is None else ["--threads", str(threads)]
        super().__init__(
            peer.python, WORKER, "read", peer.name, *limit, title=peer.title, threads=threads
        )
        self.peer = peer

    def read(self, picture: bytes) -> PeerAnswer:
        return PeerAnswer(**self.ask(picture=picture))


class Ddddocr(Worker):
    """One of ddddocr's other engines, by a script that prints the package's version first."""

    def __init__(self, folder: Path, script: Path) -> None:
        super().__init__(interpreter(folder), script, title=f"ddddocr of {folder}")
        self.name = f"ddddocr {self.line()['version']}"


def interpreter(folder: Path) -> Path:
    """The Python of an environment; ends the program where there is none."""
    python = folder.absolute() / "bin" / "python"
    if not python.exists():
        raise SystemExit(f"{folder}: no environment there; see benchmarks/README.md")
    return python


def peer_environment(threads: int | None = None) -> dict[str, str]:
    """This process's environment without its Python paths; BLAS and OpenMP limited too."""
    variables = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    for key in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        variables.pop(key, None)
        if threads is not None:
            variables[key] = str(threads)
    return variables


def find_peers(folders: Iterable[Path]) -> list[Peer]:
    """Every peer of the environments in ``folders``, in their order."""
    peers = []
    for folder in folders:
        python = interpreter(folder)
        listing = subprocess.run(
            [str(python), str(WORKER), "list"],
            env=peer_environment(),
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        found: dict[str, dict[str, Any]] = json.loads(listing)
        if not found:
            raise SystemExit(f"{folder}: none of the known peers is installed there")
        for name, facts in found.items():
            facts.pop("package")
            peers.append(Peer(name=name, python=python, **facts))
    return peers


def start_readers(peers: Sequence[Peer], stack: ExitStack) -> list[Reader]:
    """One worker a peer, one thread each, ended when ``stack`` closes."""
    return [stack.enter_context(Reader(peer)) for peer in peers]
