"""Where time goes: sums, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.data.stopwatch import Spent, Stopwatch
from training.profiling import Profiler, Step, describe, headline, peak_memory, summarise


def steps(count: int, *, waiting: float = 0.01, training: float = 0.09) -> list[Step]:
    return [Step(0, n, 10, 64, waiting, training if n else 5.0) for n in range(count)]


def test_a_stopwatch_adds_up_also_what_fails() -> None:
    watch = Stopwatch()
    for _ in range(2):
        with watch.time("one"):
            pass
    with pytest.raises(ValueError, match="no"), watch.time("two"):
        raise ValueError("no")
    assert {name: spent.calls for name, spent in watch.spent().items()} == {"one": 2, "two": 1}
    assert all(spent.seconds >= 0 for spent in watch.spent().values())


@pytest.mark.parametrize(
    ("count", "rate", "said"),
    [
        (0, None, "profile: peak memory"),
        (1, None, "profile: the first took 5.0 s"),
        (2, 100.0, "profile: 100 pictures/s in training, 90 ms a step, the first took 5.0 s"),
        (101, 100.0, "profile: 100 pictures/s in training, 90 ms a step"),
    ],
)
def test_the_first_step_is_apart(count: int, rate: float | None, said: str) -> None:
    body = summarise(steps(count), {"step": Spent(6.0, count)}, seconds=10.0)
    body["peak_memory_bytes"] = 1e9
    assert body["pictures_per_second"] == (rate and pytest.approx(rate))
    assert headline(body).startswith(said)
    assert "peak memory 1000 MB" in headline(body)
    assert body["training_thread"]["other"]["seconds"] == 4.0


def test_waiting_for_pictures_gets_a_remedy() -> None:
    slow = summarise(steps(9, waiting=0.1, training=0.1), {}, seconds=1.0)
    assert "50% of it is waiting for pictures: raise data.workers" in headline(slow)
    assert "waiting" not in headline(summarise(steps(9), {}, seconds=1.0))


def test_many_steps_are_shown_evenly() -> None:
    body = summarise(steps(1000), {"decode": Spent(1.0, 4)}, seconds=0.0)
    text = describe(body)
    assert "every 25th of 1000 steps; all are in profile.json" in text
    assert len(text.splitlines()) < 60
    assert "decode                        1.00  250.00       4" in text
    assert len(body["steps"]) == 1000


def test_batches_pass_through(tmp_path: Path) -> None:
    profiler = Profiler(is_on=True)
    for number, batch in enumerate(profiler.waiting(iter("abc"))):
        assert batch == "abc"[number]
        with profiler.step(0, number, (4, 16, 32, 3)):
            pass
    assert [(one.step, one.pictures, one.width) for one in profiler.steps] == [
        (0, 4, 32),
        (1, 4, 32),
        (2, 4, 32),
    ]
    assert profiler.write(tmp_path).startswith("profile: ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["profile.json", "profile.txt"]


def test_peak_memory_is_in_bytes() -> None:
    peak = peak_memory()
    assert peak is None or 1e6 < peak < 1e12
