"""The log goes back to where a run goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from training import runlog
from training.diagnose import Epoch

HEAD = "epoch,loss,source,count,exact,case_insensitive\r\n"
ONE = "1,2.50000,a,4,0.50000,0.50000\r\n1,2.50000,b,4,0.00000,0.25000\r\n"
TWO = "2,1.50000,a,4,1.00000,1.00000\r\n2,1.50000,b,4,0.50000,0.50000\r\n"


@pytest.mark.parametrize(
    ("text", "epoch", "kept", "found"),
    [
        ("", 0, "", []),
        (HEAD, 3, HEAD, []),
        (HEAD + ONE + TWO, 2, HEAD + ONE + TWO, [Epoch(1, 2.5, 0.25), Epoch(2, 1.5, 0.75)]),
        (HEAD + ONE + TWO, 1, HEAD + ONE, [Epoch(1, 2.5, 0.25)]),
        (HEAD + ONE + TWO[:-1], 1, HEAD + ONE, [Epoch(1, 2.5, 0.25)]),
        (HEAD + ONE + "2,1.5", 1, HEAD + ONE, [Epoch(1, 2.5, 0.25)]),
        (HEAD + ONE, 0, HEAD, []),
    ],
)
def test_go_back(tmp_path: Path, text: str, epoch: int, kept: str, found: list[Epoch]) -> None:
    log = tmp_path / "log.csv"
    log.write_bytes(text.encode())
    assert runlog.go_back(log, epoch) == found
    assert log.read_bytes().decode() == kept
    assert list(tmp_path.iterdir()) == [log]


def test_there_is_no_log(tmp_path: Path) -> None:
    assert runlog.go_back(tmp_path / "log.csv", 3) == []
