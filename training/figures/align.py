"""Which character of an answer stands for which character of the label."""

from __future__ import annotations

from itertools import zip_longest

# (of the label, of the answer); None on one side is a character left out, or one too many.
Pair = tuple[str | None, str | None]


def by_place(truth: str, answer: str) -> list[Pair]:
    """First with first, second with second: for networks with one head a place."""
    return list(zip_longest(truth, answer))


def by_edits(truth: str, answer: str) -> list[Pair]:
    """The pairing with the fewest edits (Wagner & Fischer 1974).

    Of several such pairings it is the one that leaves out or adds as near the beginning as it
    can, so that equal strings always give equal pairs.
    """
    rows = [list(range(len(answer) + 1))]
    for i, left in enumerate(truth, 1):
        row = [i]
        for j, right in enumerate(answer, 1):
            row.append(min(rows[-1][j - 1] + (left != right), rows[-1][j] + 1, row[j - 1] + 1))
        rows.append(row)
    pairs: list[Pair] = []
    i, j = len(truth), len(answer)
    while i or j:
        here = rows[i][j]
        if i and j and here == rows[i - 1][j - 1] + (truth[i - 1] != answer[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((truth[i], answer[j]))
        elif i and here == rows[i - 1][j] + 1:
            i -= 1
            pairs.append((truth[i], None))
        else:
            j -= 1
            pairs.append((None, answer[j]))
    return pairs[::-1]
