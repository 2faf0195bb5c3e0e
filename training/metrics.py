"""Figures over answers, in NumPy and plain Python."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

# Boxes that score less are not worth their time in average precision.
BOX_FLOOR = 0.02


@dataclass(frozen=True, slots=True)
class TextScore:
    """Whole-captcha accuracy over ``count`` pictures, shares in 0–1, and character error rate."""

    count: int
    exact: float
    case_insensitive: float
    character_error_rate: float


def score_text(answers: Sequence[str], truths: Sequence[str]) -> TextScore:
    """Compare answers with labels, in order.

    Raises:
        ValueError: lengths differ, or there is nothing to compare.
    """
    if len(answers) != len(truths) or not truths:
        raise ValueError(
            f"expected as many answers as labels, at least one; "
            f"received {len(answers)} and {len(truths)}"
        )
    pairs = list(zip(answers, truths, strict=True))
    errors = sum(edit_distance(a, t) for a, t in pairs)
    return TextScore(
        count=len(pairs),
        exact=sum(a == t for a, t in pairs) / len(pairs),
        case_insensitive=sum(a.casefold() == t.casefold() for a, t in pairs) / len(pairs),
        character_error_rate=errors / max(1, sum(len(t) for t in truths)),
    )


def edit_distance(a: str, b: str) -> int:
    """Levenshtein distance: fewest insertions, deletions and substitutions."""
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, right in enumerate(b, 1):
            diagonal, row[j] = (
                row[j],
                min(row[j] + 1, row[j - 1] + 1, diagonal + (left != right)),
            )
    return row[-1]


def wilson_interval(successes: float, count: int, *, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's 95 % interval of a share (Wilson 1927), both ends in 0–1."""
    if not 0 <= successes <= count or count < 1:
        raise ValueError(f"expected 0 ≤ successes ≤ count ≥ 1, received {successes}/{count}")
    share = successes / count
    centre = share + z * z / (2 * count)
    spread = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def paired_interval(
    lost: int, gained: int, count: int, *, z: float = 1.959964
) -> tuple[float, float]:
    """95 % interval of ``(lost - gained) / count``, -1 to 1, both read from the same pictures.

    ``lost`` were right in the first reading alone, ``gained`` in the second alone. Wald's interval
    with half a picture more in each of the four cells (Agresti & Min 2005).
    """
    if min(lost, gained) < 0 or lost + gained > count or count < 1:
        raise ValueError(
            f"expected lost + gained ≤ count ≥ 1, received {lost} + {gained} of {count}"
        )
    larger = count + 2
    difference = (lost - gained) / larger
    spread = z * math.sqrt((lost + gained + 1) / larger - difference**2) / math.sqrt(larger)
    return max(-1.0, difference - spread), min(1.0, difference + spread)
