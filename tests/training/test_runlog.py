"""The log has a row a source and an epoch, and goes back to where a run goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from training import runlog
from training.diagnose import Epoch
from training.scoring import Score

OLD = "epoch,loss,source,count,exact,case_insensitive\r\n"
HEAD = "epoch,loss,validation_loss,source,count,exact,case_insensitive\r\n"
ONE = "1,2.50000,3.00000,a,4,0.50000,0.50000\r\n1,2.50000,4.00000,b,4,0.00000,0.25000\r\n"
TWO = "2,1.50000,,a,4,1.00000,1.00000\r\n2,1.50000,,b,4,0.50000,0.50000\r\n"
FIRST, SECOND = Epoch(1, 2.5, 0.25, 3.5), Epoch(2, 1.5, 0.75)
BLIND = "1,2.50000,,,0,,\r\n2,1.50000,,,0,,\r\n"


@pytest.mark.parametrize(
    ("text", "epoch", "kept", "found"),
    [
        ("", 0, "", []),
        ("epo", 0, "", []),
        (HEAD, 3, HEAD, []),
        (HEAD + "1,2.5", 3, HEAD, []),
        (HEAD + ONE + TWO, 2, HEAD + ONE + TWO, [FIRST, SECOND]),
        (HEAD + ONE + TWO, 1, HEAD + ONE, [FIRST]),
        (HEAD + ONE + TWO[:-1], 1, HEAD + ONE, [FIRST]),
        (HEAD + ONE + "2,1.5", 1, HEAD + ONE, [FIRST]),
        (HEAD + ONE, 0, HEAD, []),
        (
            HEAD + "1,2.5,inf,a,4,0.25,0\r\n",
            1,
            HEAD + "1,2.5,inf,a,4,0.25,0\r\n",
            [Epoch(1, 2.5, 0.25)],
        ),
        (HEAD + BLIND, 2, HEAD + BLIND, [Epoch(1, 2.5), Epoch(2, 1.5)]),
        (OLD + "1,2.5,a,4,0.25,0\r\n", 1, OLD + "1,2.5,a,4,0.25,0\r\n", [Epoch(1, 2.5, 0.25)]),
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


@pytest.mark.parametrize(
    ("epochs", "number"),
    [
        ([], None),
        ([Epoch(1, 2.0), Epoch(2, 1.0)], None),
        ([Epoch(1, 2.0, 0.0), Epoch(2, 1.0)], 1),
        # More right; as much at a lower loss; the first.
        ([Epoch(1, 2.0, 0.5, 1.0), Epoch(2, 1.0, 0.6)], 2),
        ([Epoch(1, 2.0, 0.5), Epoch(2, 1.0, 0.5, 9.0), Epoch(3, 1.0, 0.5, 8.0)], 3),
        ([Epoch(1, 2.0, 0.5, 8.0), Epoch(2, 1.0, 0.5, 8.0)], 1),
        ([Epoch(1, 2.0, 0.5), Epoch(2, 1.0, 0.5)], 1),
    ],
)
def test_the_epoch_whose_weights_are_kept(epochs: list[Epoch], number: int | None) -> None:
    best = runlog.best(epochs)
    assert (best and best.number) == number


SHARES = ("exact", "case_insensitive")
SCORES = {
    "a": Score(4, "exact", {"exact": 0.5, "case_insensitive": 0.5}, 3.0),
    "b": Score(4, "exact", {"exact": 0.0, "case_insensitive": 0.25}, 4.0),
}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, HEAD + ONE),
        ("", HEAD + ONE),
        (HEAD, HEAD + ONE),
        (OLD, OLD + ONE.replace("3.00000,", "").replace("4.00000,", "")),
    ],
)
def test_an_epoch_is_added(tmp_path: Path, before: str | None, after: str) -> None:
    log = tmp_path / "log.csv"
    if before is not None:
        log.write_bytes(before.encode())
    runlog.append(log, 1, 2.5, SCORES, shares=SHARES)
    assert log.read_bytes().decode() == after


def test_epochs_without_validation_keep_their_loss(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    runlog.append(log, 1, 2.5, {}, shares=SHARES)
    runlog.append(log, 2, 1.5, {}, shares=SHARES)
    assert log.read_bytes().decode() == HEAD + BLIND


def test_what_is_added_comes_back(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    lost = {"a": Score(4, "exact", {"exact": 1.0, "case_insensitive": 1.0})}
    runlog.append(log, 1, 2.5, SCORES, shares=SHARES)
    runlog.append(log, 2, 1.5, lost, shares=SHARES)
    assert runlog.go_back(log, 2) == [FIRST, Epoch(2, 1.5, 1.0)]
