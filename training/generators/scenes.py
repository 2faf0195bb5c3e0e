"""Grounds for large pictures that look like photographs, paintings or patterns.

Each scene takes (height, width, rng) and gives (H, W, 3) uint8 RGB.  None of them is made of
pictures: they are noise, gradients and shapes, so that they may go anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from training.generators.colours import BACKGROUNDS, PICKS, Rng, hsv

Scene = Callable[[int, int, Rng], np.ndarray]


def fractal(height: int, width: int, rng: Rng, *, rough: float, largest: float) -> np.ndarray:
    """(H, W) float32 noise from 0 to 1: blobs of `largest` pixels, and finer ones on top.

    rough: how much each finer layer keeps of the one before, 0 (smooth) to 1.
    """
    field = np.zeros((height, width), np.float32)
    size, weight = max(4.0, largest), 1.0
    while size >= 2 and weight > 0.03:
        shape = (max(2, round(height / size) + 1), max(2, round(width / size) + 1))
        layer = rng.random(shape, np.float32)
        field += weight * cv2.resize(layer, (width, height), interpolation=cv2.INTER_CUBIC)
        size, weight = size / 2, weight * rough
    field -= field.min()
    return field / max(1e-6, float(field.max()))


def palette(rng: Rng, count: int, *, spread: float | None = None) -> np.ndarray:
    """(count, 3) float32 colours that belong together: hues near each other, or facing."""
    spread = rng.uniform(0.03, 0.35) if spread is None else spread
    hue, facing = rng.random(), rng.random() < 0.4
    value = np.sort(rng.uniform(0.12, 1.0, count))
    if rng.random() < 0.5:
        value = value[::-1]
    colours = [
        hsv(
            hue + rng.uniform(-spread, spread) + (0.5 if facing and rng.random() < 0.35 else 0),
            rng.uniform(0.15, 0.95),
            float(level),
        )
        for level in value
    ]
    return np.array(colours, np.float32)


def _mapped(field: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """A field from 0 to 1 through a ramp of colours: (H, W, 3) float32."""
    steps = np.linspace(0, 1, len(colours))
    fine = np.linspace(0, 1, 256)
    table = np.stack([np.interp(fine, steps, colours[:, i]) for i in range(3)], axis=1)
    return table.astype(np.float32)[(np.clip(field, 0, 1) * 255).astype(np.uint8)]


def _sky(height: int, width: int, rng: Rng) -> np.ndarray:
    ramp = np.linspace(0, 1, height, dtype=np.float32)[:, None] + np.zeros((1, width), np.float32)
    sky = _mapped(ramp, palette(rng, int(rng.integers(2, 4)), spread=0.12))
    if rng.random() < 0.7:
        clouds = fractal(height, width, rng, rough=0.55, largest=width / 3)
        cover = np.clip((clouds - rng.uniform(0.4, 0.65)) * rng.uniform(2, 5), 0, 1)[..., None]
        sky = sky * (1 - cover) + np.float32(rng.uniform(190, 255)) * cover
    if rng.random() < 0.4:
        centre = (int(rng.uniform(0.1, 0.9) * width), int(rng.uniform(0.1, 0.6) * height))
        sun = np.zeros((height, width), np.float32)
        cv2.circle(sun, centre, round(height * rng.uniform(0.04, 0.12)), (1.0,), -1)
        sun = np.maximum(sun, cv2.GaussianBlur(sun, (0, 0), height * 0.06) * 0.9)[..., None]
        sky = sky * (1 - sun) + np.array(PICKS["pale"](rng), np.float32) * sun
    return sky


def landscape(height: int, width: int, rng: Rng) -> np.ndarray:
    """Sky, and ranges of hills before each other, rough or smooth, the nearest textured."""
    out = _sky(height, width, rng)
    layers = int(rng.integers(2, 6))
    colours = palette(rng, layers, spread=0.1)
    rows = np.arange(height, dtype=np.float32)[:, None]
    rough = rng.uniform(0.3, 0.62)
    for i, level in enumerate(np.sort(rng.uniform(0.3, 0.95, layers))):
        ridge = fractal(2, width, rng, rough=rough, largest=width / rng.uniform(1.5, 5))[0]
        top = height * (level - rng.uniform(0.05, 0.3) * ridge)
        inside = rows >= top[None, :]
        tone = np.broadcast_to(colours[i], out.shape)
        if rng.random() < 0.7:
            grain = fractal(height, width, rng, rough=0.75, largest=rng.uniform(6, 40)) - 0.5
            tone = tone + grain[..., None] * np.float32(rng.uniform(20, 140))
        out = np.where(inside[..., None], tone, out)
    if rng.random() < 0.4:
        _trunks(out, rng)
    return _finished(out)


def _trunks(out: np.ndarray, rng: Rng) -> None:
    """Bare trees or posts in front."""
    height, width = out.shape[:2]
    tone = [float(rng.uniform(0, 60))] * 3
    for _ in range(int(rng.integers(1, 7))):
        x, top = int(rng.uniform(0, width)), int(rng.uniform(-0.2, 0.5) * height)
        thick = max(1, round(width * rng.uniform(0.005, 0.04)))
        cv2.line(out, (x, height), (x + int(rng.normal(0, 8)), top), tone, thick)
        for _ in range(int(rng.integers(0, 8))):
            y = int(rng.uniform(top, 0.7 * height))
            end = (x + int(rng.normal(0, 0.1) * width), y - int(rng.uniform(0, 0.15) * height))
            cv2.line(out, (x, y), end, tone, max(1, thick // 3), cv2.LINE_AA)


def swirls(height: int, width: int, rng: Rng) -> np.ndarray:
    """Colours in bent bands, like paint or marble: noise read at places moved by noise."""
    field = fractal(height, width, rng, rough=rng.uniform(0.3, 0.6), largest=width / 2)
    reach = np.float32(rng.uniform(0.1, 0.6) * width)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    dx, dy = (fractal(height, width, rng, rough=0.4, largest=width / 2) - 0.5 for _ in range(2))
    bent = cv2.remap(
        field, x + reach * dx, y + reach * dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    waves = 0.5 + 0.5 * np.sin(bent * rng.uniform(4, 22))
    return _finished(_mapped(waves.astype(np.float32), palette(rng, int(rng.integers(3, 7)))))


def clouds(height: int, width: int, rng: Rng) -> np.ndarray:
    """Noise through a ramp of colours: smoke, stone, leaves, grass."""
    largest = width / float(np.exp(rng.uniform(np.log(2), np.log(40))))
    field = fractal(height, width, rng, rough=rng.uniform(0.4, 0.9), largest=largest)
    if rng.random() < 0.3:  # drawn out: grass, water, cloth
        field = cv2.resize(field[:: int(rng.integers(3, 12))], (width, height))
        field = field.T.copy() if height == width and rng.random() < 0.5 else field
    return _finished(_mapped(field, palette(rng, int(rng.integers(2, 6)))))


def solids(height: int, width: int, rng: Rng) -> np.ndarray:
    """Heaps of shaded balls, blocks and gems."""
    out = _mapped(fractal(height, width, rng, rough=0.3, largest=width), palette(rng, 3))
    for _ in range(int(rng.integers(5, 45))):
        size = min(height, width) * rng.uniform(0.05, 0.3)
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        base = np.array(PICKS["vivid" if rng.random() < 0.7 else "any"](rng))
        if rng.random() < 0.5:
            light = np.array([x - size * 0.3, y - size * 0.35])
            for step in np.linspace(1, 0.1, 12):
                centre = np.array([x, y]) * step + light * (1 - step)
                tone = np.minimum(255, base * (0.45 + 0.75 * (1 - step)) + 60 * (1 - step) ** 3)
                place = np.round(centre).astype(int).tolist()
                cv2.circle(out, place, max(1, round(size * step)), tone.tolist(), -1)
        else:
            corners = int(rng.integers(4, 8))
            angle = np.sort(rng.uniform(0, 2 * np.pi, corners)) + rng.uniform(0, 6.3)
            rim = np.stack([x + size * np.cos(angle), y + size * np.sin(angle)], axis=1)
            top = np.array([x + rng.uniform(-0.4, 0.4) * size, y + rng.uniform(-0.4, 0.4) * size])
            for i in range(corners):
                facet = np.stack([rim[i], rim[(i + 1) % corners], top])
                tone = np.minimum(255, base * rng.uniform(0.35, 1.15))
                cv2.fillPoly(out, [np.round(facet).astype(np.int32)], tone.tolist())
    return _finished(out)


def rings(height: int, width: int, rng: Rng) -> np.ndarray:
    """Rings and discs over each other."""
    colours = palette(rng, int(rng.integers(3, 7)))
    out = np.empty((height, width, 3), np.float32)
    out[:] = colours[0]
    for _ in range(int(rng.integers(4, 30))):
        x, y = (int(v) for v in rng.uniform(-0.1, 1.1, 2) * (width, height))
        radius = min(height, width) * rng.uniform(0.05, 0.5)
        for step in np.linspace(1, rng.uniform(0.1, 0.8), int(rng.integers(1, 6))):
            tone = colours[int(rng.integers(len(colours)))].tolist()
            cv2.circle(out, (x, y), max(1, round(radius * step)), tone, -1)
    return _finished(out)


def facets(height: int, width: int, rng: Rng) -> np.ndarray:
    """Triangles, squares or bricks, each in a tone of its own."""
    step = min(height, width) / float(np.exp(rng.uniform(np.log(2), np.log(16))))
    columns, rows = int(width / step) + 4, int(height / step) + 4
    x, y = np.meshgrid(np.arange(columns, dtype=float), np.arange(rows, dtype=float))
    x[1::2] += rng.choice([0.0, 0.5])
    jitter = rng.choice([0.0, rng.uniform(0, 0.4)])
    places = np.stack([x - 1, y - 1], -1) + rng.uniform(-jitter, jitter, (rows, columns, 2))
    places = np.round(places * step).astype(np.int32)
    colours = palette(rng, int(rng.integers(2, 6)))
    vary, split = rng.uniform(0, 45), rng.random() < 0.6
    out = np.empty((height, width, 3), np.float32)
    out[:] = colours[0]
    for i in range(rows - 1):
        for j in range(columns - 1):
            quad = places[[i, i, i + 1, i + 1], [j, j + 1, j + 1, j]]
            for face in (quad[:3], quad[[0, 2, 3]]) if split else (quad,):
                tone = colours[int(rng.integers(len(colours)))] + rng.normal(0, vary)
                cv2.fillPoly(out, [face], tone.tolist())
    return _finished(out)


def city(height: int, width: int, rng: Rng) -> np.ndarray:
    """Buildings with lit and dark windows before a sky."""
    out = _sky(height, width, rng)
    for _ in range(int(rng.integers(5, 22))):
        x, wide = int(rng.uniform(-0.1, 1) * width), int(width * rng.uniform(0.05, 0.22))
        top = int(height * rng.uniform(0.1, 0.8))
        wall = np.array(PICKS["dark" if rng.random() < 0.6 else "any"](rng))
        cv2.rectangle(out, (x, top), (x + wide, height), wall.tolist(), -1)
        pane = max(2, round(width * rng.uniform(0.006, 0.025)))
        for row in range(top + pane, height, 2 * pane):
            for column in range(x + pane, x + wide - pane, 2 * pane):
                if rng.random() < 0.7:
                    tone = (wall + rng.uniform(-60, 160)).tolist()
                    corner = (column + pane, row + pane)
                    cv2.rectangle(out, (column, row), corner, tone, -1)
    return _finished(out)


def leaves(height: int, width: int, rng: Rng) -> np.ndarray:
    """Hundreds of leaves, petals, pebbles or lights, the last ones sharp."""
    out = _mapped(fractal(height, width, rng, rough=0.4, largest=width / 2), palette(rng, 3))
    colours = palette(rng, 6)
    longest = min(height, width) * rng.uniform(0.03, 0.18)
    slim = rng.uniform(0.2, 1.0)
    for i in range(int(rng.integers(40, 260))):
        axes = (max(2, round(longest * rng.uniform(0.4, 1))), max(1, round(longest * slim * 0.6)))
        place = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        tone = (colours[int(rng.integers(len(colours)))] + rng.normal(0, 25)).tolist()
        cv2.ellipse(out, place, axes, rng.uniform(0, 360), 0, 360, tone, -1, cv2.LINE_8)
        if i == 30 and rng.random() < 0.5:
            out = cv2.GaussianBlur(out, (0, 0), rng.uniform(1, 6))
    return _finished(out)


def _finished(picture: np.ndarray) -> np.ndarray:
    return np.clip(picture, 0, 255).astype(np.uint8)


def photograph(picture: np.ndarray, rng: Rng) -> np.ndarray:
    """What a camera adds: unsharpness, light falling off, another contrast, grain."""
    out = picture
    if rng.random() < 0.35:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.5, 2.5))
    if rng.random() < 0.4:
        gain, offset = rng.uniform(0.55, 1.3), rng.uniform(-40, 40)
        out = cv2.convertScaleAbs(np.maximum(out.astype(np.float32) * gain + offset, 0))
    if rng.random() < 0.3:
        height, width = out.shape[:2]
        y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None, :]
        out = (out * (1 - rng.uniform(0.1, 0.4) * (x**2 + y**2) / 2)[..., None]).astype(np.uint8)
    if rng.random() < 0.4:
        grain = rng.standard_normal(out.shape[:2], np.float32) * np.float32(rng.uniform(2, 12))
        out = np.clip(out + grain[..., None], 0, 255).astype(np.uint8)
    return out


def _drawn_ground(name: str, colour: str) -> Scene:
    def scene(height: int, width: int, rng: Rng) -> np.ndarray:
        return BACKGROUNDS[name](height, width, rng, colour).astype(np.uint8)

    return scene


PHOTO: Mapping[str, Scene] = {
    scene.__name__: scene
    for scene in (city, clouds, facets, landscape, leaves, rings, solids, swirls)
}
PLAIN: Mapping[str, Scene] = {
    name: _drawn_ground(name, colour)
    for name, colour in (
        ("blobs", "any"),
        ("gradient", "any"),
        ("grain", "pale"),
        ("plain", "any"),
        ("stripes", "pale"),
        ("tiles", "any"),
    )
}
SCENES: Mapping[str, Scene] = {**PHOTO, **PLAIN}


def draw_scene(height: int, width: int, rng: Rng, *, photo: float = 0.75) -> np.ndarray:
    """A ground of any kind, (H, W, 3) uint8; `photo` is the share of photo-like ones."""
    names = list(PHOTO if rng.random() < photo else PLAIN)
    name = names[int(rng.integers(len(names)))]
    picture = SCENES[name](height, width, rng)
    if name not in PHOTO:
        return picture
    if rng.random() < 0.25:  # a second scene in places, or shining through
        other = PHOTO[names[int(rng.integers(len(names)))]](height, width, rng)
        field = fractal(height, width, rng, rough=0.5, largest=width / 2)
        share = np.clip((field - 0.5) * rng.uniform(1, 40) + 0.5, 0, 1)[..., None]
        picture = _finished(picture * (1 - share) + other * share)
    return photograph(picture, rng)
