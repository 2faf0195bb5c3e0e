"""What ``fit`` leaves behind, and how it goes on after damage and on a full disk."""

from __future__ import annotations

import errno
import json
import logging
import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tensorflow")

from tests.training import tiny
from tests.training.test_events import events
from tests.training.tiny import SETTINGS, fit, kept
from training import checkpoint, cli
from training.samples import Sample
from training.scoring import Score
from training.trainer import in_time

pytestmark = pytest.mark.training
TWO = SETTINGS.replace("epochs = 1", "epochs = 2")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return tiny.project(tmp_path)


def arrays(project: Path) -> list[bytes]:
    found = checkpoint.latest(project / "run" / "checkpoints")
    assert found is not None
    return [array.tobytes() for array in found[0]]


def test_tensorboard_is_shown_each_epoch_and_source(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.trainer.REPORT_STEPS", 4)
    tiny.digits(project / "more", ["1", "74"], seed=5)
    sources = TWO.replace('[{path = "test"}]', '[{path = "test"}, {path = "more"}]')
    assert fit(project, sources) == 0
    (file,) = (project / "run" / "events").iterdir()
    found: dict[str, list[int]] = {}
    for event in events(file):
        for value in event.summary.value:
            found.setdefault(value.tag, []).append(event.step)
    assert found["train/loss"] == found["train/rate"] == [4, 10]
    for tag in ("exact/test", "case_insensitive/more", "validation/exact", "validation/loss"):
        assert found[tag] == [6, 12]


@pytest.mark.parametrize(("cache", "times"), [('cache = "memory"', 1), ("cache_mb = 0", 3)])
def test_a_pack_is_loaded_once(
    project: Path, monkeypatch: pytest.MonkeyPatch, cache: str, times: int
) -> None:
    """A run looks at a picture to see how wide it is, and then in each of two epochs."""
    for name in ("train", "test"):
        assert cli.main(["pack", str(project / name), "--out", str(project / "packs" / name)]) == 0
    packs = TWO.replace('path = "train"', 'path = "packs/train", reader = "pack"')
    packs = packs.replace('path = "test"', 'path = "packs/test", reader = "pack"')
    pixels, decoded = Sample.pixels, Counter[str]()

    def count(self: Sample, content: Path | bytes | None = None) -> Any:
        decoded[self.source] += 1
        return pixels(self, content)

    monkeypatch.setattr(Sample, "pixels", count)
    assert fit(project, packs.replace("workers = 1", f"workers = 1\n{cache}")) == 0
    assert decoded == {"train": 24 * times, "test": 12 * times}


@pytest.mark.parametrize("cache", ["", "cache_mb = 0"])
def test_damaged_pictures_are_left_out_and_listed(
    project: Path, caplog: pytest.LogCaptureFixture, cache: str
) -> None:
    """Before training; what is left is trained on and read in its order."""
    for number in range(7):
        (project / "train" / f"1_damaged{number}.png").write_bytes(b"no picture")
    (project / "test" / "1_damaged.png").write_bytes(b"no picture")
    caplog.set_level(logging.INFO)
    settings = SETTINGS.replace("workers = 1", f"workers = 2\n{cache}")
    assert fit(project, settings) == 0
    said = [line for line in caplog.messages if "cannot be read and are left out" in line]
    assert [line.split(" cannot")[0] for line in said] == [
        "training pictures: 7 of 31",
        "validation pictures of test: 1 of 13",
    ]
    assert "1_damaged4.png, … (the first: " in said[0]
    assert "1_damaged5.png" not in said[0]
    rows = (project / "run" / "log.csv").read_text().splitlines()[1:]
    assert [row.split(",")[3:5] for row in rows] == [["test", "12"]]
    damaged = arrays(project)
    (project / "run").rename(project / "before")
    for path in (project / "test").glob("*damaged*"):
        path.unlink()
    assert fit(project, settings) == 0
    assert arrays(project) == damaged


@pytest.mark.parametrize(
    ("side", "said"),
    [("train", "training pictures: none of 24"), ("test", "validation pictures of test: none of")],
)
def test_no_picture_is_left(
    project: Path, capsys: pytest.CaptureFixture[str], side: str, said: str
) -> None:
    for path in (project / side).iterdir():
        path.write_bytes(b"no picture")
    assert fit(project, SETTINGS) == 1
    error = capsys.readouterr().err
    assert f"{said}" in error
    assert "solver-train check lists such files" in error
    assert not list((project / "run").rglob("*.ckpt"))


def test_a_run_without_validation_logs_and_draws_its_loss(
    project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert fit(project, TWO.replace('validation = [{path = "test"}]', "")) == 0
    head, *rows = (project / "run" / "log.csv").read_text().splitlines()
    assert head.startswith("epoch,loss,validation_loss,source,count,exact")
    losses = [float(row.split(",")[1]) for row in rows]
    assert len(losses) == 2
    assert min(losses) > 0
    assert (project / "run" / "log.png").is_file()
    last = re.fullmatch(
        r"epoch 2: no validation pictures; loss ([\d.]+); 0 s left", caplog.messages[-1]
    )
    assert last is not None
    assert float(last[1]) == pytest.approx(losses[1], abs=1e-3)


def test_whole_answers_decide_which_epoch_is_best_and_when_to_stop(
    project: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Accuracy first, then loss; and no epoch before the first right answer counts as waited."""
    caplog.set_level(logging.INFO)
    epochs = [(0.0, 5.0), (0.0, 6.0), (0.0, 7.0), (0.0, 6.5), (0.5, 9.0), (0.5, 8.0), (0.25, 1.0)]
    script = iter([*epochs, (0.5, 8.5), (1.0, 1.0)])
    kept_at: list[int] = []
    replace = checkpoint.replace

    def validated(*_: Any, **__: Any) -> tuple[dict[str, Score], list[Any]]:
        share, loss = next(script)
        return {"test": Score(4, "exact", {"exact": share, "case_insensitive": share}, loss)}, []

    def noted(path: Path, write: Any) -> None:
        if path.name == "best.weights.h5":
            kept_at.append(1 + sum("; loss " in line for line in caplog.messages))
        replace(path, write)

    monkeypatch.setattr("training.trainer.validate", validated)
    monkeypatch.setattr("training.trainer.checkpoint.replace", noted)
    assert fit(project, SETTINGS.replace("epochs = 1", "epochs = 9\npatience = 2")) == 0
    assert kept_at == [1, 5, 6]
    assert caplog.messages[-1] == "no better validation for 2 epochs: stopped"
    state = kept(project)
    assert [state[name] for name in ("epoch", "best", "best_loss", "waited")] == [8, 0.5, 8.0, 2]
    # The same command again trains no epoch more: the script has one left.
    assert fit(project, SETTINGS.replace("epochs = 1", "epochs = 9\npatience = 2")) == 0
    assert caplog.messages[-1] == (
        "the run is finished, 8 of 9 epochs, no better validation for 2 epochs: "
        "raise fit.patience or name another --run"
    )
    assert kept(project) == state
    assert fit(project, SETTINGS.replace("epochs = 1", "epochs = 9\npatience = 3")) == 0
    assert "goes on at epoch 9, step 1" in caplog.messages
    assert kept(project)["epoch"] == 9


def test_live_progress_has_the_time_left(
    project: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An epoch of few steps is told of too, where a step takes long."""
    caplog.set_level(logging.INFO)
    monkeypatch.setattr("training.trainer.REPORT_SECONDS", 0.0)
    assert fit(project, SETTINGS) == 0
    lines = [line for line in caplog.messages if " step " in line]
    assert [line.split(" loss ")[0] for line in lines] == [
        f"epoch 1/1 step {step}/6" for step in range(1, 7)
    ]
    assert all(re.search(r"\d+ pictures/s, [\d.]+ (s|min|h) left$", line) for line in lines)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "0 s"), (99, "99 s"), (100, "2 min"), (5940, "99 min"), (9000, "2.5 h")],
)
def test_time_for_a_person(seconds: float, said: str) -> None:
    assert in_time(seconds) == said


def test_profile(project: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert fit(project, TWO, "--profile") == 0
    body = json.loads((project / "run" / "profile.json").read_text())
    assert body["pictures"] == 48
    assert body["peak_memory_bytes"] is None or body["peak_memory_bytes"] > 50e6
    assert [(one["epoch"], one["step"]) for one in body["steps"]] == [
        (epoch, step) for epoch in range(2) for step in range(6)
    ]
    threads = body["training_thread"]
    assert threads["step"]["calls"] == 12
    assert threads["validation"]["calls"] == 2
    assert threads["checkpoint"]["calls"] == 8
    assert body["loading_threads"]["decode"]["calls"] == 24, "kept in memory after that"
    assert body["loading_threads"]["augment"]["calls"] == 48
    spent = sum(stage["seconds"] for stage in threads.values())
    assert spent == pytest.approx(body["seconds"], rel=0.01)
    text = (project / "run" / "profile.txt").read_text()
    assert text.startswith("profile: ")
    assert "training steps" in text
    assert len(caplog.messages) == len([*filter(None, caplog.messages)])
    assert [line for line in caplog.messages if line.startswith("profile: ")]


def test_no_profile_is_written_where_none_is_wanted(project: Path) -> None:
    assert fit(project, SETTINGS) == 0
    assert not list((project / "run").glob("profile*"))


def test_a_damaged_newest_checkpoint_is_passed_over(
    project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert fit(project, TWO) == 0
    whole, log = arrays(project), (project / "run" / "log.csv").read_bytes()
    newest = max((project / "run" / "checkpoints").iterdir())
    newest.write_bytes(newest.read_bytes()[:1000])
    assert kept(project)["step"] == 6
    caplog.set_level(logging.INFO)
    assert fit(project, TWO) == 0
    assert f"{newest} is damaged; trying the one before" in caplog.text
    assert "goes on at epoch 2, validation" in caplog.messages
    assert kept(project)["epoch"] == 2
    assert arrays(project) == whole
    assert (project / "run" / "log.csv").read_bytes() == log, "the epoch stands there once"
    files = sorted((project / "run").rglob("*"))
    assert fit(project, TWO) == 0
    assert caplog.messages[-1] == (
        "the run is finished, 2 of 2 epochs: raise fit.epochs or name another --run"
    )
    assert sorted((project / "run").rglob("*")) == files


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('symbols = "147"', 'symbols = "741"', 'symbols = "741" (was "147"); put back'),
        ("height = 16", "height = 16\nfill = 255", "input.fill = 255 (was 128); put back"),
        ("height = 16", 'height = 16\nfit = "stretch"', 'input.fit = "stretch" (was "letterbox")'),
    ],
)
def test_a_run_does_not_go_on_as_another_model(
    project: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, said: str
) -> None:
    """The layers would fit: what they learnt would stand for something else."""
    assert fit(project, SETTINGS) == 0
    before = arrays(project)
    assert fit(project, TWO.replace(old, new)) == 1
    error = capsys.readouterr().err
    assert f"run: was begun with other settings: {said}" in error
    assert "or train in a new run folder: --run NEW" in error
    assert arrays(project) == before


def test_a_run_goes_on_with_narrower_pictures(project: Path) -> None:
    """A remedy where memory ran out; the run's settings tell of it."""
    assert fit(project, SETTINGS) == 0
    assert fit(project, TWO.replace("max_width = 64", "max_width = 48")) == 0
    assert kept(project)["epoch"] == 2
    settings = json.loads((project / "run" / "settings.json").read_text())
    assert settings["input"]["max_width"] == 48


def test_an_epoch_that_was_stopped_at_its_end_has_its_own_loss(
    project: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("training.trainer.validate", lambda *_: os.strerror(1) + 1)
        with pytest.raises(TypeError):
            fit(project, SETTINGS)
    assert kept(project)["step"] == 6
    assert fit(project, SETTINGS) == 0
    stopped = (project / "run" / "log.csv").read_text()
    (project / "run").rename(project / "before")
    assert fit(project, SETTINGS) == 0
    assert (project / "run" / "log.csv").read_text() == stopped
    assert "loss-not-finite" not in caplog.text


def test_a_full_disk(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The third write finds no room; two checkpoints are left as they are."""
    sync, count = os.fsync, iter(range(100))

    def full(descriptor: int) -> None:
        if next(count) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        assert fit(project, TWO) == 1
    error = capsys.readouterr().err
    assert "step-00000003.ckpt: cannot be written: No space left on device. " in error
    assert "make room, and the same command goes on from there" in error
    folder = project / "run" / "checkpoints"
    assert sorted(path.name for path in folder.iterdir()) == [
        "step-00000001.ckpt",
        "step-00000002.ckpt",
    ]
    assert kept(project)["step"] == 4
    assert fit(project, TWO) == 0
    assert kept(project)["epoch"] == 2


@pytest.mark.parametrize("place", ["runlog.append", "plots.plot_log"])
def test_no_room_for_the_log(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    """Each epoch has its row in the end, once."""

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(project / "run" / "log"))

    with monkeypatch.context() as patch:
        patch.setattr(f"training.{place}", full)
        assert fit(project, TWO) == 1
    assert "run/log: no space left on device; make room" in capsys.readouterr().err
    assert fit(project, TWO) == 0
    rows = (project / "run" / "log.csv").read_text().splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == ["1", "2"]


def test_the_best_weights_do_not_fit_on_the_disk(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file runs into a limit that checkpoints of half the size do not reach."""
    resource = pytest.importorskip("resource", reason="a full disk is simulated by a POSIX limit")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        code = fit(project, SETTINGS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert code == 1
    error = capsys.readouterr().err
    assert "best.weights.h5: cannot be written: File too large. What was saved before" in error
    assert not [path for path in (project / "run").iterdir() if "best" in path.name]
    assert kept(project)["step"] == 6
    assert fit(project, SETTINGS) == 0
    assert kept(project)["epoch"] == 1


def test_no_room_for_the_best_weights(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = os.fsync

    def full(descriptor: int) -> None:
        if (project / "run" / "partial-best.weights.h5").exists():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(descriptor)

    assert fit(project, SETTINGS) == 0
    best = (project / "run" / "best.weights.h5").read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    blind = TWO.replace('validation = [{path = "test"}]', "")
    assert fit(project, blind) == 1
    assert "best.weights.h5: cannot be written: No space left" in capsys.readouterr().err
    assert (project / "run" / "best.weights.h5").read_bytes() == best
    assert not list((project / "run").glob("partial*"))
