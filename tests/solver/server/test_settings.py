"""Settings: from keywords and TOML, refused with the field's name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from solver.server.settings import ServerSettings, read_settings


def test_usual() -> None:
    settings = ServerSettings()
    assert (settings.host, settings.port, settings.loopback) == ("127.0.0.1", 8000, True)
    assert settings.hosts == {"127.0.0.1", "localhost", "::1"}
    assert settings.workers >= 1


def test_a_host_that_others_reach_answers_for_any_name_unless_told() -> None:
    assert ServerSettings(host="0.0.0.0").hosts == frozenset()
    named = ServerSettings(host="0.0.0.0", allowed_hosts=("Captcha.example",))
    assert named.hosts == {"captcha.example"}


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"port": 70_000}, "port"),
        ({"port": "80"}, "port"),
        ({"port": True}, "port"),
        ({"workers": 0}, "workers"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"alarm_below": 1.5}, "alarm_below"),
        ({"host": ""}, "host"),
        ({"api_key": " "}, "api_key"),
        ({"queue": 8, "max_pictures": 9}, "max_pictures"),
        ({"max_body": 2, "max_waiting": 1}, "max_body"),
        ({"models": {"a": 1}}, "models"),
        ({"models": ["a"]}, "models"),
        ({"allowed_hosts": "example"}, "allowed_hosts"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_refused(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        ServerSettings.from_dict(fields)


def test_the_key_is_not_shown() -> None:
    assert "sesame" not in repr(ServerSettings(api_key="sesame"))


def test_toml(tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_text(
        'port = 9000\nalarm_below = 0.6\n[models]\nlogin = "login.onnx"\nusual = "text-general"\n',
        encoding="utf-8",
    )
    settings = ServerSettings.from_dict(read_settings(file))
    assert (settings.port, settings.alarm_below) == (9000, 0.6)
    assert settings.models == {"login": str(tmp_path / "login.onnx"), "usual": "text-general"}


@pytest.mark.parametrize("text", ["port = ", "\0", "a = 1\n" * 20_000])
def test_no_toml(tmp_path: Path, text: str) -> None:
    file = tmp_path / "server.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"server\.toml"):
        read_settings(file)
    with pytest.raises(ValueError, match="nowhere"):
        read_settings(tmp_path / "nowhere.toml")
