"""Read pictures with one peer, in that peer's own interpreter. Started by benchmarks/_peer.py.

    PEER/bin/python benchmarks/peers/worker.py list
    PEER/bin/python benchmarks/peers/worker.py read "ddddocr beta" --threads 1

``list`` prints one JSON object: adapter → what it is. ``read`` takes a base64 picture in JSON a
line and answers each with ``{"text", "cpu_s", "error"}``; ``cpu_s`` is CPU time of this process,
all threads, from encoded bytes to text.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import sys
import time
from typing import TextIO

from adapters import ADAPTERS, installed


def describe() -> dict[str, dict[str, object]]:
    return {
        name: {
            "package": ADAPTERS[name].package,
            "version": version,
            "importing": ADAPTERS[name].importing,
            "first": ADAPTERS[name].first,
            "model_bytes": ADAPTERS[name].model_bytes(),
        }
        for name, version in installed().items()
    }


def serve(name: str, threads: int | None, answers: TextIO) -> None:
    read = ADAPTERS[name].start(threads)
    for line in sys.stdin:
        picture = base64.b64decode(json.loads(line)["picture"])
        text, failure = "", None
        started = time.process_time()
        try:
            text = str(read(picture))
        except Exception as error:  # a peer that fails has not read the picture: counted so
            failure = f"{type(error).__name__}: {error}"
        cpu = time.process_time() - started
        answers.write(json.dumps({"text": text, "cpu_s": cpu, "error": failure}) + "\n")
        answers.flush()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="print the peers that this interpreter has")
    read = commands.add_parser("read", help="answer pictures from standard input")
    read.add_argument("adapter", choices=sorted(ADAPTERS))
    read.add_argument("--threads", type=int, help="default: the peer's own")
    options = parser.parse_args()
    # What a peer prints must not fall among the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    if options.command == "list":
        answers.write(json.dumps(describe()) + "\n")
        answers.flush()
    else:
        serve(options.adapter, options.threads, answers)


if __name__ == "__main__":
    main()
