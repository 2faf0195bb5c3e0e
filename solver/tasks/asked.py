"""What a text asks to be clicked: its characters, or those of a sentence such as ``请点击：龙舟``.

A page says what to click in its own words. What follows the one colon of a text is asked for; of
that, what stands in brackets or quotation marks, if anything does. Spaces and punctuation are never
asked for.
"""

from __future__ import annotations

import re
import unicodedata

_QUOTES = ("【】", "「」", "『』", "《》", "〈〉", "“”", "‘’", "[]", '""')
_QUOTED = re.compile("|".join(f"\\{q[0]}([^\\{q[0]}\\{q[1]}]*)\\{q[1]}" for q in _QUOTES))
# A colon after less than two characters stands between targets.
_SENTENCE = re.compile("[^:：]{2,}[:：]([^:：]+)")
# Of Unicode's categories: separators, punctuation, control and format characters, and marks that
# only change the look of what stands before them.
_NOT_ASKED = ("Z", "P", "Cc", "Cf", "Mn", "Me")
_FULL_WIDTH = range(0xFF01, 0xFF5F)  # ASCII as wide as a Chinese character


def characters(text: str) -> list[str]:
    """The characters that a text asks for, in order; full-width letters and digits as ASCII."""
    sentence = _SENTENCE.fullmatch(text)
    if sentence and _plain(sentence[1]):
        text = sentence[1]
    quoted = "".join(part for found in _QUOTED.finditer(text) for part in found.groups() if part)
    return _plain(quoted) or _plain(text)


def _plain(text: str) -> list[str]:
    narrow = (chr(ord(c) - 0xFEE0) if ord(c) in _FULL_WIDTH else c for c in text)
    return [c for c in narrow if not unicodedata.category(c).startswith(_NOT_ASKED)]
