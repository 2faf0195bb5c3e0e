"""The search's order, seeds and resuming, with a function in place of training."""

from __future__ import annotations

import csv
import math
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from training import runlog, search
from training.config import Config, Data, Fit, Model, Source
from training.figures.shares import Share
from training.samples import DatasetError
from training.scoring import Score
from training.trials import StudyError, TrialError

COUNT = 1000


@pytest.fixture
def config(tmp_path: Path) -> Config:
    for folder in ("train", "test"):
        (tmp_path / folder).mkdir()
        for label in "123":
            (tmp_path / folder / f"{label}_x.png").write_bytes(folder.encode())
    return Config(
        data=Data(train=(Source("train"),), validation=(Source("test"),)),
        fit=Fit(learning_rate=1e-4, epochs=9, warmup=90),
    )


def score(config: Config, root: Path, run: Path) -> Share:
    """Best at a rate of 5e-4, a batch of 32 and little dropout; longer is a little better."""
    del root, run
    off = abs(math.log(config.fit.learning_rate / 5e-4)) / 4 + config.model.dropout
    off += abs(math.log2(config.fit.batch / 32)) / 10 + 0.5 / config.fit.epochs
    return Share(round(COUNT * max(0.0, 1 - off / 3)), COUNT)


def test_coarse_then_fine_then_longer(config: Config, tmp_path: Path) -> None:
    out = tmp_path / "out"
    trials = search.search(config, tmp_path, out, trials=16, seed=3, fit=score)
    assert [t.stage for t in trials] == ["coarse"] * 8 + ["fine"] * 4 + ["final"] * 4
    assert [t.epochs for t in trials] == [3] * 12 + [9] * 4
    assert trials[0].settings == search.Settings.of(config)
    best_short = search.best(trials[:12])
    assert trials[12].settings == best_short.settings
    assert len({t.settings for t in trials[12:]}) == 4
    winner = search.winner(trials)
    assert winner.share.value > trials[0].share.value
    found = tomllib.loads((out / "best.toml").read_text())
    assert winner.settings == search.Settings(**found["model"], **_rest(found["fit"]))
    rows = list(csv.DictReader((out / "search.csv").read_text().splitlines()))
    assert len(rows) == 16
    assert float(rows[12]["low"]) < float(rows[12]["exact"]) < float(rows[12]["high"])
    assert f"trial {winner.number}, " in search.verdict(trials)


def _rest(fit: dict[str, float]) -> dict[str, float]:
    assert fit.pop("epochs") == 9
    return fit


def test_a_stopped_search_goes_on_as_if_it_had_not(config: Config, tmp_path: Path) -> None:
    whole = search.search(config, tmp_path, tmp_path / "a", trials=8, seed=5, fit=score)
    done: list[Path] = []

    def stopping(one: Config, root: Path, run: Path) -> Share:
        if len(done) == 5:
            raise KeyboardInterrupt
        done.append(run)
        return score(one, root, run)

    with pytest.raises(KeyboardInterrupt):
        search.search(config, tmp_path, tmp_path / "b", trials=8, seed=5, fit=stopping)
    assert not (tmp_path / "b" / "best.toml").exists()

    def counting(one: Config, root: Path, run: Path) -> Share:
        done.append(run)
        return score(one, root, run)

    assert search.search(config, tmp_path, tmp_path / "b", trials=8, seed=5, fit=counting) == whole
    assert [run.name for run in done] == [f"trial-{n:03d}" for n in range(1, 9)]
    search.search(config, tmp_path, tmp_path / "b", trials=8, seed=5, fit=counting)
    assert len(done) == 8
    assert (tmp_path / "a/search.csv").read_bytes() == (tmp_path / "b/search.csv").read_bytes()


def test_other_settings_or_pictures_are_refused(config: Config, tmp_path: Path) -> None:
    out = tmp_path / "out"
    search.search(config, tmp_path, out, trials=3, fit=score)
    for options in ({"seed": 2}, {"trials": 4}, {"epochs": 2}):
        with pytest.raises(StudyError, match=next(iter(options))):
            search.search(config, tmp_path, out, fit=score, **{"trials": 3, **options})
    with pytest.raises(StudyError, match="base"):
        search.search(replace(config, seed=9), tmp_path, out, trials=3, fit=score)
    (tmp_path / "train" / "4_x.png").write_bytes(b"new")
    with pytest.raises(StudyError, match="base"):
        search.search(config, tmp_path, out, trials=3, fit=score)


def test_trials_that_read_nothing_yet_are_told_apart_by_their_loss(
    config: Config, tmp_path: Path
) -> None:
    """Whole captchas come late: short trials may have none right."""

    def fit(one: Config, root: Path, run: Path) -> Share:
        run.mkdir(parents=True)
        loss = 1 + one.model.dropout
        log = {"test": Score(COUNT, "exact", {"exact": 0.0, "case_insensitive": 0.0}, loss)}
        runlog.append(run / "log.csv", 1, 2.0, log, shares=("exact", "case_insensitive"))
        runlog.append(run / "log.csv", 2, 1.0, {}, shares=("exact", "case_insensitive"))
        return Share(0, COUNT)

    trials = search.search(config, tmp_path, tmp_path / "out", trials=8, seed=2, fit=fit)
    short = trials[:6]
    assert search.best(short).settings.dropout == min(one.settings.dropout for one in short)
    assert trials[6].settings == search.best(short).settings
    rows = list(csv.DictReader((tmp_path / "out" / "search.csv").read_text().splitlines()))
    assert [float(row["validation_loss"]) for row in rows] == [one.loss for one in trials]
    assert search.search(config, tmp_path, tmp_path / "out", trials=8, seed=2, fit=fit) == trials


def test_failed_trials_lose(config: Config, tmp_path: Path) -> None:
    def fit(one: Config, root: Path, run: Path) -> Share:
        if one.fit.batch > 32:
            raise TrialError("memory ran out")
        return score(one, root, run)

    trials = search.search(config, tmp_path, tmp_path / "out", trials=12, fit=fit)
    assert trials[0].error == "memory ran out"
    assert [trial.settings.batch <= 32 for trial in trials] == [False] + [True] * 11
    assert search.winner(trials).share.value > 0.5
    assert "as they were: memory ran out" in search.verdict(trials)

    def never(one: Config, root: Path, run: Path) -> Share:
        raise TrialError("memory ran out")

    with pytest.raises(TrialError, match="every trial failed"):
        search.search(config, tmp_path, tmp_path / "none", trials=3, fit=never)
    assert "memory ran out" in (tmp_path / "none" / "search.csv").read_text()


def test_what_a_network_does_not_have_is_left_alone(config: Config) -> None:
    tiny = replace(config, task="ctc-tiny")
    named = replace(config, model=Model(backbone="ResNet50"))
    for number in range(20):
        rng = np.random.default_rng(number)
        found = search.draw(tiny, rng)
        assert (found.width, found.dropout) == (tiny.model.width, tiny.model.dropout)
        assert search.draw(named, rng).width == named.model.width
        usual = search.near(search.draw(config, rng), config, rng)
        assert usual.width % 4 == 0
        assert 0 <= usual.dropout <= 0.6
        usual.within(config, epochs=1)  # a configuration that is refused would raise


def test_warmup_shrinks_with_the_epochs(config: Config) -> None:
    assert search.Settings.of(config).within(config, epochs=3).fit.warmup == 30


@pytest.mark.parametrize("options", [{"trials": 2}, {"epochs": 0}])
def test_bad_options(config: Config, tmp_path: Path, options: dict[str, int]) -> None:
    with pytest.raises(DatasetError, match="expected at least 3 trials and 1 epoch"):
        search.search(config, tmp_path, tmp_path / "out", fit=score, **options)


def test_without_validation_nothing_is_compared(config: Config, tmp_path: Path) -> None:
    bare = replace(config, data=replace(config.data, validation=()))
    with pytest.raises(DatasetError, match=r"data\.validation: no source"):
        search.search(bare, tmp_path, tmp_path / "out", fit=score)
    assert not (tmp_path / "out").exists()
