"""Labels from names of files and folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from training.config import Source
from training.samples import DatasetError, read_source


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


@pytest.mark.parametrize(
    ("name", "separator", "side", "label"),
    [
        ("ab_12.png", "_", "left", "ab"),
        ("a_b_12.png", "_", "left", "a_b"),
        ("12_ab.png", "_", "right", "ab"),
        ("12_a_b.jpg", "_", "right", "a_b"),
        ("ab-12.webp", "-", "left", "ab"),
        ("ab--12.bmp", "--", "left", "ab"),
        ("验证_1.png", "_", "left", "验证"),
        ("2b827.png", "", "left", "2b827"),
        ("2b.827.PNG", "", "right", "2b.827"),
    ],
)
def test_separator_and_side(
    tmp_path: Path, name: str, separator: str, side: str, label: str
) -> None:
    touch(tmp_path / "set", name)
    source = Source("set", separator=separator, side=side)
    assert [s.label for s in read_source(source, tmp_path)] == [label]


@pytest.mark.parametrize(
    ("name", "side", "expected"),
    [
        ("plain.png", "left", "LABEL_hash.png"),
        ("_x.png", "left", "LABEL_hash"),
        ("x_.png", "right", "hash_LABEL"),
        ("plain.png", "right", "hash_LABEL"),
    ],
)
def test_a_name_without_a_label(tmp_path: Path, name: str, side: str, expected: str) -> None:
    touch(tmp_path / "set", name)
    with pytest.raises(DatasetError, match=expected):
        read_source(Source("set", side=side), tmp_path)


def test_a_label_that_is_not_unicode(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    try:
        Path(os.fsdecode(bytes(folder) + b"/\xff1_a.png")).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system has names in Unicode only")
    with pytest.raises(DatasetError, match=r"udcff1_a\.png: the label in its name is not UTF-8"):
        read_source(Source("set"), tmp_path)


def test_class_folders(tmp_path: Path) -> None:
    touch(tmp_path / "set", "dog/2.png", "cat/1.png", "cat/deep/3.png", "cat/notes.txt")
    samples = read_source(Source("set", reader="classes"), tmp_path)
    assert [(s.path.name, s.label) for s in samples] == [
        ("1.png", "cat"),
        ("3.png", "cat"),
        ("2.png", "dog"),
    ]


def test_a_picture_in_no_class_folder(tmp_path: Path) -> None:
    touch(tmp_path / "set", "dog/2.png", "1.png")
    with pytest.raises(DatasetError, match=r"lies in no class folder; expected .*set/CLASS/1\.png"):
        read_source(Source("set", reader="classes"), tmp_path)
