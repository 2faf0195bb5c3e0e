"""The models that come with the package: a name → the file, checked against the manifest.

``manifest.json`` lists each embedded file with its SHA-256, size, role, licence and card. A
file is read once and the bytes that were hashed are the bytes that are used. Files of a user's
own need no manifest and never pass through here.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from solver.errors import ModelError, ModelIntegrityError

FOLDER = Path(__file__).parent
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Pretrained:
    """One embedded model as the manifest describes it; ``size`` is in bytes."""

    name: str
    path: Path
    sha256: str
    size: int
    role: str
    licence: str
    card: Path
    default_for: tuple[str, ...]

    def read(self) -> bytes:
        """The model file's bytes, after its checksum.

        Raises:
            ModelError: the file is missing or cannot be read.
            ModelIntegrityError: it is not the file that was shipped.
        """
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise ModelError(
                f"embedded model {self.name!r} is missing ({error}); "
                "reinstall it with: pip install --force-reinstall solver-sdk"
            ) from error
        found = hashlib.sha256(data).hexdigest()
        if found != self.sha256:
            raise ModelIntegrityError(
                f"embedded model {self.name!r} is damaged: expected sha256 {self.sha256}, "
                f"{self.path} has {found}; "
                "reinstall it with: pip install --force-reinstall solver-sdk"
            )
        return data

    def read_card(self) -> str:
        """The model card, Markdown.

        Raises:
            ModelError: the card is missing or cannot be read.
        """
        try:
            return self.card.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ModelError(f"the card of {self.name!r} cannot be read: {error}") from error


def available() -> Mapping[str, Pretrained]:
    """Every embedded model by name, in the manifest's order.

    Raises:
        ModelIntegrityError: the manifest is missing or malformed.
    """
    return _read_manifest(FOLDER)


def find(name: str) -> Pretrained:
    """The embedded model of that name.

    Raises:
        ModelError: there is none; the message lists the names that there are.
    """
    known = available()
    if name not in known:
        listed = ", ".join(known) or "none"
        raise ModelError(f"no embedded model is called {name!r}; embedded: {listed}")
    return known[name]


def default_for(role: str) -> Pretrained | None:
    """The embedded model that fills a role where the user gave none, if there is one."""
    return next((item for item in available().values() if role in item.default_for), None)


@functools.lru_cache(maxsize=8)
def _read_manifest(folder: Path) -> Mapping[str, Pretrained]:
    path = folder / MANIFEST
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        entries = {name: _entry(folder, name, fields) for name, fields in body.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelIntegrityError(
            f"the list of embedded models cannot be read: {type(error).__name__}: {error}; "
            "reinstall it with: pip install --force-reinstall solver-sdk"
        ) from error
    return MappingProxyType(entries)


def _entry(folder: Path, name: str, fields: dict[str, Any]) -> Pretrained:
    for key in ("file", "card"):
        if Path(fields[key]).name != fields[key]:
            raise ValueError(f"{name}.{key}: expected a file name, received {fields[key]!r}")
    return Pretrained(
        name=name,
        path=folder / fields["file"],
        sha256=str(fields["sha256"]).lower(),
        size=int(fields["bytes"]),
        role=str(fields["role"]),
        licence=str(fields["licence"]),
        card=folder / fields["card"],
        default_for=tuple(fields["default_for"]),
    )
