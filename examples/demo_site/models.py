"""The networks that answer the demo site: the embedded ones, and one that knows its drawings.

The embedded tile model was made for 12306's photographs; the site has drawings, as a site of
one's own has pictures of its own, and so it has a model of its own, which
``examples/training_tiles_12306.py`` trained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import solver as sdk
from solver.api import open_model

TILES = Path(__file__).with_name("tiles.onnx")
ROLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"text": ("text",), "grid": ("header", "tile"), "click": ("detector", "glyph"), "slide": ()}
)


def open_solver(models: Sequence[str] = (), *, drawn: bool = True) -> sdk.Solver:
    """A solver on files or embedded models by name; where none of them is for tiles and the tiles
    are ``drawn``, the site's own is.

    Raises:
        ModelError, SpecError: one of them cannot be used.
    """
    has_tiles = any(open_model(model).spec.role == "tile" for model in models)
    return sdk.Solver(*models, *([] if has_tiles or not drawn else [str(TILES)]))


def lacking(solver: Any, kind: str, words: Sequence[str] = ()) -> str:
    """Why a kind cannot be answered by these networks; empty where it can."""
    missing = [role for role in ROLES[kind] if role not in solver.models]
    if missing:
        return f"no model ({', '.join(missing)})"
    if words:
        known = set(words) & set(solver.models["tile"].spec.decoder.labels)
        if len(known) < len(words):
            return f"the model knows {len(known)} of the grid's {len(words)} words"
    return ""
