"""Keras weights: those of the embedded models, for fine-tuning, and of a run."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from solver import pretrained
from solver.model import Model
from solver.spec import ModelSpec

_FOLDER = Path(__file__).parent / "pretrained"
SUFFIX = ".weights.h5"


class WeightsFileError(ValueError):
    """A file of weights is not there, or is not of this network."""


class _Memory(io.BytesIO):
    """A file in memory, whose name has the end that Keras asks for."""

    def __str__(self) -> str:
        return f"memory{SUFFIX}"


def writer(network: Any) -> Callable[[Path], None]:
    """What writes the weights of a network as they are now to a path.

    HDF5 makes the file in memory: on a full disk it would end the process where it closes one.
    """
    memory = _Memory()
    network.save_weights(memory)

    def write(path: Path) -> None:
        with path.open("wb") as file:
            file.write(memory.getbuffer())
            file.flush()
            os.fsync(file.fileno())

    return write


def load(network: Any, path: Path) -> None:
    """Load a ``.weights.h5`` file into the network that it was saved from.

    Raises:
        WeightsFileError: no such file, a damaged one, or another network's.
    """
    if not path.is_file():
        raise WeightsFileError(f"{path}: no such weights; train first: solver-train fit")
    try:
        with warnings.catch_warnings():
            # Keras only warns of layers that the file lacks, and leaves them as initialised.
            warnings.simplefilter("error", UserWarning)
            network.load_weights(path)
    except (OSError, ValueError, KeyError, UserWarning) as error:
        raise WeightsFileError(
            f"{path}: not the weights of this network, or damaged ({error}); were the settings "
            "changed since? Train again: solver-train fit"
        ) from error


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


def contract(name: str) -> ModelSpec:
    """The contract of an embedded model.

    Raises:
        ModelError: it is damaged.
    """
    return Model(pretrained.find(name).read(), source=name).spec
