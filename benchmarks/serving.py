"""The server under load: throughput beside a bare loop, latency, memory, and overload.

    python benchmarks/serving.py

The bare loop is ``Solver.text_many`` in 32s, on as many threads as the server has, in a process of
its own. Server and clients share the machine: the CPU time of each is reported, and the bars hold
pictures per second of the whole, as a user sees them. Every answer is held against the solver's.
Where other work shares the machine, `by CPU` tells more than `of bare`: the bare loop's CPU time a
picture over the server's.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import _common as common
import _serving as serving
from _common import Bar, Picture

MB = 1_000_000
BATCH = 32
Request = tuple[bytes, list[str | None]]


def bare_loop(pictures: Sequence[Picture], *, threads: int, seconds: float) -> dict[str, float]:
    """Pictures a second, and CPU milliseconds a picture, without a server."""
    solver = common.make_solver(None)
    sources = [picture.data for picture in pictures]
    for _ in solver.text_many(sources[:BATCH]):
        pass
    begun, cpu = time.perf_counter(), time.process_time()

    def work(first: int) -> int:
        done = 0
        while time.perf_counter() - begun < seconds:
            place = (first + done) % len(sources)
            batch = (sources[place:] + sources[:place])[:BATCH]
            done += sum(1 for _ in solver.text_many(batch, on_error="return"))
        return done

    with ThreadPoolExecutor(threads) as pool:
        done = sum(pool.map(work, range(0, threads * 100, 100)))
    passed = time.perf_counter() - begun
    return {
        "pictures_per_second": done / passed,
        "cpu_ms": 1_000 * (time.process_time() - cpu) / done,
    }


def single_requests(pictures: Sequence[Picture], texts: Sequence[str]) -> list[Request]:
    return [
        (serving.request("/v1/text", "application/octet-stream", picture.data), [text])
        for picture, text in zip(pictures, texts, strict=True)
    ]


def batch_requests(pictures: Sequence[Picture], texts: Sequence[str]) -> list[Request]:
    found: list[Request] = []
    for start in range(0, len(pictures) - BATCH + 1, BATCH):
        images = [base64.b64encode(p.data).decode() for p in pictures[start : start + BATCH]]
        body = json.dumps({"images": images}).encode()
        data = serving.request("/v1/text/batch", "application/json", body)
        found.append((data, list(texts[start : start + BATCH])))
    return found


def measure(
    server: serving.Server, requests: Sequence[Request], *, clients: int, seconds: float
) -> dict[str, Any]:
    """One load: what clients saw, and what server and clients used."""
    # The first moments are not counted: sessions start, pools fill.
    asyncio.run(serving.load(server.port, requests, clients=clients, seconds=seconds / 10))
    cpu, own, begun = server.cpu(), time.process_time(), time.perf_counter()
    resident = server.resident()
    tally = asyncio.run(serving.load(server.port, requests, clients=clients, seconds=seconds))
    passed = time.perf_counter() - begun
    return {
        "clients": clients,
        "requests": len(tally.latencies),
        "pictures_per_second": tally.pictures / passed,
        "p50_ms": 1_000 * common.percentile(tally.latencies, 0.5),
        "p99_ms": 1_000 * common.percentile(tally.latencies, 0.99),
        "server_cpu_ms": 1_000 * (server.cpu() - cpu) / max(1, tally.pictures),
        "client_cpu_ms": 1_000 * (time.process_time() - own) / max(1, tally.pictures),
        "wrong": tally.wrong,
        "lost": tally.lost,
        "refused": tally.refused,
        "other": tally.other,
        "grown_mb": (server.resident() - resident) / MB,
        "resident_mb": server.resident() / MB,
    }


def main() -> None:
    parser = common.make_parser(__doc__, peers=False)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each load")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--pictures", type=int, default=640)
    parser.add_argument("--quick", action="store_true", help="8 seconds, 128 pictures")
    parser.add_argument("--bare", action="store_true", help="the bare loop alone, as JSON")
    options = parser.parse_args()
    if options.quick:
        options.seconds, options.pictures = 8.0, 128
    pictures = common.mixed_pictures(options.data, options.pictures)
    if options.bare:
        print(json.dumps(bare_loop(pictures, threads=options.workers, seconds=options.seconds)))
        return
    solver = common.make_solver(None)
    texts = [solver.text(picture.data).text for picture in pictures]
    singles, batches = single_requests(pictures, texts), batch_requests(pictures, texts)
    common_arguments = [f"--seconds={options.seconds}", f"--pictures={options.pictures}"]
    command = [sys.executable, __file__, "--bare", f"--data={options.data}", *common_arguments]
    command.append(f"--workers={options.workers}")

    rows: dict[str, dict[str, Any]] = {}
    bare = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout)]
    workers = ["--workers", str(options.workers)]
    with serving.serving(*workers) as server:
        several = max(2, 2 * options.workers)
        rows["batches of 32"] = measure(server, batches, clients=several, seconds=options.seconds)
        rows["single"] = measure(server, singles, clients=options.clients, seconds=options.seconds)
        rows["single, once more"] = measure(
            server, singles, clients=options.clients, seconds=options.seconds
        )
    bare.append(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))
    with serving.serving(*workers, "--queue", "64") as server:
        # Twice: a new server's networks have not had batches yet, and ask for memory at the first.
        for name in ("overload: 64 places", "overload, once more"):
            rows[name] = measure(
                server, singles, clients=4 * options.clients, seconds=options.seconds
            )
    rate = sum(row["pictures_per_second"] for row in bare) / len(bare)
    report(rows, bare, rate, options)


def report(
    rows: dict[str, dict[str, Any]], bare: Sequence[dict[str, float]], rate: float, options: Any
) -> None:
    """The table, the bars, the file."""
    for number, row in enumerate(bare, start=1):
        print(
            f"bare loop, run {number}: {row['pictures_per_second']:.1f} pictures/s, "
            f"{row['cpu_ms']:.2f} CPU ms a picture"
        )
    cost = sum(row["cpu_ms"] for row in bare) / len(bare)
    header = ["load", "clients", "pictures/s", "of bare", "by CPU", "p50 ms", "p99 ms",
              "server CPU ms", "client CPU ms", "wrong", "lost", "429", "grown MB"]  # fmt: skip
    lines = [
        [name, row["clients"], f"{row['pictures_per_second']:.1f}",
         f"{row['pictures_per_second'] / rate:.2f}", f"{cost / row['server_cpu_ms']:.2f}",
         f"{row['p50_ms']:.0f}",
         f"{row['p99_ms']:.0f}", f"{row['server_cpu_ms']:.2f}", f"{row['client_cpu_ms']:.2f}",
         row["wrong"], row["lost"] + sum(row["other"].values()), row["refused"],
         f"{row['grown_mb']:.1f}"]
        for name, row in rows.items()
    ]  # fmt: skip
    print(common.table(header, lines))
    faults = sum(row["wrong"] + row["lost"] + sum(row["other"].values()) for row in rows.values())
    again = rows["single, once more"]
    bars = [
        Bar("answers lost or wrong", faults, 0, more=False),
        Bar("batches of 32, of the bare loop", rows["batches of 32"]["pictures_per_second"] / rate,
            0.8, more=True),
        Bar("single pictures, of the bare loop",
            max(rows["single"]["pictures_per_second"], again["pictures_per_second"]) / rate, 0.4,
            more=True),
        Bar("refused under overload", rows["overload: 64 places"]["refused"], 1, more=True),
        Bar("MB grown in the second load of single pictures", again["grown_mb"], 5, more=False),
        Bar("MB grown in the second overload", rows["overload, once more"]["grown_mb"], 5,
            more=False),
    ]  # fmt: skip
    common.finish(bars, {"bare": list(bare), "loads": rows}, options)


if __name__ == "__main__":
    main()
