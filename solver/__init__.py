"""Reads classical image captchas with small ONNX models that come with the package.

>>> import solver
>>> solver.text("captcha.png").text  # doctest: +SKIP
'x7Kp2'

Every public name is loaded on first use (PEP 562): ``import solver`` itself brings no NumPy,
OpenCV or ONNX Runtime.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from solver.api import (
        AsyncSolver,
        Solver,
        classify,
        click,
        detect,
        slide,
        text,
        text_many,
        tiles,
        tiles_many,
    )
    from solver.charset import ALNUM, DIGITS, LOWER, UPPER
    from solver.client import AsyncRemoteSolver, RemoteSolver
    from solver.errors import (
        ImageError,
        LowConfidenceError,
        MissingDependencyError,
        ModelError,
        ModelIntegrityError,
        ServiceError,
        SolverError,
        SpecError,
        TaskError,
    )
    from solver.grids import Grid, crop
    from solver.images import ImageLimits
    from solver.layouts import Layout
    from solver.results import (
        Alternative,
        Box,
        Character,
        ClassResult,
        ClickResult,
        ClickTarget,
        Failure,
        SlideAlternative,
        SlideResult,
        TextResult,
        Tile,
        TilesResult,
    )
    from solver.spec import ModelSpec

__version__ = "0.1.0"

__all__ = [
    "ALNUM",
    "DIGITS",
    "LOWER",
    "UPPER",
    "Alternative",
    "AsyncRemoteSolver",
    "AsyncSolver",
    "Box",
    "Character",
    "ClassResult",
    "ClickResult",
    "ClickTarget",
    "Failure",
    "Grid",
    "ImageError",
    "ImageLimits",
    "Layout",
    "LowConfidenceError",
    "MissingDependencyError",
    "ModelError",
    "ModelIntegrityError",
    "ModelSpec",
    "RemoteSolver",
    "ServiceError",
    "SlideAlternative",
    "SlideResult",
    "Solver",
    "SolverError",
    "SpecError",
    "TaskError",
    "TextResult",
    "Tile",
    "TilesResult",
    "__version__",
    "classify",
    "click",
    "crop",
    "detect",
    "slide",
    "text",
    "text_many",
    "tiles",
    "tiles_many",
]

_HOME = {
    "ALNUM": "charset",
    "DIGITS": "charset",
    "LOWER": "charset",
    "UPPER": "charset",
    "Alternative": "results",
    "AsyncRemoteSolver": "client",
    "AsyncSolver": "api",
    "Box": "results",
    "Character": "results",
    "ClassResult": "results",
    "ClickResult": "results",
    "ClickTarget": "results",
    "Failure": "results",
    "Grid": "grids",
    "ImageError": "errors",
    "ImageLimits": "images",
    "Layout": "layouts",
    "LowConfidenceError": "errors",
    "MissingDependencyError": "errors",
    "ModelError": "errors",
    "ModelIntegrityError": "errors",
    "ModelSpec": "spec",
    "RemoteSolver": "client",
    "ServiceError": "errors",
    "Solver": "api",
    "SolverError": "errors",
    "SpecError": "errors",
    "TaskError": "errors",
    "TextResult": "results",
    "SlideAlternative": "results",
    "SlideResult": "results",
    "Tile": "results",
    "TilesResult": "results",
    "classify": "api",
    "click": "api",
    "crop": "grids",
    "detect": "api",
    "slide": "api",
    "text": "api",
    "text_many": "api",
    "tiles": "api",
    "tiles_many": "api",
}


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value  # the next access does not come here
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
