"""Labels from tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.config import Source
from training.samples import DatasetError, Sample, read_source


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "set"
    (folder / "deep").mkdir(parents=True)
    for name in ("a.png", "b.png", "deep/c d.png"):
        (folder / name).write_bytes(b"x")
    (tmp_path / "secret.png").write_bytes(b"x")
    return folder


def pairs(samples: list[Sample]) -> list[tuple[str, str, str]]:
    return [(s.path.name, s.label, s.group) for s in samples]


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [
        ("b.png,2\na.png,1\n", (), [("a.png", "1", ""), ("b.png", "2", "")]),
        ("file,label\na.png,1\n", (), [("a.png", "1", "")]),
        ("\ufeffFILENAME,Text\na.png,1\n", (), [("a.png", "1", "")]),
        ("id,answer,image\n7, 12 ,a.png\n\n", (), [("a.png", "12", "")]),
        (
            "file,label,group\na.png,1,s1\nb.png,2,\n",
            (),
            [("a.png", "1", "s1"), ("b.png", "2", "")],
        ),
        ("words,where,who\n1,a.png,me\n", ("where", "words"), [("a.png", "1", "")]),
        ("words,where,who\n1,a.png,me\n", ("where", "words", "who"), [("a.png", "1", "me")]),
        ('"a.png","1,""2"\n', (), [("a.png", '1,"2', "")]),
        ("deep/c d.png,1\n", (), [("c d.png", "1", "")]),
        ("deep\\c d.png,1\n", (), [("c d.png", "1", "")]),
        ("a.png,1\na.png,2\n", (), [("a.png", "1", ""), ("a.png", "2", "")]),
    ],
)
def test_tables(
    folder: Path, text: str, columns: tuple[str, ...], expected: list[tuple[str, str, str]]
) -> None:
    (folder / "labels.csv").write_text(text, encoding="utf-8")
    source = Source("set", reader="csv", columns=columns)
    assert pairs(read_source(source, folder.parent)) == expected


def test_the_table_itself_elsewhere_and_with_tabs(folder: Path) -> None:
    (folder / "one.tsv").write_text("a.png\t1\n")
    (folder.parent / "two.tsv").write_text("b.png\t2\n")
    by_path = read_source(Source("set/one.tsv", reader="tsv"), folder.parent)
    assert pairs(by_path) == [("a.png", "1", "")]
    assert by_path[0].source == "one"
    elsewhere = read_source(Source("set", reader="tsv", labels="two.tsv"), folder.parent)
    assert pairs(elsewhere) == [("b.png", "2", "")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no rows"),
        ("file,label\n", "no rows"),
        ("a.png\n", "line 1: expected a file and a label"),
        ("a.png,1\nb.png,\n", "line 2: expected a file and a label"),
        ("a.png,1\nnone.png,2\n", "line 2: no such picture as 'none.png'"),
        ("name,words\na.png,1\n", "line 1: no such picture as 'name'"),
        ("../secret.png,1\n", "line 1: expected the name of a picture inside"),
        ("deep/../../secret.png,1\n", "line 1: expected the name of a picture inside"),
        ("..\\secret.png,1\n", "line 1: expected the name of a picture inside"),
        ("/etc/passwd,1\n", "line 1: expected the name of a picture inside"),
        ("C:\\a.png,1\n", "line 1: expected the name of a picture inside"),
        (".,1\n", "line 1: expected the name of a picture inside"),
        ("a\0.png,1\n", "line 1"),
        (f"{'a' * 5000}.png,1\n", "line 1: no such picture"),
        ('a.png,"1\n', "line 1: unexpected end of data"),
        (f"a.png,{'1' * 200_000}\n", "line 1: field larger"),
    ],
)
def test_what_cannot_be_used_is_named(folder: Path, text: str, message: str) -> None:
    (folder / "labels.csv").write_text(text)
    with pytest.raises(DatasetError, match=message):
        read_source(Source("set", reader="csv"), folder.parent)


def test_a_line_that_is_not_utf8(folder: Path) -> None:
    (folder / "labels.csv").write_bytes(b"a.png,1\nb.png,\xe9\n")
    with pytest.raises(DatasetError, match=r"labels\.csv: line 2 is not UTF-8"):
        read_source(Source("set", reader="csv"), folder.parent)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (Source("set", reader="csv"), r"expected one of \*\.csv in it, found 0"),
        (Source("none", reader="csv"), "no such folder or file"),
        (Source("set", reader="csv", labels="none.csv"), "No such file"),
        (Source("set/a.png", reader="csv", columns=("x", "y")), "expected a header with x, y"),
    ],
)
def test_no_table(folder: Path, source: Source, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        read_source(source, folder.parent)


def test_two_tables_are_not_guessed_between(folder: Path) -> None:
    for name in ("one.csv", "two.csv"):
        (folder / name).write_text("a.png,1\n")
    with pytest.raises(DatasetError, match="found 2; name the file with `labels`"):
        read_source(Source("set", reader="csv"), folder.parent)
