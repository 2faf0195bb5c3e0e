"""A new captcha.toml says every key, and means what it shows."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from training import template
from training.classify_settings import Classify
from training.config import TASKS, load
from training.detect_settings import Detect

HEADS = {"Config": "", "Source": "[[data.train]]"}


def section(text: str, head: str) -> str:
    """The part of the text below a head line, up to the next."""
    if not head:
        return text.split("\n[", 1)[0]
    return text.split(f"\n{head}\n", 1)[1].split("\n[", 1)[0]


@pytest.mark.parametrize("task", template.TASKS)
@pytest.mark.parametrize("name", ["captcha", 'a "b" \\ 龙 😀'])
def test_it_loads_as_what_was_meant(tmp_path: Path, task: str, name: str) -> None:
    path = tmp_path / "captcha.toml"
    path.write_text(template.settings(task, name=name), encoding="utf-8")
    assert load(path) == template.defaults(task, name=name)


@pytest.mark.parametrize("task", template.TASKS)
def test_every_key_is_there_with_what_it_does(task: str) -> None:
    text = template.settings(task)
    for kind, meanings in template.TABLES.items():
        if kind in (Classify, Detect) and task != kind.__name__.lower():
            assert f"[{kind.__name__.lower()}]" not in text
            continue
        names = [item.name for item in fields(kind)]
        parts = {"data", "input", "model", "classify", "detect", "fit"}
        nested = parts if kind.__name__ == "Config" else set()
        nested |= {"train", "validation"} if kind.__name__ == "Data" else set()
        assert set(meanings) == set(names) - nested
        part = section(text, HEADS.get(kind.__name__, f"[{kind.__name__.lower()}]"))
        for key, meaning in meanings.items():
            assert meaning
            assert re.search(rf"^(# )?{key} = ", part, re.MULTILINE), (kind, key)
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("task", template.TASKS)
def test_what_is_commented_out_may_be_taken_in(tmp_path: Path, task: str) -> None:
    text = re.sub(r"^# (\w+ = )", r"\1", template.settings(task), flags=re.MULTILINE)
    path = tmp_path / "captcha.toml"
    path.write_text(text, encoding="utf-8")
    assert load(path) == template.defaults(task)


def test_tasks() -> None:
    assert set(template.TASKS) <= set(TASKS)
    with pytest.raises(ValueError, match="expected one of multi-head, ctc"):
        template.settings("poetry")
