"""What the rows of ``benchmarks/training`` count, and one of them, tiny, from end to end."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

ROWS = Path(__file__).resolve().parents[2] / "benchmarks" / "training"


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, "path", [str(ROWS), *sys.path])
    return importlib.import_module("_rows")


@pytest.fixture
def sets(rows: ModuleType) -> ModuleType:
    return importlib.import_module("_groups")


def test_scores_count_whole_answers(rows: ModuleType) -> None:
    found = rows.score(["aB", "x", "", "no"], ["aB", "X", "", "yes"])
    assert (found.right, found.folded, found.count) == (2, 3, 4)
    assert found.cells() == ["4", "0.5000 (0.150–0.850)", "0.7500 (0.301–0.954)"]


@pytest.mark.parametrize(
    ("line", "number", "share"),
    [
        ("epoch 3: mean exact 0.9810; weakest look 0.98", "3", "0.9810"),
        ("epoch 12: mean ap50 0.5; weakest a 0.50", "12", "0.5"),
        ("epoch 1: no validation pictures", "1", None),
    ],
)
def test_the_lines_of_fit_are_understood(
    rows: ModuleType, line: str, number: str, share: str | None
) -> None:
    assert rows.EPOCH.match(line).groups() == (number, share)
    assert rows.EPOCH.match("epoch 1/20 step 50/400 loss 1.2") is None


def test_time_until_a_share(rows: ModuleType) -> None:
    spent = rows.Spent(90, 80, ((1, 30.0, 0.5), (2, 60.0, 0.98), (3, 90.0, 0.97)))
    assert [spent.until(share) for share in (0.1, 0.98, 0.99)] == [30.0, 60.0, None]
    assert rows.minutes(spent.until(0.98)) == "1.0 min"
    assert rows.minutes(None) == "–"


def test_a_finished_run_is_not_done_again(rows: ModuleType, tmp_path: Path) -> None:
    spent = rows.Spent(3.0, 2.0, ((1, 3.0, 0.5),), True)
    rows._write(tmp_path, spent)
    (tmp_path / rows.WEIGHTS).touch()
    assert rows.fit(tmp_path / "none.toml", tmp_path) == spent


def test_pictures_are_drawn_once(rows: ModuleType, tmp_path: Path) -> None:
    pytest.importorskip("captcha")
    look = rows.keep(tmp_path / "look.toml", 'kind = "pypi-captcha"\n')
    folder = rows.draw(look, tmp_path / "test", count=3, seed=2)
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    rows.draw(look, folder, count=3, seed=2)
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert all(len(label) == 4 for label in rows.labelled(folder)[1])
    with pytest.raises(SystemExit, match="expected 2 pictures, found 3"):
        rows.draw(look, folder, count=2, seed=2)


def test_a_missing_font_is_named(rows: ModuleType, tmp_path: Path) -> None:
    import shutil

    if shutil.which("fc-list") is None:
        pytest.skip("there is no fontconfig")
    with pytest.raises(SystemExit, match=r"no fonts nowhere\.ttf here; Debian: apt-get install x"):
        rows.fonts(["nowhere.ttf"], tmp_path, packages="x")


def test_what_looks_the_same_stays_together(sets: ModuleType) -> None:
    import io

    def encoded(seed: int, quality: int) -> bytes:
        grey = np.random.default_rng(seed).integers(0, 256, (8, 8), dtype=np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(grey).resize((64, 64)).save(buffer, "JPEG", quality=quality)
        return buffer.getvalue()

    pictures = {"a/1": encoded(1, 95), "a/2": encoded(2, 95), "b/1": encoded(1, 90)}
    joined = sets.together(pictures, ["1", "2", "3"], seed=1)
    assert sorted(map(sorted, joined)) == [["a/1", "b/1"], ["a/2"]]
    joined = sets.together(pictures, ["1", "1", "3"], seed=1)
    assert sorted(map(len, joined)) == [3]


def test_folds_are_even(sets: ModuleType) -> None:
    tiles = importlib.import_module("tiles")
    noise = np.random.default_rng(0).integers(0, 256, (40, 32, 32), dtype=np.uint8)
    pictures = {}
    for index, grey in enumerate(noise):
        import io

        buffer = io.BytesIO()
        Image.fromarray(grey).save(buffer, "PNG")
        pictures[f"class{index // 10}/{index % 10}.png"] = buffer.getvalue()
    parts = tiles.folds(pictures)
    assert sorted(name for part in parts for name in part) == sorted(pictures)
    for part in parts:
        assert sorted(Path(name).parent.name for name in part) == sorted(
            f"class{index}" for index in range(4) for _ in range(2)
        )


def test_the_base_of_few_shots_must_not_be_the_embedded_model(tmp_path: Path) -> None:
    base = tmp_path / "text-general.weights.h5"
    base.touch()
    command = [sys.executable, str(ROWS / "few_shots.py"), str(tmp_path), "--base", str(base)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert "text-general was trained on both" in found.stderr


SHAPES = {
    "stem_conv": (3, 3, 3, 8),
    "stage4_in_conv": (3, 3, 24, 32),
    "fold_conv": (3, 1, 32, 48),
    "context1_a_conv": (1, 5, 48, 48),
    "head": (1, 1, 48, 63),
}
DECLARED = "[data]\ntrain = [{{path = '{path}'}}]\n[model]\nwidth = {width}\ncontext = 1\n"


def ctc_weights(path: Path) -> Path:
    """What is looked at of a file of weights: shapes of a CTC network 48 pixels high."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        for name, shape in SHAPES.items():
            group = file.create_group(f"layers/{name}")
            group.attrs["name"] = name
            group["0"] = np.zeros(shape, np.float32)
    return path


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        (None, "of which nothing says the symbols and what it saw"),
        (("real/henan_digits4", 8), "which saw henan_digits4"),
        (("corpus/djinn_alnum6.toml", 8), "which saw djinn_alnum6"),
        (("corpus/cap", 12), "model.width is 8 in the weights and 12 in the settings"),
        (("corpus/cap", 8), None),
    ],
)
def test_the_base_of_few_shots_says_what_it_is(
    rows: ModuleType, declared: tuple[str, int] | None, message: str | None, tmp_path: Path
) -> None:
    few_shots = importlib.import_module("few_shots")
    base, settings = ctc_weights(tmp_path / "best.weights.h5"), None
    if declared is not None:
        settings = tmp_path / "captcha.toml"
        settings.write_text(DECLARED.format(path=declared[0], width=declared[1]))
    if message is not None:
        with pytest.raises(SystemExit, match=message):
            few_shots.base_of(base, settings)
        return
    found = few_shots.base_of(base, settings)
    assert few_shots.sources_of(found) == "cap"
    assert rows.shape_of(found) == (
        '[input]\nheight = 48\n[model]\nbackbone = "compact"\nwidth = 8\ncontext = 1'
    )


def test_the_base_of_few_shots_must_not_have_begun_with_it(
    rows: ModuleType, tmp_path: Path
) -> None:
    few_shots = importlib.import_module("few_shots")
    base, settings = ctc_weights(tmp_path / "best.weights.h5"), tmp_path / "captcha.toml"
    text = DECLARED.format(path="corpus/cap", width=8) + '[fit]\nstart_from = "text-general"\n'
    settings.write_text(text)
    with pytest.raises(SystemExit, match="began with text-general"):
        few_shots.base_of(base, settings)


@pytest.mark.training
def test_a_row_runs(tmp_path: Path) -> None:
    pytest.importorskip("captcha")
    out = tmp_path / "figures.json"
    command = [sys.executable, str(ROWS / "endless.py"), str(tmp_path / "work"), "--quick"]
    command += ["--network", "multi-head", "--out", str(out)]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    found = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert found.returncode == 0, found.stderr
    assert "| multi-head | 24 | " in found.stdout
    body = json.loads(out.read_text())
    assert body["multi-head"]["score"]["count"] == 24
    assert body["multi-head"]["spent"]["epochs"][0][0] == 1
    assert not body["bars"][0]["met"]
