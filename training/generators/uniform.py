"""Text whose symbols and lengths are all as likely as each other."""

from __future__ import annotations

from PIL import Image

from training.generators.colours import Rng
from training.generators.text import TextGenerator


class UniformText:
    """Draws as `TextGenerator` does, but every symbol comes as often as any other.

    `TextGenerator` prefers what captchas usually hold: only digits, one case, four to six letters.
    A model for one known captcha, or for Chinese, wants them even.
    """

    def __init__(self, generator: TextGenerator) -> None:
        self.generator = generator
        self._symbols = list(generator.symbols)

    def sample(self, rng: Rng) -> tuple[Image.Image, str]:
        """One picture, RGB, and its text."""
        low, high = self.generator.length
        label = "".join(rng.choice(self._symbols, int(rng.integers(low, high + 1))).tolist())
        return self.generator.render(label, rng)
