"""Which views are worth their time, and how sure they make an answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from solver import DIGITS, UPPER, Solver
from solver.errors import SpecError
from solver.model import Model
from solver.results import Alternative, TextResult
from solver.spec import VIEWS, TtaSpec
from tests.solver import conftest as toys
from tests.training.toys import class_model, text_model
from training.cli import main
from training.exporting.tta import (
    ANSWERS,
    POWERS,
    choose_views,
    fit_alphabets,
    fit_log_odds,
    fit_tta,
)
from training.samples import DatasetError

SEED = 5


@pytest.mark.parametrize(
    ("chances", "most", "chosen"),
    [
        # The second view knows what the first look does not, the first view nothing.
        ([[0.9, 0.9, 0.1], [0.1, 0.1, 0.9]], 1, [1]),
        # One that says what the first look says adds nothing beside it.
        ([[0.9, 0.9, 0.1], [0.1, 0.1, 0.9]], 3, [1]),
        # Each knows another half.
        ([[0.0, 0.9, 0.0], [0.0, 0.0, 0.9]], 2, [0, 1]),
        # None is of use: the least harmful, since a rule has one.
        ([[0.9, 0.2, 0.1], [0.9, 0.2, 0.1]], 3, [0]),
    ],
)
def test_views_are_chosen_by_what_they_add(
    chances: list[list[float]], most: int, chosen: list[int]
) -> None:
    assert choose_views(np.array(chances), most=most) == chosen


@pytest.mark.parametrize(
    ("label", "powers"),
    [("1000", {POWERS[-1]}), ("10O0", {0.0})],
)
def test_alphabets_count_as_much_as_labels_bear_out(label: str, powers: set[float]) -> None:
    looks = [
        [TextResult("10O0", 0.4, (), (Alternative("1000", 0.3),)), TextResult("1000", 0.3)],
    ]
    rule = fit_alphabets(TtaSpec(("slim",)), looks, [label], symbols=DIGITS + UPPER)
    assert rule.alphabets in powers


@pytest.mark.parametrize(("slope", "offset"), [(1.0, 0.0), (0.6, 0.8), (2.0, -0.5)])
def test_log_odds_are_found_again(slope: float, offset: float) -> None:
    rng = np.random.default_rng(SEED)
    shares = rng.uniform(0.02, 0.98, 20_000)
    odds = slope * np.log(shares / (1 - shares)) + offset
    right = rng.random(len(odds)) < 1 / (1 + np.exp(-odds))
    assert fit_log_odds(shares, right) == pytest.approx((slope, offset), abs=0.08)


@pytest.mark.parametrize("right", [True, False])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_answers_that_are_all_right_or_wrong_have_finite_odds(share: float, right: bool) -> None:
    slope, offset = fit_log_odds(np.full(60, share), np.full(60, right))
    assert np.isfinite([slope, offset]).all()
    assert slope > 0


def doubtful(folder: Path, count: int) -> Path:
    """Pictures of one stripe between two symbols' levels, named after the nearer one."""
    folder.mkdir()
    rng = np.random.default_rng(SEED)
    for number in range(count):
        place = int(rng.integers(1, 9))
        level = place * toys.LEVEL_STEP + int(rng.integers(6, 9))
        picture = Image.fromarray(toys.draw_stripes(255, level, 255))
        picture.save(folder / f"{toys.SYMBOLS[place]}_{number}.png")
    return folder


def test_a_model_gets_the_rule_and_reads_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, output = text_model(tmp_path), tmp_path / "again.onnx"
    before = model.read_bytes()
    pictures = doubtful(tmp_path / "pictures", 80)
    options = ["--below", "0.999", "--most", "2"]
    assert main(["tta", str(model), str(pictures), "-o", str(output), *options]) == 0
    rule = Model.open(output).spec.tta
    assert rule is not None
    assert rule.below == 0.999
    assert 1 <= len(rule.views) <= 2
    assert set(rule.views) <= set(VIEWS)
    assert rule.answers == ANSWERS
    assert rule.alphabets in POWERS
    assert ", ".join(rule.views) in capsys.readouterr().out
    assert model.read_bytes() == before
    picture = min(pictures.iterdir())
    assert Solver(str(output), tta=False).text(picture) == Solver(str(model)).text(picture)
    assert Solver(str(output)).text(picture) != Solver(str(model)).text(picture)


def test_what_cannot_be_fitted_is_said(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="expected a model of texts, received 'class'"):
        fit_tta(Model.open(class_model(tmp_path)), [])
    model = Model.open(text_model(tmp_path))
    with pytest.raises(DatasetError, match="0 of 0 pictures are in doubt"):
        fit_tta(model, [])
    for options in ({"below": 1.5}, {"below": -0.1}, {"most": 0}):
        with pytest.raises(ValueError, match="expected below in 0 to 1 and most from 1"):
            fit_tta(model, [], **options)  # type: ignore[arg-type]


def test_nothing_is_written_where_nothing_is_fitted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, output = text_model(tmp_path), tmp_path / "again.onnx"
    pictures = doubtful(tmp_path / "pictures", 3)
    assert main(["tta", str(model), str(pictures), "-o", str(output)]) != 0
    assert "expected 50 or more" in capsys.readouterr().err
    assert not output.exists()
