"""Training on Keras's JAX backend, where there is no TensorFlow."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from training.config import Config
from training.data.pipeline import Feeder, padded_codes
from training.samples import read_folder

ROOT = Path(__file__).parents[2]
needs_jax = pytest.mark.skipif(
    importlib.util.find_spec("jax") is None or importlib.util.find_spec("keras") is None,
    reason="jax or keras is not installed: pip install jax keras h5py",
)

# TensorFlow is made impossible to import. The second call goes on from the first one's state.
CHILD = """
import sys
sys.modules["tensorflow"] = None
from pathlib import Path
import keras
assert keras.backend.backend() == "jax", keras.backend.backend()
from tests.training import conftest as draw, tiny
from training import checkpoint

root = Path(sys.argv[1])
text = tiny.SETTINGS.replace("dropout = 0.0", "dropout = 0.1")
text = text.replace("learning_rate = 0.001", "learning_rate = 0.01\\naverage = 0.5")
heads = text.replace('name = "digits"', 'task = "multi-head"\\nlength = 2')
heads = heads.replace("max_width = 64", "width = 64")
for name, settings in (("ctc", text), ("heads", heads), ("classes", tiny.CLASSES)):
    folder = root / name
    if name == "classes":
        for side in ("train", "test"):
            for label in ("1", "4"):
                draw.write(folder / side / label, [label] * 8, seed=len(side))
    else:
        tiny.project(folder)
    assert tiny.fit(folder, settings, "--profile") == 0, name
    assert tiny.kept(folder)["epoch"] == 1
    assert tiny.fit(folder, settings.replace("epochs = 1", "epochs = 2")) == 0, name
    assert tiny.kept(folder)["epoch"] == 2
    for made in ("best.weights.h5", "log.csv", "log.png", "profile.json", "events"):
        assert (folder / "run" / made).exists(), (name, made)
print("trained on", keras.backend.backend())
"""


@needs_jax
@pytest.mark.training
def test_text_and_classes_train_without_tensorflow(tmp_path: Path) -> None:
    environment = {**os.environ, "KERAS_BACKEND": "jax", "PYTHONPATH": str(ROOT)}
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr[-4000:]
    assert child.stdout.endswith("trained on jax\n")


def test_a_step_that_is_compiled_for_a_shape_sees_few(tmp_path: Path) -> None:
    from tests.training import conftest as draw

    for width in (48, 80):
        labels = draw.labels(11, symbols="147", lengths=(1, 3), seed=width)
        draw.write(tmp_path / str(width), labels, seed=1, width=width)
    samples = [sample for width in (48, 80) for sample in read_folder(tmp_path / str(width))]
    feeder = Feeder(
        samples,
        [1.0] * len(samples),
        spec=Config(symbols="147").input_spec(),
        targets=padded_codes(lambda label: ["147".index(c) for c in label], multiple=8),
        batch=4,
        seed=1,
        augmented=False,
        workers=1,
        is_full=True,
    )
    shapes = {(x.shape, y.shape) for x, y in feeder.epoch(0)}
    assert {y for _, y in shapes} == {(4, 8)}
    assert {x for x, _ in shapes} == {(4, 48, 64, 3), (4, 48, 96, 3)}
    seen = [look.index for looks in feeder.plan(0) for look in looks]
    assert set(seen) == set(range(22)), "the rest is filled up, not dropped"
