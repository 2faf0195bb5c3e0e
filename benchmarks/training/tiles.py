"""12306 tiles: a classifier on 800 pictures of 80 classes, five-fold, and its export.

    python benchmarks/training/tiles.py FOLDER [--data ../shared/data]

``grid12306-tiles_gavin_db2`` has ten pictures a class. In each fold eight of ten train and two
measure; near duplicates stay on one side, so folds may differ by a picture or two. No picture
chooses anything: the schedule ends by itself. There is no bar but honesty; what must hold is that
``solver classify`` on the exported file says what Keras says, on every test picture. On two free
cores: about 6 minutes a fold.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import _groups as sets
import _rows as rows
import numpy as np
from _rows import common

SET = "grid12306-tiles_gavin_db2.zip"
FOLDS = 5
SETTINGS = """name = "tiles"
task = "classify"
labels = {labels}
[input]
height = 64
width = 64
[model]
width = {width}
dropout = 0.3
[data]
train = [{{path = "train", reader = "classes", repeat = {repeat}}}]
[fit]
batch = 32
epochs = {epochs}
learning_rate = 2e-3
weight_decay = 0.02
warmup = {warmup}
label_smoothing = 0.1
average = 0.998
"""


@dataclass(frozen=True)
class Size:
    """Classes and folds that are trained, and how long: ``repeat`` looks a picture and epoch."""

    classes: int
    folds: int
    width: int
    repeat: int
    epochs: int
    warmup: int


FULL = Size(80, FOLDS, 32, 10, 10, 200)
QUICK = Size(4, 2, 8, 1, 1, 2)


@dataclass(frozen=True)
class Fold:
    """What one fold came to, of ``count`` test pictures."""

    train: int
    count: int
    right: int
    in_five: int
    equal: int
    largest: float
    spent: rows.Spent


def folds(pictures: dict[str, bytes]) -> list[list[str]]:
    """Names in five parts, each class spread evenly, near duplicates together."""
    parts: list[list[str]] = [[] for _ in range(FOLDS)]
    held = [Counter[str]() for _ in parts]
    # Every picture has a label of its own here: only what looks the same is joined.
    for group in sets.together(pictures, list(pictures), seed=rows.TEST_SEED):
        of = Path(group[0]).parent.name
        place = min(range(FOLDS), key=lambda i: (held[i][of], len(parts[i]), i))
        parts[place].extend(group)
        held[place].update(Path(name).parent.name for name in group)
    return parts


def in_use(model: Path, files: list[Path], *, top: int) -> list[dict[str, Any]]:
    """What ``solver classify --json`` prints for each file, in order."""
    command = [sys.executable, "-m", "solver", "classify", "--model", str(model), "--json"]
    found = subprocess.run(
        [*command, "--top-k", str(top), *map(str, files)],
        capture_output=True,
        text=True,
        check=True,
        cwd=rows.REPOSITORY,
    )
    answers = [json.loads(line) for line in found.stdout.splitlines()]
    if len(answers) != len(files):
        raise SystemExit(f"solver classify: {len(answers)} answers for {len(files)} pictures")
    return answers


def in_keras(config_file: Path, weights: Path, files: list[Path]) -> tuple[list[str], np.ndarray]:
    """Classes that Keras says, and their probabilities."""
    import keras

    from solver import images
    from solver.preprocess import preprocess
    from training import config
    from training.models import build

    settings = config.load(config_file)
    network = build(settings, labels=settings.labels)
    network.load_weights(weights)
    spec = settings.input_spec()
    x = np.stack([preprocess(images.load(file), spec)[0] for file in files])
    chances = keras.ops.convert_to_numpy(
        keras.ops.softmax(network.predict_on_batch(x).astype("float64"))
    )
    return [settings.labels[index] for index in chances.argmax(-1)], chances.max(-1)


def run_fold(
    number: int, parts: list[list[str]], pictures: dict[str, bytes], size: Size, folder: Path
) -> Fold:
    """Train on the other parts, measure this one."""
    place = folder / f"fold-{number + 1}"
    train = [name for i, part in enumerate(parts) if i != number for name in part]
    sets.write(place / "train", pictures, train)
    sets.write(place / "test", pictures, parts[number])
    labels = sorted({Path(name).parent.name for name in pictures})
    text = SETTINGS.format(
        labels=json.dumps(labels, ensure_ascii=False),
        width=size.width,
        repeat=size.repeat,
        epochs=size.epochs,
        warmup=size.warmup,
    )
    config, run = rows.keep(place / "captcha.toml", text), place / "runs" / "tiles"
    spent = rows.fit(config, run)
    model = rows.export(config, run, place / "tiles.onnx")
    files = [(place / "test" / name).resolve() for name in parts[number]]
    truths = [file.parent.name for file in files]
    answers = in_use(model.resolve(), files, top=min(5, len(labels)))
    names, chances = in_keras(config, run / rows.WEIGHTS, files)
    ranked = [[a["label"], *(b["text"] for b in a["alternatives"])] for a in answers]
    return Fold(
        train=len(train),
        count=len(files),
        right=sum(r[0] == truth for r, truth in zip(ranked, truths, strict=True)),
        in_five=sum(truth in r for r, truth in zip(ranked, truths, strict=True)),
        equal=sum(r[0] == name for r, name in zip(ranked, names, strict=True)),
        largest=max(abs(a["confidence"] - float(c)) for a, c in zip(answers, chances, strict=True)),
        spent=spent,
    )


def main() -> None:
    parser = rows.parser(__doc__)
    parser.add_argument("--data", type=Path, default=common.DEFAULT_DATA, help="folder of the zips")
    options = parser.parse_args()
    size = QUICK if options.quick else FULL
    pictures = sets.read_zip(options.data / SET)
    classes = sorted({Path(name).parent.name for name in pictures})[: size.classes]
    pictures = {n: data for n, data in pictures.items() if Path(n).parent.name in classes}
    parts = folds(pictures)
    found = [
        run_fold(number, parts, pictures, size, options.folder) for number in range(size.folds)
    ]

    def line(name: str, part: list[Fold]) -> list[str]:
        count = sum(fold.count for fold in part)
        right, five = sum(f.right for f in part), sum(f.in_five for f in part)
        return [
            name,
            " ".join(sorted({str(fold.train) for fold in part})),
            str(count),
            rows.share(right, count),
            f"{five / count:.4f}",
            f"{sum(f.equal for f in part)} of {count}",
            f"{max(f.largest for f in part):.1e}",
            rows.minutes(sum(f.spent.wall for f in part)),
            rows.minutes(sum(f.spent.cpu for f in part)),
        ]

    header = (
        "fold",
        "trained on",
        "pictures",
        "top-1 (95 %)",
        "top-5",
        "equal to Keras",
        "largest difference",
        "wall",
        "CPU",
    )
    lines = [line(str(number), [fold]) for number, fold in enumerate(found, 1)]
    print("\n" + common.table(header, [*lines, line("all", found)]))
    rows.warn(options)
    unequal = sum(fold.count - fold.equal for fold in found)
    largest = max(fold.largest for fold in found)
    bars = [
        common.Bar("answers that differ from Keras", unequal, 0, more=False),
        common.Bar("largest difference of a probability", largest, 1e-4, more=False),
    ]
    common.finish(bars, {"folds": [asdict(fold) for fold in found]}, options)


if __name__ == "__main__":
    main()
