"""A thousand pictures: 4 of 0-9a-z at 80 × 40, drawn by the PyPI package ``captcha``.

    python benchmarks/training/thousand.py FOLDER

1,000 pictures train and no others, validation among them neither: the schedule ends by itself and
its last weights, averaged, are kept. 2,000 fresh ones measure. Twice: a multi-head network from
scratch (bar .80 within 20 minutes, aim .90), and the embedded ``text-general``, fine-tuned (bar .96
within 5 minutes). On two free cores: about 15 and 4 minutes.

The package's own sizes of letters (42 to 56 pixels) are cut off at this height, so smaller ones are
drawn; ``--font-sizes 42 50 56`` measures those.

Also printed: the accuracy of each head by itself, and the loss of one head. The forum thread that
this comes from printed one head's loss under the name of accuracy; what counts is the whole answer.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import _rows as rows
import numpy as np
from _rows import common

from solver import images, preprocess
from solver.model import Model
from training import bases

SYMBOLS = "0123456789abcdefghijklmnopqrstuvwxyz"
LENGTH = 4
EMBEDDED = "text-general"
LOOK = """kind = "pypi-captcha"
[options]
symbols = "{symbols}"
length = [4, 4]
size = [80, 40]
font_sizes = {sizes}
"""
# Few pictures, many looks: what helps is augmentation, dropout, smoothing and averaging.
SCRATCH = """name = "scratch"
task = "multi-head"
symbols = "{symbols}"
length = 4
[input]
height = 40
width = 80
[model]
width = {width}
dropout = 0.3
[data]
train = [{{path = "train", repeat = {repeat}}}]
[fit]
batch = 32
epochs = {epochs}
learning_rate = 2e-3
weight_decay = 0.02
warmup = 200
label_smoothing = 0.1
average = 0.998
"""
TUNED = """name = "tuned"
symbols = "{symbols}"
{shape}
dropout = 0.3
[data]
augment_strength = "strong"
train = [{{path = "train", repeat = {repeat}}}]
[fit]
batch = 32
epochs = {epochs}
learning_rate = 1e-3
weight_decay = 0.01
warmup = 50
average = 0.995
mixed_precision = true
"""


@dataclass(frozen=True)
class Size:
    """Pictures, and how long to train: an epoch shows every picture ``repeat`` times."""

    train: int
    test: int
    width: int
    repeat: int
    scratch_epochs: int
    tuned_epochs: int


FULL = Size(1000, 2000, 32, 10, 30, 7)
QUICK = Size(48, 24, 8, 1, 1, 1)


def heads(model: Path, folder: Path) -> tuple[list[float], list[float]]:
    """Accuracy and mean cross-entropy (nats) of each head by itself."""
    opened = Model.open(model)
    files, truths = rows.labelled(folder)
    tensors = [preprocess.preprocess(images.load(file), opened.spec.input)[0] for file in files]
    logits = np.stack([outputs[0] for outputs in opened.run_many(tensors)]).astype(np.float64)
    logits -= logits.max(axis=-1, keepdims=True)
    chances = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    places = np.array([[SYMBOLS.index(symbol) for symbol in truth] for truth in truths])
    right = np.take_along_axis(chances, places[..., None], axis=-1)[..., 0]
    return (logits.argmax(-1) == places).mean(0).tolist(), (-right.mean(0)).tolist()


def main() -> None:
    parser = rows.parser(__doc__)
    parser.add_argument("--font-sizes", type=int, nargs="+", default=[24, 28, 32])
    options = parser.parse_args()
    size, folder = QUICK if options.quick else FULL, options.folder
    look = LOOK.format(symbols=SYMBOLS, sizes=options.font_sizes)
    rows.keep(folder / "look.toml", look)
    rows.draw(folder / "look.toml", folder / "train", count=size.train, seed=rows.TRAIN_SEED)
    test = rows.draw(folder / "look.toml", folder / "test", count=size.test, seed=rows.TEST_SEED)

    text = SCRATCH.format(
        symbols=SYMBOLS, width=size.width, repeat=size.repeat, epochs=size.scratch_epochs
    )
    config, run = rows.keep(folder / "scratch.toml", text), folder / "runs" / "scratch"
    scratch_spent = rows.fit(config, run)
    scratch = rows.export(config, run, folder / "scratch.onnx")
    scratch_score = rows.score_folder(scratch, test)
    accuracies, losses = heads(scratch, test)

    shape = rows.shape_of(bases.find(EMBEDDED))
    text = TUNED.format(symbols=SYMBOLS, shape=shape, repeat=size.repeat, epochs=size.tuned_epochs)
    config, run = rows.keep(folder / "tuned.toml", text), folder / "runs" / "tuned"
    tuned_spent = rows.fit(config, run, start_from=EMBEDDED)
    tuned = rows.export(config, run, folder / "tuned.onnx")
    tuned_score = rows.score_folder(tuned, test)
    told_score = rows.score_folder(tuned, test, length=LENGTH)

    def cells(name: str, score: rows.Score, spent: rows.Spent) -> list[str]:
        return [name, *score.cells(), rows.minutes(spent.wall), rows.minutes(spent.cpu)]

    print(
        "\n"
        + common.table(
            rows.HEADER,
            [
                cells("multi-head, from scratch", scratch_score, scratch_spent),
                cells(f"{EMBEDDED}, fine-tuned", tuned_score, tuned_spent),
                cells("the same, asked with length=4", told_score, tuned_spent),
            ],
        )
    )
    print(
        "\n"
        + common.table(
            ("from scratch", *(f"head {place}" for place in range(1, LENGTH + 1))),
            [
                ("accuracy of one head", *(f"{value:.4f}" for value in accuracies)),
                ("loss of one head, nats", *(f"{value:.4f}" for value in losses)),
            ],
        )
    )
    print(
        f"\nwhole answer right: {scratch_score.exact:.4f}. Not accuracies of an answer: one head "
        f"right {accuracies[-1]:.4f}; the loss of one head, which the thread printed as "
        f'"accuracy", {losses[-1]:.4f}'
    )
    rows.warn(options)
    bars = [
        common.Bar("from scratch: whole answer", scratch_score.exact, 0.80, more=True),
        common.Bar("from scratch: minutes", scratch_spent.wall / 60, 20, more=False),
        common.Bar("fine-tuned: whole answer", tuned_score.exact, 0.96, more=True),
        common.Bar("fine-tuned: minutes", tuned_spent.wall / 60, 5, more=False),
    ]
    figures = {
        "scratch": asdict(scratch_score) | {"heads": accuracies, "losses": losses},
        "scratch_spent": asdict(scratch_spent),
        "tuned": asdict(tuned_score),
        "tuned_with_length": asdict(told_score),
        "tuned_spent": asdict(tuned_spent),
        "font_sizes": options.font_sizes,
    }
    common.finish(bars, figures, options)


if __name__ == "__main__":
    main()
