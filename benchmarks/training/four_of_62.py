"""4 of 62 at 128 × 64 in the style of a blog post: white ink, eight grounds, medium disturbance.

    python benchmarks/training/four_of_62.py FOLDER

The post had about .50 from 20,000 pictures and a residual network. Here too 20,000 train, of which
500 are held back to choose the epoch, and 10,000 others measure; they are drawn by this project's
generator with ``four_of_62.toml``, in Comic Neue (Debian: fonts-comic-neue), upright, plain and
bold. A multi-head residual network. Bars: exact .90, case aside .96, 3 hours. On two free cores:
about 25 minutes where the processor has bfloat16, and a minute of drawing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import _rows as rows
from _rows import common

FONTS = ("ComicNeue-Regular.otf", "ComicNeue-Bold.otf")
SETTINGS = """name = "four-of-62"
task = "multi-head"
length = 4
[input]
height = 64
width = 128
[model]
width = {width}
dropout = 0.2
[data]
train = [{{path = "train"}}]
validation = [{{path = "validation"}}]
[fit]
epochs = {epochs}
learning_rate = 2e-3
weight_decay = 0.01
warmup = {warmup}
label_smoothing = 0.05
average = 0.998
mixed_precision = true
"""


@dataclass(frozen=True)
class Size:
    """Pictures, and how long to train."""

    train: int
    held_back: int
    test: int
    width: int
    epochs: int
    warmup: int


FULL = Size(19_500, 500, 10_000, 24, 20, 300)
QUICK = Size(64, 16, 24, 8, 1, 2)


def main() -> None:
    options = rows.parser(__doc__).parse_args()
    size, folder = QUICK if options.quick else FULL, options.folder
    rows.fonts(FONTS, folder / "fonts", packages="fonts-comic-neue")
    look = rows.keep(
        folder / "look.toml",
        Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"),
    )
    rows.draw(look, folder / "train", count=size.train, seed=rows.TRAIN_SEED)
    rows.draw(look, folder / "validation", count=size.held_back, seed=rows.HELD_BACK_SEED)
    test = rows.draw(look, folder / "test", count=size.test, seed=rows.TEST_SEED)

    text = SETTINGS.format(width=size.width, epochs=size.epochs, warmup=size.warmup)
    config, run = rows.keep(folder / "captcha.toml", text), folder / "runs" / "four-of-62"
    spent = rows.fit(config, run)
    model = rows.export(config, run, folder / "four-of-62.onnx")
    score = rows.score_folder(model, test)

    cells = ["4 of 62", *score.cells(), rows.minutes(spent.wall), rows.minutes(spent.cpu)]
    print("\n" + common.table(rows.HEADER, [cells]))
    rows.warn(options)
    bars = [
        common.Bar("whole answer", score.exact, 0.90, more=True),
        common.Bar("whole answer, case aside", score.case_insensitive, 0.96, more=True),
        common.Bar("hours", spent.wall / 3600, 3, more=False),
    ]
    common.finish(bars, {"score": asdict(score), "spent": asdict(spent)}, options)


if __name__ == "__main__":
    main()
