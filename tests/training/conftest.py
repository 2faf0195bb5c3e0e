"""Small labelled pictures that a tiny network learns in seconds."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

SETTINGS = """
name = "digits"
symbols = "147"
licence = "CC0-1.0"
[data]
workers = 1
augment = false
train = [{path = "train"}]
validation = [{path = "test"}]
[input]
max_width = 128
[model]
width = 8
context = 0
dropout = 0.0
[fit]
batch = 16
epochs = 10
learning_rate = 0.006
warmup = 10
checkpoint_steps = 4
"""


def draw(label: str, rng: np.random.Generator, *, width: int = 96) -> Image.Image:
    """Dark digits on a light ground, a little moved, 48 pixels high."""
    picture = Image.new("RGB", (width, 48), tuple(int(c) for c in rng.integers(200, 256, 3)))
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=32)
    step = width / max(1, len(label))
    for place, symbol in enumerate(label):
        x = place * step + rng.uniform(0, max(1.0, step - 20))
        pen.text((x, rng.uniform(2, 8)), symbol, font=font, fill=(20, 20, 60))
    return picture


def write(folder: Path, labels: list[str], *, seed: int, width: int = 96) -> Path:
    """One PNG a label, ``LABEL_hash.png``."""
    folder.mkdir(parents=True)
    for index, label in enumerate(labels):
        buffer = io.BytesIO()
        draw(label, np.random.default_rng([seed, index]), width=width).save(buffer, "PNG")
        digest = hashlib.sha1(buffer.getvalue()).hexdigest()[:10]
        (folder / f"{label}_{digest}.png").write_bytes(buffer.getvalue())
    return folder


def labels(count: int, *, symbols: str, lengths: tuple[int, int], seed: int) -> list[str]:
    """Random labels."""
    rng = np.random.default_rng(seed)
    return [
        "".join(rng.choice(list(symbols), rng.integers(lengths[0], lengths[1] + 1)))
        for _ in range(count)
    ]


@pytest.fixture(scope="session")
def digit_folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``train`` (640 pictures) and ``test`` (64) of one to three of 1, 4, 7."""
    root = tmp_path_factory.mktemp("digits")
    for name, count, seed in (("train", 640, 1), ("test", 64, 2)):
        write(root / name, labels(count, symbols="147", lengths=(1, 3), seed=seed), seed=seed)
    return root


@pytest.fixture(scope="session")
def trained(digit_folders: Path) -> Path:
    """The same folder with ``captcha.toml`` and a CTC network trained by it, in ``runs/digits``."""
    from training import cli

    settings = digit_folders / "captcha.toml"
    settings.write_text(SETTINGS)
    assert cli.main(["fit", str(settings)]) == 0
    return digit_folders
