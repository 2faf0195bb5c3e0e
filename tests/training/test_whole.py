"""Files that are whole or not there."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from training.whole import beside, write_whole


def test_a_new_file_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "new" / "r.json"
    for body in (b"old", b"new", b""):
        assert write_whole(path, body) == path
        assert path.read_bytes() == body
        assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space left on device"), ValueError("no"), KeyboardInterrupt()],
)
def test_what_breaks_off_leaves_the_old_one(error: BaseException, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_bytes(b"old")

    def write() -> None:
        with beside(path) as partial:
            partial.write_bytes(b"ne")
            raise error

    with pytest.raises(type(error)) as caught:
        write()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    if isinstance(caught.value, OSError):
        assert caught.value.filename == str(path)


def test_the_error_names_the_file_that_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(IsADirectoryError) as caught:
        write_whole(tmp_path, b"")
    assert caught.value.filename == str(tmp_path)
    with pytest.raises(NotADirectoryError):
        write_whole(tmp_path / "file" / "x" / "r.json", b"")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
