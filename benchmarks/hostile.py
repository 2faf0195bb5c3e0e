#!/usr/bin/env python3
"""Odd and hostile inputs: a right answer or a typed error, each within 1 s of CPU and 300 MB.

    python benchmarks/hostile.py [--verb VERB] [--only WORD] [--images-only] [--slowest 5]

The cases run one after another in a child process, which is started anew when it dies or hangs.
With an embedded model each one goes through `Solver().text`, and a picture of known text is right
when its answer is that text, as for its plain RGB twin; without one only `solver.images.load`
runs, and right is to have the pixels of the twin. Other verbs take the case as one of their
pictures, or as both (`slide`: then 2 s and 350 MB): any answer will do, and a real picture that
does not fit the task may be a TaskError. Exit status 1 if any case fails.
"""

from __future__ import annotations

import argparse
import gc
import json
import queue
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from benchmarks.hostile_cases import build_cases  # noqa: E402
from benchmarks.hostile_pictures import LABEL, Case, plain  # noqa: E402

CPU_SECONDS = 1.0
PEAK_MB = 300
SECOND_MB = 50  # more where there are two pictures: 16 million pixels of one wait for the other
HANG_SECONDS = 60
FAILURES = ("wrong", "untyped error", "touched the outside", "crashed", "hung", "slow", "large")
# Audit events that no picture may cause.
OUTSIDE = ("socket.", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork")


@dataclass(frozen=True)
class Verb:
    """How a solver is asked about a case, and how many pictures that gives it.

    Where ``may_lack``, None and texts are no pictures, and may be answered.
    """

    ask: Callable[..., Any]
    pictures: int = 1
    may_lack: bool = False


TEXT = "text"
VERBS = {
    TEXT: Verb(lambda solver, case: solver.text(case).text),
    "slide": Verb(lambda solver, *cases: solver.slide(*cases), pictures=2),
    "slide-piece": Verb(lambda solver, case: solver.slide(_ground(), case), may_lack=True),
    "slide-full": Verb(
        lambda solver, case: solver.slide(plain("dark"), plain("light")[10:40, 20:60], full=case),
        may_lack=True,
    ),
    "click": Verb(lambda solver, case: solver.click(case, "天")),
    "click-prompt": Verb(lambda solver, case: solver.click(plain("dark"), case), may_lack=True),
}


def _ground() -> Any:
    """A background on which the plain pictures are a piece."""
    import numpy as np

    return np.kron(plain("dark"), np.ones((4, 4, 1), np.uint8))


def memory_mb(key: str) -> float:
    """`VmHWM` (the peak) or `VmRSS` of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"no {key} in /proc/self/status")


def make_reader(verb: str, *, images_only: bool) -> tuple[str, Callable[..., Any]]:
    """What is measured: a verb of the solver, or the loading of pictures alone."""
    from solver import images
    from solver.errors import ModelError

    if not images_only:
        try:
            from solver.api import Solver

            reader = Solver()
            reader.text(plain("dark"))
        except (ImportError, ModelError) as exc:
            print(json.dumps({"note": f"no embedded model ({exc})"}), flush=True)
        else:
            return f"Solver(), {verb}", lambda *sources: VERBS[verb].ask(reader, *sources)
    return "images.load", images.load


def judge(case: Case, answer: Any, twins: dict[str, Any], *, verb: str, lacks: bool) -> str:
    """Name the outcome of a case that gave an answer; ``lacks``: of what is no picture."""
    import numpy as np

    if verb != TEXT and (case.twin is not None or (lacks and VERBS[verb].may_lack)):
        return "some answer"
    if case.twin is None:
        return "some answer" if case.may_read else "wrong"
    if isinstance(answer, str):
        return "right" if answer == LABEL == twins[case.twin] else "wrong"
    twin = twins[case.twin].astype(int)
    right = answer.shape == twin.shape and np.abs(answer - twin).mean() <= case.tolerance
    return "right" if right else "wrong"


def child(start: int, verb: str, *, images_only: bool) -> None:
    """Run the cases from `start` on; one line of JSON before and after each."""
    from solver.errors import SolverError, TaskError

    name, read = make_reader(verb, images_only=images_only)
    count = 1 if images_only else VERBS[verb].pictures
    twins = {}
    for twin in ("dark", "light"):
        with suppress(TaskError):
            twins[twin] = read(*[plain(twin)] * count)
    outside: list[str] = []
    sys.addaudithook(lambda event, _: outside.append(event) if event.startswith(OUTSIDE) else None)
    print(json.dumps({"reader": name, "rss": memory_mb("VmRSS")}), flush=True)
    for index, case in enumerate(build_cases()):
        if index < start:
            continue
        print(json.dumps({"start": index}), flush=True)
        sources = [case.make() for _ in range(count)]  # a file object can only be read once
        gc.collect()
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here
        outside.clear()
        detail = ""
        begin = time.process_time()
        try:
            answer = read(*sources)
        except SolverError as exc:
            outcome, detail = "typed error", f"{type(exc).__name__}: {exc}"
            if case.twin is not None and not (verb != TEXT and isinstance(exc, TaskError)):
                outcome = "wrong"
        except Exception as exc:  # the finding that this programme is for
            outcome, detail = "untyped error", f"{type(exc).__name__}: {exc}"
        else:
            lacks = sources[0] is None or isinstance(sources[0], str)
            outcome = judge(case, answer, twins, verb=verb, lacks=lacks)
            detail = str(answer.shape) if hasattr(answer, "shape") else str(answer)
            answer = None
        spent = time.process_time() - begin
        peak = memory_mb("VmHWM")
        if outside:
            outcome, detail = "touched the outside", ", ".join(outside)
        line = {
            "done": index,
            "outcome": outcome,
            "detail": detail[:160],
            "cpu": spent,
            "peak": peak,
        }
        print(json.dumps(line), flush=True)
        sources = []


def run_children(
    total: int, verb: str, *, images_only: bool
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Collect one result a case, going on behind the case that killed a child."""
    results: list[dict[str, Any]] = []
    about: dict[str, Any] = {}
    while len(results) < total:
        command = [sys.executable, __file__, "--child", str(len(results)), "--verb", verb]
        command += ["--images-only"] * images_only
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        lines: queue.Queue[str | None] = queue.Queue()
        assert process.stdout is not None
        threading.Thread(target=_pump, args=(process.stdout, lines), daemon=True).start()
        before = len(results)
        started = False
        while True:
            try:
                line = lines.get(timeout=HANG_SECONDS)
            except queue.Empty:
                process.kill()
                results.append({"outcome": "hung", "detail": "", "cpu": HANG_SECONDS, "peak": 0})
                break
            if line is None:
                if process.wait() == 0:
                    break
                if not started and len(results) == before:
                    raise RuntimeError(
                        f"the child could not start: exit status {process.returncode}"
                    )
                detail = f"exit status {process.returncode}"
                results.append({"outcome": "crashed", "detail": detail, "cpu": 0, "peak": 0})
                break
            record = json.loads(line)
            started = started or "start" in record
            if "done" in record:
                results.append(record)
            elif "start" not in record:
                about.update(record)
        process.wait()
    return results, about


def _pump(stream: Any, lines: queue.Queue[str | None]) -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


def main() -> int:
    """Print the table; 0 if every case ended well."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--verb", choices=VERBS, default=TEXT, help="what is asked (default: text)")
    parser.add_argument("--images-only", action="store_true", help="do not look for a model")
    parser.add_argument("--only", default="", help="show the cases with this word in their name")
    parser.add_argument("--slowest", type=int, default=5, help="how many costly cases to list")
    options = parser.parse_args()
    if options.child is not None:
        child(options.child, options.verb, images_only=options.images_only)
        return 0
    cases = build_cases()
    results, about = run_children(len(cases), options.verb, images_only=options.images_only)
    count = VERBS[options.verb].pictures
    seconds, most = CPU_SECONDS * count, PEAK_MB + SECOND_MB * (count - 1)
    counts: Counter[str] = Counter()
    failed = []
    for case, result in zip(cases, results, strict=True):
        found = [result["outcome"]]
        found += ["slow"] * (result["cpu"] > seconds) + ["large"] * (result["peak"] > most)
        counts.update(found)
        bad = [name for name in found if name in FAILURES]
        if bad:
            failed.append((case.name, bad, result))
        if options.only and options.only in case.name:
            print(f"{case.name}: {result}")
    for name, bad, result in failed:
        print(
            f"FAILED {name}: {', '.join(bad)}: {result['detail']} "
            f"({result['cpu']:.2f} s, {result['peak']:.0f} MB)"
        )
    print(about.get("note", ""))
    print(f"read by {about['reader']}, at rest {about['rss']:.0f} MB")
    print(f"{len(cases):6} cases")
    for name in ("right", "some answer", "typed error", *FAILURES):
        label = {"slow": f"over {seconds:g} s CPU", "large": f"over {most} MB"}.get(name, name)
        print(f"{counts[name]:6} {label}")
    for key, unit in (("cpu", "s"), ("peak", "MB")):
        order = sorted(zip(results, cases, strict=True), key=lambda pair: -pair[0][key])
        worst = "; ".join(
            f"{case.name} {result[key]:.3g} {unit}" for result, case in order[: options.slowest]
        )
        print(f"most {key}: {worst}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
