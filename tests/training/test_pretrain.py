"""Pre-training on pictures alone, going on with it, and training from what it gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("keras")

from training import config
from training.cli import main
from training.pretrain import pretrain
from training.samples import DatasetError
from training.typed import ConfigError

pytestmark = pytest.mark.training

SETTINGS = """
name = "shapes"
task = "classify"
[data]
train = [{path = "train", reader = "classes"}]
validation = [{path = "train", reader = "classes"}]
[input]
height = 32
width = 32
[model]
width = 4
[classify]
role = "tile"
photo = true
mix = 0.5
mirror = true
prototypes = 2.0
[fit]
batch = 8
epochs = 1
warmup = 1
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for folder, levels in (
        ("train/dark", (0, 90)),
        ("train/light", (150, 255)),
        ("more", (0, 255)),
    ):
        (tmp_path / folder).mkdir(parents=True)
        for number in range(8):
            pixels = rng.integers(*levels, (32, 32, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / folder / f"{number}.png")
    (tmp_path / "captcha.toml").write_text(SETTINGS, "utf-8")
    return tmp_path


def test_pretrain_go_on_fit_and_export(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, run = str(root / "captcha.toml"), root / "runs" / "before"
    command = ["pretrain", file, str(root / "more"), "--run", str(run), "--batch", "8"]
    assert main([*command, "--epochs", "1"]) == 0
    first = (run / "best.weights.h5").stat().st_mtime_ns
    assert main([*command, "--epochs", "2"]) == 0
    assert (run / "best.weights.h5").stat().st_mtime_ns > first
    kept = (run / "settings.json").read_bytes()
    other = root / "other.toml"
    other.write_text(SETTINGS.replace('"tile"', '"class"'), "utf-8")
    capsys.readouterr()
    assert main(["pretrain", str(other), *command[2:], "--epochs", "3"]) == 1
    assert "was begun with other settings: role" in capsys.readouterr().err
    assert (run / "settings.json").read_bytes() == kept
    assert main(["fit", file, "--from", str(run / "best.weights.h5")]) == 0
    model = root / "tile.onnx"
    assert main(["export", file, "-o", str(model), "--calibrate"]) == 0
    from solver.model import Model

    spec = Model.open(model).spec
    assert spec.role == "tile"
    assert spec.decoder.threshold is not None
    assert "grids of these" in capsys.readouterr().out


def test_what_cannot_be(root: Path) -> None:
    settings = config.load(root / "captcha.toml")
    with pytest.raises(DatasetError, match="24 pictures are fewer than a batch of 64"):
        pretrain(settings, root, root / "run", [root / "more"], batch=64)
    with pytest.raises(ConfigError, match="classify"):
        pretrain(config.Config(), root, root / "run", [])
    assert main(["pretrain", str(root / "captcha.toml"), "--epochs", "0"]) == 1
