"""What every test may ask for: the marks ``training``, ``shared`` and ``browser``, and when they
skip."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest

from tests.browsers import BROWSERS, chromium, open_driver

__all__ = ["chromium", "open_driver"]  # fixtures for every folder

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reasons = {}
    if importlib.util.find_spec("tensorflow") is None:
        reasons["training"] = "TensorFlow is not installed"
    if not SHARED.is_dir():
        reasons["shared"] = "there is no ../shared/data beside this checkout"
    if not any(map(shutil.which, BROWSERS)):
        reasons["browser"] = f"no browser is installed: none of {', '.join(BROWSERS)}"
    elif any(importlib.util.find_spec(name) is None for name in ("playwright", "selenium")):
        reasons["browser"] = "playwright or selenium is not installed"
    for item in items:
        for mark, reason in reasons.items():
            if item.get_closest_marker(mark):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of labelled pictures beside the checkout; for tests marked ``shared``."""
    return SHARED
