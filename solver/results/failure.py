"""An input that could not be answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from solver import errors
from solver._fields import check_text, fields_of
from solver.results.click import ClickResult
from solver.results.reading import ClassResult, TextResult
from solver.results.slide import SlideResult
from solver.results.tiles import TilesResult


@dataclass(frozen=True, slots=True)
class Failure:
    """An input of a batch that could not be answered, while the others went on.

    ``index`` counts the inputs from 0; ``source`` names the input where it has a name (a path).
    """

    index: int
    source: str | None
    error: Exception

    def __post_init__(self) -> None:
        if not isinstance(self.index, int) or isinstance(self.index, bool) or self.index < 0:
            raise ValueError(f"Failure.index should be an int from 0; received {self.index!r}")
        if self.source is not None:
            check_text(self.source, "Failure.source")
        if not isinstance(self.error, Exception):
            raise ValueError(f"Failure.error should be an exception; received {self.error!r}")

    def to_dict(self) -> dict[str, Any]:
        """The exception as the name of its type and its message, with the answer that it holds."""
        error: dict[str, Any] = {"type": type(self.error).__name__, "message": str(self.error)}
        result: Any = getattr(self.error, "result", None)
        if type(result).__name__ in _RESULTS:
            error["result"] = {"type": type(result).__name__, **result.to_dict()}
        return {"index": self.index, "source": self.source, "error": error}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Failure:
        """The exception comes back with its message and the answer that it held.

        As SolverError if its type is not ours.
        """
        index, source, error = fields_of(data, cls.__name__, "index", "source", "error")
        kind, message = fields_of(error, "Failure.error", "type", "message")
        held = error.get("result")
        result = None
        if held is not None:
            (name,) = fields_of(held, "Failure.error.result", "type")
            if name not in _RESULTS:
                raise ValueError(
                    f"Failure.error.result.type should be of {', '.join(_RESULTS)}; "
                    f"received {name!r}"
                )
            result = _RESULTS[name].from_dict(held)
        return cls(index, source, _rebuilt(str(kind), str(message), result))


# What an error may hold, by the name of its type.
_RESULTS: dict[str, Any] = {
    kind.__name__: kind for kind in (TextResult, ClassResult, TilesResult, ClickResult, SlideResult)
}


def _rebuilt(kind: str, message: str, result: object) -> errors.SolverError:
    if kind == errors.LowConfidenceError.__name__:
        return errors.LowConfidenceError(message, result=result)
    known = getattr(errors, kind, None)
    if isinstance(known, type) and issubclass(known, errors.SolverError):
        return known(message)
    return errors.SolverError(f"{kind}: {message}")
