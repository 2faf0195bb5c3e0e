"""Every training example from its first line to its last, on a handful of pictures."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tensorflow")

import keras

import solver
from training.exporting import parity

pytestmark = pytest.mark.training

FOLDER = Path(__file__).parents[2] / "examples"


@pytest.fixture(autouse=True)
def _few_pictures_for_the_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tested here is the examples; the gate has tests of its own."""
    defaults = parity.gate_tensors.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "count", 4)


def run(name: str, out: Path, *, pictures: int = 16) -> None:
    """An example with its numbers made small, and the width of its network."""
    example = import_module(f"examples.{name}")
    small = {key: _narrow(value) for key, value in vars(example).items() if isinstance(value, str)}
    arguments = ["--pictures", str(pictures), "--epochs", "1", "--out", str(out)]
    with pytest.MonkeyPatch.context() as patch:
        for key, value in small.items():
            patch.setattr(example, key, value)
        example.main(arguments)


def _narrow(text: str) -> str:
    return text.replace("width = 32", "width = 4")


@pytest.mark.parametrize(
    ("name", "model", "source"),
    [
        ("training_four_heads", "four-heads.onnx", "test"),
        ("training_any_length", "any-length.onnx", "thin"),
        ("training_residual_62", "residual-62.onnx", "test"),
    ],
)
def test_text(
    name: str, model: str, source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(name, tmp_path)
    printed = capsys.readouterr().out.splitlines()
    assert any(line.startswith(f"{source}\t") and " exact " in line for line in printed)
    assert len([line for line in printed if ".png: " in line or ".jpg: " in line]) == 3
    assert solver.Solver(str(tmp_path / model)).models["text"].spec.provenance.samples


def test_tiles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("training_tiles_12306", tmp_path)
    printed = capsys.readouterr().out
    assert "tiles\t8 pictures" in printed
    assert "grids answered as a whole" in printed
    spec = solver.Solver(str(tmp_path / "tiles.onnx")).models["tile"].spec
    assert len(spec.decoder.labels) == 80


def _network(fetches: bool) -> Any:
    original = keras.applications.MobileNetV2

    def build(*, weights: str | None = "imagenet", **options: Any) -> keras.Model:
        if weights == "imagenet" and not fetches:
            raise Exception("URL fetch failure")
        return original(weights=None, **options)

    return build


@pytest.mark.parametrize("fetches", [False, True])
def test_transfer(
    fetches: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(keras.applications, "MobileNetV2", _network(fetches))
    run("training_transfer", tmp_path, pictures=8)
    printed = capsys.readouterr().out
    first = "from ImageNet weights" if fetches else "no ImageNet weights"
    assert printed.startswith(first)
    assert "test\t4 pictures" in printed
    assert (tmp_path / "eight").exists() is not fetches
    labels = solver.Solver(str(tmp_path / "two.onnx")).models["class"].spec.decoder.labels
    assert set(labels) == {"猫脸", "兔子"}


def test_the_page_names_every_example() -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    names = [
        path.relative_to(FOLDER).as_posix()
        for path in (*FOLDER.glob("*.py"), *FOLDER.glob("notebooks/*.ipynb"))
    ]
    assert names
    assert [name for name in names if f"]({name})" not in page] == []
