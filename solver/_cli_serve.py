"""``solver serve``: settings from the command line, a file and the environment, then the server."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from solver._require import require_server
from solver.errors import ModelError

OK, USAGE = 0, 2
KEY_VARIABLE = "SOLVER_API_KEY"
_OPTIONS = ("host", "port", "workers", "threads", "queue", "timeout", "tta")


def add_command(commands: Any, *, epilog: str) -> None:
    """The command among the others."""
    serve = commands.add_parser(
        "serve",
        help="answer over HTTP, with a page to try it",
        description="Answer over HTTP, on this machine only unless --host says otherwise, with a\n"
        "page at / to try it. Models are checked before the first request. Needs the extra "
        "serve.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=epilog,
    )
    serve.add_argument(
        "models",
        nargs="*",
        metavar="[NAME=]MODEL.onnx",
        help="your models, by name (default: the file's); an embedded one answers for the rest",
    )
    serve.add_argument("--config", type=Path, metavar="FILE", help="settings in TOML")
    serve.add_argument("--host", metavar="ADDRESS", help="address to listen on (127.0.0.1)")
    serve.add_argument("--port", type=int, metavar="N", help="port (8000); 0 takes a free one")
    serve.add_argument("--workers", type=int, metavar="N", help="threads that answer (the cores)")
    serve.add_argument("--threads", type=int, metavar="N", help="threads of each network (1)")
    serve.add_argument(
        "--no-tta",
        dest="tta",
        action="store_const",
        const=False,
        help="look at every picture once, also where a text is in doubt",
    )
    serve.add_argument("--queue", type=int, metavar="N", help="pictures that may wait (256)")
    serve.add_argument("--timeout", type=float, metavar="S", help="seconds for an answer (30)")
    serve.add_argument(
        "--api-key-file",
        type=Path,
        metavar="FILE",
        help=f"ask for the key in this file (or in the variable {KEY_VARIABLE})",
    )
    serve.add_argument(
        "--log-level",
        choices=("debug", "info", "warning", "error"),
        default="info",
        help="least important lines of the log (info: one a request)",
    )
    serve.set_defaults(run=run_server)


def run_server(args: argparse.Namespace) -> int:
    """Serve until the process is told to stop; returns the exit code."""
    require_server()
    from solver.server.app import create_app
    from solver.server.logs import log_to_stderr
    from solver.server.run import listen, serve
    from solver.server.settings import ServerSettings

    try:
        settings = ServerSettings.from_dict(_fields(args))
    except ValueError as error:
        sys.stderr.write(f"solver: {error}\n")
        return USAGE
    try:
        socket = listen(settings)
    except OSError as error:
        sys.stderr.write(f"solver: {settings.host} port {settings.port}: {error.strerror}\n")
        return USAGE
    log_to_stderr(args.log_level)
    with socket:
        serve(create_app(settings), settings, socket)
    return OK


def _fields(args: argparse.Namespace) -> dict[str, Any]:
    """The settings: the file's, then the command line's; the key comes from neither.

    Raises:
        ValueError: a file cannot be read, or a name stands for two models.
    """
    from solver.server.settings import read_settings

    data = read_settings(args.config) if args.config else {}
    if "api_key" in data:
        raise ValueError(f"{args.config}: no key in here; use {KEY_VARIABLE} or --api-key-file")
    data.update((name, getattr(args, name)) for name in _OPTIONS if getattr(args, name) is not None)
    if args.models:
        data["models"] = {**data.get("models", {}), **_named(args.models)}
    key = _key(args.api_key_file)
    if key is not None:
        data["api_key"] = key
    return data


def _named(models: Sequence[str]) -> dict[str, str]:
    """Name → file: ``NAME=FILE``, or a file called by its stem."""
    named: dict[str, str] = {}
    for item in models:
        name, equals, file = item.partition("=")
        if not equals or "/" in name or "\\" in name:
            name, file = Path(item).stem, item
        if name in named:
            raise ModelError(
                f"two models are called {name!r}: {named[name]} and {file}; "
                "say NAME=FILE for one of them"
            )
        named[name] = file
    return named


def _key(file: Path | None) -> str | None:
    """The key, from a file or the environment: a command line is there for all to read."""
    if file is None:
        return os.environ.get(KEY_VARIABLE)
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise ValueError(f"--api-key-file: {error}") from error
