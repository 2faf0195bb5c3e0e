"""Projects: new ones beside what is there, clean ones with everything still there."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from training import workspace
from training.config import load
from training.workspace import WorkspaceError, clean, new

NOW = datetime(2024, 5, 6, 7, 8, 9)


def files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def project(tmp_path: Path) -> Path:
    new(tmp_path / "p", task="ctc")
    for name in ("runs/a/log.csv", "runs/a/checkpoints/1", "runs/b", "packs/x", "data/7_a.png"):
        path = tmp_path / "p" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "p"


@pytest.mark.parametrize("exists", [False, True])
def test_new(tmp_path: Path, exists: bool) -> None:
    folder = tmp_path / "deep" / "login"
    if exists:
        folder.mkdir(parents=True)
    path = new(folder, task="multi-head")
    assert path == folder / "captcha.toml"
    assert load(path).name == "login"
    folders = {item.name for item in folder.iterdir() if item.is_dir()}
    assert folders == {"data", "packs", "runs", "reports", "exports"}
    assert load(new(tmp_path / "two", task="ctc", name="名 1")).name == "名 1"


@pytest.mark.parametrize("there", ["file", "folder with a file"])
def test_new_leaves_what_is_there(tmp_path: Path, there: str) -> None:
    folder = tmp_path / "p"
    if there == "file":
        folder.write_text("mine")
    else:
        folder.mkdir()
        (folder / ".hidden").write_text("mine")
    before = files(tmp_path)
    with pytest.raises(WorkspaceError, match="expected a new or an empty folder"):
        new(folder, task="ctc")
    assert files(tmp_path) == before


@pytest.mark.parametrize("name", ["a/b", "..", ".", "a\\b", "a\nb", "\x7f"])
def test_names_that_no_folder_can_have(tmp_path: Path, name: str) -> None:
    with pytest.raises(WorkspaceError, match="--name"):
        new(tmp_path / "p", task="ctc", name=name)
    assert not (tmp_path / "p").exists()


def test_an_unknown_task_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="task: expected one of"):
        new(tmp_path / "p", task="poetry")
    assert not (tmp_path / "p").exists()


def test_clean_moves_and_loses_nothing(project: Path) -> None:
    before = files(project)
    moved = clean(project, ("runs",), now=NOW)
    assert [item.before.name for item in moved] == ["a", "b"]
    trash = "trash/20240506-070809/"
    after = {name.removeprefix(trash): text for name, text in files(project).items()}
    assert after == before
    assert (project / trash / "runs/a/checkpoints/1").is_file()
    assert list((project / "runs").iterdir()) == []
    (project / "runs" / "a").write_text("again")
    clean(project, ("runs", "packs"), now=NOW)
    assert (project / "trash/20240506-070809-2/runs/a").read_text() == "again"
    assert (project / "trash/20240506-070809-2/packs/x").is_file()
    assert clean(project, workspace.CLEANABLE, now=NOW) == []
    assert len(list((project / "trash").iterdir())) == 2


def test_clean_refuses(project: Path, tmp_path: Path) -> None:
    before = files(project)
    for parts in ((), ("data",), ("..",)):
        with pytest.raises(WorkspaceError, match="--runs or --packs or --reports"):
            clean(project, parts)
    with pytest.raises(WorkspaceError, match=r"with a captcha\.toml in it"):
        clean(tmp_path, ("runs",))
    (project / "reports").rmdir()
    (project / "reports").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(WorkspaceError, match="is a link"):
        clean(project, ("runs", "reports"))
    assert {k: v for k, v in files(project).items() if not k.startswith("reports/")} == before
