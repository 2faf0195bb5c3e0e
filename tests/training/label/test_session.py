"""Which picture comes next."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.training import toys
from training.evaluate import open_reader
from training.label import Session, Store
from training.samples import DatasetError


def ready(folder: Path, out: Path, model: Path) -> Session:
    """A session whose model has looked at everything."""
    session = Session(folder, Store(out), reader=open_reader(str(model)))
    session.start()
    assert session._thread is not None
    session._thread.join()
    return session


def test_least_certain_first(folder: Path, tmp_path: Path) -> None:
    session = ready(folder, tmp_path / "l.csv", toys.text_model(tmp_path))
    order, sure = [], []
    while (index := session.next()) is not None:
        item = session.describe(index)["item"]
        order.append(item["name"])
        if item["broken"]:
            session.mark_unusable(index)
            continue
        sure.append(item["confidence"])
        session.save(index, item["guess"] or "?")
    assert order[:2] == ["bad.png", "sub/3.png"]
    assert sure == sorted(sure)
    assert len(order) == 5
    state = session.describe(None)
    assert (state["labelled"], state["unusable"], state["looked"]) == (4, 1, 5)
    assert [session.store.label(f"{n}.png") for n in range(3)] == ["ab", "ba", "aa"]
    again = Session(folder, Store(tmp_path / "l.csv"))
    assert again.next() is None


def test_without_a_model_by_name(folder: Path, tmp_path: Path) -> None:
    session = Session(folder, Store(tmp_path / "l.csv"))
    session.start()
    assert session.next() == 0
    session.skip(0)
    session.skip(1)
    assert session.next() == 2
    session.save(2, "x")
    session.mark_unusable(3)
    session.save(4, "y")
    assert session.next() == 0
    session.skip(0)
    assert session.next() == 1
    session.stop()


def test_a_model_that_fails_is_reported(folder: Path, tmp_path: Path) -> None:
    reader = open_reader(str(toys.text_model(tmp_path)))
    session = Session(folder, Store(tmp_path / "l.csv"), reader=reader)

    def broken(indices: object) -> None:
        raise RuntimeError("odd picture")

    session._look_at = broken  # type: ignore[method-assign]
    session.start()
    assert session.next() == 0
    session.stop()
    assert session.describe(0)["fault"] == "the model stopped guessing: odd picture"


def test_a_classifier_gives_choices(folder: Path, tmp_path: Path) -> None:
    session = ready(folder, tmp_path / "l.csv", toys.class_model(tmp_path))
    assert session.choices == toys.LABELS
    index = session.next()
    assert index is not None
    session.save(index, "anything")
    assert session.describe(None)["labelled"] == 1


def test_names_that_no_list_can_hold_are_left_out(folder: Path, tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff.png")).write_bytes(b"x")
    session = Session(folder, Store(tmp_path / "l.csv"))
    assert len(session.pictures) == 5
    assert "a list cannot hold this name" in session.left_out[0]


@pytest.mark.parametrize("name", ["none", "pictures/notes.txt", "empty"])
def test_no_pictures(folder: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError):
        Session(tmp_path / name, Store(tmp_path / "l.csv"))
