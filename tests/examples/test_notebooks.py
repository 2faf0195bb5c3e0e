"""The notebook: clean, and its code cells from first to last on a few pictures."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = Path(__file__).parents[2] / "examples/notebooks/train_on_a_gpu.ipynb"
TINY = {"PICTURES": 20, "EPOCHS": 1, "BATCH": 4, "SIZE": (48, 32), "LENGTH": 2, "SYMBOLS": "147"}


@pytest.fixture
def cells() -> list[dict[str, Any]]:
    body = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert body["nbformat"] == 4
    found: list[dict[str, Any]] = body["cells"]
    return found


def test_it_is_clean(cells: list[dict[str, Any]]) -> None:
    assert len({cell["id"] for cell in cells}) == len(cells)
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [cell["outputs"] for cell in code] == [[]] * len(code)
    assert {cell["execution_count"] for cell in code} == {None}
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert not re.search(r"https?://|/home/|/root|/work|/content|[A-Z]:\\\\", text)


@pytest.mark.training
def test_it_runs(
    cells: list[dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("tensorflow")
    from training.exporting import parity

    defaults = parity.gate_tensors.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "count", 4)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in cells:
        if cell["cell_type"] != "code":
            continue
        exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
        if "parameters" in cell["metadata"].get("tags", ()):
            names |= TINY
    printed = capsys.readouterr().out
    assert "data\t2 pictures  exact " in printed
    with zipfile.ZipFile(tmp_path / "trained.zip") as archive:
        assert "exports/mine.onnx" in archive.namelist()
    assert (tmp_path / "report.html").stat().st_size > 1000
