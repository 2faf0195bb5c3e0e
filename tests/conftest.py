"""What every test may ask for: the marks ``training`` and ``shared``, and when they skip."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reasons = {}
    if importlib.util.find_spec("tensorflow") is None:
        reasons["training"] = "TensorFlow is not installed"
    if not SHARED.is_dir():
        reasons["shared"] = "there is no ../shared/data beside this checkout"
    for item in items:
        for mark, reason in reasons.items():
            if item.get_closest_marker(mark):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of labelled pictures beside the checkout; for tests marked ``shared``."""
    return SHARED
