"""Many threads on one solver, and memory over many calls.

    python benchmarks/threads_memory.py

Threads: 8 of them share a new solver and start at once, so that its network is made in the race;
every answer, confidences included, is held against a serial run of another solver. Memory: calls
one after the other on pictures of many widths, resident memory read after a garbage collection;
its growth counts from the 500th call to the highest reading after it.
"""

from __future__ import annotations

import gc
import io
import random
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import _common as common
from _common import Bar
from PIL import Image

MB = 1_000_000
WIDTHS, HEIGHTS = (40, 400), (24, 120)
SETTLED, READING_EVERY = 500, 500


def compare_threads(
    pictures: Sequence[bytes], model: Path | None, *, threads: int, calls: int
) -> int:
    """How many of ``calls`` answers differ from the serial ones."""
    alone = common.make_solver(model)
    expected = [alone.text(data).to_dict() for data in pictures]
    shared = common.make_solver(model)
    start = threading.Barrier(threads)

    def work(first: int) -> int:
        start.wait()
        return sum(
            shared.text(pictures[call % len(pictures)]).to_dict() != expected[call % len(pictures)]
            for call in range(first, calls, threads)
        )

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(work, range(threads)))


def varied_pictures(pictures: Sequence[bytes], count: int) -> list[bytes]:
    """PNG files of random sizes, made of ``pictures``."""
    from solver import images

    rng = random.Random(common.SEED)
    made = []
    for index in range(count):
        size = rng.randint(*WIDTHS), rng.randint(*HEIGHTS)
        buffer = io.BytesIO()
        picture = Image.fromarray(images.load(pictures[index % len(pictures)]))
        picture.resize(size).save(buffer, "PNG")
        made.append(buffer.getvalue())
    return made


def watch_memory(pictures: Sequence[bytes], model: Path | None, *, calls: int) -> dict[int, int]:
    """Call → resident bytes, from the first ``SETTLED`` calls to the last."""
    solver = common.make_solver(model)
    readings = {}
    for call in range(1, calls + 1):
        solver.text(pictures[call % len(pictures)])
        if call == calls or (call >= SETTLED and (call - SETTLED) % READING_EVERY == 0):
            gc.collect()
            readings[call] = common.rss_bytes()
            print(f"call {call}: {readings[call] / MB:.1f} MB", file=sys.stderr)
    return readings


def main() -> None:
    parser = common.make_parser(__doc__, peers=False)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--thread-calls", type=int, default=2_000)
    parser.add_argument("--memory-calls", type=int, default=20_000, help="more than 500")
    options = parser.parse_args()
    if options.memory_calls <= SETTLED:
        parser.error(f"--memory-calls: expected more than {SETTLED}")
    pictures = [picture.data for picture in common.mixed_pictures(options.data, 190)]
    readings = watch_memory(
        varied_pictures(pictures, 400), options.model, calls=options.memory_calls
    )
    settled, *later = readings.values()
    growth = max(later) - settled
    different = compare_threads(
        pictures, options.model, threads=options.threads, calls=options.thread_calls
    )
    rows = [
        ("calls from threads", f"{options.thread_calls} from {options.threads}"),
        ("answers unlike the serial ones", different),
        ("calls for memory", options.memory_calls),
        (f"resident after {SETTLED} calls", f"{settled / MB:.1f} MB"),
        ("resident at the end", f"{later[-1] / MB:.1f} MB"),
        ("highest reading", f"{max(later) / MB:.1f} MB"),
        ("growth to the highest reading", f"{growth / MB:.2f} MB ({growth / 2**20:.2f} MiB)"),
    ]
    print(common.table(["", ""], rows))
    bars = [
        Bar("answers of threads unlike the serial ones", different, 0, more=False),
        Bar("growth of memory, MB", growth / MB, 5, more=False),
    ]
    figures = {"different": different, "threads": options.threads, "calls": options.thread_calls}
    common.finish(bars, {**figures, "resident_bytes": readings}, options)


if __name__ == "__main__":
    main()
