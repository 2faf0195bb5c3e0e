"""The PyPI package ``captcha`` as one of our generators: seeded, which it is not by itself.

The package draws its chances from the operating system.  A private copy of its module is loaded,
with chances of our own; the package that others import stays as it is.
"""

from __future__ import annotations

import importlib.util
import random
import threading
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from PIL import Image

from solver.errors import MissingDependencyError
from training.generators.text import ALNUM

_MEND = "pip install captcha"


class _Chances:
    """The functions of `secrets` and `random` that the package calls, from one seeded source."""

    def __init__(self) -> None:
        self._source = random.Random(0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def reseed(self, seed: int) -> None:
        self._source.seed(seed)

    def randbelow(self, end: int) -> int:
        return self._source.randrange(end)

    def randbits(self, count: int) -> int:
        return self._source.getrandbits(count)


def _private_copy() -> ModuleType:
    try:
        spec = importlib.util.find_spec("captcha.image")
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            f"the generator pypi-captcha needs the package captcha: {_MEND}", name="captcha"
        ) from error
    if spec is None or spec.loader is None or spec.origin is None:
        raise MissingDependencyError(
            f"the package captcha has no module captcha.image; mend it with: {_MEND}",
            name="captcha",
        )
    copy = importlib.util.spec_from_file_location("_seeded_captcha_image", spec.origin)
    if copy is None or copy.loader is None:
        raise MissingDependencyError(f"captcha does not load; mend it with: {_MEND}")
    module = importlib.util.module_from_spec(copy)
    copy.loader.exec_module(module)
    return module


class PypiCaptcha:
    """Draws with ``captcha.image.ImageCaptcha``.

    Options: `symbols` and `length` (fewest, most), drawn evenly; `size`, width and height in
    pixels; `fonts`, font files (default: the package's own); `font_sizes` in pixels to the em
    (default: the package's 42, 50, 56, whatever the picture's height).
    Raises MissingDependencyError where the package is not installed, ValueError for no symbols.
    """

    def __init__(
        self,
        symbols: str = ALNUM,
        length: tuple[int, int] = (4, 4),
        *,
        size: tuple[int, int] = (160, 60),
        fonts: Sequence[str | Path] | None = None,
        font_sizes: Sequence[int] | None = None,
    ) -> None:
        if not symbols or not 1 <= length[0] <= length[1] or min(size) < 20:
            raise ValueError(
                "expected symbols, 1 <= fewest <= most, and a size of 20 or more. Received: "
                f"symbols={symbols!r}, length={length}, size={size}"
            )
        self.symbols, self.length, self.size = symbols, length, size
        self.fonts = None if fonts is None else [str(path) for path in fonts]
        self.font_sizes = None if font_sizes is None else tuple(font_sizes)
        self._lock = threading.Lock()
        self._chances = _Chances()
        module: Any = _private_copy()
        # Releases before 0.6 draw from `random`, later ones from `secrets`.
        module.secrets = module.random = self._chances
        self._drawer = module.ImageCaptcha(*size, fonts=self.fonts, font_sizes=self.font_sizes)

    def sample(self, rng: np.random.Generator) -> tuple[Image.Image, str]:
        """One picture, RGB, and its text."""
        count = int(rng.integers(self.length[0], self.length[1] + 1))
        return self.render("".join(rng.choice(list(self.symbols), count).tolist()), rng)

    def render(self, label: str | None, rng: np.random.Generator) -> tuple[Image.Image, str]:
        """One picture of `label`, RGB; None: of random text."""
        if label is None:
            return self.sample(rng)
        with self._lock:
            self._chances.reseed(int(rng.integers(2**62)))
            return self._drawer.generate_image(label).convert("RGB"), label

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (self.symbols, self.length, self.size, self.fonts, self.font_sizes)


def _rebuilt(*options: Any) -> PypiCaptcha:
    """Another process loads a copy of its own."""
    symbols, length, size, fonts, font_sizes = options
    return PypiCaptcha(symbols, length, size=size, fonts=fonts, font_sizes=font_sizes)
