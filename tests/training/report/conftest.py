"""Evaluations to report."""

from __future__ import annotations

import pytest

from tests.training import toys
from training import evaluate
from training.evaluate import Evaluation
from training.samples import Sample


@pytest.fixture(scope="session")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    """Two sources, five pictures, two of them wrong, one file damaged; hostile names."""
    folder = tmp_path_factory.mktemp("<b>texts")
    reader = evaluate.open_reader(str(toys.text_model(folder)))
    good = [(text, toys.picture(text)) for text in ("12", "a", "3B")]
    bad = [("<i>&", toys.picture("aB")), ('"1', toys.picture("12"))]
    samples = toys.save(folder / "good", good, source="good")
    samples += toys.save(folder / "bad", bad, source='<script>"bad"')
    damaged = Sample(folder / "<u>damaged.png", "3", "good")
    damaged.path.write_bytes(b"no picture")
    return evaluate.evaluate(reader, [*samples, damaged])


@pytest.fixture(scope="session")
def boxes(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    """Three pictures: all found; one of two missed; one found where nothing is."""
    folder = tmp_path_factory.mktemp("boxes")
    reader = evaluate.open_reader(str(toys.detector_model(folder)))
    samples = [
        toys.cells(folder / "<b>", "all.png", [(0, 1), (2, 3)], ["01", "23"]),
        toys.cells(folder / "<b>", "missed.png", [(1, 1)], ["11", "33"]),
        toys.cells(folder / "wrong", "wrong.png", [(0, 0)], ["30"]),
    ]
    return evaluate.evaluate(reader, samples)


@pytest.fixture(scope="session")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    """Three classes, four pictures."""
    folder = tmp_path_factory.mktemp("classes")
    reader = evaluate.open_reader(str(toys.class_model(folder)))
    pictures = [("cat", 0), ("dog", 127), ("owl", 254), ("cat", 127)]
    found = [(label, toys.grey(level)) for label, level in pictures]
    return evaluate.evaluate(reader, toys.save(folder, found, source="s"))
