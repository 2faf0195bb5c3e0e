"""The manifest of embedded models and its checksums."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

import solver
from solver import pretrained
from solver.errors import ModelError, ModelIntegrityError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "toy.onnx").write_bytes(b"weights")
    (tmp_path / "toy.md").write_text("# Toy\n", encoding="utf-8")
    write_manifest(tmp_path)
    monkeypatch.setattr(pretrained, "FOLDER", tmp_path)
    return tmp_path


def write_manifest(folder: Path, **changes: Any) -> None:
    entry = {
        "file": "toy.onnx",
        "sha256": hashlib.sha256(b"weights").hexdigest(),
        "bytes": 7,
        "role": "text",
        "licence": "Apache-2.0",
        "card": "toy.md",
        "default_for": ["text"],
        **changes,
    }
    (folder / "manifest.json").write_text(json.dumps({"toy": entry}), encoding="utf-8")


def test_a_listed_model_is_found_verified_and_described(folder: Path) -> None:
    assert list(pretrained.available()) == ["toy"]
    toy = pretrained.find("toy")
    assert toy.read() == b"weights"
    assert toy.read_card() == "# Toy\n"
    assert (toy.size, toy.role, toy.default_for) == (7, "text", ("text",))
    assert pretrained.default_for("text") is toy
    assert pretrained.default_for("class") is None


def test_the_embedded_model_reads_the_example_pictures() -> None:
    pictures = sorted((Path(__file__).parents[2] / "examples" / "pictures").glob("*.png"))
    answers = [solver.text(picture) for picture in pictures]
    labels = [picture.name.rpartition("_")[0] for picture in pictures]
    right = [answer.text == label for answer, label in zip(answers, labels, strict=True)]
    assert len(right) == 13
    assert sum(right) >= 9, list(zip(labels, answers, strict=True))


def test_an_unknown_name_lists_the_known_ones(folder: Path) -> None:
    with pytest.raises(ModelError, match="no embedded model is called 'tyo'; embedded: toy"):
        pretrained.find("tyo")


@pytest.mark.parametrize("content", [b"", b"weightz", b"weights\n"])
def test_another_file_is_refused(folder: Path, content: bytes) -> None:
    (folder / "toy.onnx").write_bytes(content)
    with pytest.raises(ModelIntegrityError, match="'toy' is damaged: expected sha256"):
        pretrained.find("toy").read()


def test_missing_files_are_model_errors(folder: Path) -> None:
    (folder / "toy.onnx").unlink()
    (folder / "toy.md").unlink()
    with pytest.raises(ModelError, match="'toy' is missing"):
        pretrained.find("toy").read()
    with pytest.raises(ModelError, match="card of 'toy'"):
        pretrained.find("toy").read_card()


@pytest.mark.parametrize(
    "text",
    ["", "[]", "[1]", "{", '{"toy": {}}', '{"toy": 1}', '{"toy": {"file": "../x", "card": "y"}}'],
)
def test_a_malformed_manifest_is_an_integrity_error(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_text(text, encoding="utf-8")
    with pytest.raises(ModelIntegrityError, match="list of embedded models cannot be read"):
        pretrained.available()


def test_a_missing_manifest_is_an_integrity_error(folder: Path) -> None:
    (folder / "manifest.json").unlink()
    with pytest.raises(ModelIntegrityError, match="list of embedded models cannot be read"):
        pretrained.available()


def test_every_shipped_model_is_intact_and_has_a_card() -> None:
    for item in pretrained.available().values():
        assert len(item.read()) == item.size
        assert item.read_card().startswith("# ")
        assert item.licence
