"""Models by name: checked at the start, never guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from solver.errors import ModelError
from solver.server.answers import AbsentModelError
from solver.server.registry import Registry


def test_without_models_the_embedded_ones_answer() -> None:
    registry = Registry()
    assert registry.solver_for(None, ("text",)) is registry.solver_for("text-general", ("text",))
    assert registry.solver_for(None, ()) is registry.solver_for(None, ("text",))


def test_a_given_model_stands_before_the_embedded_one(ctc_file: Path) -> None:
    registry = Registry({"mine": str(ctc_file)})
    usual = registry.solver_for(None, ("text",))
    assert usual.models["text"].source == str(ctc_file)
    assert registry.solver_for("mine", ("text",)) is usual
    embedded = registry.solver_for("text-general", ("text",))
    assert embedded.models["text"].source == "text-general"
    rows = {row["name"]: row for row in registry.describe()}
    assert (rows["mine"]["default"], rows["text-general"]["default"]) == (True, False)


def test_two_for_one_role_have_to_be_named(ctc_file: Path, multi_head_file: Path) -> None:
    registry = Registry({"a": str(ctc_file), "b": str(multi_head_file)})
    with pytest.raises(AbsentModelError, match="name one of a, b"):
        registry.solver_for(None, ("text",))
    assert registry.solver_for("a", ("text",)).models["text"].source == str(ctc_file)
    assert registry.solver_for("b", ("text",)).models["text"].source == str(multi_head_file)
    assert [row["default"] for row in registry.describe()][:2] == [False, False]


@pytest.mark.parametrize(
    ("name", "roles", "said"),
    [
        ("nobody", ("text",), "no model 'nobody' here"),
        ("text-general", ("class",), "is for the role 'text'; expected one for 'class'"),
        ("text-general", (), "name none"),
    ],
)
def test_refused(name: str, roles: tuple[str, ...], said: str) -> None:
    with pytest.raises(AbsentModelError, match=said):
        Registry().solver_for(name, roles)


def test_a_damaged_file_fails_at_the_start(tmp_path: Path, ctc_file: Path) -> None:
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(ctc_file.read_bytes()[:200])
    for file in (damaged, tmp_path / "missing.onnx"):
        with pytest.raises(ModelError, match=file.name):
            Registry({"mine": str(file)})
