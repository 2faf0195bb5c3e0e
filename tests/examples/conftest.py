"""The demo site's kinds, opened once."""

from __future__ import annotations

import pytest

from examples.demo_site.challenges import Kind


@pytest.fixture(scope="session")
def kinds() -> dict[str, Kind]:
    from examples.demo_site.site import open_kinds

    found, missing = open_kinds()
    if "text" in missing:
        pytest.skip(missing["text"])
    return found
