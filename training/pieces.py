"""Whole labelled grids cut into the pieces that header and tile models learn from.

``OUT/tiles/WORD`` has the tiles that are an answer, ``OUT/words/WORD`` the words of headers, and
``OUT/unlabelled`` the other tiles: of those nothing is known but what they do not show. Pieces are
PNG files; none that is there is overwritten.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from solver import images
from solver.errors import ImageError, TaskError
from solver.grids import Grid, cut
from solver.layouts import Layout
from solver.words import cut_words
from training.config import Source
from training.data.likeness import NEAR, difference_hash, nearest
from training.generators.records import put
from training.samples import DatasetError, ailment, read_source, shown
from training.samples.sample import inside, read_text

UInt8 = npt.NDArray[np.uint8]

TABLE = "labels.tsv"
TILES, WORDS, UNLABELLED = "tiles", "words", "unlabelled"


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole picture, the words of its header, and its answer tiles (from 0, row by row).

    ``shows`` names the word that a tile shows where there are two words, as far as it is known.
    """

    path: Path
    stem: str
    words: tuple[str, ...]
    tiles: tuple[int, ...]
    shows: Mapping[int, str] = field(default_factory=dict)

    def word_of(self, tile: int) -> str:
        """The word that an answer tile shows; empty: not known."""
        return self.words[0] if len(self.words) == 1 else self.shows.get(tile, "")


@dataclass(slots=True)
class Report:
    """How many pieces were written, how many were known, and what was left out and why."""

    tiles: int = 0
    words: int = 0
    unlabelled: int = 0
    known: int = 0
    left_out: list[str] = field(default_factory=list)


class Known:
    """The labelled tiles of a folder by their looks, so that none is taken twice."""

    def __init__(self, folder: Path) -> None:
        source = Source(str(folder), reader="classes")
        samples = read_source(source, Path()) if folder.is_dir() else []
        self._labels = [sample.label for sample in samples]
        self._bits = [difference_hash(sample.pixels()) for sample in samples]

    def find(self, tile: UInt8) -> str | None:
        """The label of a tile that looks nearly the same; None: there is none."""
        if not self._bits:
            return None
        index, distance = nearest(difference_hash(tile)[None], np.stack(self._bits))
        return self._labels[int(index[0])] if distance[0] <= NEAR else None

    def add(self, tile: UInt8, label: str) -> None:
        """Know one more."""
        self._labels.append(label)
        self._bits.append(difference_hash(tile))


def read_answers(source: Path) -> list[Answer]:
    """Rows of ``labels.tsv``: file, header word (two: with a space between), answer tiles.

    ``source`` is the table, or the folder that it lies in.

    Raises:
        DatasetError: the table, a row of it or a picture that it names cannot be used.
    """
    table = source / TABLE if source.is_dir() else source
    if not table.is_file():
        raise DatasetError(
            f"{table}: no such table; write one with a row a picture: file, header word, answer "
            "tiles from 0"
        )
    folder, found = table.parent, []
    rows = csv.reader(io.StringIO(read_text(table), newline=""), delimiter="\t")
    for line, row in enumerate(rows, start=1):
        where = f"{table}: line {line}"
        if not any(cell.strip() for cell in row):
            continue
        if line == 1 and [cell.strip().lower() for cell in row[:1]] == ["file"]:
            continue
        if len(row) < 3:
            raise DatasetError(f"{where}: expected file, word and answers, received {row}")
        path = inside(folder, row[0], where)
        answers = row[2].replace(",", " ").split()
        found.append(_answer(path, folder, row[1].split(), answers, where=where))
    if not found:
        raise DatasetError(f"{table}: no rows of file, word and answers")
    return found


def read_confirmed(file: Path, folder: Path) -> list[Answer]:
    """What ``solver tiles --json`` printed, the lines that have ``"confirmed": true`` alone.

    ``folder`` is where relative paths of pictures start.

    Raises:
        DatasetError: a line is not such an answer, or its picture is not there.
    """
    found = []
    for line, text in enumerate(read_text(file).splitlines(), start=1):
        where = f"{file}: line {line}"
        if not text.strip():
            continue
        body = _parsed(text, where)
        if body.get("confirmed") is not True:
            continue
        try:
            words = [word["label"] for word in body["prompt"]]
            labels = [tile["label"] for tile in body["tiles"]]
            path = folder / str(body["path"])
            answers = [int(place) for place in body["indices"]]
        except (KeyError, TypeError, ValueError) as error:
            raise DatasetError(f"{where}: not an answer of solver tiles: {error!r}") from error
        if not path.is_file():
            raise DatasetError(
                f"{where}: no such picture as {shown(path)}; --pictures says where relative paths "
                "start"
            )
        shows = {place: name for place, name in enumerate(labels) if name in words}
        found.append(_answer(path, folder, words, map(str, answers), where=where, shows=shows))
    if not found:
        raise DatasetError(
            f'{file}: no line has "confirmed": true; add it to the answers that your site took'
        )
    return found


def cut_answers(
    answers: Sequence[Answer], out: Path, layout: Layout, *, known: Known | None = None
) -> Report:
    """Cut every picture and write its pieces; one that cannot be cut is left out and listed.

    With ``known`` a labelled tile that looks like one that is known is not written again; where
    the labels differ, it is listed.

    Raises:
        FileExistsError: another piece stands under a name that is needed.
    """
    report = Report()
    for answer in answers:
        try:
            grid = cut(images.load(answer.path), layout)
        except (ImageError, TaskError) as error:
            report.left_out.append(f"{shown(answer.path)}: {ailment(error)}")
            continue
        if answer.tiles and max(answer.tiles) >= len(grid.tiles):
            report.left_out.append(f"{shown(answer.path)}: has no tile {max(answer.tiles)}")
            continue
        for name, pixels in _pieces(answer, grid, report, known):
            buffer = io.BytesIO()
            Image.fromarray(pixels).save(buffer, "PNG")
            put(out / name, buffer.getvalue())
    return report


def _pieces(
    answer: Answer, grid: Grid, report: Report, known: Known | None
) -> Iterator[tuple[Path, UInt8]]:
    for place, tile in enumerate(grid.tiles):
        name = f"{answer.stem}_{place}.png"
        word = answer.word_of(place) if place in answer.tiles else ""
        if not word:
            report.unlabelled += 1
            yield Path(UNLABELLED, name), tile
            continue
        before = known.find(tile) if known is not None else None
        if before is not None:
            report.known += 1
            if before != word:
                report.left_out.append(
                    f"{shown(answer.path)}: tile {place} is {word!r} here, and looks like one "
                    f"that is {before!r}"
                )
            continue
        if known is not None:
            known.add(tile, word)
        report.tiles += 1
        yield Path(TILES, word, name), tile
    if grid.header is None:
        return
    try:
        words = cut_words(grid.header, grid.word)
    except TaskError:
        words = ()
    if len(words) != len(answer.words):
        report.left_out.append(
            f"{shown(answer.path)}: {len(words)} words in its header, {len(answer.words)} expected"
        )
        return
    for place, (word, pixels) in enumerate(zip(answer.words, words, strict=True)):
        report.words += 1
        yield Path(WORDS, word, f"{answer.stem}_{place}.png"), pixels


def _answer(
    path: Path,
    folder: Path,
    words: Sequence[str],
    answers: Iterable[str],
    *,
    where: str,
    shows: Mapping[int, str] | None = None,
) -> Answer:
    try:
        tiles = tuple(sorted({int(place) for place in answers}))
    except ValueError:
        raise DatasetError(f"{where}: expected the numbers of tiles, received {answers}") from None
    if not words or not all(_can_be_folder(word) for word in words) or min(tiles, default=0) < 0:
        raise DatasetError(
            f"{where}: expected a word that can name a folder, and tiles from 0; received "
            f"{' '.join(words)!r}, {list(tiles)}"
        )
    return Answer(path, _stem(path, folder), tuple(words), tiles, shows or {})


def _stem(path: Path, folder: Path) -> str:
    """What a picture's pieces are called: its path in the folder, so that no two are called alike.

    One that lies elsewhere has a hash of its own folder in its place.
    """
    parts = path.with_suffix("").relative_to(folder).parts if path.is_relative_to(folder) else ()
    if parts and ".." not in parts:
        return "-".join(parts)
    elsewhere = hashlib.sha256(os.fsencode(path.parent.resolve())).hexdigest()[:8]
    return f"{path.stem}-{elsewhere}"


def _can_be_folder(word: str) -> bool:
    return bool(word) and word not in (".", "..") and not any(c in '/\\:*?"<>|\0' for c in word)


def _parsed(text: str, where: str) -> Mapping[str, Any]:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{where}: not JSON: {error}") from error
    if not isinstance(body, dict):
        raise DatasetError(f"{where}: expected an object, received {type(body).__name__}")
    return body
