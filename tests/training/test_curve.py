"""Subsets that are nested, one sentence, and going on where it stopped; no training."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from training import curve
from training.config import Config, Data, Source
from training.data.sources import read_data
from training.figures.learning import PowerLaw
from training.figures.shares import Share
from training.samples import DatasetError
from training.trials import StudyError, TrialError

LAW = PowerLaw(0.99, 3.0, 0.7)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    for folder, count in (("one", 120), ("two", 40), ("test", 10)):
        (tmp_path / folder).mkdir()
        for number in range(count):
            (tmp_path / folder / f"{number}_x.png").write_bytes(folder.encode())
    train = (Source("one"), Source("two", repeat=2.0))
    return Config(data=Data(train=train, validation=(Source("test"),)))


def trained_on(config: Config, root: Path) -> set[str]:
    return {str(sample.path.relative_to(root)) for sample in read_data(config, root).samples}


def score(config: Config, root: Path, run: Path) -> Share:
    del run
    return Share(round(2000 * LAW.at(len(trained_on(config, root)))), 2000)


def test_subsets_are_nested_and_shown_as_often(config: Config, tmp_path: Path) -> None:
    seen: dict[tuple[int, int], set[str]] = {}
    looks = []

    def fit(one: Config, root: Path, run: Path) -> Share:
        found = trained_on(one, root)
        seen[len(found), one.seed] = found
        looks.append(sum(read_data(one, root).repeats))
        assert one.data.validation == config.data.validation
        assert one.fit == config.fit
        return score(one, root, run)

    found = curve.curve(config, tmp_path, tmp_path / "out", repeats=2, fit=fit)
    assert [(p.size, p.repeat) for p in found.points] == [
        (size, repeat) for size in (20, 40, 80, 160) for repeat in (1, 2)
    ]
    for seed in (1, 2):
        assert seen[20, seed] < seen[40, seed] < seen[80, seed] < seen[160, seed]
    assert seen[20, 1] != seen[20, 2]
    assert min(looks) > 150  # 120 pictures once and 40 twice are 200 looks
    assert looks[-1] == pytest.approx(200)


def test_the_answer_and_its_files(config: Config, tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = curve.curve(config, tmp_path, out, targets=[0.5, 0.96, 0.999], fit=score)
    text = curve.sentence(found)
    assert text.startswith("With 160 pictures 90.")
    assert "50 % is reached with about " in text
    assert "96 % would take about " in text
    assert "99.9 % would take " in text
    body = json.loads((out / "curve.json").read_text())
    assert body["sentence"] == text
    assert body["needed"][1]["low"] < LAW.needed(0.96) < (body["needed"][1]["high"] or 1e9)
    assert body["needed"][2]["high"] is None
    rows = list(csv.DictReader((out / "curve.csv").read_text().splitlines()))
    assert [row["size"] for row in rows] == ["20", "40", "80", "160"]
    with Image.open(out / "curve.png") as picture:
        assert picture.size == (640, 440)


def test_it_goes_on_where_it_stopped(config: Config, tmp_path: Path) -> None:
    runs: list[str] = []

    def fit(one: Config, root: Path, run: Path) -> Share:
        if len(runs) == 2:
            runs.append("stop")
            raise KeyboardInterrupt
        runs.append(run.name)
        return score(one, root, run)

    with pytest.raises(KeyboardInterrupt):
        curve.curve(config, tmp_path, tmp_path / "out", sizes=[20, 40, 80], fit=fit)
    curve.curve(config, tmp_path, tmp_path / "out", sizes=[80, 40, 20], fit=fit)
    assert runs == ["size-000020-1", "size-000040-1", "stop", "size-000080-1"]
    with pytest.raises(StudyError, match="sizes"):
        curve.curve(config, tmp_path, tmp_path / "out", sizes=[20, 40], fit=fit)
    with pytest.raises(StudyError, match="base"):
        curve.curve(config, tmp_path, tmp_path / "out", sizes=[20, 40, 80], epochs=3, fit=fit)


def test_few_sizes_and_failures_promise_nothing(config: Config, tmp_path: Path) -> None:
    two = curve.curve(config, tmp_path, tmp_path / "a", sizes=[40, 80], fit=score)
    assert two.law is None
    assert curve.sentence(two).endswith("to look further ahead, measure 3 sizes or more.")
    assert "law" not in json.loads((tmp_path / "a" / "curve.json").read_text())

    def never(one: Config, root: Path, run: Path) -> Share:
        raise TrialError("memory ran out")

    none = curve.curve(config, tmp_path, tmp_path / "b", fit=never)
    assert curve.sentence(none) == "no training came to anything: memory ran out"
    assert (tmp_path / "b" / "curve.png").exists()


def test_what_stands_still_promises_nothing(config: Config, tmp_path: Path) -> None:
    found = curve.curve(
        config, tmp_path, tmp_path / "out", targets=[0.9], fit=lambda *_: Share(1400, 2000)
    )
    assert "90 % would take more than 1,600, as far as this can tell" in curve.sentence(found)


def test_from_nothing_nothing_follows(config: Config, tmp_path: Path) -> None:
    found = curve.curve(config, tmp_path, tmp_path / "out", fit=lambda *_: Share(0, 16))
    assert found.law is None
    assert "nothing was learnt yet; train for longer" in curve.sentence(found)
    assert "would take" not in curve.sentence(found)


def test_all_classes_stay(tmp_path: Path) -> None:
    for name in ("train/cat/1.png", "train/dog/2.png", "train/eel/3.png", "test/eel/4.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"x")
    sources = (Source("train", reader="classes"),), (Source("test", reader="classes"),)
    base = Config()
    config = replace(
        base,
        task="classify",
        data=Data(*sources),
        input=replace(base.input, width=32, height=32),
    )
    labels = []

    def fit(one: Config, root: Path, run: Path) -> Share:
        labels.append(read_data(one, root).labels)
        return Share(1, 1)

    curve.curve(config, tmp_path, tmp_path / "out", sizes=[1, 3], fit=fit)
    assert labels == [("cat", "dog", "eel")] * 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sizes": [20, 161]}, "expected 1 to 160"),
        ({"sizes": [0]}, "expected 1 to 160"),
        ({"repeats": 0}, "--repeats: expected 1 or more, received 0"),
        ({"targets": [95]}, "--target: expected shares .*, received 9500"),
    ],
)
def test_bad_options(
    config: Config, tmp_path: Path, options: dict[str, object], message: str
) -> None:
    with pytest.raises(DatasetError, match=message):
        curve.curve(config, tmp_path, tmp_path / "out", fit=score, **options)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_without_validation_nothing_is_compared(config: Config, tmp_path: Path) -> None:
    bare = replace(config, data=replace(config.data, validation=()))
    with pytest.raises(DatasetError, match=r"data\.validation: no source"):
        curve.curve(bare, tmp_path, tmp_path / "out", fit=score)
