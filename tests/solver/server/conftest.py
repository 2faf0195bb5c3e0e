"""The application with a toy network for every role, asked without a socket or with one."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.solver.serving import Asker, png, serving

collect_ignore_glob = [] if importlib.util.find_spec("fastapi") else ["test_*.py"]


@pytest.fixture(scope="session")
def http(toy_models: dict[str, str]) -> Iterator[Any]:
    """Asks an application with a toy network for every role."""
    from solver.server.app import create_app
    from solver.server.settings import ServerSettings

    with Asker(create_app(ServerSettings(models=toy_models, workers=2, body_timeout=5))) as asker:
        yield asker


@pytest.fixture(scope="session")
def served(toy_models: dict[str, str]) -> Iterator[str]:
    """The address of a real server on loopback."""
    with serving(toy_models) as address:
        yield address


@pytest.fixture(scope="session")
def picture(draw: Callable[..., Any]) -> bytes:
    """A PNG that reads 12ab."""
    return png(draw("12ab"))


@pytest.fixture
def text_file(tmp_path: Path, picture: bytes) -> Path:
    path = tmp_path / "12ab.png"
    path.write_bytes(picture)
    return path
