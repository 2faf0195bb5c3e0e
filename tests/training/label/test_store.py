"""Answers on the disk: never half a file, never another's."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from training.config import Source
from training.label import LabelError, Store
from training.label.store import check_label
from training.samples import read_source


def rows(path: Path) -> list[list[str]]:
    return list(csv.reader(path.read_text(encoding="utf-8").splitlines()))


def test_training_reads_what_was_kept(folder: Path) -> None:
    out = folder / "labels.csv"
    store = Store(out)
    store.put("0.png", ' a,"b ', guess="ab", confidence=0.25)
    store.put("sub/3.png", "汉字")
    store.mark_unusable("bad.png")
    assert rows(out)[1:] == [["0.png", 'a,"b', "ab", "0.2500"], ["sub/3.png", "汉字", "", ""]]
    samples = read_source(Source("pictures", reader="csv", labels=str(out)), folder.parent)
    assert [(s.path.name, s.label) for s in samples] == [("0.png", 'a,"b'), ("3.png", "汉字")]


def test_a_new_answer_takes_the_old_ones_place(tmp_path: Path) -> None:
    store = Store(tmp_path / "l.csv")
    store.put("a", "1")
    store.put("b", "2")
    store.put("a", "3")
    store.mark_unusable("b")
    again = Store(tmp_path / "l.csv")
    assert [again.label("a"), again.label("b")] == ["3", None]
    assert again.is_unusable("b")
    again.put("b", "4")
    last = Store(tmp_path / "l.csv")
    assert not last.is_unusable("b")
    assert [last.is_done(name) for name in "abc"] == [True, True, False]
    assert rows(last.unusable_path) == [["file"]]


@pytest.mark.parametrize(
    "body", [b"file,label\na,b\n", b"a;b\n", b"file,label,guess,confidence\na,b\n", b"\xff", b'"']
)
def test_a_foreign_file_is_left_alone(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes(body)
    with pytest.raises(LabelError, match="write to another file"):
        Store(path)
    assert path.read_bytes() == body


def test_a_change_by_another_program_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    store = Store(path)
    store.put("a", "1")
    path.write_text("file,label,guess,confidence\na,changed,,\n")
    with pytest.raises(LabelError, match="changed by another program"):
        store.put("b", "2")
    assert "changed" in path.read_text()
    assert store.label("b") is None


def test_a_full_disk_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "l.csv")
    store.put("a", "1")
    before = store.path.read_bytes()

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.put("b", "2")
    assert store.path.read_bytes() == before
    assert not store.is_done("b")


@pytest.mark.parametrize("label", ["", "  ", "a" * 201, "a\nb", "a\0", "a\u202eb", "\ud800"])
def test_bad_labels(label: str) -> None:
    with pytest.raises(LabelError):
        check_label(label)
