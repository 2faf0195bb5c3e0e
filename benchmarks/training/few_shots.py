"""Few real pictures: 200, 500 and 800 of two sites, from a base that never saw either.

    python benchmarks/training/few_shots.py FOLDER --base BASE.weights.h5 [--data ../shared/data]

Of ``djinn_alnum6`` and ``henan_digits4`` 200 pictures measure (the same for each count; near
duplicates and equal labels stay on one side) and the smaller training set is the beginning of the
larger. Bar: exact .95 at 800. On two free cores: about 20 minutes for the six.

``--base`` is a float32 ``.weights.h5`` of a CTC network in the shape of ``text-general``, with its
62 symbols. ``text-general`` itself is refused: both sets are among its training pictures. Train one
without them: take ``henan_digits4`` and ``djinn_alnum6`` out of every list of
``benchmarks/text_general/stage*.toml``.

Asked twice: as it is, and told what a user knows of the site (symbols and length).
"""

from __future__ import annotations

import string
from dataclasses import asdict, dataclass
from pathlib import Path

import _groups as sets
import _rows as rows
from _rows import common
from thousand import EMBEDDED, shape_of

from solver import ALNUM

TEST = 200
SETTINGS = """name = "{name}"
symbols = "{symbols}"
{shape}
dropout = 0.2
[data]
train = [{{path = "{train}", repeat = {repeat}}}]
[fit]
batch = 32
epochs = {epochs}
learning_rate = 1e-3
weight_decay = 0.01
warmup = 50
average = 0.99
"""


@dataclass(frozen=True)
class Site:
    """A set, and what its user knows."""

    name: str
    symbols: str
    length: int


SITES = (
    Site("djinn_alnum6", string.digits + string.ascii_lowercase, 6),
    Site("henan_digits4", string.digits, 4),
)


@dataclass(frozen=True)
class Size:
    """Training pictures, and looks at them in each of so many epochs, whatever their number."""

    train: tuple[int, ...]
    test: int
    looks: int
    epochs: int


FULL = Size((200, 500, 800), TEST, 4000, 5)
QUICK = Size((16, 24), 16, 32, 1)


def split(data: Path, size: Size) -> tuple[dict[str, bytes], list[str], list[str]]:
    """Pictures of a set, those to train on in their order, and those to measure."""
    pictures = sets.read_zip(data)
    labels = [Path(name).stem.rpartition("_")[0] for name in pictures]
    train: list[str] = []
    test: list[str] = []
    for group in sets.together(pictures, labels, seed=rows.TEST_SEED):
        side = test if len(test) + len(group) <= size.test else train
        side.extend(group)
    return pictures, train, test


def main() -> None:
    parser = rows.parser(__doc__)
    parser.add_argument("--base", type=Path, required=True, help="weights that saw neither set")
    parser.add_argument("--data", type=Path, default=common.DEFAULT_DATA, help="folder of the zips")
    options = parser.parse_args()
    if not options.base.is_file() or options.base.name.startswith(EMBEDDED):
        raise SystemExit(
            f"--base: expected a .weights.h5 file of a network that saw neither set, received "
            f"{options.base}; {EMBEDDED} was trained on both"
        )
    size, folder = QUICK if options.quick else FULL, options.folder
    shape = shape_of(str(options.base))
    lines, bars, figures = [], [], {}
    for site in SITES:
        pictures, pool, held_back = split(options.data / f"text_real-{site.name}.zip", size)
        test = sets.write(folder / site.name / "test", pictures, held_back)
        for count in size.train:
            chosen = pool[:count]
            name = f"{site.name}-{count}"
            place = sets.write(folder / site.name / f"train-{count}", pictures, chosen)
            text = SETTINGS.format(
                name=name,
                symbols=ALNUM,
                shape=shape,
                train=place.relative_to(folder).as_posix(),
                repeat=size.looks / len(chosen),
                epochs=size.epochs,
            )
            config, run = rows.keep(folder / f"{name}.toml", text), folder / "runs" / name
            spent = rows.fit(config, run, start_from=str(options.base))
            model = rows.export(config, run, folder / f"{name}.onnx")
            plain = rows.score_folder(model, test)
            told = rows.score_folder(model, test, length=site.length, charset=site.symbols)
            cells = [*plain.cells(), rows.share(told.right, told.count)]
            times = [rows.minutes(spent.wall), rows.minutes(spent.cpu)]
            lines.append([site.name, str(len(chosen)), *cells, *times])
            figures[name] = {
                "train": len(chosen),
                "plain": asdict(plain),
                "told": asdict(told),
                "spent": asdict(spent),
            }
            if count == size.train[-1]:
                what = f"{site.name}, {len(chosen)} pictures"
                bars.append(common.Bar(what, plain.exact, 0.95, more=True))
    header = ("set", "trained on", *rows.HEADER[1:4], "told symbols and length", *rows.HEADER[4:])
    print("\n" + common.table(header, lines))
    rows.warn(options)
    common.finish(bars, {"base": options.base.name, "rows": figures}, options)


if __name__ == "__main__":
    main()
