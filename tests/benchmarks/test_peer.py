"""A peer in another process: asked by lines, and told of where it ends."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import _peer

ANSWERS = """
import base64, json, os, sys
print(json.dumps({"version": "1.0", "threads": os.environ.get("OMP_NUM_THREADS")}), flush=True)
for line in sys.stdin:
    sizes = {key: len(base64.b64decode(data)) for key, data in json.loads(line).items()}
    if not sizes:
        raise SystemExit(3)
    print(json.dumps(sizes), flush=True)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / "worker.py").write_text(ANSWERS, encoding="utf-8")
    return tmp_path


def test_a_worker_answers_each_line(folder: Path) -> None:
    with _peer.Ddddocr(folder, folder / "worker.py") as peer:
        assert peer.name == "ddddocr 1.0"
        assert peer.ask(picture=b"\x00\xff" * 9) == {"picture": 18}
        assert peer.ask(background=b"", piece=b"1") == {"background": 0, "piece": 1}
        with pytest.raises(SystemExit, match=r"ddddocr of .* ended with code 3"):
            peer.ask()


@pytest.mark.parametrize(("threads", "limit"), [(1, "1"), (None, None)])
def test_its_threads_are_limited(folder: Path, threads: int | None, limit: str | None) -> None:
    worker = folder / "worker.py"
    python = _peer.interpreter(folder)
    with _peer.Worker(python, worker, title="it", threads=threads) as peer:
        assert peer.line()["threads"] == limit


def test_where_there_is_no_environment(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no environment there"):
        _peer.Ddddocr(tmp_path, tmp_path / "worker.py")
