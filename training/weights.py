"""Keras weights of the embedded models, for fine-tuning."""

from __future__ import annotations

from pathlib import Path

from solver import pretrained
from solver.model import Model

_FOLDER = Path(__file__).parent / "pretrained"
SUFFIX = ".weights.h5"


def find(name: str) -> Path:
    """The weights file that a path or an embedded model's name means.

    Raises:
        FileNotFoundError: neither; the message lists the names.
    """
    path = Path(name)
    if path.is_file():
        return path
    embedded = _FOLDER / f"{name}{SUFFIX}"
    if embedded.is_file():
        return embedded
    names = ", ".join(sorted(p.name.removesuffix(SUFFIX) for p in _FOLDER.glob(f"*{SUFFIX}")))
    raise FileNotFoundError(
        f"{name}: neither a {SUFFIX} file nor an embedded model ({names or 'none here'})"
    )


def symbols(name: str) -> str:
    """The symbols of an embedded model's head; empty for a file, which does not say.

    Raises:
        ModelError: the embedded model is damaged.
    """
    if Path(name).is_file():
        return ""
    model = Model(pretrained.find(name).read(), source=name)
    return model.spec.decoder.symbols
