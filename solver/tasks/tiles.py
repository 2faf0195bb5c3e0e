"""Grids: the header's word, what each tile shows, and which tiles are the answer.

Two ``softmax`` networks: one for the role ``header`` reads the words that the header names, one
for the role ``tile`` names the tiles. Tiles count as independent given the words.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import ClassVar, TypeVar

import numpy as np
import numpy.typing as npt

from solver.decoders import softmax
from solver.errors import TaskError
from solver.grids import Grid, cut
from solver.layouts import Layout
from solver.model import Float32
from solver.results import ClassResult, Tile, TilesResult
from solver.tasks.classify import Classifier
from solver.tasks.stream import PICTURE_ERRORS, PictureError
from solver.words import MAX_WORDS, cut_words

UInt8 = npt.NDArray[np.uint8]
Float64 = npt.NDArray[np.float64]
Wanted = str | Sequence[str]
Source = TypeVar("Source")

TOP_K = 5
EVEN = DEFAULT_THRESHOLD = 0.5


class HeaderReader(Classifier):
    """Reads words that were cut from a header."""

    role: ClassVar[str] = "header"

    def read(self, words: Sequence[UInt8], *, batch_size: int = 32) -> list[ClassResult]:
        """The class of each ``(h, w, 3)`` RGB word, with alternatives."""
        outputs = self.model.run_many([self.prepare(w) for w in words], batch_size=batch_size)
        return [self.decode(output, top_k=TOP_K) for output in outputs]


class TileReader(Classifier):
    """Names tiles, and says which of them are an answer."""

    role: ClassVar[str] = "tile"

    @property
    def labels(self) -> tuple[str, ...]:
        """What a tile can show, what is none of them included."""
        return self._decoder.labels

    @property
    def threshold(self) -> float:
        """The least probability with which a tile is an answer: the contract's, or a half."""
        threshold = self._decoder.threshold
        return DEFAULT_THRESHOLD if threshold is None else threshold

    def logits(self, tiles: Sequence[UInt8], *, batch_size: int = 32) -> list[Float32]:
        """Raw logits ``(C,)`` of each ``(h, w, 3)`` RGB tile."""
        outputs = self.model.run_many([self.prepare(t) for t in tiles], batch_size=batch_size)
        return [output[0] for output in outputs]

    def wanted(self, wanted: Wanted) -> tuple[ClassResult, ...]:
        """Words that the caller names, as a prompt that is sure.

        Raises:
            TaskError: none, too many, one twice, or one that no tile can show.
        """
        words: tuple[object, ...] = ()
        if isinstance(wanted, str):
            words = (wanted,)
        elif isinstance(wanted, Iterable):
            words = tuple(itertools.islice(wanted, MAX_WORDS + 1))
        named = tuple(word for word in words if isinstance(word, str))
        if not 1 <= len(words) <= MAX_WORDS or len(set(named)) < len(words):
            raise TaskError(
                f"wanted: expected one word, or {MAX_WORDS} different ones, received {wanted!r}"
            )
        self._places(named)
        return tuple(ClassResult(word, 1.0) for word in named)

    def answer(
        self, prompt: tuple[ClassResult, ...], grid: Grid, logits: Sequence[Float32]
    ) -> TilesResult:
        """The tiles that show a word of the prompt, given the logits ``(C,)`` of each tile.

        A tile is an answer where the words' probabilities together reach the threshold. Each
        word is there at least once: a word that no such tile shows best gets its likeliest tile.

        Raises:
            TaskError: the prompt has a word that no tile can show.
        """
        places = self._places([word.label for word in prompt])
        shares = np.stack(
            [softmax.probabilities(row, self.labels, self._temperature) for row in logits]
        )
        matches = given_asked(shares[:, places], self.threshold)
        chosen = choose(matches, EVEN)
        tiles = []
        for row, match, box in zip(logits, matches.sum(axis=1), grid.boxes, strict=True):
            shown = self.decode((row,), top_k=TOP_K)
            tiles.append(
                Tile(shown.label, shown.confidence, min(1.0, match), box, shown.alternatives)
            )
        sure = float(np.prod([word.confidence for word in prompt]))
        return TilesResult(
            prompt=prompt,
            tiles=tuple(tiles),
            indices=tuple(chosen),
            points=tuple(tiles[index].point for index in chosen),
            confidence=min(1.0, sure * certainty(matches, chosen)),
        )

    def _places(self, words: Sequence[str]) -> list[int]:
        """The classes of words; a word that is read twice is one."""
        background = self._decoder.background
        unknown = [word for word in words if word not in self.labels or word == background]
        if unknown:
            raise TaskError(
                f"{unknown[0]!r} is no class of {self.model.source}: expected one of its "
                f"{len(self.labels)}, such as {', '.join(self.labels[:3])}"
            )
        return [self.labels.index(word) for word in dict.fromkeys(words)]


def given_asked(matches: Float64, threshold: float) -> Float64:
    """Probabilities ``(tiles, words)`` once it is known what is asked for.

    A tile that may show any class is unlikely to show the one; in a grid that asks for that class
    it is likelier, and an even chance where the threshold is: odds are divided by the threshold's.
    """
    total = np.clip(matches.sum(axis=1, keepdims=True), 0.0, 1.0)
    yes, no = total * (1 - threshold), (1 - total) * threshold
    known = np.divide(yes, yes + no, out=total.copy(), where=yes + no > 0)
    return np.asarray(np.divide(matches * known, total, out=matches.copy(), where=total > 0))


def choose(matches: Float64, threshold: float) -> list[int]:
    """The answer's places, from ``(tiles, words)`` probabilities."""
    chosen = set(np.flatnonzero(matches.sum(axis=1) >= threshold).tolist())
    best = matches.argmax(axis=1)
    for word in range(matches.shape[1]):
        if any(best[place] == word for place in chosen):
            continue
        free = [place for place in range(len(matches)) if place not in chosen]
        if free:
            chosen.add(max(free, key=lambda place: matches[place, word]))
    return sorted(chosen)


def certainty(matches: Float64, chosen: Sequence[int]) -> float:
    """The probability that just the chosen tiles show a word, given that each word is shown.

    ``matches`` is ``(tiles, words)``. Inclusion and exclusion over the words that are not shown.
    """
    inside = np.zeros(len(matches), dtype=bool)
    inside[list(chosen)] = True
    total = np.clip(matches.sum(axis=1), 0.0, 1.0)
    other = float(np.prod(1 - total[~inside]))
    right = possible = 0.0
    words = range(matches.shape[1])
    for count in range(len(words) + 1):
        for absent in itertools.combinations(words, count):
            gone = matches[:, list(absent)].sum(axis=1)
            right += (-1) ** count * float(np.prod((total - gone)[inside]))
            possible += (-1) ** count * float(np.prod(1 - gone))
    return min(1.0, max(0.0, right * other) / possible) if possible > 0 else 0.0


def answer_grids(
    sources: Iterable[Source],
    *,
    load: Callable[[Source], UInt8],
    layout: Layout,
    tile_reader: TileReader,
    header_reader: HeaderReader | None,
    prompt: tuple[ClassResult, ...],
    finish: Callable[[TilesResult], TilesResult],
    batch_size: int,
) -> Iterator[tuple[Source, TilesResult | PictureError]]:
    """Yield every source with its answer, or with what is wrong with it, in order.

    ``batch_size`` pictures at a time are cut up; their words are one batch, and their tiles
    another. ``prompt`` stands in place of the headers where there is no reader for them.
    ``finish`` has the last word on an answer.
    """
    queue = iter(sources)
    while batch := list(itertools.islice(queue, batch_size)):
        found: dict[int, tuple[Grid, tuple[UInt8, ...]]] = {}
        failed: dict[int, PictureError] = {}
        for index, source in enumerate(batch):
            try:
                grid = cut(load(source), layout)
                found[index] = grid, () if header_reader is None else _words(grid)
            except PICTURE_ERRORS as error:
                failed[index] = error
        words = [word for _, cut_out in found.values() for word in cut_out]
        read = iter(header_reader.read(words, batch_size=batch_size) if header_reader else ())
        tiles = [tile for grid, _ in found.values() for tile in grid.tiles]
        shown = iter(tile_reader.logits(tiles, batch_size=max(batch_size, len(layout.boxes()))))
        for index, source in enumerate(batch):
            if index in failed:
                yield source, failed[index]
                continue
            grid, cut_out = found[index]
            asked = tuple(itertools.islice(read, len(cut_out))) or prompt
            logits = list(itertools.islice(shown, len(grid.tiles)))
            try:
                answer = finish(tile_reader.answer(asked, grid, logits))
            except PICTURE_ERRORS as error:
                yield source, error
            else:
                yield source, answer


def _words(grid: Grid) -> tuple[UInt8, ...]:
    if grid.header is None:
        raise TaskError(f"the layout {grid.layout!r} has no header: say what is wanted")
    return cut_words(grid.header, grid.word)
