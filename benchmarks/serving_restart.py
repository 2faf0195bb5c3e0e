"""A server that is killed, and one that is told to stop, under load: what its clients see.

    python benchmarks/serving_restart.py

Eight threads share one ``RemoteSolver``. Twice the server is killed and started again on the same
port, then it is told to stop once and started again: what was taken before a stop is answered.
"""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections import Counter
from typing import Any

import _common as common
import _serving as serving
from _common import Bar

from solver import RemoteSolver, ServiceError


class Clients:
    """Threads that ask until they are stopped, and count what comes back."""

    def __init__(self, address: str, pictures: list[bytes], texts: list[str], count: int) -> None:
        self.seen: Counter[str] = Counter()
        self.answered = threading.Event()
        self._remote = RemoteSolver(address, timeout=20)
        self._work = list(zip(pictures, texts, strict=True))
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(count)]
        for thread in self._threads:
            thread.start()

    def _ask(self, place: int) -> None:
        while not self._stop.is_set():
            picture, text = self._work[place % len(self._work)]
            place += 1
            try:
                right = self._remote.text(picture).text == text
            except ServiceError:
                self.seen["typed error"] += 1
                self._stop.wait(0.05)
            except Exception as error:
                self.seen[f"untyped: {type(error).__name__}"] += 1
            else:
                self.seen["answered" if right else "wrong"] += 1
                self.answered.set()

    def stop(self) -> int:
        """Ends them; returns how many did not end."""
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
        return sum(thread.is_alive() for thread in self._threads)


def main() -> None:
    parser = common.make_parser(__doc__, peers=False)
    parser.add_argument("--seconds", type=float, default=10.0, help="between two faults")
    parser.add_argument("--quick", action="store_true", help="3 seconds")
    options = parser.parse_args()
    seconds = 3.0 if options.quick else options.seconds
    pictures = [picture.data for picture in common.mixed_pictures(options.data, 38)]
    solver = common.make_solver(None)
    texts = [solver.text(picture).text for picture in pictures]

    server = serving.start()
    clients = Clients(server.address, pictures, texts, 8)
    waits: list[float] = []
    answered_at_stop: dict[str, Any] = {}
    for fault in (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM):
        time.sleep(seconds)
        if fault == signal.SIGTERM:
            taken = server.metric('solver_requests_total{endpoint="text",status="200"}')
            answered_at_stop["answered before the stop"] = taken
        server.process.send_signal(fault)
        code = server.process.wait(60)
        begun = time.perf_counter()
        clients.answered.clear()
        server = serving.start(port=server.port)
        back = clients.answered.wait(60)
        waits.append(time.perf_counter() - begun if back else float("inf"))
        print(f"{fault.name}: ended with {code}, answers again after {waits[-1]:.1f} s")
    time.sleep(seconds)
    hung = clients.stop()
    server.process.terminate()
    server.process.wait(60)
    for what, count in clients.seen.items():
        print(f"{what}: {count}")
    untyped = sum(count for what, count in clients.seen.items() if what.startswith("untyped"))
    common.finish(
        [
            Bar("answers that were wrong", clients.seen["wrong"], 0, more=False),
            Bar("errors without a type", untyped, 0, more=False),
            Bar("clients that hung", hung, 0, more=False),
            Bar("s until answers come again, at most", max(waits), 30, more=False),
        ],
        {"seen": dict(clients.seen), "waits": waits, **answered_at_stop},
        options,
    )


if __name__ == "__main__":
    try:
        main()
    except subprocess.SubprocessError as error:
        raise SystemExit(str(error)) from error
