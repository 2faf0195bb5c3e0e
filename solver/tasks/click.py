"""Click captchas: the marks of a picture, what they show, and in which order to click them.

A detector finds marks, a glyph reader says what each may be, and :mod:`solver.tasks.assign` weighs
all ways in which targets and marks belong together. The detector's weak hits take part: what the
prompt asks for tells a mark from a speck better than a score does.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from solver._sources import describe, is_data_uri
from solver.errors import TaskError
from solver.images import ImageSource, is_source
from solver.model import Model
from solver.results import Box, ClickResult, ClickTarget
from solver.tasks.asked import characters
from solver.tasks.assign import NO_BOX, assign, heaviest
from solver.tasks.detect import Detector
from solver.tasks.glyphs import GlyphReader
from solver.tasks.prompt import LEAST_SCORE as LEAST_GLYPH
from solver.tasks.prompt import OVERLAP, Row, fitted, rows
from solver.words import find_words

UInt8 = npt.NDArray[np.uint8]
Float64 = npt.NDArray[np.float64]

# A text, a list of characters or labels, or a prompt's picture.
TargetSource = Sequence[str] | ImageSource

MOST_TARGETS = 32
# Marks that are looked at: those that score this much, the best of them where they are too many.
LEAST_SCORE = 0.06
MOST_BOXES = 32
# How often what is asked for is there at all, and how often a glyph is read as if by chance.
PRESENT = 0.97
ABSENT = (1 - PRESENT) / PRESENT
CHANCE = 0.01
# A target is ambiguous when its box is less probable than SURE; when a box that is nobody's has
# more than RIVAL of its odds; or when its box by itself hardly reads so: with less than PLAIN, or
# with odds below ALIKE against a prompt's glyph. Decoys that look alike are of that kind.
SURE = 0.85
RIVAL = 0.02
PLAIN = 0.25
ALIKE = 1.0
# A prompt's glyph is called by its character from this probability. So many rows of glyphs are
# compared with the picture, whose word counts for a share of theirs, and no mark is surer than
# this. Chosen, with the weights of the reader and of rows, on 400 drawn pictures with prompts.
READABLE = 0.5
MOST_ROWS = 3
HELD = 1 / 3
SUREST = 0.98


def named_targets(targets: TargetSource) -> list[str] | None:
    """The targets that are named: the characters that a text asks for, or a list's items.

    None for a picture: a string is one only as a ``data:`` URI.

    Raises:
        TaskError: a list of something else, or what is neither text, list nor picture.
    """
    if isinstance(targets, str):
        return None if is_data_uri(targets) else characters(targets)
    if not isinstance(targets, list | tuple):
        if is_source(targets):
            return None
        raise TaskError(
            "targets: expected a text, a list of characters or labels, or a picture, received "
            f"{describe(targets)}"
        )
    if not all(isinstance(target, str) for target in targets):
        raise TaskError(f"targets: expected strings, received {targets!r:.80}")
    return list(targets)


def check_targets(targets: Sequence[str], glyphs: Model) -> list[str]:
    """Targets that can be looked for with a network for the role ``glyph``.

    The label of its background is none: it says that a glyph is nothing of the others.

    Raises:
        TaskError: no target, too many, or one of several characters that is no label.
    """
    names = list(targets)
    if not 1 <= len(names) <= MOST_TARGETS:
        raise TaskError(f"targets: expected 1 to {MOST_TARGETS}, received {len(names)}")
    decoder = glyphs.spec.decoder
    known = set(decoder.labels) - {decoder.background}
    strange = [name for name in names if len(name) != 1 and name not in known]
    if strange:
        raise TaskError(
            f"targets: expected single characters or labels of {glyphs.source}, "
            f"received {strange[0]!r}"
        )
    return names


class Clicker:
    """Finds targets in pictures with a detector and a glyph reader."""

    def __init__(self, detector: Detector, reader: GlyphReader) -> None:
        self._detector = detector
        self._reader = reader

    def click(self, image: UInt8, targets: Sequence[str]) -> ClickResult:
        """The points of targets (characters, or other labels of the reader), in their order.

        A character that the reader has no class for can still be what is left over.

        Raises:
            TaskError: as :func:`check_targets`.
        """
        names = check_targets(targets, self._reader.model)
        boxes, odds = self.odds(image, names)
        return decide(names, boxes, odds, names, plain=PLAIN * len(self._reader.labels))

    def odds(self, image: UInt8, names: Sequence[str]) -> tuple[list[Box], Float64]:
        """The marks of a picture, and ``(T, B)`` odds that each looks so because it is a target."""
        boxes = self.marks(image)
        shares = self._reader.probabilities(self._reader.logits(image, boxes))
        labels = self._reader.labels
        background = self._reader.background
        places = {label: place for place, label in enumerate(labels) if label != background}
        classes = len(labels)
        # Each class is as likely as any other before it is looked at.
        odds = np.ones((len(names), len(boxes)))
        for row, name in enumerate(names):
            if name in places:
                odds[row] = shares[:, places[name]] * classes
        return boxes, odds

    def click_prompt(self, image: UInt8, prompt: UInt8) -> ClickResult:
        """The points of what the picture ``prompt`` shows from left to right, ``(h, w, 3)`` RGB.

        Raises:
            TaskError: the prompt shows nothing, or too much.
        """
        prompt = fitted(prompt)
        rows = self._rows(prompt)
        glyphs = list(dict.fromkeys(box for row in rows for box in row.boxes))
        views = self._reader.views(prompt, glyphs)
        boxes = self.marks(image)
        odds = self._reader.same(views, self._reader.logits(image, boxes))
        scores = np.array([box.score for box in boxes])
        # What a prompt shows is told by its looks alone: the score has to tell marks from things.
        chances = scores / (1 - np.minimum(scores, SUREST))

        def places(row: Row) -> list[int]:
            return [glyphs.index(box) for box in row.boxes]

        def weight(row: Row) -> float:
            """With what the picture holds: a glyph that is none of the prompt's is not there."""
            held = heaviest(_pairs(odds[places(row)], chances), absent=ABSENT)
            return row.weight + HELD * held

        chosen = places(max(rows, key=weight))
        texts = [self._name(row) for row in self._reader.probabilities(views[chosen, 0])]
        # Two prints of one icon need not be one thing: only what was read is the same.
        alike = [text or None for text in texts]
        return decide(texts, boxes, odds[chosen], alike, plain=ALIKE, chances=chances)

    def marks(self, image: UInt8) -> list[Box]:
        """All marks that might be one, in reading order by their left edge.

        A detector with a class a character says what a mark may be several times: it is one mark.
        """
        found = self._detector.detect(image, threshold=LEAST_SCORE)
        return sorted(self._detector.distinct(found)[:MOST_BOXES], key=lambda b: (b.x1, b.y1))

    def _rows(self, prompt: UInt8) -> list[Row]:
        """What the prompt may show, likeliest first: marks in a row, or parts of its ink."""
        found = self._detector.detect(prompt, threshold=LEAST_GLYPH, overlap=OVERLAP)
        likely = rows(prompt, self._detector.distinct(found, overlap=OVERLAP))
        if not likely:
            parts = find_words(prompt, most=MOST_TARGETS)
            if not 1 <= len(parts) <= MOST_TARGETS:
                raise TaskError(
                    f"the prompt shows {len(parts)} glyphs; expected 1 to {MOST_TARGETS}"
                )
            likely = [Row(tuple(Box(*part, "ink", 1.0) for part in parts), 0.0)]
        return likely[:MOST_ROWS]

    def _name(self, shares: Float64) -> str:
        best = int(shares.argmax())
        label = self._reader.labels[best]
        named = len(label) == 1 and label != self._reader.background
        return label if named and shares[best] >= READABLE else ""


def decide(
    texts: Sequence[str],
    boxes: Sequence[Box],
    odds: Float64,
    names: Sequence[str | None],
    *,
    plain: float,
    chances: Float64 | None = None,
) -> ClickResult:
    """The answer by odds ``(T, B)``: how much likelier a mark looks so, being the target.

    ``texts`` are what targets are called; those of one name (not None) are the same thing.
    A box with odds below ``plain`` is ambiguous whatever the others are. ``chances`` ``(B,)``: how
    much likelier one box is a mark than another; by the scores where None.
    """
    scores = np.array([box.score for box in boxes])
    pairs = _pairs(odds, scores if chances is None else chances)
    found = assign(pairs, absent=ABSENT, names=names)
    taken = set(found.boxes)
    free = [j for j in range(len(boxes)) if j not in taken]
    targets, ambiguous = [], []
    for row, (text, place) in enumerate(zip(texts, found.boxes, strict=True)):
        sure = float(min(1.0, _together(found.shares[row], found.boxes, names, row)))
        if place == NO_BOX:
            targets.append(ClickTarget(text, None, None, sure))
            continue
        box = boxes[place]
        point = ((box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2)
        targets.append(ClickTarget(text, point, box, sure))
        own = odds[row, place] * scores[place]
        rivals = (odds[row, free] * scores[free] > RIVAL * own).any()
        if sure < SURE or rivals or odds[row, place] < plain:
            ambiguous.append(row)
    return ClickResult(
        points=tuple(target.point for target in targets if target.point is not None),
        targets=tuple(targets),
        confidence=found.confidence,
        missing=tuple(row for row, target in enumerate(targets) if target.point is None),
        ambiguous=tuple(ambiguous),
    )


def _pairs(odds: Float64, chances: Float64) -> Float64:
    """``(T, B)`` weights of targets at marks: at any, as far as that is one and looks so."""
    return ((1 - CHANCE) * odds + CHANCE) * (chances / max(1.0, float(chances.sum())))


def _together(
    shares: Float64, boxes: Sequence[int], names: Sequence[str | None], row: int
) -> float:
    """The probability of a target's box; of one that is asked for again, of any of its boxes."""
    name = names[row]
    alike = [row] if name is None else [i for i, other in enumerate(names) if other == name]
    return float(sum(shares[boxes[i]] for i in set(alike)))
