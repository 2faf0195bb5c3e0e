"""Memory that is free, given back to the system."""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD = -1  # mallopt's number for it
_SPARE = 128 * 1024  # bytes, as glibc begins with


def trim() -> bool:
    """Let the C library hand back what it keeps for later; whether there was a way to ask.

    glibc alone can be asked (``malloc_trim``). Reading and optimising a network leaves some 2 MB
    with it that nothing uses again.
    """
    return _ask("malloc_trim", 0)


def trim_early() -> bool:
    """Let the C library hand back what is free at its end from now on; whether it can be asked.

    Once a large block was freed, glibc keeps up to twice as much for later. Answers come and go in
    large blocks: some 10 MB of them would stay.
    """
    return _ask("mallopt", _TRIM_THRESHOLD, _SPARE)


def _ask(name: str, *values: int) -> bool:
    """Call a function of the C library, if it has it."""
    if not sys.platform.startswith("linux"):
        return False
    ask = getattr(ctypes.CDLL(None), name, None)
    if ask is None:
        return False
    ask(*values)
    return True
