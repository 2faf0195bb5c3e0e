"""Memory given back after the start."""

from __future__ import annotations

import ctypes
import types

import pytest

from solver.server.memory import trim, trim_early


def test_the_c_library_is_asked_where_it_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda _: types.SimpleNamespace(malloc_trim=asked.append))
    assert trim()
    assert asked == [0]


def test_it_is_asked_to_keep_little(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    library = types.SimpleNamespace(mallopt=lambda *values: asked.append(values))
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda _: library)
    assert trim_early()
    assert asked == [(-1, 128 * 1024)]


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_elsewhere_nothing_happens(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr(ctypes, "CDLL", lambda _: types.SimpleNamespace())
    assert not trim()
    assert not trim_early()
