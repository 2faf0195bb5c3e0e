"""CPU seconds and memory of a new process: bare Python, the import, the first answer.

    python benchmarks/startup.py --peers PEERS/ddddocr PEERS/rapidocr

Each line is a child process of its own, run once unmeasured (so that byte code is on disk) and
then --repeats times, in turn with all the others; medians are shown. CPU is user + system time
of the child as the kernel counts it. "on top" is what the same interpreter needs for nothing,
taken off. Memory is the child's own: resident at its end, and its peak.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import _common as common
import _peer
from _common import Bar

# Peak and resident KiB, in this order in the kernel's list.
REPORT = """
with open("/proc/self/status") as status:
    print(*(line.split()[1] for line in status if line.startswith(("VmHWM", "VmRSS"))))
"""


@dataclass(frozen=True)
class Start:
    """One kind of process: what it runs, and which other is its bare interpreter."""

    title: str
    python: str
    statements: str
    bare: str
    environment: dict[str, str]


@dataclass(frozen=True)
class Child:
    """What one process cost."""

    cpu_s: float
    peak_mb: float
    rss_mb: float


def choose_starts(model: Path | None, picture: Path, peers: list[_peer.Peer]) -> list[Start]:
    path = f"path = {str(picture)!r}; "
    call = f"solver.Solver({str(model)!r}).text(path)" if model else "solver.text(path)"
    own = ("", "import solver", f"{path}import solver; {call}")
    titles = ("Python", "import solver", "solver, first answer")
    starts = [
        Start(title, sys.executable, statements, "Python", dict(os.environ))
        for title, statements in zip(titles, own, strict=True)
    ]
    for peer in peers:
        bare, python = f"Python of {peer.python.parents[1].name}", str(peer.python)
        lines = {
            bare: "",
            peer.importing: peer.importing,
            f"{peer.title}, first answer": f"{path}{peer.importing}; {peer.first}",
        }
        known = {start.title for start in starts}
        starts += [
            Start(title, python, statements, bare, _peer.peer_environment())
            for title, statements in lines.items()
            if title not in known
        ]
    return starts


def run_child(start: Start) -> Child:
    """Run one process to its end; its costs are the difference that it makes to ours."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [start.python, "-P", "-c", start.statements + REPORT],
        env=start.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{start.title} failed:\n{done.stderr}")
    peak, rss = (int(kib) * 1024 / 1e6 for kib in done.stdout.splitlines()[-1].split())
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Child(cpu, peak, rss)


def main() -> None:
    parser = common.make_parser(__doc__)
    parser.add_argument("--repeats", type=int, default=9, help="processes a line (default 9)")
    options = parser.parse_args()
    model = options.model.absolute() if options.model else None
    common.model_bytes(model)  # says what is missing before any process starts
    picture = common.mixed_pictures(options.data, 1)[0]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, picture.name)
        path.write_bytes(picture.data)
        starts = choose_starts(model, path, _peer.find_peers(options.peers))
        runs: dict[str, list[Child]] = {start.title: [] for start in starts}
        for repeat in range(options.repeats + 1):
            print(f"repeat {repeat} of {options.repeats}", file=sys.stderr)
            for start in starts:
                child = run_child(start)
                if repeat:
                    runs[start.title].append(child)
    cpu = {title: statistics.median(c.cpu_s for c in runs[title]) for title in runs}
    rss = {title: statistics.median(c.rss_mb for c in runs[title]) for title in runs}
    peak = {title: statistics.median(c.peak_mb for c in runs[title]) for title in runs}
    on_top = {start.title: cpu[start.title] - cpu[start.bare] for start in starts}
    rows = [
        (
            title,
            f"{cpu[title]:.3f}",
            f"{on_top[title]:.3f}",
            f"{rss[title]:.0f}",
            f"{peak[title]:.0f}",
        )
        for title in runs
    ]
    print(f"\nMedians of {options.repeats} processes; picture: {picture.group}\n")
    print(common.table(["", "CPU s", "on top of Python", "RSS MB", "peak MB"], rows))
    bars = [
        Bar("import solver, CPU s on top of Python", on_top["import solver"], 0.05, more=False),
        Bar("first answer, CPU s, whole process", cpu["solver, first answer"], 0.6, more=False),
    ]
    figures = {"repeats": options.repeats, "cpu_s": cpu, "on_top_s": on_top}
    common.finish(bars, {**figures, "rss_mb": rss, "peak_mb": peak}, options)


if __name__ == "__main__":
    main()
