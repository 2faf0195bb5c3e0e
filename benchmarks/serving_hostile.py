"""10,000 random bodies, bombs and slow clients: no 500, no hang, nothing kept.

    python benchmarks/serving_hostile.py

The OpenAPI description is held against the server by schemathesis, apart from this:
``schemathesis run http://127.0.0.1:8000/openapi.json --checks all --max-examples 200``.
"""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections import Counter

import _bodies as bodies
import _common as common
import _serving as serving
from _common import Bar

MB = 1_000_000
CLIENTS = 8


async def random_requests(port: int, picture: bytes, count: int) -> tuple[Counter[int], float]:
    """How often each status was answered, and the longest wait in seconds."""
    rng = random.Random(common.SEED)
    seen: Counter[int] = Counter()
    longest = 0.0
    todo = [
        serving.request(
            f"/v1/{rng.choice(bodies.PATHS)}",
            rng.choice(bodies.TYPES),
            bodies.random_body(rng, picture),
        )
        for _ in range(count)
    ]

    async def client() -> None:
        nonlocal longest
        connection = None
        while todo:
            data = todo.pop()
            connection = connection or await asyncio.open_connection("127.0.0.1", port)
            reader, writer = connection
            begun = time.perf_counter()
            writer.write(data)
            try:
                status, headers, _ = await asyncio.wait_for(serving.answer_of(reader), 60)
            except (OSError, EOFError, TimeoutError):
                seen[0] += 1
                connection = None
                continue
            longest = max(longest, time.perf_counter() - begun)
            seen[status] += 1
            if headers.get("connection") == "close":
                connection = None

    await asyncio.gather(*[client() for _ in range(CLIENTS)])
    return seen, longest


def slow_clients(port: int, count: int, patience: float) -> int:
    """How many connections that fall silent are still open after the server's patience."""
    head = b"POST /v1/text HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/png\r\n"
    sent = [b"", head, head + b"Content-Length: 900\r\n\r\nhalf"]
    clients = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(count)]
    for number, client in enumerate(clients):
        client.sendall(sent[number % len(sent)])
    time.sleep(patience)
    open_still = 0
    for client in clients:
        client.settimeout(5)
        try:
            while client.recv(65_536):
                pass
        except TimeoutError:
            open_still += 1
        except ConnectionError:
            continue
        finally:
            client.close()
    return open_still


def main() -> None:
    parser = common.make_parser(__doc__, peers=False)
    parser.add_argument("--bodies", type=int, default=10_000)
    parser.add_argument("--quick", action="store_true", help="1,000 bodies")
    options = parser.parse_args()
    count = 1_000 if options.quick else options.bodies
    picture = common.mixed_pictures(options.data, 19)[0].data
    with serving.serving() as server:
        # A first part is not counted: it fills caches that are bounded.
        asyncio.run(random_requests(server.port, picture, count // 4))
        before = server.resident()
        seen, longest = asyncio.run(random_requests(server.port, picture, count))
        grown = (server.resident() - before) / MB
        still = slow_clients(server.port, 30, patience=15)
        held = server.metric("solver_queue_pictures") + server.metric("solver_queue_bytes")
    print("status: " + ", ".join(f"{status} × {n}" for status, n in sorted(seen.items())))
    print(f"longest answer {longest:.2f} s")
    failed = sum(n for status, n in seen.items() if status >= 500 or status == 0)
    common.finish(
        [
            Bar("answers of 500 and above, or none", failed, 0, more=False),
            Bar("s of the longest answer", longest, 30, more=False),
            Bar("MB grown", grown, 10, more=False),
            Bar("silent connections still open", still, 0, more=False),
            Bar("pictures and bytes held afterwards", held, 0, more=False),
        ],
        {"seen": dict(seen), "grown_mb": grown, "longest_s": longest},
        options,
    )


if __name__ == "__main__":
    main()
