"""Ledgers that survive what happens to files, and what a run's log came to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from training import trials
from training.figures.shares import Share
from training.trials import Ledger, StudyError, TrialError

HEADER = {"study": "search", "seed": 1}


def unwanted() -> Share:
    raise AssertionError("a finished trial was done again")


def fail() -> Share:
    raise TrialError("memory ran out")


def test_a_finished_trial_is_not_done_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "trials.jsonl"
    first = Ledger(path, HEADER)
    assert first.run("1", lambda: Share(3, 4), {"batch": 8})["right"] == 3
    assert first.run("2", fail, {})["error"] == "memory ran out"
    again = Ledger(path, HEADER)
    assert again.run("1", unwanted, {"batch": 8}) == {
        "key": "1",
        "batch": 8,
        "right": 3,
        "count": 4,
        "error": "",
    }
    assert again.run("2", unwanted, {})["count"] == 0
    assert again.find("3") is None


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_torn_last_line_costs_one_trial(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "trials.jsonl"
    ledger = Ledger(path, HEADER)
    for key in "12":
        ledger.run(key, lambda: Share(1, 2), {})
    path.write_bytes(path.read_bytes()[:-cut])
    after = Ledger(path, HEADER)
    assert after.find("1") is not None
    after.run("3", lambda: Share(2, 2), {})
    last = Ledger(path, HEADER)
    assert [last.find(key) is not None for key in "123"] == [True, cut == 1, True]


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        (json.dumps({**HEADER, "seed": 2}) + "\n", "seed"),
        ('{"study": "curve", "seed": 1}\n', "study"),
        ('{"other": 1}\n', "study, seed"),
    ],
)
def test_another_study_is_refused(tmp_path: Path, body: str, changed: str) -> None:
    path = tmp_path / "trials.jsonl"
    path.write_text(body)
    with pytest.raises(StudyError, match=rf"\({changed}\); give the same ones"):
        Ledger(path, HEADER)
    assert path.read_text() == body


@pytest.mark.parametrize("body", ["", "\n", '{"study": "sea'])
def test_an_empty_ledger_is_begun(tmp_path: Path, body: str) -> None:
    path = tmp_path / "trials.jsonl"
    path.write_text(body)
    Ledger(path, HEADER).run("1", lambda: Share(1, 1), {})
    assert Ledger(path, HEADER).find("1") is not None


def test_the_best_epoch_by_the_mean_of_sources(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    head = "epoch,loss,source,count,exact,case_insensitive\n"
    log.write_text(
        head
        + "1,2.0,a,100,0.90000,0.9\n1,2.0,b,3,0.33333,0.4\n"
        + "2,1.0,a,100,0.80000,0.9\n2,1.0,b,3,0.66667,0.7\n"
    )
    assert trials.best_epoch(log) == Share(82, 103)
    assert trials.loss_at_best(log) is None
    # Equally right: the one with the lower loss, whose weights are kept.
    log.write_text(
        "epoch,loss,validation_loss,source,count,exact\n"
        "1,2.0,4.0,a,100,0.90000\n1,2.0,3.0,b,3,0.30000\n"
        "2,1.0,2.0,a,100,0.60000\n2,1.0,1.0,b,3,0.60000\n"
    )
    assert (trials.best_epoch(log), trials.loss_at_best(log)) == (Share(62, 103), 1.5)
    log.write_text(head + "1,2.0,,0,,\n")
    with pytest.raises(StudyError, match="no epoch was validated"):
        trials.best_epoch(log)
