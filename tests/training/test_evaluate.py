"""A model file against labelled pictures: sources apart and pooled, files that are no pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

from solver.errors import ModelError
from tests.training import toys
from training import evaluate
from training.figures.boxes import BoxFigures
from training.figures.classes import ClassFigures
from training.figures.shares import Share
from training.figures.text import TextFigures
from training.samples import DatasetError, Sample


def test_each_source_apart_and_pooled(tmp_path: Path) -> None:
    reader = evaluate.open_reader(str(toys.text_model(tmp_path)))
    samples = toys.save(
        tmp_path / "one", [(t, toys.picture(t)) for t in ("12", "a", "3B")], source="one"
    ) + toys.save(
        tmp_path / "two", [("ab", toys.picture("aB")), ("1", toys.picture("12"))], source="two"
    )
    found = evaluate.evaluate(reader, samples)
    assert [prediction.sample for prediction in found.predictions] == samples
    assert [prediction.answer for prediction in found.predictions] == ["12", "a", "3B", "aB", "12"]
    assert list(found.sources) == ["one", "two"]
    one, two = found.sources["one"], found.sources["two"]
    assert isinstance(one, TextFigures)
    assert isinstance(two, TextFigures)
    assert one.exact == Share(3, 3)
    assert (two.exact, two.case_insensitive) == (Share(0, 2), Share(1, 2))
    assert two.edits.insertions == 1
    assert found.pooled.count == 5
    assert evaluate.line(two).startswith("2 pictures  exact 0.000 [0.000, 0.658]")
    assert found.to_dict()["sources"]["one"]["exact"]["share"] == 1.0


def test_classes(tmp_path: Path) -> None:
    reader = evaluate.open_reader(str(toys.class_model(tmp_path)))
    pictures = [("cat", 0), ("dog", 127), ("owl", 254), ("cat", 127)]
    samples = toys.save(
        tmp_path, [(label, toys.grey(level)) for label, level in pictures], source="s"
    )
    found = evaluate.evaluate(reader, samples)
    assert isinstance(found.pooled, ClassFigures)
    assert found.pooled.top1 == Share(3, 4)
    assert found.pooled.top5 == Share(4, 4)
    assert found.pooled.matrix == ((1, 1, 0), (0, 1, 0), (0, 0, 1))
    assert evaluate.line(found.pooled).startswith("4 pictures  top-1 0.750")


def test_boxes(tmp_path: Path) -> None:
    reader = evaluate.open_reader(str(toys.detector_model(tmp_path)))
    samples = [
        toys.cells(tmp_path / "one", "all.png", [(0, 1), (2, 3)], ["01", "23"]),
        toys.cells(tmp_path / "one", "missed.png", [(1, 1)], ["11", "33"]),
        toys.cells(tmp_path / "two", "wrong.png", [(0, 0)], ["30"]),
    ]
    found = evaluate.evaluate(reader, samples)
    pooled = found.pooled
    assert isinstance(pooled, BoxFigures)
    assert (pooled.exact, pooled.recall, pooled.precision) == (
        Share(1, 3),
        Share(3, 5),
        Share(3, 4),
    )
    # Four answers of one score, the wrong one last: precision 1 up to a recall of .6.
    assert (pooled.ap50, pooled.ap) == (pytest.approx(61 / 101), pytest.approx(61 / 101))
    assert [one.is_right for one in found.predictions] == [True, False, False]
    assert [(one.label, one.answer) for one in found.predictions] == [
        ("墨 ×2", "墨 ×2"),
        ("墨 ×2", "墨"),
        ("墨", "墨"),
    ]
    assert evaluate.line(pooled).startswith("3 pictures, 5 boxes  AP@.5 0.604  AP@[.5:.95] 0.604")
    assert found.to_dict()["sources"]["two"]["ap50"] == 0


def test_nothing_to_find(tmp_path: Path) -> None:
    reader = evaluate.open_reader(str(toys.detector_model(tmp_path)))
    with pytest.raises(DatasetError, match="at least one box to find"):
        evaluate.evaluate(reader, [toys.cells(tmp_path / "s", "a.png", [], [])])


def test_a_label_that_is_no_class_is_named(tmp_path: Path) -> None:
    reader = evaluate.open_reader(str(toys.class_model(tmp_path)))
    samples = toys.save(tmp_path, [("emu", toys.grey(0))], source="s")
    with pytest.raises(DatasetError, match="'emu' is not a class of the model"):
        evaluate.evaluate(reader, samples)


def test_what_is_no_picture_is_left_out_and_listed(tmp_path: Path) -> None:
    reader = evaluate.open_reader(str(toys.text_model(tmp_path)))
    samples = toys.save(tmp_path, [("1", toys.picture("1")), ("2", toys.picture("2"))], source="s")
    broken = Sample(tmp_path / "broken.png", "3", "s")
    broken.path.write_bytes(b"no picture")
    found = evaluate.evaluate(reader, [samples[0], broken, samples[1]])
    assert [prediction.sample for prediction in found.predictions] == samples
    assert [item.sample for item in found.unreadable] == [broken]
    assert found.pooled.count == 2


def test_nothing_to_read(tmp_path: Path) -> None:
    reader = evaluate.open_reader(str(toys.text_model(tmp_path)))
    broken = Sample(tmp_path / "broken.png", "3", "s")
    broken.path.write_bytes(b"")
    for samples in ([], [broken]):
        with pytest.raises(DatasetError, match=f"none of {len(samples)} files"):
            evaluate.evaluate(reader, samples)


def test_no_such_model() -> None:
    with pytest.raises(ModelError, match=r"nothing\.onnx"):
        evaluate.open_reader("nothing.onnx")
