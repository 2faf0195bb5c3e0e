"""The page of captchas, served once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.solver.browser.pages import Counts, serving


@pytest.fixture(scope="session")
def site() -> Iterator[tuple[str, Counts]]:
    with serving() as found:
        yield found
