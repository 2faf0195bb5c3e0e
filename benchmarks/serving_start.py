"""What ``solver serve`` costs before the first request: disk, time, memory.

    python benchmarks/serving_start.py

The extra's size is that of the installed files of every distribution that ``serve`` brings and the
runtime does not.
"""

from __future__ import annotations

import re
import urllib.request
from importlib import metadata
from typing import Any

import _common as common
import _serving as serving
from _common import Bar

MB = 1_000_000


def brought_by(name: str, *extras: str) -> set[str]:
    """The distributions that one needs here, itself not counted."""
    found: set[str] = set()
    todo = [(name, frozenset(extras))]
    seen = set(todo)
    while todo:
        current, wanted = todo.pop()
        for line in metadata.requires(current) or []:
            requirement, _, marker = line.partition(";")
            if marker and not _holds(marker, wanted):
                continue
            match = re.match(r"([A-Za-z0-9._-]+)(?:\[([^\]]*)\])?", requirement)
            assert match is not None
            try:
                other = metadata.distribution(match[1]).metadata["Name"].lower()
            except metadata.PackageNotFoundError:
                continue
            found.add(other)
            further = frozenset(filter(None, (match[2] or "").replace(" ", "").split(",")))
            if (other, further) not in seen:
                seen.add((other, further))
                todo.append((other, further))
    return found


def _holds(marker: str, extras: frozenset[str]) -> bool:
    from packaging.markers import Marker

    names = extras or frozenset({""})
    return any(Marker(marker).evaluate({"extra": extra}) for extra in names)


def size_of(name: str) -> int:
    """Bytes of a distribution's installed files."""
    files = metadata.distribution(name).files or []
    paths = [file.locate() for file in files if "__pycache__" not in str(file)]
    return sum(path.stat().st_size for path in paths if path.is_file())  # type: ignore[attr-defined]


def main() -> None:
    parser = common.make_parser(__doc__, peers=False)
    parser.add_argument("--quick", action="store_true", help="one start in place of five")
    options = parser.parse_args()
    more = brought_by("solver-sdk", "serve") - brought_by("solver-sdk")
    sizes = {name: size_of(name) for name in sorted(more)}
    total = sum(sizes.values()) / MB
    print(common.table(["distribution", "MB"], [(n, f"{s / MB:.2f}") for n, s in sizes.items()]))
    starts: list[dict[str, Any]] = []
    pictures = common.mixed_pictures(options.data, 50)[:50]
    for _ in range(1 if options.quick else 5):
        with serving.serving() as server:
            row = {"wall_s": server.ready, "cpu_s": server.cpu(), "mb": server.resident() / MB}
            for picture in pictures:
                request = urllib.request.Request(
                    f"{server.address}/v1/text",
                    data=picture.data,
                    headers={"content-type": "application/octet-stream"},
                )
                with urllib.request.urlopen(request, timeout=60) as answer:
                    answer.read()
            row["mb_after"] = server.resident() / MB
        starts.append(row)
        print(", ".join(f"{name} {value:.2f}" for name, value in row.items()))
    quickest = min(row["wall_s"] for row in starts)
    largest = max(row["mb_after"] for row in starts)
    common.finish(
        [
            Bar("MB that the extra adds", total, 20, more=False),
            Bar("s until ready, the quickest start", quickest, 2, more=False),
            Bar("MB resident, after 50 pictures", largest, 150, more=False),
        ],
        {"sizes": sizes, "starts": starts},
        options,
    )


if __name__ == "__main__":
    main()
