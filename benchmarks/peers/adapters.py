"""The peers, one adapter each. Runs in a peer's own interpreter: nothing but the standard library.

An adapter names the package that it needs, reads one picture, and says in two statements what a
user of that package writes for a first answer. No peer is told a character range.
"""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Read = Callable[[bytes], str]


@dataclass(frozen=True)
class Adapter:
    """``start(threads)`` gives the function that reads; None leaves the peer its own default.

    ``first`` runs after ``importing`` and has the picture's path in ``path``. ``model`` is the
    file, inside the package's folder, that reads text (a glob).
    """

    package: str
    importing: str
    first: str
    model: str
    start: Callable[[int | None], Read]

    def model_bytes(self) -> int:
        """Size of the model file that this adapter reads with."""
        folder = importlib.metadata.distribution(self.package).locate_file(self.package)
        return sum(path.stat().st_size for path in Path(os.fspath(folder)).glob(self.model))


def limit_threads(threads: int) -> None:
    """Make every later ONNX Runtime session use so many threads; ddddocr has no setting for it."""
    import onnxruntime

    original = onnxruntime.InferenceSession

    class LimitedSession(original):
        def __init__(self, model: Any, sess_options: Any = None, **options: Any) -> None:
            sess_options = sess_options or onnxruntime.SessionOptions()
            sess_options.intra_op_num_threads = threads
            sess_options.inter_op_num_threads = 1
            super().__init__(model, sess_options, **options)

    onnxruntime.InferenceSession = LimitedSession


def start_ddddocr(threads: int | None, *, beta: bool) -> Read:
    if threads:
        limit_threads(threads)
    import ddddocr

    return ddddocr.DdddOcr(show_ad=False, beta=beta).classification


def start_rapidocr(threads: int | None) -> Read:
    from rapidocr import RapidOCR

    settings: dict[str, Any] = {"Global.log_level": "critical"}
    if threads:
        settings["EngineConfig.onnxruntime.intra_op_num_threads"] = threads
        settings["EngineConfig.onnxruntime.inter_op_num_threads"] = 1
    engine = RapidOCR(params=settings)

    def read(picture: bytes) -> str:
        found = engine(picture, use_det=False, use_cls=False, use_rec=True)
        return "".join(found.txts or ())

    return read


ADAPTERS = {
    "ddddocr": Adapter(
        package="ddddocr",
        importing="import ddddocr",
        first="ddddocr.DdddOcr(show_ad=False).classification(open(path, 'rb').read())",
        model="common_old.onnx",
        start=lambda threads: start_ddddocr(threads, beta=False),
    ),
    "ddddocr beta": Adapter(
        package="ddddocr",
        importing="import ddddocr",
        first="ddddocr.DdddOcr(show_ad=False, beta=True).classification(open(path, 'rb').read())",
        model="common.onnx",
        start=lambda threads: start_ddddocr(threads, beta=True),
    ),
    "rapidocr rec": Adapter(
        package="rapidocr",
        importing="from rapidocr import RapidOCR",
        first="RapidOCR(params={'Global.log_level': 'critical'})"
        "(open(path, 'rb').read(), use_det=False, use_cls=False, use_rec=True)",
        model="models/*_rec_*.onnx",
        start=start_rapidocr,
    ),
}


def installed() -> dict[str, str]:
    """Adapter → version, for those whose package this interpreter has."""
    versions = {}
    for name, adapter in ADAPTERS.items():
        try:
            versions[name] = importlib.metadata.version(adapter.package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions
