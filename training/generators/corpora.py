"""What ``solver-train generate`` does for grids, click pictures, sliders, and settings files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from training.generators.click import ClickGenerator
from training.generators.folder import refuse_unnameable, write_folder
from training.generators.records import RecordGenerator, write_records
from training.generators.settings import read_settings
from training.generators.slide import SlideGenerator
from training.generators.tiles import TilesGenerator


def generate_tiles(
    out: str | Path,
    *,
    count: int,
    seed: int = 0,
    workers: int = 1,
    words: Sequence[str] | None = None,
    two: float = 0.0,
) -> int:
    """Grids: ``NUMBER.jpg``, ``labels.tsv``, and class folders in ``tiles/``; how many grids.

    Raises ValueError for options that no grid can meet, FileExistsError where `out` holds
    something else.
    """
    generator = TilesGenerator(words, two=two)
    refuse_unnameable(generator.words)
    return write_records(out, generator, count, seed=seed, workers=workers)


def generate_click(
    out: str | Path,
    *,
    count: int,
    seed: int = 0,
    workers: int = 1,
    symbols: str | None = None,
    formats: Sequence[str] = ("jsonl", "voc", "coco", "yolo"),
) -> int:
    """Click pictures: ``NUMBER.jpg``, prompts, ``labels.jsonl`` and the other formats; how many.

    Raises as `generate_tiles` does.
    """
    generator = ClickGenerator(symbols, formats=formats)
    return write_records(out, generator, count, seed=seed, workers=workers)


def generate_slide(out: str | Path, *, count: int, seed: int = 0, workers: int = 1) -> int:
    """Slider pairs: ``NUMBER.jpg``, ``NUMBER_piece.png``, ``labels.jsonl``; how many pairs.

    Raises as `generate_tiles` does.
    """
    return write_records(out, SlideGenerator(), count, seed=seed, workers=workers)


def generate_from_settings(
    settings: str | Path,
    out: str | Path,
    *,
    count: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
) -> int:
    """What a settings file asks for; count, seed and workers given here come before its own.

    Raises SettingsError for the file, and as `generate_tiles` does.
    """
    asked = read_settings(settings)
    number = asked.count if count is None else count
    start = asked.seed if seed is None else seed
    hands = asked.workers if workers is None else workers
    generator = asked.generator
    if isinstance(generator, TilesGenerator):
        refuse_unnameable(generator.words)
    if isinstance(generator, RecordGenerator):
        return write_records(out, generator, number, seed=start, workers=hands)
    return write_folder(out, generator, number, seed=start, workers=hands)
