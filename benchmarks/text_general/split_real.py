"""Split the real sets that may train into train, validation and test folders.

    python benchmarks/text_general/split_real.py ../shared/data OUT

Pictures with the same label, or that look nearly the same (difference hash, Hamming distance ≤ 8
of 256 bits), stay on one side. OUT/train/SET, OUT/validation/SET and OUT/test/SET are written;
a folder that is already there is left alone and counted.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from collections import defaultdict
from pathlib import Path

import numpy as np
from PIL import Image

SETS = ("henan_digits4", "dchestlike_digits4", "djinn_alnum6")
SHARES = {"test": 0.25, "validation": 0.08}
NEAR = 8


def difference_hash(data: bytes) -> np.ndarray:
    """256 bits: whether each of 16×16 cells is brighter than its left neighbour."""
    grey = Image.open(io.BytesIO(data)).convert("L").resize((17, 16), Image.Resampling.BOX)
    cells = np.asarray(grey, dtype=np.int16)
    return (cells[:, 1:] > cells[:, :-1]).ravel()


def groups(labels: list[str], hashes: np.ndarray) -> list[list[int]]:
    """Indices joined by label or nearness, smallest index first."""
    parent = list(range(len(labels)))

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[str, int] = {}
    for i, label in enumerate(labels):
        parent[find(i)] = find(first.setdefault(label, i))
    for i in range(len(labels)):
        distances = (hashes[i + 1 :] != hashes[i]).sum(axis=1)
        for j in np.flatnonzero(distances <= NEAR):
            parent[find(i + 1 + int(j))] = find(i)
    members: dict[int, list[int]] = defaultdict(list)
    for i in range(len(labels)):
        members[find(i)].append(i)
    return [members[root] for root in sorted(members)]


def split(archive: Path, out: Path, *, seed: int) -> dict[str, int]:
    """Write one set's three folders; returns pictures by side."""
    name = archive.stem.removeprefix("text_real-")
    with zipfile.ZipFile(archive) as source:
        files = {
            Path(entry).name: source.read(entry)
            for entry in sorted(source.namelist())
            if entry.lower().endswith((".png", ".jpg"))
        }
    names = list(files)
    joined = groups(
        [n.rpartition("_")[0] for n in names],
        np.stack([difference_hash(files[n]) for n in names]),
    )
    order = np.random.default_rng(seed).permutation(len(joined))
    counts = dict.fromkeys(("train", "validation", "test"), 0)
    for position in order:
        side = next((s for s, share in SHARES.items() if counts[s] < share * len(names)), "train")
        folder = out / side / name
        folder.mkdir(parents=True, exist_ok=True)
        for index in joined[position]:
            path = folder / names[index]
            if not path.exists():
                path.write_bytes(files[names[index]])
            counts[side] += 1
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for name in SETS:
        counts = split(options.data / f"text_real-{name}.zip", options.out, seed=options.seed)
        print(name, counts)


if __name__ == "__main__":
    main()
