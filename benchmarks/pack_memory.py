"""Packing many small pictures: peak memory, and the pack's size against the files'.

    python benchmarks/pack_memory.py

Draws small PNG files (80×40, four digits), packs them with ``solver-train pack`` in a process of
its own, and reads from it the largest resident memory that the kernel saw (``VmHWM``). The pack
is all of its folder, the index too. Then every picture is read back and compared. Small pictures
are the hard case: what a pack adds is the same for each.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import _common as common
import numpy as np
from _common import Bar
from PIL import Image, ImageDraw, ImageFont

PICTURES = 20_000
SIZE = (80, 40)
MB = 1_000_000
CHILD = """
import sys
from pathlib import Path
from training.cli import main
code = main(sys.argv[1:])
status = Path("/proc/self/status").read_text(encoding="ascii")
print("peak", next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
sys.exit(code)
"""


def draw(folder: Path, count: int) -> None:
    """``count`` PNG files of digits under two lines."""
    font = ImageFont.load_default(size=26)
    for number in range(count):
        rng = np.random.default_rng([common.SEED, number])
        label = "".join(map(str, rng.integers(0, 10, 4)))
        ground = tuple(int(level) for level in rng.integers(200, 256, 3))
        picture = Image.new("RGB", SIZE, ground)
        pen = ImageDraw.Draw(picture)
        for place, symbol in enumerate(label):
            at = 4 + 18 * place + float(rng.uniform(-2, 2)), float(rng.uniform(0, 8))
            pen.text(at, symbol, font=font, fill=(20, 20, int(rng.integers(0, 160))))
        for _ in range(2):
            ends = [int(value) for value in rng.integers(0, SIZE[1], 2)]
            pen.line((0, ends[0], SIZE[0], ends[1]), fill=(90, 90, 90))
        picture.save(folder / f"{label}_{number:06d}.png")


def pack(folder: Path, out: Path) -> tuple[float, float]:
    """Peak resident memory in MB and seconds of one ``solver-train pack``."""
    start = time.perf_counter()
    command = [sys.executable, "-c", CHILD, "pack", str(folder), "--out", str(out)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode:
        raise SystemExit(found.stderr)
    peak = int(found.stdout.rsplit("peak", 1)[1]) * 1024 / MB
    return peak, time.perf_counter() - start


def differing(folder: Path, out: Path) -> int:
    """How many pictures are not in the pack as they are in their files."""
    from training.config import Source
    from training.samples import read_source

    samples = read_source(Source(str(out), reader="pack"), Path())
    files = {path.name: path for path in folder.iterdir()}
    same = sum(files.pop(s.path.name).read_bytes() == s.content() for s in samples)
    return len(samples) - same + len(files)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=PICTURES)
    parser.add_argument("--out", type=Path, help="write every figure to this JSON file")
    parser.add_argument("--check", action="store_true", help="exit 1 where a bar is missed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, out = Path(name) / "pictures", Path(name) / "pack"
        folder.mkdir()
        draw(folder, options.pictures)
        files = sum(path.stat().st_size for path in folder.iterdir())
        peak, seconds = pack(folder, out)
        packed = sum(path.stat().st_size for path in out.iterdir())
        wrong = differing(folder, out)
    print(
        f"{options.pictures} pictures, {files / MB:.1f} MB, {files / options.pictures:.0f} bytes "
        f"each; packed in {seconds:.1f} s"
    )
    bars = [
        Bar(f"packing {options.pictures}: peak resident memory, MB", peak, 500, more=False),
        Bar("pack / pictures", packed / files, 1.1, more=False),
        Bar("pictures that differ", wrong, 0, more=False),
    ]
    figures = {
        "pictures": options.pictures,
        "picture_bytes": files,
        "pack_bytes": packed,
        "peak_mb": peak,
        "seconds": seconds,
    }
    common.finish(bars, figures, options)


if __name__ == "__main__":
    main()
