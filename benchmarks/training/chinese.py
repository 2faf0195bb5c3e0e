"""Chinese: CTC, 500 characters, 2 to 4 long, four fonts, this project's generator.

    python benchmarks/training/chinese.py FOLDER

500 characters of GB 2312's first level, drawn by chance once and for all; on 160 × 60, dark ink on
pale grounds, medium disturbance; a song, a hei and two kai faces (Debian: fonts-arphic-gbsn00lp,
fonts-wqy-zenhei, fonts-arphic-gkai00mp, fonts-lxgw-wenkai). Drawn while training, 20,000 an epoch,
starting from ``text-general``, whose head keeps no symbol. 1,000 fixed pictures choose the epoch,
5,000 others measure. Bar: exact .95. On two free cores: about 45 minutes.
"""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass

import _rows as rows
from _rows import common
from thousand import EMBEDDED

from training import bases
from training.generators import gb2312

CHARACTERS = 500
FONTS = ("gbsn00lp.ttf", "wqy-zenhei.ttc", "gkai00mp.ttf", "LXGWWenKai-Regular.ttf")
PACKAGES = "fonts-arphic-gbsn00lp fonts-wqy-zenhei fonts-arphic-gkai00mp fonts-lxgw-wenkai"
LOOK = """kind = "classic"
seed = 1
[options]
symbols = "{symbols}"
length = [2, 4]
size = [160, 60]
ink = ["dark"]
ground = ["pale"]
disturbance = "medium"
fonts = ["fonts"]
"""
SETTINGS = """name = "chinese"
symbols = "{symbols}"
{shape}
[data]
augment = false
train = [{{path = "look.toml", reader = "generator", count = {count}}}]
validation = [{{path = "look.toml", reader = "generator", count = {held_back}}}]
[fit]
epochs = {epochs}
learning_rate = 2e-3
warmup = {warmup}
average = 0.999
mixed_precision = true
"""


@dataclass(frozen=True)
class Size:
    """Pictures an epoch, to choose by, and to measure; characters and epochs."""

    characters: int
    count: int
    held_back: int
    test: int
    epochs: int
    warmup: int


FULL = Size(CHARACTERS, 20_000, 1000, 5000, 20, 300)
QUICK = Size(20, 64, 16, 24, 1, 2)


def symbols(count: int) -> str:
    """So many characters, always the same ones."""
    return "".join(random.Random(1).sample(gb2312((1,)), count))


def main() -> None:
    options = rows.parser(__doc__).parse_args()
    size, folder = QUICK if options.quick else FULL, options.folder
    rows.fonts(FONTS, folder / "fonts", packages=PACKAGES)
    drawn = symbols(size.characters)
    look = rows.keep(folder / "look.toml", LOOK.format(symbols=drawn))
    test = rows.draw(look, folder / "test", count=size.test, seed=rows.TEST_SEED)

    text = SETTINGS.format(
        symbols=drawn,
        shape=rows.shape_of(bases.find(EMBEDDED)),
        count=size.count,
        held_back=size.held_back,
        epochs=size.epochs,
        warmup=size.warmup,
    )
    config, run = rows.keep(folder / "captcha.toml", text), folder / "runs" / "chinese"
    spent = rows.fit(config, run, start_from=EMBEDDED)
    model = rows.export(config, run, folder / "chinese.onnx")
    score = rows.score_folder(model, test)

    name = f"{size.characters} characters, 2–4 long"
    cells = [name, *score.cells(), rows.minutes(spent.wall), rows.minutes(spent.cpu)]
    print("\n" + common.table(rows.HEADER, [cells]))
    rows.warn(options)
    bars = [common.Bar("whole answer", score.exact, 0.95, more=True)]
    common.finish(bars, {"score": asdict(score), "spent": asdict(spent)}, options)


if __name__ == "__main__":
    main()
