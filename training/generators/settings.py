"""A generator from a file: TOML or JSON that says what to draw, how many, and from which seed.

::

    kind = "classic"          # text, classic, header, tiles, click, glyph, slide, pypi-captcha
    count = 20000
    seed = 7
    workers = 2

    [options]                 # of that kind; what is left out keeps its default
    alphabet = "alnum"        # or symbols = "…"
    length = [4, 4]
    size = [128, 64]
    ink = ["white"]
    ground = ["#204060", "#703030"]
    disturbance = "medium"
    fonts = ["fonts"]         # folders, from this file's own
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solver.errors import TaskError
from solver.layouts import LAYOUTS, find_layout
from training.generators.folder import Generator
from training.generators.records import RecordGenerator
from training.generators.settings_kinds import ALPHABETS, BUILDERS, CHECKS, KEYS


class SettingsError(ValueError):
    """A settings file says something that cannot be done; the message names file and key."""


@dataclass(frozen=True, slots=True)
class GeneratorSettings:
    """What a file asks for, with the generator made."""

    kind: str
    generator: Generator | RecordGenerator
    count: int
    seed: int
    workers: int


def read_settings(path: str | Path) -> GeneratorSettings:
    """The settings in a ``.toml`` or ``.json`` file.

    Raises SettingsError for a file that is neither, a key that is unknown, a value of another kind,
    or options that the generator refuses; OSError for a file that cannot be read.
    """
    place = Path(path)
    readers: Mapping[str, Callable[[str], Any]] = {".json": json.loads, ".toml": tomllib.loads}
    if place.suffix.lower() not in readers:
        raise SettingsError(f"{place}: expected a .toml or .json file. Received: {place.suffix!r}")
    try:
        body = readers[place.suffix.lower()](place.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SettingsError(
            f"{place}: not readable as {place.suffix[1:].upper()}: {error}"
        ) from error
    if not isinstance(body, dict):
        raise SettingsError(f"{place}: expected a table of settings. Received: {body!r:.80}")
    return settings_from(body, place)


def settings_from(body: Mapping[str, Any], place: Path) -> GeneratorSettings:
    """The settings in a table; `place` is named in errors, and folders start beside it.

    Raises SettingsError as `read_settings` does.
    """
    top = {"kind": "text", "count": "integer", "seed": "integer", "workers": "integer"}
    _check(body, top | {"options": "table"}, place, "")
    kind = str(body.get("kind"))
    if kind not in KEYS:
        raise SettingsError(f"{place}: kind: expected one of {list(KEYS)}. Received: {kind!r}")
    options = dict(body.get("options", {}))
    _check(options, KEYS[kind], place, "options.")
    for key, value in options.items():
        if KEYS[kind][key] == "pair":
            options[key] = tuple(value)
    if "fonts" in options:
        folders = [place.parent / name for name in options.pop("fonts")]
        if not all(folder.is_dir() for folder in folders):
            raise SettingsError(
                f"{place}: options.fonts: expected folders with fonts in them. "
                f"Received: {', '.join(map(str, folders))}"
            )
        options["folders"] = folders
    if "grounds" in options:
        options["grounds"] = [place.parent / name for name in options["grounds"]]
    if isinstance(options.get("layout"), str):
        name = options["layout"]
        try:
            options["layout"] = find_layout(name if name in LAYOUTS else place.parent / name)
        except TaskError as error:
            raise SettingsError(f"{place}: options.layout: {error}") from error
    alphabet = options.pop("alphabet", None)
    if alphabet is not None:
        if alphabet not in ALPHABETS or "symbols" in options:
            raise SettingsError(
                f"{place}: options.alphabet: expected one of {list(ALPHABETS)}, and no symbols "
                f"beside it. Received: {alphabet!r}"
            )
        options["symbols"] = ALPHABETS[alphabet]()
    try:
        generator = BUILDERS[kind](options)
    except (ValueError, TypeError) as error:
        raise SettingsError(f"{place}: options: {error}") from error
    numbers = {"count": 1000, "seed": 1, "workers": 1} | dict(body)
    return GeneratorSettings(kind, generator, numbers["count"], numbers["seed"], numbers["workers"])


def _check(table: Mapping[str, Any], keys: Mapping[str, str], place: Path, where: str) -> None:
    for key, value in table.items():
        if key not in keys:
            raise SettingsError(f"{place}: {where}{key}: unknown; expected of {sorted(keys)}")
        wanted, fits = CHECKS[keys[key]]
        if not fits(value):
            raise SettingsError(f"{place}: {where}{key}: expected {wanted}. Received: {value!r}")
