"""Folders of labelled pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.samples import DatasetError, fingerprint, labels_outside, read_folder


def touch(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(name.encode())
    return folder


def test_labels_are_what_stands_before_the_last_underscore(tmp_path: Path) -> None:
    folder = touch(tmp_path / "set", "b_2.jpg", "a_b_1.PNG", "notes.txt", "sub_dir.md")
    touch(folder / "deeper", "C_3.png")
    samples = read_folder(folder)
    assert [s.label for s in samples] == ["a_b", "b", "C"]
    assert {s.source for s in samples} == {"set"}


@pytest.mark.parametrize("names", [[], ["notes.txt"]])
def test_no_pictures_is_said(tmp_path: Path, names: list[str]) -> None:
    with pytest.raises(DatasetError, match="no pictures"):
        read_folder(touch(tmp_path / "set", *names))


def test_no_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such folder"):
        read_folder(tmp_path / "none")


@pytest.mark.parametrize("name", ["plain.png", "_hash.png"])
def test_a_name_without_a_label_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(DatasetError, match="LABEL_hash"):
        read_folder(touch(tmp_path / "set", name))


def test_labels_outside(tmp_path: Path) -> None:
    samples = read_folder(touch(tmp_path / "set", "12_a.png", "1x_b.png"))
    assert [s.label for s in labels_outside(samples, "0123")] == ["1x"]


def test_fingerprint_tells_data_apart(tmp_path: Path) -> None:
    first = read_folder(touch(tmp_path / "one" / "set", "12_a.png"))
    same = read_folder(touch(tmp_path / "two" / "set", "12_a.png"))
    other = read_folder(touch(tmp_path / "three" / "set", "12_a.png", "3_b.png"))
    assert fingerprint(first) == fingerprint(same)
    assert fingerprint(first) != fingerprint(other)
