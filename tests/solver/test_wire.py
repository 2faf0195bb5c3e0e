"""Errors as JSON and back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from solver._wire import error_from_dict, error_to_dict
from solver.errors import (
    ImageError,
    LowConfidenceError,
    MissingDependencyError,
    ModelError,
    ModelIntegrityError,
    ServiceError,
    SpecError,
    TaskError,
)
from solver.results import TextResult

RESULT = TextResult("12ab", 0.4)


class _OwnError(TaskError):
    """Of somebody else's making: it goes as its public ancestor."""


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ImageError("a"), ImageError),
        (TaskError("a"), TaskError),
        (ModelError("a"), ModelError),
        (SpecError("a"), SpecError),
        (ModelIntegrityError("a"), ModelIntegrityError),
        (MissingDependencyError("a"), MissingDependencyError),
        (ValueError("a"), ValueError),
        (LowConfidenceError("a", result=RESULT), LowConfidenceError),
        (ServiceError("a"), ServiceError),
        (_OwnError("a"), TaskError),
        (RuntimeError("a"), ServiceError),
        (UnicodeError("a"), ValueError),
    ],
)
def test_round_trip(error: Exception, kind: type[Exception]) -> None:
    detail = json.loads(json.dumps(error_to_dict(error)))
    back = error_from_dict(detail, status=422, read=TextResult.from_dict)
    assert type(back) is kind
    assert str(back).endswith("a")
    assert getattr(back, "result", None) == getattr(error, "result", None)
    assert getattr(back, "status_code", 422) == 422


@pytest.mark.parametrize(
    "detail",
    [
        None,
        5,
        "words",
        [],
        {},
        {"type": "os.system", "message": "a"},
        {"type": "SolverErrorr"},
        {"type": 5, "message": None},
        {"type": "LowConfidenceError", "message": "a"},
        {"type": "LowConfidenceError", "message": "a", "result": {"text": 5}},
    ],
)
def test_what_is_no_error_of_ours_is_a_service_error(detail: Any) -> None:
    back = error_from_dict(detail, status=500, read=TextResult.from_dict)
    assert isinstance(back, ServiceError)
    assert back.status_code == 500


def test_long_messages_are_cut() -> None:
    assert len(error_to_dict(TaskError("x" * 10_000))["message"]) == 1_000
