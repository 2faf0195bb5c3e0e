"""What an option of the command line may say; each raises ArgumentTypeError with what came."""

from __future__ import annotations

import argparse
import math


def charset(value: str) -> str:
    """Symbols, or the name of a set of them in any case."""
    from solver import charset as sets

    named = {name: getattr(sets, name) for name in ("DIGITS", "LOWER", "UPPER", "ALNUM")}
    if not value:
        raise argparse.ArgumentTypeError("expected at least one symbol")
    return str(named.get(value.upper(), value))


def length(value: str) -> int | tuple[int, int]:
    """``4`` or ``4-6``, both ends included."""
    least, dash, most = value.partition("-")
    if not least.isdecimal() or (dash and not most.isdecimal()):
        raise argparse.ArgumentTypeError(f"expected 4 or 4-6, received {value!r}")
    if not dash:
        return count(least)
    if int(least) > int(most):
        raise argparse.ArgumentTypeError(f"expected least-most, received {value!r}")
    return int(least), int(most)


def number(value: str) -> float:
    """A finite number."""
    try:
        found = float(value)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise argparse.ArgumentTypeError(f"expected a number, received {value!r}")
    return found


def scale(value: str) -> float:
    """A number above 0, up to the most that a slider's picture may be scaled by."""
    from solver._answers import LARGEST_SCALE

    found = number(value)
    if not 0 < found <= LARGEST_SCALE:
        raise argparse.ArgumentTypeError(
            f"expected a number above 0, up to {LARGEST_SCALE:g}, received {value!r}"
        )
    return found


def count(value: str) -> int:
    """An integer of at least 1."""
    if not value.isdecimal() or not int(value):
        raise argparse.ArgumentTypeError(f"expected an integer of at least 1, received {value!r}")
    return int(value)


def threads(value: str) -> int:
    """A number of threads that a network can be given."""
    from solver._session import MOST_THREADS

    found = count(value)
    if found > MOST_THREADS:
        raise argparse.ArgumentTypeError(
            f"expected an integer from 1 to {MOST_THREADS}, received {value!r:.40}"
        )
    return found


def unit(value: str) -> float:
    """A number from 0 to 1."""
    found = number(value)
    if not 0 <= found <= 1:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, received {value!r}")
    return found
