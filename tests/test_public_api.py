"""The public names, and what ``import solver`` costs."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path

import pytest

import solver

PUBLIC = {
    "ALNUM", "DIGITS", "LOWER", "UPPER",
    "Alternative", "Box", "Character", "ClassResult", "ClickResult", "ClickTarget", "Failure",
    "Grid", "TextResult", "Tile", "TilesResult", "SlideAlternative", "SlideResult",
    "AsyncRemoteSolver", "AsyncSolver", "ImageLimits", "Layout", "ModelSpec", "RemoteSolver",
    "Solver",
    "ImageError", "LowConfidenceError", "MissingDependencyError", "ModelError",
    "ModelIntegrityError", "ServiceError", "SolverError", "SpecError", "TaskError",
    "__version__", "classify", "click", "crop", "detect", "slide", "text", "text_many", "tiles",
    "tiles_many",
}  # fmt: skip

HEAVY = {"PIL", "asyncio", "cv2", "numpy", "onnxruntime", "tensorflow", "keras", "training"}


def run_python(code: str) -> str:
    """What ``code`` prints in an interpreter of its own."""
    return subprocess.run(
        [sys.executable, "-c", code],
        check=True, capture_output=True, text=True, timeout=60,
        cwd=Path(solver.__file__).parents[1],
    ).stdout  # fmt: skip


def test_all_lists_the_public_names_once() -> None:
    assert set(solver.__all__) == PUBLIC
    assert len(solver.__all__) == len(PUBLIC)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_public_name_loads_and_is_listed(name: str) -> None:
    assert getattr(solver, name) is getattr(solver, name)
    assert name in dir(solver)


def test_type_checkers_see_the_same_names_in_the_same_modules() -> None:
    source = Path(solver.__file__).read_text(encoding="utf-8")
    imports = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    seen = {
        alias.name: node.module
        for node in imports
        if node.module is not None and node.module.startswith("solver.")
        for alias in node.names
    }
    assert set(seen) == PUBLIC - {"__version__"}
    for name, module in seen.items():
        assert getattr(solver, name) is getattr(importlib.import_module(module), name)


def test_every_error_of_the_tree_is_public() -> None:
    errors = importlib.import_module("solver.errors")
    tree = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.SolverError)
    }
    assert tree <= PUBLIC


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'solver' has no attribute 'solve_everything'"):
        solver.solve_everything  # noqa: B018


@pytest.mark.parametrize(
    "statement",
    ["import solver", "import solver; dir(solver)", "import solver; solver.SolverError"],
)
def test_import_brings_nothing_heavy(statement: str) -> None:
    loaded = run_python(
        "import json, sys; before = set(sys.modules)\n"
        f"{statement}\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    roots = {name.partition(".")[0] for name in json.loads(loaded)}
    assert "solver" in roots
    assert roots.isdisjoint(HEAVY)


def test_an_answer_that_is_sure_waits_for_no_opencv() -> None:
    said = run_python(
        "import sys, solver\n"
        "answer = solver.text('examples/pictures/ymt3_81bc0477.png')\n"
        "print(answer.text, answer.confidence > 0.9, 'cv2' in sys.modules)"
    )
    assert said.split() == ["ymt3", "True", "False"]


def test_import_training_brings_no_framework() -> None:
    loaded = run_python("import json, sys, training; print(json.dumps(sorted(sys.modules)))")
    roots = {name.partition(".")[0] for name in json.loads(loaded)}
    assert "training" in roots
    assert roots.isdisjoint(HEAVY - {"training"})


def test_version_is_the_one_of_the_distribution() -> None:
    assert solver.__version__ == importlib.metadata.version("solver-sdk")


@pytest.mark.parametrize("package", ["solver", "training"])
def test_both_packages_are_typed(package: str) -> None:
    folder = Path(importlib.import_module(package).__file__ or "").parent
    assert (folder / "py.typed").is_file()


def test_module_runs_as_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "solver", "--help"],
        check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert "text" in done.stdout
