"""The user's own functions, named in ``captcha.toml`` as ``"my_module:function"``."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any


class PluginError(ValueError):
    """The function cannot be had; the message says where it was looked for and what came."""


def is_reference(text: str) -> bool:
    """Whether a setting names a function of the user's, by its colon."""
    return ":" in text


def load_function(reference: str, *, root: Path | None, setting: str) -> Callable[..., Any]:
    """The function that ``"module:function"`` names.

    The module is looked for in ``root`` (the folder of ``captcha.toml``), where it may import
    its neighbours, then among the installed packages. Two projects may each have a module of
    the same name. ``setting`` is the key that errors speak of.

    Raises:
        PluginError: not of that form, no such module or function, or the module fails.
    """
    module_name, _, attribute = reference.partition(":")
    if not all(part.isidentifier() for part in (*module_name.split("."), attribute)):
        raise PluginError(f"{setting}: expected 'module:function', received {reference!r}")
    module = _load_module(module_name, root, setting)
    function = getattr(module, attribute, None)
    if not callable(function):
        found = "it is not callable" if hasattr(module, attribute) else "there is none"
        raise PluginError(
            f"{setting}: expected a function {attribute!r} in {module.__file__}; {found}"
        )
    return function  # type: ignore[no-any-return]


def _load_module(name: str, root: Path | None, setting: str) -> ModuleType:
    path = _module_file(name, root) if root is not None else None
    try:
        if path is not None and root is not None:
            return _load_file(name, path, root)
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if path is None and error.name is not None and name.startswith(error.name):
            looked = f"beside captcha.toml in {root} or " if root is not None else ""
            raise PluginError(
                f"{setting}: no module {name!r} {looked}among the installed packages; "
                f"write {name.replace('.', '/')}.py there"
            ) from error
        raise PluginError(f"{setting}: {path or name} needs {error.name!r}: {error}") from error
    except Exception as error:  # the user's code may raise anything; the sentence says what
        raise PluginError(
            f"{setting}: {path or name} failed while it was imported: "
            f"{type(error).__name__}: {error}"
        ) from error


def _module_file(name: str, root: Path) -> Path | None:
    stem = root.joinpath(*name.split("."))
    candidates = (stem.with_name(f"{stem.name}.py"), stem / "__init__.py")
    return next((path for path in candidates if path.is_file()), None)


def _load_file(name: str, path: Path, root: Path) -> ModuleType:
    # A name of its own for each folder: another project's module of that name stays what it is.
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]
    unique = f"_captcha_{digest}_{name.replace('.', '_')}"
    if unique in sys.modules:
        return sys.modules[unique]
    spec = importlib.util.spec_from_file_location(unique, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path}: not a Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[unique] = module
    try:
        with _importable(root):
            spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[unique]
        raise
    return module


@contextmanager
def _importable(root: Path) -> Iterator[None]:
    entry = str(root.resolve())
    sys.path.insert(0, entry)
    try:
        yield
    finally:
        sys.path.remove(entry)
