"""What the server answers, as OpenAPI describes it, and how an error becomes an answer."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from solver._wire import error_to_dict
from solver.errors import (
    MissingDependencyError,
    ModelError,
    ServiceError,
    SolverError,
)
from solver.results import Box

Corners = tuple[int, int, int, int]


class ErrorDetail(BaseModel):
    """``type`` is the exception that :class:`solver.RemoteSolver` raises of it."""

    type: str
    message: str
    result: dict[str, Any] | None = Field(
        default=None, description="the answer that was not sure enough, of LowConfidenceError"
    )


class ErrorAnswer(BaseModel):
    error: ErrorDetail


class BatchAnswer(BaseModel):
    """One entry a picture, in order: its answer, or ``{"error": …}`` in its place."""

    answers: list[dict[str, Any]]


class BoxesAnswer(BaseModel):
    boxes: list[Box]


class GridAnswer(BaseModel):
    """Where header, word and tiles lie: x1, y1, x2, y2; the word's in the header's pixels."""

    layout: str
    size: tuple[int, int]
    header: Corners | None
    word: Corners | None
    tiles: list[Corners]


class ModelEntry(BaseModel):
    name: str
    role: str
    given: bool
    default: bool
    symbols: int
    labels: list[str]


class VerbEntry(BaseModel):
    """``missing`` are the roles that no model stands ready for."""

    name: str
    roles: list[str]
    missing: list[str]


class ModelsAnswer(BaseModel):
    version: str
    models: list[ModelEntry]
    verbs: list[VerbEntry]


class HealthAnswer(BaseModel):
    status: str
    queue: int = Field(description="pictures that were taken and are not yet answered")


class AbsentModelError(ModelError):
    """No model of that name, or for that role, stands ready."""


# The first that fits. What no picture and no option can cause is the server's fault, 500.
_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (AbsentModelError, 404),
    (ModelError, 500),
    (MissingDependencyError, 500),
    (SolverError, 422),
    (ValueError, 422),
)


class RequestError(ServiceError):
    """A request that is refused before anything is answered: status, words, headers.

    ``kind`` is the exception that a client raises of it.
    """

    def __init__(
        self, status: int, message: str, *, kind: str = "ServiceError", **headers: str
    ) -> None:
        super().__init__(message, status_code=status)
        self.status = status
        self.kind = kind
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def error_body(error: Exception) -> dict[str, Any]:
    """``{"error": {"type", "message"}}``, with the result where the error carries one.

    Of an exception that is not ours only the fact is told: its words may hold anything.
    """
    if status_of(error) == 500:
        kind = "ModelError" if isinstance(error, ModelError) else "ServiceError"
        return {"error": {"type": kind, "message": "the server failed; its log says why"}}
    return {"error": error_to_dict(error)}


def status_of(error: Exception) -> int:
    """The HTTP status of an error of a solver."""
    if isinstance(error, ServiceError):
        return error.status_code or 500
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
