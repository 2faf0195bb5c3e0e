"""What the benchmarks share: labelled pictures, the machine they ran on, tables, bars.

Pictures are read straight from the zips of the shared data folder, never unpacked. A sample is
seeded and drawn from sorted names: the same pictures on every machine, and a smaller sample is
the beginning of a larger one.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import math
import os
import platform
import random
import sys
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from solver import Solver

SEED = 1
DEFAULT_DATA = Path("../shared/data")
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp"})
# Measured only. The other real sets may train: of those, a disjoint part is measured.
REAL_VALIDATE = (
    "gregwarlike_digits4",
    "lzu_digits5",
    "rsce_alnum5",
    "seu_lecture_digits4",
    "swust_20191218",
    "swust_20200226",
    "thinblue_digits4",
)


@dataclass(frozen=True)
class Picture:
    """``data`` is the encoded file, ``label`` the text drawn, ``group`` the set it is from."""

    group: str
    name: str
    label: str
    data: bytes


@dataclass(frozen=True)
class Bar:
    """One claim: ``value`` against ``bar``, where ``more`` says that more is better."""

    what: str
    value: float
    bar: float
    more: bool

    @property
    def met(self) -> bool:
        return self.value >= self.bar if self.more else self.value <= self.bar


def generator_sets(data: Path) -> list[Path]:
    """The zips of the ``text_gen-*`` sets, sorted."""
    zips = sorted(data.glob("text_gen-*.zip"))
    if not zips:
        raise SystemExit(f"{data}: no text_gen-*.zip there; name the folder with --data")
    return zips


def real_sets(data: Path) -> list[Path]:
    """The zips of the validate-only ``text_real-*`` sets."""
    zips = [data / f"text_real-{name}.zip" for name in REAL_VALIDATE]
    missing = [path.name for path in zips if not path.exists()]
    if missing:
        raise SystemExit(f"{data}: missing {', '.join(missing)}; name the folder with --data")
    return zips


def read_zip(path: Path, *, count: int | None = None) -> list[Picture]:
    """A seeded sample of ``count`` pictures of one set, or all of them."""
    with zipfile.ZipFile(path) as archive:
        names = _sample([n for n in archive.namelist() if _is_picture(n)], count)
        group = path.stem.split("-", 1)[-1]
        return [_picture(group, PurePosixPath(n).name, archive.read(n)) for n in names]


def read_folder(path: Path, *, count: int | None = None) -> list[Picture]:
    """A seeded sample of the pictures that lie in one folder."""
    names = _sample([item.name for item in path.iterdir() if _is_picture(item.name)], count)
    return [_picture(path.name, name, (path / name).read_bytes()) for name in names]


def mixed_pictures(data: Path, count: int) -> list[Picture]:
    """At least ``count`` pictures, the same number from every generator set, interleaved."""
    zips = generator_sets(data)
    sets = [read_zip(path, count=-(-count // len(zips))) for path in zips]
    return [picture for row in zip(*sets, strict=True) for picture in row]


def _is_picture(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in SUFFIXES


def _sample(names: Sequence[str], count: int | None) -> list[str]:
    names = sorted(names)
    random.Random(SEED).shuffle(names)
    return names if count is None else names[:count]


def _picture(group: str, name: str, data: bytes) -> Picture:
    return Picture(group, name, PurePosixPath(name).stem.rpartition("_")[0], data)


def make_parser(description: str | None, *, peers: bool = True) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of the zips")
    parser.add_argument("--model", type=Path, help="a model file; default: the embedded one")
    parser.add_argument("--out", type=Path, help="write every figure to this JSON file")
    parser.add_argument("--check", action="store_true", help="exit 1 where a bar is missed")
    if peers:
        parser.add_argument(
            "--peers", type=Path, nargs="+", default=[], metavar="DIR", help="their environments"
        )
    return parser


def make_solver(model: Path | None, *, tta: bool = True) -> Solver:
    """The solver under test, one thread."""
    try:
        from solver import Solver
    except ImportError as error:
        raise SystemExit(f"{error}; install the project first: pip install -e .") from error
    return Solver(*([model] if model else []), tta=tta)


def model_bytes(model: Path | None) -> bytes:
    """The text model's file."""
    if model:
        return model.read_bytes()
    from solver import pretrained

    embedded = pretrained.default_for("text")
    if embedded is None:
        raise SystemExit("no text model is embedded; name a file with --model")
    return embedded.read()


def rss_bytes() -> int:
    """Resident memory of this process (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of ``values`` does not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; floats are shown as they come: format them first."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(lines)


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    packages = ("numpy", "onnxruntime", "pillow", "opencv-python-headless")
    versions = {}
    for package in packages:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = None
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "load": os.getloadavg(),
        "packages": versions,
    }


def finish(bars: Sequence[Bar], figures: Mapping[str, Any], options: argparse.Namespace) -> None:
    """Print the bars, write ``--out``, and exit 1 where ``--check`` finds one missed."""
    if bars:
        rows = [
            (
                bar.what,
                f"{bar.value:.4g}",
                f"{'≥' if bar.more else '≤'} {bar.bar:g}",
                "met" if bar.met else "MISSED",
            )
            for bar in bars
        ]
        print("\n" + table(["claim", "measured", "bar", ""], rows))
    if options.out:
        report = {
            "machine": machine(),
            "seed": SEED,
            "bars": [asdict(bar) | {"met": bar.met} for bar in bars],
            **figures,
        }
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(
            json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )
    if options.check and not all(bar.met for bar in bars):
        sys.exit(1)
