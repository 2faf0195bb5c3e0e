"""The tree of exceptions, and that each survives a process border."""

from __future__ import annotations

import pickle

import pytest

from solver import errors
from solver.results import TextResult

PLAIN = ("ImageError", "ModelError", "SpecError", "ModelIntegrityError", "TaskError")


@pytest.mark.parametrize("name", [*PLAIN, "MissingDependencyError"])
def test_plain_errors_survive_pickling(name: str) -> None:
    error = getattr(errors, name)("why")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == "why"
    assert isinstance(again, errors.SolverError)


def test_low_confidence_keeps_its_result() -> None:
    result = TextResult("ab", 0.4, (), ())
    again = pickle.loads(pickle.dumps(errors.LowConfidenceError("too low", result=result)))
    assert again.result == result
    assert str(again) == "too low"


def test_service_keeps_its_status() -> None:
    again = pickle.loads(pickle.dumps(errors.ServiceError("busy", status_code=429)))
    assert again.status_code == 429
    assert str(again) == "busy"


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("ImageError", ValueError),
        ("MissingDependencyError", ImportError),
        ("SpecError", errors.ModelError),
        ("ModelIntegrityError", errors.ModelError),
    ],
)
def test_bases(name: str, base: type[Exception]) -> None:
    assert issubclass(getattr(errors, name), base)
