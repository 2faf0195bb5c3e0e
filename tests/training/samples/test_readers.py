"""Which reader, the user's own one, and lists of what to keep."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.config import ConfigError, Source
from training.samples import DatasetError, Sample, read_source

OWN = """
from pathlib import Path
from training.samples import Annotation, Sample

def read(folder):
    return [("b.png", "2"), (folder / "a.png", "1")]

def lazily(folder):
    yield Sample(Path("a.png"), "1", "theirs", group="g")
    yield Sample(Path("b.png"), "", "", (Annotation(0, 0, 1, 1, "x"),))

def nothing(folder):
    return []

def none(folder):
    return None

def strings(folder):
    return ["a.png"]

def unlabelled(folder):
    return [("a.png", "")]

def numbers(folder):
    return [("a.png", 1)]

def absent(folder):
    return [("c.png", "1")]

def fails(folder):
    raise KeyError("label")
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(OWN)
    (tmp_path / "set").mkdir()
    for name in ("a.png", "b.png"):
        (tmp_path / "set" / name).write_bytes(b"x")
    return tmp_path


def test_pairs_of_a_reader_of_ones_own(root: Path) -> None:
    folder = root / "set"
    expected = [Sample(folder / "a.png", "1", "set"), Sample(folder / "b.png", "2", "set")]
    assert read_source(Source("set", reader="mine:read"), root) == expected


def test_samples_of_a_reader_of_ones_own(root: Path) -> None:
    first, second = read_source(Source("set", name="n", reader="mine:lazily"), root)
    assert (first.path, first.source, first.group) == (root / "set" / "a.png", "n", "g")
    assert second.boxes[0].label == "x"


@pytest.mark.parametrize(
    ("reader", "message"),
    [
        ("excel", r"expected one of filename, csv, .* or 'my_module:read', received 'excel'"),
        ("none_such:read", "no module 'none_such'"),
        ("mine:absent_function", "there is none"),
        ("mine:nothing", "mine:nothing: found nothing"),
        ("mine:none", "expected .* pairs, received a NoneType"),
        ("mine:strings", "item 0: expected a .* pair or a Sample, received 'a.png'"),
        ("mine:unlabelled", "item 0: expected a label, received ''"),
        ("mine:numbers", "item 0: expected a label, received 1"),
        ("mine:absent", "item 0: no such picture"),
        ("mine:fails", "failed on .*set: KeyError: 'label'"),
    ],
)
def test_a_reader_that_does_not_do(root: Path, reader: str, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        read_source(Source("set", reader=reader), root)


def test_only_what_a_list_names(root: Path) -> None:
    (root / "train.csv").write_text("file,label\nb.png,whatever\n")
    samples = read_source(Source("set", reader="mine:read", only="train.csv"), root)
    assert [(s.path.name, s.label) for s in samples] == [("b.png", "2")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a list with a header"),
        ("b.png,1\n", "expected a list with a header"),
        ("file,label\n", "0 of the 0 pictures"),
        ("file,label\nc.png,1\n", "no such picture"),
        ("file,label\n../mine.py,1\n", "inside"),
        ("file,label\na.png,1\nc.jpg,1\n", "1 of the 2 pictures that it lists .*c.jpg"),
    ],
)
def test_a_list_that_does_not_fit(root: Path, text: str, message: str) -> None:
    (root / "train.csv").write_text(text)
    (root / "set" / "c.jpg").write_bytes(b"x")
    with pytest.raises(DatasetError, match=message):
        read_source(Source("set", reader="mine:read", only="train.csv"), root)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"side": "top"}, "side: expected one of left, right, received 'top'"),
        ({"columns": ("file",)}, "columns: expected"),
        ({"repeat": -1.0}, "repeat: expected"),
    ],
)
def test_options_of_a_source(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Source("set", **options)  # type: ignore[arg-type]


def test_a_list_that_is_not_there_is_to_be_made(root: Path) -> None:
    with pytest.raises(DatasetError, match=r"none\.csv: no such file; solver-train split makes"):
        read_source(Source("set", reader="mine:read", only="none.csv"), root)
