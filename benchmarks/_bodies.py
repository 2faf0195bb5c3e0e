"""Bodies that nobody should send to a server: noise, damaged pictures, JSON that is wrong."""

from __future__ import annotations

import base64
import json
import random
from typing import Any

PATHS = (
    "text",
    "text/batch",
    "classify",
    "classify/batch",
    "detect",
    "tiles",
    "tiles/batch",
    "crop",
    "click",
    "slide",
)
TYPES = ("application/json", "image/png", "application/octet-stream", "text/html", "")
_NAMES = ("image", "images", "background", "piece", "targets", "length", "top_k", "model", "layout")


def random_body(rng: random.Random, picture: bytes) -> bytes:
    """Noise, a damaged picture, or JSON with something wrong in it, whole or cut off."""
    kind = rng.randrange(4)
    if kind == 0:
        return rng.randbytes(rng.randrange(200))
    if kind == 1:
        damaged = bytearray(picture)
        for _ in range(rng.randrange(1, 8)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        return bytes(damaged[: rng.randrange(len(damaged) + 1)])
    encoded = base64.b64encode(picture).decode()
    values: list[Any] = [None, True, -1, 10**400, 1.5, "", "x" * 50, encoded, [], [encoded], {}]
    body = {name: rng.choice(values) for name in rng.sample(_NAMES, rng.randrange(1, 5))}
    text = json.dumps(body).encode()
    return text if kind == 2 else text[: rng.randrange(len(text) + 1)]
