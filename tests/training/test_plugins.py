"""The user's own functions by name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from training.plugins import PluginError, is_reference, load_function


def write(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return root


def test_a_function_beside_the_settings(tmp_path: Path) -> None:
    write(tmp_path, "helper.py", "ANSWER = 7\n")
    write(tmp_path, "mine.py", "from helper import ANSWER\ndef read():\n    return ANSWER\n")
    before = list(sys.path)
    assert load_function("mine:read", root=tmp_path, setting="reader")() == 7
    assert sys.path == before


def test_modules_of_packages_and_installed_ones(tmp_path: Path) -> None:
    write(tmp_path, "parts/__init__.py", "def a():\n    return 1\n")
    write(tmp_path, "parts/inner.py", "def b():\n    return 2\n")
    assert load_function("parts:a", root=tmp_path, setting="reader")() == 1
    assert load_function("parts.inner:b", root=tmp_path, setting="reader")() == 2
    assert load_function("math:sqrt", root=tmp_path, setting="reader")(9) == 3
    assert load_function("math:sqrt", root=None, setting="reader")(9) == 3


def test_two_projects_with_one_module_name(tmp_path: Path) -> None:
    for number in (1, 2):
        write(tmp_path / str(number), "same.py", f"def f():\n    return {number}\n")
    found = [load_function("same:f", root=tmp_path / n, setting="reader")() for n in "12"]
    assert found == [1, 2]


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("", "expected 'module:function'"),
        ("mine", "expected 'module:function'"),
        ("mine:", "expected 'module:function'"),
        (":read", "expected 'module:function'"),
        ("../mine:read", "expected 'module:function'"),
        ("none_such:read", "no module 'none_such' beside captcha.toml"),
        ("mine:nothing", "'nothing' in .*; there is none"),
        ("mine:NUMBER", "it is not callable"),
        ("broken:read", "broken.py failed while it was imported: SyntaxError"),
        ("angry:read", "failed while it was imported: RuntimeError: no"),
        ("needy:read", "needs 'none_such_2'"),
    ],
)
def test_what_is_wrong_is_named(reference: str, message: str, tmp_path: Path) -> None:
    write(tmp_path, "mine.py", "NUMBER = 1\n")
    write(tmp_path, "broken.py", "def read(:\n")
    write(tmp_path, "angry.py", "raise RuntimeError('no')\n")
    write(tmp_path, "needy.py", "import none_such_2\n")
    with pytest.raises(PluginError, match=f"^reader: .*{message}"):
        load_function(reference, root=tmp_path, setting="reader")


def test_references_have_a_colon() -> None:
    assert is_reference("my_module:build")
    assert not is_reference("vgg16")
