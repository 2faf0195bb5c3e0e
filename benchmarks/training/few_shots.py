"""Few real pictures: 200, 500 and 800 of two sites, from a base that never saw either.

    python benchmarks/training/few_shots.py FOLDER --base BASE.weights.h5 \\
        [--base-config BASE.toml] [--data ../shared/data]

Of ``djinn_alnum6`` and ``henan_digits4`` 200 pictures measure (the same for each count; near
duplicates and equal labels stay on one side) and the smaller training set is the beginning of the
larger. Bar: exact .95 at 800. On two free cores: about 20 minutes for the six.

``--base`` is a float32 ``.weights.h5`` of a CTC network on ``compact`` or ``slim``, of any height,
width and symbols; its settings are those beside it (a run's folder has them), or
``--base-config``. ``text-general`` itself is refused, and so is whatever says that it trained on
one of the sets. Train one without them: take ``henan_digits4`` and ``djinn_alnum6`` out of every
list of ``benchmarks/text_general/stage*.toml``. The table names the sources that the base had.

Asked twice: as it is, and told what a user knows of the site (symbols and length).
"""

from __future__ import annotations

import string
from dataclasses import asdict, dataclass
from pathlib import Path

import _groups as sets
import _rows as rows
from _rows import common
from thousand import EMBEDDED

from solver import ALNUM
from training import bases
from training.bases import Base
from training.layers import TransferError
from training.typed import ConfigError

TEST = 200
OWN = ("compact", "slim")
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


def base_of(path: Path, declared: Path | None) -> Base:
    """The base, if it can be one: it fits a CTC network, and says of neither set that it saw it."""
    wanted = "--base: expected a .weights.h5 file of a CTC network that saw neither set, received"
    if not path.is_file() or path.name.startswith(EMBEDDED):
        raise SystemExit(f"{wanted} {path}; {EMBEDDED} was trained on both")
    try:
        base = bases.find(str(path), declared=declared)
    except (TransferError, ConfigError) as error:
        raise SystemExit(f"{wanted} {path}: {error}") from error
    if base.network.get("task") != "ctc" or base.network.get("model.backbone") not in OWN:
        raise SystemExit(f"{wanted} {path}, a network of another kind: {base.network or 'unknown'}")
    if base.settings is None:
        raise SystemExit(
            f"{wanted} {path}, of which nothing says the symbols and what it saw; name the "
            "captcha.toml that it was trained with: --base-config"
        )
    seen = {
        site.name
        for site in SITES
        for source in (*base.settings.data.train, *base.settings.data.validation)
        if site.name in (*Path(source.path).parts, Path(source.path).stem, source.name)
    }
    if EMBEDDED in base.settings.fit.start_from:
        raise SystemExit(f"{wanted} {path}, which began with {EMBEDDED}: it was trained on both")
    if seen:
        raise SystemExit(f"{wanted} {path}, which saw {' and '.join(sorted(seen))}")
    return base


def sources_of(base: Base) -> str:
    """What a base was trained on, by name."""
    assert base.settings is not None
    found = (source.name or Path(source.path).name for source in base.settings.data.train)
    return ", ".join(found) or "nothing that it names"


def main() -> None:
    parser = rows.parser(__doc__)
    parser.add_argument("--base", type=Path, required=True, help="weights that saw neither set")
    parser.add_argument(
        "--base-config", type=Path, help="the captcha.toml of the base; default: what is beside it"
    )
    parser.add_argument("--data", type=Path, default=common.DEFAULT_DATA, help="folder of the zips")
    options = parser.parse_args()
    base = base_of(options.base, options.base_config)
    size, folder = QUICK if options.quick else FULL, options.folder
    shape = rows.shape_of(base)
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
            start, declared = str(options.base), options.base_config
            spent = rows.fit(config, run, start_from=start, from_config=declared)
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
    print(f"\nThe base is {base.name}, trained on {sources_of(base)}")
    rows.warn(options)
    told = {"base": options.base.name, "base_trained_on": sources_of(base), "rows": figures}
    common.finish(bars, told, options)


if __name__ == "__main__":
    main()
