"""Checkpoints survive damage and never mix runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training import checkpoint


def arrays(value: float) -> list[np.ndarray]:
    return [np.full((2, 3), value, np.float32), np.array(7, np.int64)]


def test_nothing_there(tmp_path: Path) -> None:
    assert checkpoint.latest(tmp_path / "none") is None


def test_round_trip_and_only_the_newest_two_stay(tmp_path: Path) -> None:
    for step in range(5):
        checkpoint.save(tmp_path, arrays(step), {"step": step})
    found = checkpoint.latest(tmp_path)
    assert found is not None
    restored, state = found
    assert state == {"step": 4}
    assert [a.tolist() for a in restored] == [a.tolist() for a in arrays(4)]
    assert [a.dtype for a in restored] == [np.float32, np.int64]
    assert len(list(tmp_path.iterdir())) == checkpoint.KEEP


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty"])
def test_a_damaged_newest_falls_back(tmp_path: Path, damage: str) -> None:
    checkpoint.save(tmp_path, arrays(1), {"step": 1})
    newest = checkpoint.save(tmp_path, arrays(2), {"step": 2})
    raw = bytearray(newest.read_bytes())
    if damage == "truncated":
        raw = raw[: len(raw) // 2]
    elif damage == "flipped":
        raw[len(raw) // 2] ^= 1
    else:
        raw = bytearray()
    newest.write_bytes(raw)
    found = checkpoint.latest(tmp_path)
    assert found is not None
    assert found[1] == {"step": 1}


def test_all_damaged_is_said(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, arrays(1), {}).write_bytes(b"x")
    with pytest.raises(checkpoint.CheckpointError, match="damaged"):
        checkpoint.latest(tmp_path)


def test_a_write_that_was_cut_short_is_not_seen(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, arrays(1), {"step": 1})
    (tmp_path / "step-00000002.partial").write_bytes(b"half")
    found = checkpoint.latest(tmp_path)
    assert found is not None
    assert found[1] == {"step": 1}


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            OSError(28, "No space left on device"),
            "cannot be written: No space left on device. What",
        ),
        (OSError("Unable to write"), "cannot be written: Unable to write. What"),
    ],
)
def test_what_cannot_be_written_is_said_and_taken_away(
    tmp_path: Path, error: Exception, message: str
) -> None:
    best = tmp_path / "best"
    best.write_bytes(b"before")

    def write(partial: Path) -> None:
        partial.write_bytes(b"half")
        raise error

    with pytest.raises(RuntimeError, match=message):
        checkpoint.replace(best, write)
    assert best.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [best]
