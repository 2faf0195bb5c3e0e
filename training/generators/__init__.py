"""Generators of labelled pictures to train on; none of them needs TensorFlow.

A generator draws: ``.sample(rng) -> (picture, label)``.  `write_folder` turns draws of one picture
and one text into a corpus; `write_records` does so for those with richer labels.
"""

from __future__ import annotations

from training.generators.cjk import find_cjk_fonts, fonts_for, gb2312
from training.generators.classic import ClassicGenerator
from training.generators.click import ClickGenerator, ClickLabel, ClickObject
from training.generators.corpora import (
    generate_click,
    generate_from_settings,
    generate_slide,
    generate_tiles,
)
from training.generators.crops import GlyphGenerator
from training.generators.folder import Generator, generate_text, write_folder
from training.generators.fonts import FontFace, find_fonts
from training.generators.header import HeaderGenerator, words80
from training.generators.header_words import OTHER, HeaderWordGenerator
from training.generators.presets import STYLES
from training.generators.pypi_captcha import PypiCaptcha
from training.generators.records import Item, RecordGenerator, write_records
from training.generators.settings import GeneratorSettings, SettingsError, read_settings
from training.generators.slide import SlideGenerator, SlideLabel
from training.generators.styles import TextStyle
from training.generators.text import ALNUM, TextGenerator
from training.generators.tiles import GridLabel, TilesGenerator
from training.generators.uniform import UniformText
from training.generators.word_shapes import WORD_ICONS

__all__ = [
    "ALNUM",
    "OTHER",
    "STYLES",
    "WORD_ICONS",
    "ClassicGenerator",
    "ClickGenerator",
    "ClickLabel",
    "ClickObject",
    "FontFace",
    "Generator",
    "GeneratorSettings",
    "GlyphGenerator",
    "GridLabel",
    "HeaderGenerator",
    "HeaderWordGenerator",
    "Item",
    "PypiCaptcha",
    "RecordGenerator",
    "SettingsError",
    "SlideGenerator",
    "SlideLabel",
    "TextGenerator",
    "TextStyle",
    "TilesGenerator",
    "UniformText",
    "find_cjk_fonts",
    "find_fonts",
    "fonts_for",
    "gb2312",
    "generate_click",
    "generate_from_settings",
    "generate_slide",
    "generate_text",
    "generate_tiles",
    "read_settings",
    "words80",
    "write_folder",
    "write_records",
]
