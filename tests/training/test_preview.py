"""The preview shows what the feeder gives the network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.training.data.pictures import save, scene
from training.config import Config, Data, Input, Source
from training.preview import VERSIONS, preview
from training.samples import DatasetError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for n in range(6):
        save(tmp_path / "set", f"{n}{n}_{n}.png", scene(n, width=80 + 20 * n, height=32))
    return tmp_path


def config(*, augment: bool = True, channels: int = 3, task: str = "ctc") -> Config:
    size = Input(channels=channels, width=0 if task == "ctc" else 100)
    data = Data(train=(Source("set"),), augment=augment)
    length = 2 if task == "multi-head" else 0
    return Config(task=task, symbols="012345", length=length, data=data, input=size)


@pytest.mark.parametrize("task", ["ctc", "multi-head"])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_row_a_picture(root: Path, task: str, channels: int) -> None:
    one = preview(config(task=task, channels=channels), root, count=1)
    four = preview(config(task=task, channels=channels), root, count=4)
    every = preview(config(task=task, channels=channels), root, count=50)
    assert one.width == four.width == every.width
    assert (four.height, every.height) == (4 * one.height, 6 * one.height)
    cells = np.array_split(np.asarray(one)[:110], 1 + VERSIONS, axis=1)
    assert len({cell.tobytes() for cell in cells}) > 2


def test_seeds(root: Path) -> None:
    settings = config()
    first = np.asarray(preview(settings, root, count=3, seed=1))
    assert np.array_equal(first, preview(settings, root, count=3, seed=1))
    assert not np.array_equal(first, preview(settings, root, count=3, seed=2))


def test_without_augmentation_all_are_alike(root: Path) -> None:
    settings = config(augment=False, task="multi-head")
    sheet = np.asarray(preview(settings, root, count=1))[10:100]
    cells = np.array_split(sheet, 1 + VERSIONS, axis=1)
    assert all(np.array_equal(cell[:, 10:230], cells[0][:, 10:230]) for cell in cells)


def test_damaged_pictures_are_passed_over(root: Path) -> None:
    """Others are shown in their place, and they are named."""
    whole = preview(config(), root, count=4)
    for n in range(9):
        (root / "set" / f"12_damaged{n}.png").write_bytes(b"none")
    said: list[str] = []
    assert preview(config(), root, count=4, on_report=said.append).height == whole.height
    assert said
    assert all(line.startswith("left out: ") and "12_damaged" in line for line in said)


def test_bad_input(root: Path) -> None:
    (root / "damaged").mkdir()
    (root / "damaged" / "12_a.png").write_bytes(b"none")
    damaged = Config(task="ctc", symbols="012345", data=Data(train=(Source("damaged"),)))
    with pytest.raises(DatasetError, match=r"12_a\.png"):
        preview(damaged, root)
    with pytest.raises(ValueError, match="--count: expected 1 or more"):
        preview(config(), root, count=0)
    with pytest.raises(DatasetError, match="no such folder"):
        preview(config(), root / "none")
