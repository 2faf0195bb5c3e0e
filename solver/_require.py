"""Packages that are imported where they are used, with errors that name the mending command."""

from __future__ import annotations

import importlib
from types import ModuleType

from solver.errors import MissingDependencyError

_MENDS = {
    "cv2": "pip install --force-reinstall opencv-python-headless",
    "fastapi": 'pip install "solver-sdk[serve]"',
    "httpx": 'pip install "solver-sdk[client]"',
    "onnxruntime": "pip install --force-reinstall onnxruntime",
    "prometheus_client": 'pip install "solver-sdk[serve]"',
    "uvicorn": 'pip install "solver-sdk[serve]"',
}
# What does without it.
_WITHOUT = {"cv2": "; texts are read without it by Solver(tta=False), or with --no-tta"}
# An uninstalled package can leave an empty folder that still imports; these names tell.
_PROBES = {
    "cv2": "resize",
    "fastapi": "FastAPI",
    "httpx": "Client",
    "onnxruntime": "InferenceSession",
    "prometheus_client": "CollectorRegistry",
    "uvicorn": "Server",
}


def require_cv2() -> ModuleType:
    """OpenCV, or the command that mends it.

    The full ``opencv-python`` wants desktop libraries that a slim machine lacks, and two builds
    installed over each other break both: the headless build, reinstalled, mends either.

    Raises:
        MissingDependencyError: ``cv2`` is absent or does not import.
    """
    return _require("cv2")


def require_onnxruntime() -> ModuleType:
    """ONNX Runtime, or the command that mends it.

    Raises:
        MissingDependencyError: ``onnxruntime`` is absent or does not import.
    """
    return _require("onnxruntime")


def require_httpx() -> ModuleType:
    """httpx, or the command that installs the extra ``client``.

    Raises:
        MissingDependencyError: ``httpx`` is absent or does not import.
    """
    return _require("httpx")


def require_server() -> ModuleType:
    """uvicorn, once all that the extra ``serve`` brings imports.

    Raises:
        MissingDependencyError: a package is absent or does not import.
    """
    for name in ("fastapi", "prometheus_client"):
        _require(name)
    return _require("uvicorn")


def _require(name: str) -> ModuleType:
    mend = _MENDS[name] + _WITHOUT.get(name, "")
    try:
        module = importlib.import_module(name)
    except Exception as error:  # a broken binary package raises anything at import
        raise MissingDependencyError(
            f"{name} does not import ({type(error).__name__}: {error}); mend it with: {mend}",
            name=name,
        ) from error
    if not hasattr(module, _PROBES[name]):
        raise MissingDependencyError(
            f"{name} imports but is empty, as after a broken uninstall; mend it with: {mend}",
            name=name,
        )
    return module
