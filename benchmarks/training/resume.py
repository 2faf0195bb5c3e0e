"""SIGKILL at random moments: are the final weights those of an uninterrupted run?

    python benchmarks/training/resume.py

Draws small pictures, trains a small CTC network with augmentation and dropout once without a
break, then again in a process that is killed (SIGKILL, so nothing can be tidied up) at random
moments and started anew by the same command. Weights, the optimiser's state and the state of
every random generator of the two last checkpoints are compared byte by byte, and the rows of
``log.csv``. TensorFlow runs with op determinism on; JAX on a CPU is deterministic by itself
(``KERAS_BACKEND=jax``).
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from training import checkpoint

RUNNER = """
import sys, keras
if keras.backend.backend() == "tensorflow":
    import tensorflow
    tensorflow.config.experimental.enable_op_determinism()
from training.cli import main
sys.exit(main(sys.argv[1:]))
"""
SETTINGS = """
name = "digits"
symbols = "0123456789"
[data]
train = [{{path = "train"}}]
validation = [{{path = "validation"}}]
[input]
height = 32
max_width = 96
[model]
width = 8
context = 1
dropout = 0.2
[fit]
batch = 16
epochs = {epochs}
warmup = 10
average = 0.9
checkpoint_steps = {steps}
"""


def draw(folder: Path, count: int, *, seed: int) -> None:
    """``count`` PNG files of two to four digits."""
    folder.mkdir()
    font = ImageFont.load_default(size=24)
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        label = "".join(map(str, rng.integers(0, 10, rng.integers(2, 5))))
        picture = Image.new("RGB", (80, 32), tuple(int(v) for v in rng.integers(190, 256, 3)))
        pen = ImageDraw.Draw(picture)
        for place, symbol in enumerate(label):
            at = 4 + 18 * place + float(rng.uniform(-2, 2)), float(rng.uniform(0, 4))
            pen.text(at, symbol, font=font, fill=(20, 20, 90))
        picture.save(folder / f"{label}_{number:05d}.png")


def start(root: Path, run: Path) -> subprocess.Popen[bytes]:
    """The training command in a process of its own."""
    arguments = ["fit", str(root / "captcha.toml"), "--run", str(run)]
    log = (root / f"{run.name}.log").open("ab")
    return subprocess.Popen([sys.executable, "-c", RUNNER, *arguments], stdout=log, stderr=log)


def newest(run: Path) -> int:
    """The number of the newest checkpoint; 0: there is none."""
    names = [path.stem for path in (run / "checkpoints").glob("step-*.ckpt")]
    return max((int(name.removeprefix("step-")) for name in names), default=0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=320)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--checkpoint-steps", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--check", action="store_true", help="exit 1 where weights differ")
    options = parser.parse_args()
    dice = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        draw(root / "train", options.pictures, seed=1)
        draw(root / "validation", 32, seed=2)
        settings = SETTINGS.format(epochs=options.epochs, steps=options.checkpoint_steps)
        (root / "captcha.toml").write_text(settings)
        whole, killed = root / "whole", root / "killed"
        if start(root, whole).wait():
            print((root / "whole.log").read_text(), file=sys.stderr)
            return 1
        last = newest(whole)
        print(f"uninterrupted: {options.epochs} epochs, {last} checkpoints")
        done = interrupt(root, killed, last, options.kills, dice)
        if start(root, killed).wait():
            print((root / "killed.log").read_text(), file=sys.stderr)
            return 1
        same = compare(whole, killed)
    print(f"{done} kills; final weights equal: {'yes' if same else 'NO'}")
    return 0 if same or not options.check else 1


def interrupt(root: Path, run: Path, last: int, kills: int, dice: random.Random) -> int:
    """Start and kill, each time a random while after a random checkpoint; how often."""
    # Not before there is something to train on, and never so late that nothing is left.
    moments = sorted(dice.randint(0, last - 2) for _ in range(kills))
    for number, moment in enumerate(moments, 1):
        process = start(root, run)
        while newest(run) < moment and process.poll() is None:
            time.sleep(0.002)
        if moment == 0:
            time.sleep(dice.uniform(0, 5))
        time.sleep(dice.uniform(0, 0.2))
        process.send_signal(signal.SIGKILL)
        code = process.wait()
        print(f"kill {number}: after checkpoint {newest(run)}, exit {code}")
    return kills


def compare(whole: Path, killed: Path) -> bool:
    """Whether the last checkpoints hold the same bytes; prints how they differ."""
    one, two = (checkpoint.latest(run / "checkpoints") for run in (whole, killed))
    assert one is not None
    assert two is not None
    differing = [
        float(np.abs(a.astype(np.float64) - b.astype(np.float64)).max())
        for a, b in zip(one[0], two[0], strict=True)
        if a.tobytes() != b.tobytes()
    ]
    print(f"arrays: {len(one[0])}, differing: {len(differing)}, largest: {max(differing or [0.0])}")
    logs = [(run / "log.csv").read_text() for run in (whole, killed)]
    print(f"log.csv equal: {'yes' if logs[0] == logs[1] else 'NO'}")
    best = [weight_bytes(run / "best.weights.h5") for run in (whole, killed)]
    print(f"best weights equal: {'yes' if best[0] == best[1] else 'NO'}")
    return not differing and one[1] == two[1] and best[0] == best[1]


def weight_bytes(path: Path) -> list[bytes]:
    """The arrays of a weights file, in the order of their names."""
    import h5py

    found: list[bytes] = []

    def visit(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            found.append(name.encode() + np.asarray(item).tobytes())

    with h5py.File(path) as file:
        file.visititems(visit)
    return sorted(found)


if __name__ == "__main__":
    sys.exit(main())
