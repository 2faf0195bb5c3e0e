"""Opening a model by its file, or an embedded one by its name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from solver import pretrained
from solver._session import Provider
from solver.errors import ModelError
from solver.model import Model

ModelSource = str | os.PathLike[str]


def open_model(
    source: ModelSource,
    *,
    threads: int = 1,
    providers: Sequence[Provider] | None = None,
) -> Model:
    """Open a model file, or an embedded model by its bare name.

    A string without a folder or a suffix is a name; ``Path("text-general")`` is a file.

    Raises:
        ModelError: there is no such file or name, or it is damaged.
        SpecError: its contract does not fit.
    """
    if not isinstance(source, str | os.PathLike):
        raise ModelError(
            f"expected the path of a model file or the name of an embedded model, received "
            f"{source!r:.80}"
        )
    if isinstance(source, str) and Path(source).name == source and not Path(source).suffix:
        if source not in pretrained.available() and Path(source).is_file():
            raise ModelError(
                f"no embedded model is called {source!r}; the file of that name here is "
                f"'.{os.sep}{source}'"
            )
        return open_embedded(pretrained.find(source), threads=threads, providers=providers)
    return Model.open(source, threads=threads, providers=providers)


def open_embedded(
    entry: pretrained.Pretrained, *, threads: int, providers: Sequence[Provider] | None
) -> Model:
    """Open an embedded model.

    Raises:
        ModelError: it is damaged.
        SpecError: its contract does not fit.
    """
    return Model(
        entry.read(), source=entry.name, threads=threads, providers=providers, again=entry.read
    )
