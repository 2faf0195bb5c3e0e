"""An error as JSON and back: between the server and the clients, and in a test's mock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from solver import errors
from solver.errors import LowConfidenceError, ServiceError, SolverError

_LONGEST = 1_000


def error_to_dict(error: Exception) -> dict[str, Any]:
    """``{"type", "message"}``, with ``result`` where the error carries one.

    ``type`` is the first exception of its ancestry that is public here, or ValueError.
    """
    kind = getattr(error, "kind", None) or next(
        (kind.__name__ for kind in type(error).__mro__ if _is_known(kind)), "ServiceError"
    )
    detail: dict[str, Any] = {"type": kind, "message": str(error)[:_LONGEST]}
    if isinstance(error, LowConfidenceError) and error.result is not None:
        detail["result"] = error.result.to_dict()
    return detail


def error_from_dict(
    detail: object, *, status: int, read: Callable[[Mapping[str, Any]], Any]
) -> SolverError | ValueError:
    """The exception again; a ServiceError with the status where it is none of ours.

    ``read`` makes the result that a LowConfidenceError carries.
    """
    if not isinstance(detail, Mapping):
        return ServiceError(f"the server answered with status {status}", status_code=status)
    kind, message = str(detail.get("type")), str(detail.get("message"))
    if kind == "ValueError":
        return ValueError(message)
    if kind == "LowConfidenceError":
        try:
            return LowConfidenceError(message, result=read(detail["result"]))
        except (ValueError, KeyError, TypeError) as error:
            return ServiceError(f"the answer does not fit: {error}", status_code=status)
    known = getattr(errors, kind, None)
    if isinstance(known, type) and issubclass(known, SolverError) and known is not ServiceError:
        return known(message)
    return ServiceError(f"status {status}: {message}", status_code=status)


def _is_known(kind: type) -> bool:
    return kind is ValueError or getattr(errors, kind.__name__, None) is kind
