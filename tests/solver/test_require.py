"""Broken and absent packages: the error names the command that mends them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import solver
from solver._require import require_cv2, require_onnxruntime
from solver.cli import main
from solver.errors import MissingDependencyError

ROOT = Path(__file__).parents[2]


def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: str) -> None:
    """Put a package of this name in front of the real one."""
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text(content, encoding="utf-8")
    monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    # What the fake leaves in sys.modules must not outlive the test.
    monkeypatch.setattr(sys, "modules", dict(sys.modules))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("raise ImportError('libGL.so.1: cannot open shared object file')", "libGL.so.1"),
        ("raise ModuleNotFoundError('cv2.typing')", "cv2.typing"),
        ("raise AttributeError('_ARRAY_API not found')", "_ARRAY_API"),
        ("raise SystemError('initialization failed')", "initialization failed"),
        ("", "imports but is empty"),
    ],
)
def test_a_broken_cv2_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, reason: str
) -> None:
    fake(tmp_path, monkeypatch, "cv2", content)
    with pytest.raises(MissingDependencyError) as caught:
        require_cv2()
    assert reason in str(caught.value)
    assert "pip install --force-reinstall opencv-python-headless" in str(caught.value)
    assert caught.value.name == "cv2"
    assert isinstance(caught.value, ImportError)


BROKEN = "raise ImportError('libGL.so.1: cannot open shared object file')"
MEND = "mend it with: pip install --force-reinstall opencv-python-headless"


def test_a_slider_with_a_broken_cv2_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake(tmp_path, monkeypatch, "cv2", BROKEN)
    picture = np.zeros((40, 60, 3), np.uint8)
    with pytest.raises(MissingDependencyError, match=MEND):
        solver.slide(picture)
    path = tmp_path / "a.png"
    Image.fromarray(picture).save(path)
    assert main(["slide", str(path)]) == 3
    assert MEND in capsys.readouterr().err


def test_a_doubtful_text_with_a_broken_cv2_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(tmp_path, monkeypatch, "cv2", BROKEN)
    picture = ROOT / "examples" / "pictures" / "QHS1_738caa5d.png"
    with pytest.raises(MissingDependencyError, match=MEND) as caught:
        solver.text(picture)
    assert "tta=False" in str(caught.value)
    assert "--no-tta" in str(caught.value)
    assert solver.Solver(tta=False).text(picture).confidence < 0.5


def test_training_with_a_broken_cv2_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(tmp_path, monkeypatch, "cv2", BROKEN)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    line = [sys.executable, "-m", "training.cli", "new", "--task", "ctc", str(tmp_path / "digits")]
    done = subprocess.run(
        line, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 1
    assert MEND in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_onnxruntime_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(tmp_path, monkeypatch, "onnxruntime", "raise ImportError('DLL load failed')")
    with pytest.raises(MissingDependencyError, match="pip install --force-reinstall onnxruntime"):
        require_onnxruntime()


def test_working_packages_come_back() -> None:
    assert require_cv2().__name__ == "cv2"
    assert require_onnxruntime().__name__ == "onnxruntime"
