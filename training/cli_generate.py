"""``solver-train generate``."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

KINDS = ("text", "tiles", "click", "slide")
_COUNT, _SEED, _WORKERS = 1000, 1, 1


def add(commands: Any) -> None:
    """Add the command to ``solver-train``'s subparsers."""
    generate = commands.add_parser(
        "generate",
        help="draw labelled pictures",
        description="Draw labelled pictures of a KIND, or what a --settings file asks for, into "
        "the folder OUT. The same seed gives the same files with any number of workers; nothing "
        "that is there is overwritten.",
    )
    generate.add_argument("kind", nargs="?", choices=KINDS, metavar="KIND", help=", ".join(KINDS))
    generate.add_argument("out", type=Path, metavar="OUT")
    generate.add_argument("--settings", type=Path, help="a .toml or .json file, instead of KIND")
    generate.add_argument("--count", type=int, help=f"default: {_COUNT}, or the file's")
    generate.add_argument("--seed", type=int, help=f"default: {_SEED}, or the file's")
    generate.add_argument("--workers", type=int, help=f"default: {_WORKERS}, or the file's")
    generate.add_argument("--symbols", help="text, click: what to draw from")
    generate.add_argument("--length", help="text: such as 4 or 3-8 (default)")
    generate.add_argument("--style", action="append", help="text: repeat for several")
    generate.add_argument("--words", type=Path, help="tiles: a file, one name of a class a line")
    generate.set_defaults(run=_generate)


def _generate(options: argparse.Namespace) -> None:
    if (options.kind is None) == (options.settings is None):
        raise ValueError(f"expected a kind ({', '.join(KINDS)}) or --settings FILE, and not both")
    kind = options.kind or "settings"
    for name, kinds in _OWN.items():
        if getattr(options, name) is not None and kind not in kinds:
            raise ValueError(f"--{name} is for {' and '.join(kinds)}; this is {kind}")
    print(f"{_RUNS[kind](options)} pictures in {options.out}")


def _numbers(options: argparse.Namespace) -> dict[str, Any]:
    usual = {"count": _COUNT, "seed": _SEED, "workers": _WORKERS}
    given = {name: getattr(options, name) for name in usual}
    return {name: usual[name] if value is None else value for name, value in given.items()}


def _text(options: argparse.Namespace) -> int:
    from training.generators import ALNUM, generate_text

    return generate_text(
        options.out,
        symbols=ALNUM if options.symbols is None else options.symbols,
        length=_length(options.length or "3-8"),
        styles=options.style,
        **_numbers(options),
    )


def _tiles(options: argparse.Namespace) -> int:
    from training.generators import generate_tiles

    words = None
    if options.words is not None:
        lines = options.words.read_text(encoding="utf-8").splitlines()
        words = [line.strip() for line in lines if line.strip()]
    return generate_tiles(options.out, words=words, **_numbers(options))


def _click(options: argparse.Namespace) -> int:
    from training.generators import generate_click

    return generate_click(options.out, symbols=options.symbols, **_numbers(options))


def _slide(options: argparse.Namespace) -> int:
    from training.generators import generate_slide

    return generate_slide(options.out, **_numbers(options))


def _settings(options: argparse.Namespace) -> int:
    from training.generators import generate_from_settings

    return generate_from_settings(
        options.settings,
        options.out,
        count=options.count,
        seed=options.seed,
        workers=options.workers,
    )


# Options that only some kinds know.
_OWN: Mapping[str, tuple[str, ...]] = {
    "symbols": ("text", "click"),
    "length": ("text",),
    "style": ("text",),
    "words": ("tiles",),
}
_RUNS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "text": _text,
    "tiles": _tiles,
    "click": _click,
    "slide": _slide,
    "settings": _settings,
}


def _length(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    try:
        bounds = int(low), int(high or low)
    except ValueError:
        raise ValueError(f"--length: expected 4 or 3-8, received {text!r}") from None
    if not 1 <= bounds[0] <= bounds[1]:
        raise ValueError(f"--length: expected 4 or 3-8, received {text!r}")
    return bounds
