"""A page of captchas on loopback, in all the ways in which a page may show a picture, and a solver
that finds what it looks for by its colour.

Every press is noted by the page in fractions of CSS pixels, from the corner of the picture's
content box.
"""

from __future__ import annotations

import base64
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

from solver.errors import LowConfidenceError
from solver.results import Box, SlideResult, TextResult

SIZE = (160, 60)  # of the picture, natural pixels
DOTS = {"red": (20, 14), "green": (131, 22), "blue": (75, 47)}  # middles, natural pixels
COLOURS = {"red": (230, 0, 0), "green": (0, 180, 0), "blue": (0, 0, 230)}
GAP = 117  # where the piece belongs, natural pixels of a background of SLIDE
SLIDE = (200, 80)
PIECE = (40, 30)
PIECE_INK = 8  # the piece's picture is transparent to the left of this column

# id → style of the picture, and the size in which its content box is then shown.
SHOWN = {
    "plain": ("width:160px;height:60px", (160, 60)),
    "boxed": ("width:160px;height:60px;border:3px solid #888;padding:7px 5px 2px 11px", (160, 60)),
    "scaled": ("width:213.5px;height:80px;border:2px solid #888;padding:4px", (213.5, 80)),
    "grown": (
        "width:160px;height:60px;border:6px solid #888;padding:3px;transform:scale(1.3)",
        (208, 78),
    ),
}


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def uri(data: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


def dotted(number: int = 0) -> np.ndarray:
    """The picture with its dots, ``(60, 160, 3)``; ``number`` is told by its grey strip."""
    pixels = np.full((SIZE[1], SIZE[0], 3), 250, np.uint8)
    pixels[52:58, 100 : 104 + 12 * (number % 4)] = 120
    for name, (x, y) in DOTS.items():
        pixels[y - 5 : y + 5, x - 5 : x + 5] = COLOURS[name]
    return pixels


def slider() -> tuple[np.ndarray, np.ndarray]:
    """A background ``(80, 200, 3)`` with a red post at the gap, and a piece ``(30, 40, 4)``."""
    ground = np.full((SLIDE[1], SLIDE[0], 3), 235, np.uint8)
    ground[:, GAP : GAP + 4] = COLOURS["red"]
    piece = np.zeros((PIECE[1], PIECE[0], 4), np.uint8)
    piece[:, PIECE_INK:] = (40, 90, 60, 255)
    return ground, piece


def located(picture: np.ndarray, colour: str) -> tuple[float, float]:
    """The middle of what has a colour, pixels."""
    rows, columns = np.nonzero(_near(picture, colour))
    return (columns.min() + columns.max() + 1) / 2, (rows.min() + rows.max() + 1) / 2


def _near(picture: np.ndarray, colour: str) -> np.ndarray:
    away: np.ndarray = np.abs(picture.astype(int) - COLOURS[colour]).sum(axis=2)
    return away < 120


@dataclass
class Clicked:
    points: tuple[tuple[float, float], ...]
    missing: tuple[str, ...] = ()


@dataclass
class ColourSolver:
    """Answers by colour. ``unsure`` pictures are refused first; ``seen`` is what it was given."""

    unsure: int = 0
    seen: list[Any] = field(default_factory=list)

    def text(self, image: np.ndarray, **options: Any) -> TextResult:
        self._look(image, options)
        strip = _count(image)
        return TextResult(f"n{strip}", 1.0)

    def tiles(self, image: np.ndarray, **options: Any) -> Clicked:
        self._look(image, options)
        return Clicked(tuple(located(image, name) for name in DOTS))

    def click(self, image: np.ndarray, targets: Any, **options: Any) -> Clicked:
        self._look(image, {"targets": targets, **options})
        names = targets if isinstance(targets, list) else list(DOTS)
        known = [name for name in names if name in DOTS]
        missing = tuple(name for name in names if name not in DOTS)
        return Clicked(tuple(located(image, name) for name in known), missing)

    def slide(self, background: np.ndarray, piece: Any = None, **options: Any) -> SlideResult:
        self._look(background, {"piece": piece, **options})
        gap = np.flatnonzero(_near(background, "red").any(axis=0))[0]
        ink = 0 if piece is None else np.flatnonzero(piece[..., 3].max(axis=0) > 128)[0]
        offset = (gap - ink - options.get("start", 0.0)) * options["scale"]
        return SlideResult(float(offset), Box(0, 0, 1, 1, "gap", 1.0), 1.0)

    def _look(self, image: np.ndarray, options: Any) -> None:
        self.seen.append((image, options))
        if len(self.seen) <= self.unsure:
            raise LowConfidenceError("not sure", result=None)


def _count(image: np.ndarray) -> int:
    """The number that :func:`dotted` was given, from the strip's length."""
    grey = np.abs(image.astype(int) - 120).max(axis=2) < 12
    wide = grey.any(axis=0).sum() * SIZE[0] / image.shape[1]
    return round((wide - 4) / 12)


NOTE = """
window.presses = [];
for (const picture of document.querySelectorAll(".captcha")) {
  picture.addEventListener("pointerdown", (event) => {
    const box = picture.getBoundingClientRect();
    const style = getComputedStyle(picture);
    const unit = box.width / picture.offsetWidth;
    const inset = (side) => (parseFloat(style[`border${side}Width`]) +
                             parseFloat(style[`padding${side}`])) * unit;
    presses.push([picture.id, event.clientX - box.left - inset("Left"),
                  event.clientY - box.top - inset("Top")]);
  });
}
"""


def page(framed: str = "") -> str:
    """The whole page. ``framed``: the address of a page that it shows in a frame instead."""
    if framed:
        return (
            "<!doctype html><body style='margin:0;height:1500px'><p>Log in</p><iframe id='frame' "
            "style='margin:13px 0 0 33.5px;border:5px solid #ccc;padding:2px' width='420' "
            f"height='330' src='{framed}'></iframe></body>"
        )
    picture = uri(png(dotted()))
    shown = "".join(
        f"<p style='height:125px;margin:0 0 0 10.3px'><img class='captcha' id='{name}' "
        f"style='background:#cde;transform-origin:0 0;{style}' src='{picture}'></p>"
        for name, (style, _) in SHOWN.items()
    )
    ground, piece = (uri(png(pixels)) for pixels in slider())
    return f"""<!doctype html><meta charset="utf-8"><title>Captchas</title>
<body style="margin:8px">
<p style="height:90px;margin:0"><img id="counted" src="/counted.png" width="160" height="60">
<button id="new" onclick="counted.src='/counted.png?'+Math.random()">New</button>
<button id="idle">Nothing</button> <input id="code" value="old"></p>
{shown}
<p style="height:100px"><canvas class="captcha" id="canvas" width="160" height="60"
 style="width:120px;height:45px;border:2px dotted #888;padding:5px"></canvas></p>
<b id="asked">red\n <i>blue</i></b>
<div id="box" style="position:relative;width:270px;padding:6px;background:#dde">
 <img id="ground" src="{ground}" style="display:block;width:250px;border:4px solid #666">
 <img id="piece" src="{piece}" style="position:absolute;left:25px;top:40px;width:50px">
</div>
<div style="position:relative;height:40px;width:262px;background:#ccd">
 <div id="handle" style="position:absolute;left:0;width:44px;height:40px;background:#456"></div>
</div>
<p style="height:1200px"></p>
<p><img class="captcha" id="lazy" loading="lazy" src="/lazy.png" width="160" height="60"></p>
<img id="broken" src="/broken.png" width="50" height="20">
<div id="hidden" style="display:none">x</div>
<script>
{NOTE}
const draw = new Image();
draw.onload = () => canvas.getContext("2d").drawImage(draw, 0, 0);
draw.src = "{picture}";
if (location.search === "?late") {{
  piece.style.left = "400px";
  setTimeout(() => {{ piece.style.left = "25px"; }}, 700);
}}
handle.addEventListener("mousedown", (event) => {{
  const from = event.clientX - handle.offsetLeft;
  const move = (next) => {{
    const to = Math.min(Math.max(next.clientX - from, 0), 218);
    handle.style.left = to + "px";
    piece.style.left = 25 + to * 0.83 + "px";
  }};
  addEventListener("mousemove", move);
  addEventListener("mouseup", () => removeEventListener("mousemove", move), {{once: true}});
}});
</script></body>"""


@dataclass
class Counts:
    """How often the page's own pictures were asked for."""

    counted: int = 0
    lazy: int = 0


@contextmanager
def serving() -> Iterator[tuple[str, Counts]]:
    """The page's address, and the counts; ``/framed`` shows it in a frame.

    ``?late`` puts the slider's piece in its place some time after the page is there.
    """
    counts = Counts()

    class Visit(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            kind, body, status = "text/html", b"", 200
            if path == "/":
                body = page().encode()
            elif path == "/framed":
                body = page("/").encode()
            elif path == "/counted.png":
                kind, body = "image/png", png(dotted(counts.counted))
                counts.counted += 1
            elif path == "/lazy.png":
                kind, body = "image/png", png(dotted())
                counts.lazy += 1
            else:
                status = 404
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Cache-Control", "no-store")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """The tests ask the counts."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Visit)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", counts
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
