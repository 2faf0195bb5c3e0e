"""Render training pictures with PyPI's captcha generators into OUT/GENERATOR/LABEL_HASH.ext.

Example: python render_pypi.py OUT --generator captcha --count 3000 --seed 7 --workers 2
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import corpus
from pycaptcha_generator import pycaptcha
from pypi_generators import GENERATORS

RENDERERS = {**GENERATORS, "pycaptcha": pycaptcha}
TRIES = 4
CHUNK = 50


def render_range(out: str, name: str, seed: int, first: int, last: int) -> int:
    """Render the pictures first..last-1 of one generator; return how many were given up.

    Some generators fail on rare texts (an empty letter box, a line too short): such a picture is
    drawn again with another state, `TRIES` times.
    """
    folder = Path(out) / name
    folder.mkdir(parents=True, exist_ok=True)
    lost = 0
    for index in range(first, last):
        for attempt in range(TRIES):
            state = f"{seed}:{name}:{index}:{attempt}"
            random.seed(state)
            try:
                label, data, form = RENDERERS[name](random.Random(state + ":options"))
            except (ValueError, IndexError, ZeroDivisionError, TypeError, SystemError) as error:
                reason = error
                continue
            corpus.write(folder, label, data, form=form)
            break
        else:
            lost += 1
            sys.stderr.write(f"{name} {index}: {type(reason).__name__}: {reason}\n")
    return lost


def main() -> None:
    """Read the command line and render."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out")
    parser.add_argument("--generator", default="all", choices=("all", *sorted(RENDERERS)))
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="index of the first picture")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    names = sorted(RENDERERS) if options.generator == "all" else [options.generator]
    last = options.first + options.count
    for name in names:
        begun = time.monotonic()
        starts = range(options.first, last, CHUNK)
        with ProcessPoolExecutor(options.workers) as pool:
            jobs = [
                pool.submit(
                    render_range, options.out, name, options.seed, at, min(at + CHUNK, last)
                )
                for at in starts
            ]
            lost = sum(job.result() for job in jobs)
        rate = options.count / (time.monotonic() - begun)
        print(f"{name}: {options.count - lost} pictures, {rate:.0f}/s", flush=True)


if __name__ == "__main__":
    main()
