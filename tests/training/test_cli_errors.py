"""Without the extra ``training``: every command that needs it says how to get it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from training import cli, cli_errors

ROOT = Path(__file__).parents[2]
MEND = 'pip install "solver-sdk[training]"'
WITHOUT = "raise ModuleNotFoundError(f'No module named {__name__!r}', name=__name__)"
CONFIG = 'name = "m"\ntask = "ctc"\nsymbols = "0123456789"\n'


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            ModuleNotFoundError("No module named 'keras'", name="keras"),
            f"keras is not installed; install it with: {MEND}",
        ),
        (
            ModuleNotFoundError("No module named 'onnx'", name="onnx"),
            f"onnx is not installed; install it with: {MEND}",
        ),
        (ModuleNotFoundError("No module named 'mine'", name="mine"), "No module named 'mine'"),
        (ModuleNotFoundError("gone"), "gone"),
    ],
)
def test_a_package_of_the_extra_is_told_from_others(
    error: Exception, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 13, 0))
    found = cli_errors.sentence(error)
    assert found == said


def test_where_tensorflow_ends_another_python_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    error = ModuleNotFoundError("No module named 'keras'", name="keras")
    for version, named in (((3, 13, 9), False), ((3, 14, 0), True)):
        monkeypatch.setattr(sys, "version_info", version)
        assert ("under a Python before 3.14" in str(cli_errors.sentence(error))) == named


@pytest.mark.parametrize(
    "line",
    [
        ["fit", "m.toml"],
        ["export", "m.toml", "-o", "m.onnx"],
        ["summary", "m.toml"],
        ["pretrain", "m.toml", "pictures"],
        ["search", "m.toml"],
    ],
)
def test_commands_name_the_extra(tmp_path: Path, line: list[str]) -> None:
    for package in ("keras", "tensorflow"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text(WITHOUT, encoding="utf-8")
    (tmp_path / "m.toml").write_text(CONFIG, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    done = subprocess.run(
        [sys.executable, "-m", "training.cli", *line],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"solver-train {line[0]}: ")
    assert MEND in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_help_is_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    shown = capsys.readouterr().out
    assert "measure and export" in " ".join(shown.split())
    assert "`" not in shown
