"""CPU milliseconds a picture on one thread, of this project and of the peers, in one run.

    python benchmarks/text_cost.py --peers PEERS/ddddocr PEERS/rapidocr --wheel dist/*.whl

Pictures are taken evenly from every generator set. Every step of every picture is timed in each
round, one after the other and in a changing order, so that what else the machine does hits all
alike; a step's time for a picture is the median of the rounds. CPU time is the process's own (all
its threads); a peer's is taken in its process. "bare session" is ONNX Runtime's run on the same
tensor, in a session with one thread and otherwise its defaults. "one look" is without test-time
augmentation: with it a picture that is in doubt runs the network several times, which the mean and
the 95th percentile of "bytes to result" show.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import _common as common
import _peer
from _common import Bar, Picture

STEPS = (
    *("bytes to result", "bytes to result, one look", "decoding"),
    *("array to result, one look", "bare session"),
)
WARM_UP = 20
MB = 1_000_000


def bare_session(data: bytes) -> Callable[[Any], object]:
    """A tensor ``(H, W, C)`` → the network's outputs, nothing around it."""
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(data, settings, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda tensor: session.run(None, {name: tensor[None]})


def cpu_ms(step: Callable[[], object]) -> float:
    started = time.process_time_ns()
    step()
    return (time.process_time_ns() - started) / 1e6


def measure(
    pictures: Sequence[Picture], model: Path | None, readers: Sequence[_peer.Reader], rounds: int
) -> dict[str, list[float]]:
    """Step or peer → CPU ms of every picture, the median of the rounds."""
    solver, once = common.make_solver(model), common.make_solver(model, tta=False)
    from solver import images
    from solver.preprocess import preprocess

    run = bare_session(common.model_bytes(model))
    rule = solver.models["text"].spec.input
    arrays = [images.load(picture.data) for picture in pictures]
    tensors = [preprocess(array, rule)[0] for array in arrays]

    def steps(index: int) -> list[tuple[str, Callable[[], object]]]:
        data, array, tensor = pictures[index].data, arrays[index], tensors[index]
        calls = (
            lambda: solver.text(data),
            lambda: once.text(data),
            lambda: images.load(data),
            lambda: once.text(array),
            lambda: run(tensor),
        )
        return list(zip(STEPS, calls, strict=True))

    for index in range(min(WARM_UP, len(pictures))):
        for _, call in steps(index):
            call()
        for reader in readers:
            reader.read(pictures[index].data)
    names = [*STEPS, *(reader.peer.title for reader in readers)]
    times: dict[str, list[list[float]]] = {name: [[] for _ in pictures] for name in names}
    for turn in range(rounds):
        print(f"round {turn + 1} of {rounds}", file=sys.stderr)
        for index, picture in enumerate(pictures):
            shift = (index + turn) % len(STEPS)
            order = steps(index)
            for name, call in order[shift:] + order[:shift]:
                times[name][index].append(cpu_ms(call))
            for reader in readers:
                times[reader.peer.title][index].append(reader.read(picture.data).cpu_s * 1e3)
    return {name: [statistics.median(values) for values in rows] for name, rows in times.items()}


def folder_bytes(folder: Path) -> int:
    return sum(
        path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    )


def main() -> None:
    parser = common.make_parser(__doc__)
    parser.add_argument("--pictures", type=int, default=304, help="at least so many (default 304)")
    parser.add_argument("--rounds", type=int, default=3, help="timings a picture (default 3)")
    parser.add_argument("--wheel", type=Path, help="the wheel, for its size")
    parser.add_argument(
        "--environments", type=Path, nargs="+", default=[], metavar="DIR", help="for their sizes"
    )
    options = parser.parse_args()
    pictures = common.mixed_pictures(options.data, options.pictures)
    with ExitStack() as stack:
        peers = _peer.find_peers(options.peers)
        readers = _peer.start_readers(peers, stack)
        times = measure(pictures, options.model, readers, options.rounds)
    p50 = {name: common.percentile(values, 0.5) for name, values in times.items()}
    p95 = {name: common.percentile(values, 0.95) for name, values in times.items()}
    ours = p50[STEPS[0]]
    mean = {name: statistics.fmean(values) for name, values in times.items()}
    rows = [
        (name, *(f"{each[name]:.2f}" for each in (p50, p95, mean)), f"{p50[name] / ours:.2f}")
        for name in times
    ]
    print(
        f"\nCPU ms a picture, one thread: {len(pictures)} pictures of "
        f"{len({p.group for p in pictures})} sets, {options.rounds} rounds\n\n"
        + common.table(["", "p50", "p95", "mean", "p50 × ours"], rows)
    )
    wrapped, bare = times["array to result, one look"], times["bare session"]
    ratio_of_sums = sum(wrapped) / sum(bare)
    median_ratio = statistics.median(a / b for a, b in zip(wrapped, bare, strict=True))
    sizes = {"text model": len(common.model_bytes(options.model))}
    sizes |= {f"model of {peer.title}": peer.model_bytes for peer in peers}
    if options.wheel:
        sizes["wheel"] = options.wheel.stat().st_size
    sizes |= {f"environment {folder}": folder_bytes(folder) for folder in options.environments}
    print(
        "\n"
        + common.table(["", "MB"], [(name, f"{size / MB:.2f}") for name, size in sizes.items()])
    )
    bars = [
        Bar("CPU ms a picture, p50, bytes to result", ours, 4.0, more=False),
        Bar("array to result / bare session, of all pictures", ratio_of_sums, 1.25, more=False),
        Bar("array to result / bare session, median picture", median_ratio, 1.25, more=False),
        Bar("text model, MB", sizes["text model"] / MB, 6.0, more=False),
    ]
    if "wheel" in sizes:
        bars.append(Bar("wheel, MB", sizes["wheel"] / MB, 12.0, more=False))
    figures = {"pictures": len(pictures), "rounds": options.rounds, "p50_ms": p50}
    figures |= {"p95_ms": p95, "mean_ms": mean}
    common.finish(bars, {**figures, "bytes": sizes, "cpu_ms": times}, options)


if __name__ == "__main__":
    main()
