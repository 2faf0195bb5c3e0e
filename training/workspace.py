"""A project's folder: where everything of it lies, and how to tidy it without losing anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from training import bases, template
from training.whole import write_whole

SETTINGS = "captcha.toml"
TRASH = "trash"
FOLDERS = {
    "data": "the pictures",
    "packs": "pictures packed by solver-train pack",
    "runs": "one folder a run: checkpoints, best weights, log and plots",
    "reports": "what check and evaluate write",
    "exports": "finished models, one .onnx file each",
}
CLEANABLE = ("runs", "packs", "reports")
_STAMP = "%Y%m%d-%H%M%S"


class WorkspaceError(ValueError):
    """The folder cannot be used; nothing was written or moved."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A file or folder that went to the trash: where it was and where it is."""

    before: Path
    after: Path


def new(folder: Path, *, task: str = "", name: str = "", start_from: str = "") -> Path:
    """Make a project and return its settings file; ``name`` is the folder's where empty.

    ``start_from`` names weights to begin with, an embedded model's or a file: the settings are
    then those that fit them, and ``task`` may be left out.

    Raises:
        WorkspaceError: there is something in the folder, or no folder can have the name.
        ValueError: there is no such task, or no project fits such weights.
    """
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise WorkspaceError(f"{folder}: expected a new or an empty folder; there is something")
    name = name or folder.resolve().name
    if not name.isprintable() or name in {"", ".", ".."} or set(name) & set("/\\"):
        raise WorkspaceError(
            f"--name: expected a name that a folder can have, such as login; received {name!r}"
        )
    config = (
        bases.project(start_from, task=task, called=name)
        if start_from
        else template.defaults(task, name=name)
    )
    text = template.text(config)
    was_there = folder.exists()
    try:
        path = write_whole(folder / SETTINGS, text.encode())
    except OSError:
        if not was_there and folder.exists():
            folder.rmdir()  # else the next try would find something there
        raise
    for part in FOLDERS:
        (folder / part).mkdir()
    return path


def clean(folder: Path, parts: tuple[str, ...], *, now: datetime | None = None) -> list[Moved]:
    """Move what is in ``parts`` of a project to ``trash/DATE-TIME``; nothing is deleted.

    Raises:
        WorkspaceError: no project there, no part named, or a part is a link.
        OSError: something cannot be moved; what was moved before it is in the trash.
    """
    if not (folder / SETTINGS).is_file():
        raise WorkspaceError(f"{folder}: expected a project's folder, with a {SETTINGS} in it")
    unknown = [part for part in parts if part not in CLEANABLE]
    if not parts or unknown:
        wanted = " or ".join(f"--{part}" for part in CLEANABLE)
        raise WorkspaceError(f"say what to move to the trash: {wanted}")
    for part in parts:
        if (folder / part).is_symlink():
            raise WorkspaceError(f"{folder / part}: is a link; what it leads to is left alone")
    found = [
        path
        for part in parts
        if (folder / part).is_dir()
        for path in sorted((folder / part).iterdir())
    ]
    if not found:
        return []
    trash = _fresh(folder / TRASH / (now or datetime.now()).strftime(_STAMP))
    moved = []
    for path in found:
        after = trash / path.relative_to(folder)
        after.parent.mkdir(parents=True, exist_ok=True)
        path.rename(after)
        moved.append(Moved(path, after))
    return moved


def _fresh(path: Path) -> Path:
    """The path, numbered where there is one already: two cleanings in one second."""
    number, chosen = 1, path
    while chosen.exists():
        number += 1
        chosen = path.with_name(f"{path.name}-{number}")
    return chosen
