"""Splits: seeded, together, balanced, and never over another."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.training.data.pictures import resaved, save, scene
from training.config import Source
from training.data import split as module
from training.data.split import Split, leaks, split, write_lists
from training.samples import DatasetError, Sample, read_folder, read_source


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    """200 pictures of four digits, of which every tenth has a near duplicate."""
    folder = tmp_path_factory.mktemp("split") / "set"
    rng = np.random.default_rng(3)
    for n in range(200):
        label = "".join(rng.choice(list("0123456789"), 4))
        save(folder, f"{label}_{n:03}.png", scene(n, width=34, height=17))
        if n % 10 == 0:
            save(folder, f"{label}_{n:03}x.png", resaved(scene(n, width=34, height=17)))
    return read_folder(folder)


def where(result: Split) -> dict[str, str]:
    return {s.path.name: side for side, part in result.sides.items() for s in part}


def test_shares_balance_and_nearness(samples: list[Sample]) -> None:
    result = split(samples, shares=(0.7, 0.2, 0.1), seed=1)
    sizes = {side: len(part) for side, part in result.sides.items()}
    assert sum(sizes.values()) == len(samples) == 220
    assert sizes == {"train": 154, "validation": 44, "test": 22}
    assert (result.groups, result.largest) == (200, 2)
    sides = where(result)
    assert all(sides[f"{name[:-5]}.png"] == side for name, side in sides.items() if "x" in name)
    every = Counter(c for s in samples for c in s.label)
    for side, share in (("train", 0.7), ("validation", 0.2), ("test", 0.1)):
        counts = Counter(c for s in result.sides[side] for c in s.label)
        for symbol, count in every.items():
            assert abs(counts[symbol] / count - share) < 0.06, (side, symbol)
    for first, second in (("train", "validation"), ("train", "test"), ("validation", "test")):
        assert leaks(result.sides[first], result.sides[second]) == []


def test_the_seed_decides_and_nothing_else(samples: list[Sample]) -> None:
    first = where(split(samples, seed=1))
    assert where(split(samples[::-1], seed=1)) == first
    assert where(split(samples, seed=2)) != first


def test_no_test_side(samples: list[Sample]) -> None:
    result = split(samples, shares=(0.9, 0.1))
    assert result.sides["test"] == ()
    assert len(result.sides["validation"]) == 22


def test_groups_of_the_samples_stay_together(samples: list[Sample]) -> None:
    grouped = [Sample(s.path, s.label, s.source, group=f"g{n % 12}") for n, s in enumerate(samples)]
    result = split(grouped, shares=(0.5, 0.3, 0.2), near=0)
    sides = {s.group: {n for n, part in result.sides.items() if s in part} for s in grouped}
    assert all(len(one) == 1 for one in sides.values())
    assert result.groups <= 12


def test_classes_are_balanced(samples: list[Sample]) -> None:
    named = [Sample(s.path, "abcd"[n % 4], "s") for n, s in enumerate(samples)]
    result = split(named, shares=(0.6, 0.2, 0.2), kind="classes")
    for part, share in ((result.sides["train"], 0.6), (result.sides["test"], 0.2)):
        counts = Counter(s.label for s in part)
        assert all(abs(count - 55 * share) <= 2 for count in counts.values()), counts


def test_damaged_files_are_left_out_and_named(samples: list[Sample], tmp_path: Path) -> None:
    bad = tmp_path / "1_a.png"
    bad.write_bytes(b"no")
    result = split([*samples, Sample(bad, "1", "s")])
    assert [item.sample.path for item in result.damaged] == [bad]
    assert bad.name not in where(result)


@pytest.mark.parametrize(
    "shares", [(), (1.0,), (0.5, 0.4), (0.5, 0.6), (0, 0.5, 0.5), (1.2, -0.2), (0.25,) * 4]
)
def test_shares_that_do_not_fit(samples: list[Sample], shares: tuple[float, ...]) -> None:
    with pytest.raises(DatasetError, match=r"shares: expected .* received"):
        split(samples, shares=shares)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_pictures(samples: list[Sample], count: int) -> None:
    with pytest.raises(DatasetError, match=r"would be empty: \d pictures make"):
        split(samples[:count])


def test_one_picture_many_times(samples: list[Sample]) -> None:
    with pytest.raises(DatasetError, match="1 groups of near duplicates, the largest of 9"):
        split([samples[0]] * 9)


def test_leaks_name_the_nearest_pair(samples: list[Sample]) -> None:
    copies = [s for s in samples if s.path.stem.endswith("x")]
    others = [s for s in samples if s not in copies]
    found = leaks(others, copies, near=12)
    assert len(found) == len(copies) == 20
    assert all(leak.second.path.stem == f"{leak.first.path.stem}x" for leak in found)
    assert leaks([], copies) == leaks(copies, []) == []


def test_lists_are_read_back(samples: list[Sample], tmp_path: Path) -> None:
    folder = samples[0].path.parent
    result = split(samples)
    before = sorted(folder.iterdir())
    paths = write_lists(result, folder, tmp_path / "splits")
    assert sorted(folder.iterdir()) == before
    assert sorted(p.name for p in (tmp_path / "splits").iterdir()) == [
        "split.json",
        "test.csv",
        "train.csv",
        "validation.csv",
    ]
    for side, path in paths.items():
        read = read_source(Source(str(folder), name="set", only=str(path)), tmp_path)
        assert read == list(result.sides[side])
        table = read_source(Source(str(folder), reader="csv", labels=str(path)), tmp_path)
        assert [s.label for s in table] == [s.label for s in read]


@pytest.mark.parametrize("there", ["train.csv", "test.csv", "split.json"])
def test_no_split_is_written_over(samples: list[Sample], tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("mine")
    result = split(samples, shares=(0.9, 0.1))
    with pytest.raises(DatasetError, match="there is a split already; write to another folder"):
        write_lists(result, samples[0].path.parent, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_text() == "mine"


def test_a_full_disk_leaves_no_part_of_a_split(
    samples: list[Sample], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    class Json:
        dumps = staticmethod(full)

    monkeypatch.setattr(module, "json", Json)
    result = split(samples)
    with pytest.raises(OSError, match="No space left"):
        write_lists(result, samples[0].path.parent, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("name", ["a\udcff.png", "a\nb.png", " a.png", "a\\b.png"])
def test_names_that_a_list_cannot_hold(tmp_path: Path, name: str) -> None:
    result = Split({"train": (Sample(tmp_path / name, "1", "s"),)}, (), 1, 1, (1, 0, 0), 1)
    with pytest.raises(DatasetError, match="a list cannot hold this name"):
        write_lists(result, tmp_path, tmp_path / "out")


def test_labels_go_there_and_back(tmp_path: Path) -> None:
    path = save(tmp_path / "set", "a.png", scene(1))
    label = 'a,"b"\'猫'
    result = Split({"train": (Sample(path, label, "s", group="g"),)}, (), 1, 1, (1, 0, 0), 1)
    lists = write_lists(result, path.parent, tmp_path / "out")
    with lists["train"].open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["file", "label", "group"], ["a.png", label, "g"]]


def test_a_picture_outside_of_the_folder(tmp_path: Path) -> None:
    result = Split({"train": (Sample(tmp_path / "a.png", "1", "s"),)}, (), 1, 1, (1, 0, 0), 1)
    with pytest.raises(DatasetError, match="lies outside of"):
        write_lists(result, tmp_path / "set", tmp_path / "out")
