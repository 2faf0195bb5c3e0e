"""What the rows of this table share: drawing, timed commands that go on, scores of exported files.

A row works in a folder of its own. Whatever is done there already is not done again: a row that
was stopped goes on when its command is given again.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "benchmarks")]

import _common as common  # noqa: E402
import _scores as scores  # noqa: E402

from solver import Solver  # noqa: E402
from training.bases import Base  # noqa: E402
from training.generators import read_settings, write_folder  # noqa: E402

EPOCH = re.compile(r"epoch (\d+): (?:mean .+? ([\d.]+);|no validation)")
TRAIN_SEED, TEST_SEED, HELD_BACK_SEED = 1, 2, 3
JOURNAL = "benchmark.json"
WEIGHTS = "best.weights.h5"


@dataclass(frozen=True)
class Spent:
    """Seconds of a training, over all its starts; ``epochs``: (number, seconds so far, exact)."""

    wall: float = 0.0
    cpu: float = 0.0
    epochs: tuple[tuple[int, float, float], ...] = ()
    is_done: bool = False

    def until(self, exact: float) -> float | None:
        """Seconds until validation first reached a share; None: it never did."""
        return next((seconds for _, seconds, share in self.epochs if share >= exact), None)


@dataclass(frozen=True)
class Score:
    """Whole answers that are right, of ``count``; ``folded``: case aside."""

    right: int
    folded: int
    count: int

    @property
    def exact(self) -> float:
        return self.right / self.count

    @property
    def case_insensitive(self) -> float:
        return self.folded / self.count

    def cells(self) -> list[str]:
        """For a table: count, exact with its interval, case-insensitive with its own."""
        return [str(self.count), share(self.right, self.count), share(self.folded, self.count)]


HEADER = ("what", "pictures", "exact (95 %)", "case-insensitive (95 %)", "wall", "CPU")


def share(right: int, count: int) -> str:
    """A share with Wilson's 95 % interval, for a table."""
    low, high = scores.wilson(right, count)
    return f"{right / count:.4f} ({low:.3f}–{high:.3f})"


def minutes(seconds: float | None) -> str:
    """For a table."""
    return "–" if seconds is None else f"{seconds / 60:.1f} min"


def parser(description: str | None) -> argparse.ArgumentParser:
    """The options that every row has."""
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("folder", type=Path, help="where pictures and runs go; the same one goes on")
    made.add_argument("--quick", action="store_true", help="a tiny run; its figures mean nothing")
    made.add_argument("--out", type=Path, help="write every figure to this JSON file")
    made.add_argument("--check", action="store_true", help="exit 1 where a bar is missed")
    return made


def draw(settings: Path, folder: Path, *, count: int, seed: int) -> Path:
    """So many PNG files of a generator's settings file; what is there already stays."""
    found = len(list(folder.glob("*.png"))) if folder.is_dir() else 0
    if found < count:
        write_folder(folder, read_settings(settings).generator, count, seed=seed, jpeg=0.0)
        found = len(list(folder.glob("*.png")))
    if found != count:
        raise SystemExit(f"{folder}: expected {count} pictures, found {found}; name a new folder")
    return folder


def keep(path: Path, text: str) -> Path:
    """Write a settings file, if it is not there as it should be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
    return path


def shape_of(base: Base) -> str:
    """The settings of a CTC network that takes over every layer of a base."""
    height, *model = (
        base.network[key]
        for key in ("input.height", "model.backbone", "model.width", "model.context")
    )
    backbone, width, context = model
    return (
        f"[input]\nheight = {height}\n"
        f'[model]\nbackbone = "{backbone}"\nwidth = {width}\ncontext = {context}'
    )


def fit(
    config: Path, run: Path, *, start_from: str | None = None, from_config: Path | None = None
) -> Spent:
    """``solver-train fit``, or what is left of it, with its lines shown; all its time so far."""
    before = _journal(run)
    if before.is_done and (run / WEIGHTS).is_file():
        return before
    arguments = ["fit", str(config), "--run", str(run)]
    arguments += ["--from", start_from] if start_from else []
    arguments += ["--from-config", str(from_config)] if from_config else []
    start, used = time.monotonic(), _children()
    epochs = {number: (number, seconds, exact) for number, seconds, exact in before.epochs}

    def spent(cpu: float, *, is_done: bool) -> Spent:
        wall = before.wall + time.monotonic() - start
        return Spent(wall, before.cpu + cpu, tuple(epochs.values()), is_done)

    with _start(arguments) as process:
        assert process.stderr is not None
        for line in process.stderr:
            print(line, end="", flush=True)
            found = EPOCH.match(line)
            if found:
                now = spent(_cpu_of(process.pid), is_done=False)
                number = int(found[1])
                epochs[number] = (number, now.wall, float(found[2] or 0))
                _write(run, replace(now, epochs=tuple(epochs.values())))
    if process.returncode:
        raise SystemExit(f"solver-train {' '.join(arguments)}: exit code {process.returncode}")
    done = spent(_children() - used, is_done=True)
    _write(run, done)
    return done


def export(config: Path, run: Path, output: Path) -> Path:
    """``solver-train export``, unless it was done after the weights were written."""
    weights = run / WEIGHTS
    if output.is_file() and output.stat().st_mtime >= weights.stat().st_mtime:
        return output
    with _start(["export", str(config), "--run", str(run), "-o", str(output)]) as process:
        assert process.stderr is not None
        print(process.stderr.read(), end="")
    if process.returncode:
        raise SystemExit(f"export of {run}: exit code {process.returncode}")
    return output


def labelled(folder: Path) -> tuple[list[Path], list[str]]:
    """Picture files, sorted, and their labels."""
    files = sorted(path for path in folder.iterdir() if path.suffix in common.SUFFIXES)
    return files, [path.stem.rpartition("_")[0] for path in files]


def read(
    model: Path, files: Sequence[Path], *, length: int | None = None, charset: str | None = None
) -> list[str]:
    """What the runtime answers, as any user would ask it."""
    reader = Solver(str(model))
    return [answer.text for answer in reader.text_many(files, length=length, charset=charset)]


def score(answers: Sequence[str], truths: Sequence[str]) -> Score:
    """Compare whole answers."""
    pairs = list(zip(answers, truths, strict=True))
    folded = sum(answer.casefold() == truth.casefold() for answer, truth in pairs)
    return Score(sum(answer == truth for answer, truth in pairs), folded, len(pairs))


def score_folder(
    model: Path, folder: Path, *, length: int | None = None, charset: str | None = None
) -> Score:
    """A model on every picture of a folder, each once."""
    files, truths = labelled(folder)
    return score(read(model, files, length=length, charset=charset), truths)


def fonts(names: Sequence[str], folder: Path, *, packages: str) -> Path:
    """The font files of these names, copied from this machine into a folder of their own."""
    listed = subprocess.run(
        ["fc-list", "--format", "%{file}\n"], capture_output=True, text=True, check=True
    ).stdout.split("\n")
    found = {Path(line).name: Path(line) for line in sorted(listed) if line}
    missing = [name for name in names if name not in found]
    if missing:
        raise SystemExit(f"no fonts {', '.join(missing)} here; Debian: apt-get install {packages}")
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(found[name].read_bytes())
    return folder


def warn(options: argparse.Namespace) -> None:
    """Say that a quick run is none."""
    if options.quick:
        print("\n--quick: that it runs is all that these figures show")


def _start(arguments: Sequence[str]) -> subprocess.Popen[str]:
    path = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH", "")]))
    return subprocess.Popen(
        [sys.executable, "-m", "training.cli", *arguments],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _cpu_of(pid: int) -> float:
    """CPU seconds of a process that runs, and of its children (Linux)."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # it has ended since it was listed
        values = text.rpartition(")")[2].split()
        if pid in (int(stat.parent.name), int(values[1])):
            ticks += sum(map(int, values[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _journal(run: Path) -> Spent:
    path = run / JOURNAL
    if not path.is_file():
        return Spent()
    body = json.loads(path.read_text(encoding="utf-8"))
    return Spent(**{**body, "epochs": tuple(map(tuple, body["epochs"]))})


def _write(run: Path, spent: Spent) -> None:
    body = {"wall": spent.wall, "cpu": spent.cpu, "epochs": spent.epochs, "is_done": spent.is_done}
    fresh = run / f".{JOURNAL}.new"
    fresh.write_text(json.dumps(body) + "\n", encoding="utf-8")
    fresh.replace(run / JOURNAL)
