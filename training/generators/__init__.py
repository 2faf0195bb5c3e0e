"""Generators of labelled pictures to train on; none of them needs TensorFlow.

A generator draws: ``.sample(rng) -> (picture, label)``.  `write_folder` turns draws into a corpus.
"""

from __future__ import annotations

from training.generators.folder import Generator, generate_text, write_folder
from training.generators.fonts import FontFace, find_fonts
from training.generators.presets import STYLES
from training.generators.styles import TextStyle
from training.generators.text import ALNUM, TextGenerator

__all__ = [
    "ALNUM",
    "STYLES",
    "FontFace",
    "Generator",
    "TextGenerator",
    "TextStyle",
    "find_fonts",
    "generate_text",
    "write_folder",
]
