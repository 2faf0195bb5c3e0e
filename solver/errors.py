"""The exception tree of the SDK.

::

    SolverError
    ├ ImageError (+ ValueError)               unreadable, too large, wrong kind
    ├ ModelError
    │ ├ SpecError                             the contract in the file does not fit
    │ └ ModelIntegrityError                   the file is not the one that was shipped
    ├ TaskError                               the picture does not fit the task
    ├ LowConfidenceError                      only when ``min_confidence`` was asked for
    ├ ServiceError                            the HTTP side
    └ MissingDependencyError (+ ImportError)  names the command that mends it
"""

from __future__ import annotations

from typing import Any


class SolverError(Exception):
    """Root of every error that this package raises on purpose."""


class ImageError(SolverError, ValueError):
    """A picture is unreadable, too large, or not a picture at all."""


class ModelError(SolverError):
    """A model file cannot be used: missing, damaged, or for another task."""


class SpecError(ModelError):
    """The contract inside a model file is absent, malformed, or of another version."""


class ModelIntegrityError(ModelError):
    """A shipped model file does not have the checksum of its manifest."""


class TaskError(SolverError):
    """The picture or the options do not fit the task that was asked for."""


class LowConfidenceError(SolverError):
    """An answer stayed below the ``min_confidence`` that was asked for.

    ``result`` is the answer that was not good enough, complete.
    """

    def __init__(self, message: str, *, result: Any) -> None:
        super().__init__(message)
        self.result = result

    def __reduce__(self) -> tuple[Any, ...]:
        return _low_confidence, (str(self), self.result)


class ServiceError(SolverError):
    """A remote solver refused or failed; ``status_code`` is the HTTP status, if one came."""

    def __init__(self, message: str, *, status_code: int | None = None) -> None:
        super().__init__(message)
        self.status_code = status_code

    def __reduce__(self) -> tuple[Any, ...]:
        return _service, (str(self), self.status_code)


class MissingDependencyError(SolverError, ImportError):
    """An optional package is absent or broken; the message names the command that mends it."""


# Exceptions with keyword-only fields cross process borders through these.
def _low_confidence(message: str, result: Any) -> LowConfidenceError:
    return LowConfidenceError(message, result=result)


def _service(message: str, status_code: int | None) -> ServiceError:
    return ServiceError(message, status_code=status_code)
