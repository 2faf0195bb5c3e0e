"""Pictures without an end: the same on every run, never twice, drawn in other processes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from solver import images
from solver.charset import Charset
from solver.preprocess import preprocess
from solver.spec import InputSpec
from training.config import Config, Data, Input, Source
from training.data.drawing import Artists
from training.data.endless import Endless, endless_source, fixed_samples
from training.data.endless_feeder import DRAFT, Draft, EndlessFeeder
from training.data.pipeline import Float32, padded_codes
from training.data.sources import PROBE, read_data
from training.samples import DatasetError, Sample, read_source

SYMBOLS = "0123"
FREE = Config(symbols=SYMBOLS).input_spec()
SET = Config(task="multi-head", symbols=SYMBOLS, length=3, input=Input(width=96)).input_spec()
BATCH = 4


class Stripes:
    """Draws a text of one to three symbols as grey stripes; quick, and of several widths."""

    def sample(self, rng: np.random.Generator) -> tuple[Image.Image, str]:
        label = "".join(rng.choice(list(SYMBOLS), int(rng.integers(1, 4))))
        levels = [60 * SYMBOLS.index(symbol) for symbol in label]
        row = np.repeat(np.array(levels, np.uint8), 40)
        noise = rng.integers(0, 20, (48, row.size), dtype=np.uint8)
        return Image.fromarray(row[None] + noise), label


class Broken:
    """Fails."""

    def sample(self, rng: np.random.Generator) -> tuple[Image.Image, str]:
        raise OSError("no ink")


def source(generator: Any = None, *, count: int = 50, place: int = 0, seed: int = 1) -> Endless:
    name = f"stripes{place}"
    return Endless(name, Path(name), generator or Stripes(), count, (7, seed, place), "")


def feeder(
    endless: Sequence[Endless],
    samples: Sequence[Sample] = (),
    *,
    spec: InputSpec = FREE,
    workers: int = 1,
    repeats: float = 1.0,
) -> EndlessFeeder:
    make = partial(
        Draft,
        spec=spec,
        targets=padded_codes(Charset(SYMBOLS).encode),
        batch=BATCH,
        seed=1,
        workers=workers,
    )
    return EndlessFeeder(
        samples,
        [repeats] * len(samples),
        endless=endless,
        make=make,
        batch=BATCH,
        width=spec.width or 320,
        seed=1,
        workers=workers,
    )


class Inline:
    """In place of processes: draws at once, and keeps what was asked for."""

    def __init__(self, sources: Sequence[Endless], *, workers: int) -> None:
        self.sources, self.workers = sources, workers

    def draw(self, wanted: Sequence[tuple[int, int, int]]) -> list[Sample]:
        return [self.sources[place].draw(epoch, number) for place, epoch, number in wanted]

    def close(self) -> None:
        """Nothing runs."""


@pytest.fixture
def inline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.data.endless_feeder.Artists", Inline)


def equal(one: Sequence[tuple[Float32, Any]], two: Sequence[tuple[Float32, Any]]) -> bool:
    return len(one) == len(two) and all(
        x1.shape == x2.shape and bool((x1 == x2).all()) and bool((y1 == y2).all())
        for (x1, y1), (x2, y2) in zip(one, two, strict=True)
    )


def test_a_picture_depends_on_seeds_place_epoch_and_number_alone() -> None:
    seen = {
        source(place=place, seed=seed).draw(epoch, number).data
        for place in (0, 1)
        for seed in (0, 1)
        for epoch in (0, 1, 2)
        for number in (0, 1, 2)
    }
    assert len(seen) == 2 * 2 * 3 * 3
    assert source().draw(5, 6) == source().draw(5, 6)
    assert source().draw(5, 6).data == source().draw(5, 6).data


def test_processes_draw_what_one_does() -> None:
    wanted = [(place, 2, number) for number in range(50) for place in (0, 1)]
    sources = [source(), source(place=1)]
    for workers in (1, 2):
        artists = Artists(sources, workers=workers)
        found = artists.draw(wanted)
        assert artists.draw([]) == []
        artists.close()
        assert [s.data for s in found] == [sources[p].draw(e, n).data for p, e, n in wanted]
        assert all(not process.is_alive() for process in artists._processes)


def test_what_a_generator_raises_is_said() -> None:
    artists = Artists([source(Broken())], workers=1)
    with pytest.raises(DatasetError, match="stripes0: its generator failed: OSError: no ink"):
        artists.draw([(0, 0, 0)])
    artists._processes[0].kill()
    artists._processes[0].join()
    with pytest.raises(DatasetError, match="a process that draws pictures has ended"):
        artists.draw([(0, 0, 0)])
    artists.close()


@pytest.mark.parametrize("spec", [FREE, SET], ids=["free width", "set width"])
@pytest.mark.parametrize("count", [1, 3, 50, 4 * DRAFT * BATCH])
@pytest.mark.usefixtures("inline")
def test_any_number_of_workers_gives_the_same_batches(spec: InputSpec, count: int) -> None:
    one = feeder([source(count=count)], spec=spec)
    two = feeder([source(count=count)], spec=spec, workers=2)
    for epoch in (0, 3):
        first = list(one.epoch(epoch))
        assert equal(first, list(two.epoch(epoch)))
        assert [len(x) for x, _ in first].count(BATCH) >= count // BATCH - 1
        assert len(first) == len(one.plan(epoch))
        assert all(x.shape[2] == 96 or (spec is FREE and x.shape[2] % 32 == 0) for x, _ in first)


@pytest.mark.usefixtures("inline")
def test_no_batch_comes_again() -> None:
    endless = feeder([source(count=2 * DRAFT * BATCH)])
    seen = {x.tobytes() for epoch in range(3) for x, _ in endless.epoch(epoch)}
    assert len(seen) == 3 * 2 * DRAFT


@pytest.mark.parametrize("start", [0, 1, DRAFT - 1, DRAFT, DRAFT + 3, 2 * DRAFT + 1])
@pytest.mark.usefixtures("inline")
def test_starting_in_the_middle_goes_on_as_the_whole_epoch_does(start: int) -> None:
    count = (2 * DRAFT + 3) * BATCH
    whole = list(feeder([source(count=count)]).epoch(1))
    assert equal(whole[start:], list(feeder([source(count=count)]).epoch(1, start=start)))


@pytest.fixture
def files(tmp_path: Path) -> list[Sample]:
    for number in range(10):
        picture, label = Stripes().sample(np.random.default_rng([9, number]))
        picture.save(tmp_path / f"{label}_{number}.png")
    return read_source(Source(str(tmp_path)), Path())


@pytest.mark.usefixtures("inline")
def test_files_stand_among_what_is_drawn(files: list[Sample]) -> None:
    labels: list[str] = []

    def kept(samples: Sequence[Sample]) -> np.ndarray:
        labels.extend(sample.source for sample in samples)
        return np.zeros(len(samples))

    mixed = feeder([source(count=20), source(count=6, place=1)], files, repeats=2.0)
    mixed._make = partial(mixed._make, targets=kept)  # type: ignore[call-arg]
    assert mixed.widths.tolist() == [
        preprocess(images.load(s.path), FREE)[0].shape[1] for s in files
    ]
    assert sum(len(x) for x, _ in mixed.epoch(0)) == 20 + 20 + 6
    assert [labels.count(x) for x in (files[0].source, "stripes0", "stripes1")] == [20, 20, 6]
    mixed.leave_out(range(10))
    labels.clear()
    assert sum(len(x) for x, _ in mixed.epoch(0)) <= 26
    assert files[0].source not in labels


SETTINGS = 'kind = "pypi-captcha"\nseed = 5\n[options]\nsymbols = "0123"\nsize = [90, 40]\n'


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    pytest.importorskip("captcha")
    path = tmp_path / "look.toml"
    path.write_text(SETTINGS)
    return path


def drawn(path: Path, **changes: Any) -> Source:
    return Source(path.name, **({"reader": "generator", "count": 6} | changes))


def test_what_is_validated_is_fixed_and_never_trained_on(settings: Path) -> None:
    fixed = fixed_samples(drawn(settings), settings.parent)
    again = fixed_samples(drawn(settings, count=4), settings.parent)
    assert [s.data for s in fixed[:4]] == [s.data for s in again]
    assert {s.source for s in fixed} == {"look"}
    assert images.load(fixed[0].content()).shape == (40, 90, 3)
    endless = endless_source(drawn(settings), settings.parent, seed=1, place=0)
    learnt = {endless.draw(e, n).data for e in range(3) for n in range(6)}
    assert learnt.isdisjoint(s.data for s in fixed)


def test_settings_of_a_run(settings: Path) -> None:
    def config(**changes: Any) -> Config:
        one = drawn(settings, **changes)
        return Config(symbols=SYMBOLS, data=Data((one, drawn(settings)), (drawn(settings),)))

    data = read_data(config(), settings.parent)
    assert [one.count for one in data.endless] == [6, 6]
    assert data.endless[0].draw(0, 0).data != data.endless[1].draw(0, 0).data
    assert (data.samples, data.train) == ([], {})
    assert len(data.validation["look"]) == 6
    same = read_data(config(), settings.parent)
    other = read_data(config(count=8), settings.parent)
    assert data.fingerprint == same.fingerprint != other.fingerprint
    settings.write_text(SETTINGS.replace("90", "96"))
    assert read_data(config(), settings.parent).fingerprint != data.fingerprint


@pytest.mark.parametrize(
    ("text", "config", "message"),
    [
        (SETTINGS, Config(symbols="789"), rf"outside the charset \({PROBE} such pictures in look"),
        ("kind = 'slide'", Config(), "kind 'slide' draws pictures whose labels are no text"),
        ("kind = 'sound'", Config(), "kind: expected one of"),
        ("", Config(task="classify", input=Input(width=48)), "labels: expected the classes"),
    ],
)
def test_what_does_not_fit_is_said(settings: Path, text: str, config: Config, message: str) -> None:
    settings.write_text(text or SETTINGS)
    with pytest.raises(DatasetError, match=message):
        read_data(replace(config, data=Data((drawn(settings),))), settings.parent)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"count": 0}, "count: expected > 0"),
        ({"count": -1}, "count: expected > 0"),
        ({"reader": "filename"}, "count: expected none"),
        ({"only": "a.csv"}, "only, repeat: expected none"),
        ({"repeat": 2.0}, "only, repeat: expected none"),
    ],
)
def test_options_that_mean_nothing_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        drawn(Path("look.toml"), **changes)


def test_no_file_holds_them(settings: Path) -> None:
    with pytest.raises(DatasetError, match="solver-train generate --settings"):
        read_source(drawn(settings), settings.parent)
