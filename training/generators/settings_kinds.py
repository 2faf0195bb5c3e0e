"""What each kind of generator can be told in a settings file, and how it is made."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from solver.layouts import LAYOUTS, Layout
from training.generators.cjk import find_cjk_fonts, fonts_for, gb2312
from training.generators.classic import ClassicGenerator
from training.generators.click import ClickGenerator
from training.generators.crops import GlyphGenerator
from training.generators.folder import Generator
from training.generators.header import HeaderGenerator, header_symbols, words80
from training.generators.header_words import HeaderWordGenerator
from training.generators.presets import STYLES
from training.generators.pypi_captcha import PypiCaptcha
from training.generators.slide import SlideGenerator
from training.generators.styles import Several, TextStyle
from training.generators.text import ALNUM, TextGenerator
from training.generators.tiles import NAMES, TilesGenerator
from training.generators.uniform import UniformText

ALPHABETS: Mapping[str, Callable[[], str]] = {
    "digits": lambda: string.digits,
    "lower": lambda: string.ascii_lowercase,
    "upper": lambda: string.ascii_uppercase,
    "alnum": lambda: ALNUM,
    "lower+digits": lambda: string.digits + string.ascii_lowercase,
    "upper+digits": lambda: string.digits + string.ascii_uppercase,
    "gb2312": gb2312,
    "gb2312-1": lambda: gb2312((1,)),
    "gb2312-2": lambda: gb2312((2,)),
}
# How much likelier than usual clutter and wear are in the families of `text`.
_LEVELS = {"none": 0.0, "low": 0.4, "medium": 1.0, "high": 2.0}
Options = dict[str, Any]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_number, value))


def _integers(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_integer, value))


def _numbers(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_number, value))


def _names(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, str) for v in value)


CHECKS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "text": ("a text", lambda value: isinstance(value, str)),
    "flag": ("true or false", lambda value: isinstance(value, bool)),
    "integer": ("a whole number", _is_integer),
    "integers": ("a list of whole numbers", _integers),
    "number": ("a number", _is_number),
    "pair": ("two numbers, [low, high] or [width, height]", _pair),
    "names": ("a list of texts", _names),
    "layout": ("a table, a layout's name or its .toml file", lambda v: isinstance(v, str | dict)),
    "numbers": ("a list of numbers", _numbers),
    "table": ("a table", lambda value: isinstance(value, dict)),
}
_WRITING = {"alphabet": "text", "symbols": "text", "length": "pair", "fonts": "names"}
_CLICK = {
    "width": "pair",
    "asked": "pair",
    "decoys": "pair",
    "size": "pair",
    "kinds": "table",
    "turn": "number",
    "photo": "number",
    "grounds": "names",
    "prompt": "number",
    "clutter": "number",
    "lookalikes": "number",
    "visible": "number",
    "shapes": "number",
    "signs": "number",
    "icon_fonts": "number",
    "icon_families": "names",
    "looks": "table",
    "strips": "number",
    "pad": "number",
}
_SLIDE = {
    "width": "pair",
    "side": "pair",
    "contrast": "pair",
    "shapes": "names",
    "turn": "number",
    "turned": "number",
    "strip": "number",
    "alpha": "number",
    "relief": "number",
    "decoyed": "number",
    "twin": "number",
    "soft": "pair",
    "decoys": "integer",
    "quality": "integer",
}
KEYS: Mapping[str, Mapping[str, str]] = {
    "text": {
        **_WRITING,
        "styles": "names",
        "labels": "text",
        "disturbance": "text",
        "size": "pair",
        "ink": "names",
        "ground": "names",
    },
    "classic": {
        **_WRITING,
        "size": "pair",
        "ink": "names",
        "ground": "names",
        "disturbance": "text",
        "each": "flag",
    },
    "header": {"words": "names", "fonts": "names", "two": "number"},
    "header-word": {"words": "names", "fonts": "names", "outside": "number", "scaled": "number"},
    "tiles": {"words": "names", "fonts": "names", "two": "number", "layout": "layout"},
    "click": {"alphabet": "text", "symbols": "text", "fonts": "names", "formats": "names"} | _CLICK,
    "glyph": {
        "alphabet": "text",
        "symbols": "text",
        "fonts": "names",
        "turn": "number",
        "size": "pair",
        "shapes": "integer",
        "icon_fonts": "integer",
        "icon_families": "names",
        "kinds": "numbers",
        "prompts": "number",
        "lined": "number",
        "clutter": "number",
        "loose": "number",
        "pad": "number",
    },
    "slide": _SLIDE,
    "pypi-captcha": {**_WRITING, "size": "pair", "font_sizes": "integers"},
}


def _style(style: TextStyle, options: Options) -> TextStyle:
    level = _LEVELS[options.get("disturbance", "medium")]

    def scaled(several: Several) -> Several:
        return tuple((name, min(1.0, share * level)) for name, share in several)

    parts = ("in_ink", "under", "over", "wear")
    changes: Options = {part: scaled(getattr(style, part)) for part in parts}
    if not level:
        changes |= {"warp": (("none", 1.0),), "halo": 0.0, "shadow": 0.0}
    if "size" in options:
        changes["size"] = options["size"]
    for key in ("ink", "ground"):
        if key in options:
            changes[key] = tuple((name, 1.0) for name in options[key])
    return replace(style, **changes)


def _text(options: Options) -> Generator:
    labels = options.get("labels", "uniform")
    if labels not in ("uniform", "mixed"):
        raise ValueError(f'labels: expected "uniform" or "mixed". Received: {labels!r}')
    if options.get("disturbance", "medium") not in _LEVELS:
        raise ValueError(f"disturbance: expected of {list(_LEVELS)}. Received: {options}")
    names = options.get("styles", sorted(STYLES))
    unknown = [name for name in names if name not in STYLES]
    if unknown:
        raise ValueError(f"styles: expected of {sorted(STYLES)}. Received: {unknown}")
    symbols = options.get("symbols", ALNUM)
    generator = TextGenerator(
        symbols,
        options.get("length", (4, 6)),
        styles={name: _style(STYLES[name], options) for name in names},
        fonts=fonts_for(symbols, folders=options.get("folders")),
    )
    return UniformText(generator) if labels == "uniform" else generator


def _classic(options: Options) -> ClassicGenerator:
    folders = options.pop("folders", None)
    if folders is not None:
        options["fonts"] = fonts_for(options.get("symbols", ALNUM), folders=folders)
    return ClassicGenerator(**options)


def _header(options: Options) -> HeaderGenerator:
    return HeaderGenerator(**_header_fonts(options, words80()))


def _header_word(options: Options) -> HeaderWordGenerator:
    folders = options.pop("folders", None)
    if folders is not None:
        symbols = header_symbols(options.get("words", words80())) + gb2312((1,))
        options["fonts"] = find_cjk_fonts(symbols, folders=folders)
    return HeaderWordGenerator(**options)


def _header_fonts(options: Options, words: Sequence[str]) -> Options:
    """Folders of fonts as the faces in them that cover the words and the printed request."""
    folders = options.pop("folders", None)
    if folders is not None:
        symbols = header_symbols(options.get("words", words))
        options["fonts"] = find_cjk_fonts(symbols, folders=folders)
    return options


def _tiles(options: Options) -> TilesGenerator:
    if not isinstance(options.get("layout"), Layout):
        # What a table does not say is as in 12306's layout.
        table = {**LAYOUTS["12306"].to_dict(), **options.get("layout", {})}
        try:
            options["layout"] = Layout.from_dict(table)
        except ValueError as error:
            raise ValueError(f"layout: {error}") from None
    return TilesGenerator(**_header_fonts(options, NAMES))


def _click(options: Options) -> ClickGenerator:
    folders = options.pop("folders", None)
    if folders is not None:
        symbols = options.get("symbols") or gb2312()
        options["fonts"] = find_cjk_fonts(symbols + ALNUM, folders=folders)
    return ClickGenerator(**options)


def _glyph(options: Options) -> GlyphGenerator:
    folders = options.pop("folders", None)
    if folders is not None:
        symbols = options.get("symbols") or gb2312() + ALNUM
        options["fonts"] = find_cjk_fonts(symbols, folders=folders)
    return GlyphGenerator(**options)


def _pypi(options: Options) -> PypiCaptcha:
    folders = options.pop("folders", None)
    if folders is not None:
        options["fonts"] = [p for folder in folders for p in sorted(Path(folder).glob("*.ttf"))]
    return PypiCaptcha(**options)


BUILDERS: Mapping[str, Callable[[Options], Any]] = {
    "text": _text,
    "classic": _classic,
    "header": _header,
    "header-word": _header_word,
    "tiles": _tiles,
    "click": _click,
    "glyph": _glyph,
    "slide": lambda options: SlideGenerator(**options),
    "pypi-captcha": _pypi,
}
