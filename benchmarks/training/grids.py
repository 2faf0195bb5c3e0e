"""Drawn grids, end to end: 80 classes of icons, both models trained, whole pictures answered.

    python benchmarks/training/grids.py FOLDER

What is proved is the pipeline: drawn pictures of known labels go through `solver-train cut`,
`split`, `fit` and `export --calibrate`, and the two files through `Solver`. Whatever cutting,
class folders, calibration or the answer's rule lost would be missing here. Tiles come in class
folders, as the public 12306 sets do; words of headers are drawn as the recipe in `tiles_12306`
draws them, and those that `cut` finds are added. Test grids have a seed of their own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import _rows as rows
from _rows import REPOSITORY, TEST_SEED, TRAIN_SEED, common

from solver import Solver
from solver.results import TilesResult
from training.generators import OTHER, TilesGenerator, words80, write_records

SETTINGS = """name = "{role}"
task = "classify"
labels = {labels}
[data]
{data}
[input]
height = {height}
width = {width}
fill = 255
[model]
width = {filters}
[classify]
role = "{role}"
background = "{background}"
[fit]
batch = 64
epochs = {epochs}
learning_rate = 3e-3
warmup = 100
weight_decay = 0.02
average = 0.995
mixed_precision = true
"""
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")]),
    "TF_CPP_MIN_LOG_LEVEL": "3",
}
WORD_LOOK = """kind = "header-word"
seed = {seed}
[options]
outside = 0.1
scaled = 0.0
"""


@dataclass(frozen=True)
class Size:
    """How many grids and header words are drawn, and how long each model trains."""

    grids: int
    words: int
    tests: int
    epochs: tuple[int, int]
    filters: tuple[int, int]


FULL = Size(grids=4000, words=16_000, tests=500, epochs=(8, 16), filters=(16, 24))
QUICK = Size(grids=30, words=400, tests=20, epochs=(1, 1), filters=(4, 4))


def main() -> None:
    parser = rows.parser(__doc__)
    options = parser.parse_args()
    size, folder = QUICK if options.quick else FULL, options.folder
    drawer = TilesGenerator(words80())
    write_records(folder / "grids", drawer, size.grids, seed=TRAIN_SEED, workers=2)
    write_records(folder / "test", drawer, size.tests, seed=TEST_SEED, workers=2)
    command("cut", folder / "grids", "-o", folder / "pieces")
    if not (folder / "lists").is_dir():
        tiles = folder / "grids" / "tiles"
        command(
            "split", tiles, "--reader", "classes", "--out", folder / "lists", "--shares", "0.9,0.1"
        )
    for name, count, seed in (("words", size.words, 5), ("held", size.words // 10, 6)):
        look = rows.keep(folder / f"{name}.toml", WORD_LOOK.format(seed=seed))
        rows.draw(look, folder / name, count=count, seed=seed)

    header = settings(folder, "header", size)
    tile = settings(folder, "tile", size)
    spent = [rows.fit(file, folder / "runs" / file.stem) for file in (header, tile)]
    models = [export(file, folder, folder / f"{file.stem}.onnx") for file in (header, tile)]

    solver = Solver(*map(str, models))
    table = [
        line.split("\t")
        for line in (folder / "test" / "labels.tsv").read_text("utf-8").splitlines()
    ]
    answers = list(
        solver.tiles_many([folder / "test" / name for name, *_ in table], on_error="return")
    )
    right = words = 0
    for (_, word, places), answer in zip(table, answers, strict=True):
        if isinstance(answer, TilesResult):
            words += [one.label for one in answer.prompt] == [word]
            right += answer.indices == tuple(map(int, places.split()))
    head = ("what", "pictures", "share (95 %)", "wall", "CPU")
    lines = [
        ("header word", str(len(table)), rows.share(words, len(table)), *times(spent[0])),
        ("whole picture", str(len(table)), rows.share(right, len(table)), *times(spent[1])),
    ]
    print("\n" + common.table(head, lines))
    rows.warn(options)
    bars = [common.Bar("whole picture", right / len(table), 0.95, more=True)]
    common.finish(bars, {"right": right, "words": words, "pictures": len(table)}, options)


def settings(folder: Path, role: str, size: Size) -> Path:
    """The settings file of a role."""
    is_header = role == "header"
    if is_header:
        data = (
            'train = [{path = "words"}, {path = "pieces/words", reader = "classes"}]\n'
            'validation = [{path = "held"}]'
        )
    else:
        source = '{{path = "grids/tiles", reader = "classes", only = "lists/{}.csv"}}'
        data = "\n".join(f"{part} = [{source.format(part)}]" for part in ("train", "validation"))
    labels = [*words80(), *([OTHER] if is_header else [])]
    text = SETTINGS.format(
        role=role,
        labels=json.dumps(labels, ensure_ascii=False),
        data=data,
        height=32 if is_header else 64,
        width=80 if is_header else 64,
        filters=size.filters[0 if is_header else 1],
        background=OTHER if is_header else "",
        epochs=size.epochs[0 if is_header else 1],
    )
    return rows.keep(folder / f"{role}.toml", text)


def export(config: Path, folder: Path, output: Path) -> Path:
    """``solver-train export --calibrate`` on the validation part."""
    run = folder / "runs" / config.stem
    command("export", config, "--run", run, "-o", output, "--calibrate")
    return output


def command(*arguments: object) -> None:
    """One command of solver-train."""
    line = [sys.executable, "-m", "training.cli", *map(str, arguments)]
    done = subprocess.run(line, env=ENVIRONMENT, check=False)
    if done.returncode:
        raise SystemExit(f"solver-train {arguments[0]}: exit code {done.returncode}")


def times(spent: rows.Spent) -> tuple[str, str]:
    return rows.minutes(spent.wall), rows.minutes(spent.cpu)


if __name__ == "__main__":
    main()
