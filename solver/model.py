"""One network: a verified file → an ONNX Runtime session and its contract.

The contract is read when the model is opened; the session is made at the first run, once, under
a lock. Running is thread-safe and keeps no state.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from solver import _onnx
from solver._session import (
    Provider,
    check_outputs,
    check_providers,
    check_threads,
    start_session,
)
from solver.errors import ModelError, SpecError
from solver.spec import METADATA_KEY, ModelSpec

Float32 = npt.NDArray[np.float32]
Outputs = tuple[Float32, ...]

DEFAULT_BATCH = 32


class Model:
    """A network ready to run: tensors ``(H, W, C) float32`` in, raw outputs out.

    ``data`` is the bytes of an ``.onnx`` file, ``source`` the name that errors call it by. The
    bytes are held until the network first runs; with ``again``, which gives them once more, they
    are not.
    ``threads`` is ONNX Runtime's; ``providers`` are its execution providers, best first.

    Raises:
        ModelError: not an ONNX model, or one that reaches outside its file (external data,
            operators that are not built in).
        SpecError: no contract in its metadata, or one that does not fit.
        MissingDependencyError: a provider was asked for that is not installed.
    """

    def __init__(
        self,
        data: bytes,
        *,
        source: str,
        threads: int = 1,
        providers: Sequence[Provider] | None = None,
        again: Callable[[], bytes] | None = None,
    ) -> None:
        self.source = source
        self.threads = check_threads(threads)
        self._asked = check_providers(providers)
        try:
            self.spec = _read_spec(data)
        except ModelError as error:
            raise type(error)(f"{source}: {error}") from error
        self._read = again or (lambda: data)
        self._session: Any = None
        self._input = ""  # the name that the graph gives it
        self._fitting: set[tuple[tuple[int, ...], ...]] = set()  # what shapes of outputs do
        self._lock = threading.Lock()

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        threads: int = 1,
        providers: Sequence[Provider] | None = None,
    ) -> Model:
        """Open a model file; see the class for the options and errors.

        Raises:
            ModelError: there is no such file, or it cannot be read.
        """
        try:
            data = Path(path).read_bytes()
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise ModelError(f"{path}: the model file cannot be read: {why}") from error
        return cls(data, source=os.fspath(path), threads=threads, providers=providers)

    def __repr__(self) -> str:
        return f"Model({self.source!r}, role={self.spec.role!r})"

    @property
    def providers(self) -> tuple[str, ...]:
        """The execution providers that really run, best first; makes the session."""
        return tuple(self._running().get_providers())

    def run(self, tensor: Float32) -> Outputs:
        """Run one tensor ``(H, W, C)``; the outputs come without their batch axis.

        Raises:
            ModelError: the session cannot be made, or fails.
            SpecError: the network is not what its contract says.
        """
        return tuple(output[0] for output in self._run(tensor[None]))

    def run_many(
        self, tensors: Sequence[Float32], *, batch_size: int = DEFAULT_BATCH
    ) -> list[Outputs]:
        """Run many tensors ``(H, W, C)``, equal shapes together, in batches; order is kept.

        Nothing is padded to make a batch, so an answer does not depend on its neighbours.

        Raises:
            ModelError, SpecError: as for :meth:`run`.
        """
        if batch_size < 1:
            raise ValueError(f"batch_size: expected at least 1, received {batch_size}")
        size = min(batch_size, self._fixed_batch() or batch_size)
        buckets: dict[tuple[int, ...], list[int]] = {}
        for index, tensor in enumerate(tensors):
            buckets.setdefault(tensor.shape, []).append(index)
        answers: dict[int, Outputs] = {}
        for bucket in buckets.values():
            for start in range(0, len(bucket), size):
                chunk = bucket[start : start + size]
                outputs = self._run(np.stack([tensors[index] for index in chunk]))
                for row, index in enumerate(chunk):
                    answers[index] = tuple(output[row] for output in outputs)
        return [answers[index] for index in range(len(tensors))]

    def _run(self, batch: Float32) -> list[Float32]:
        """Run ``(N, H, W, C)`` and check what comes out against the contract."""
        session = self._running()
        try:
            outputs: list[Float32] = session.run(None, {self._input: batch})
        except Exception as error:  # ONNX Runtime's errors share no base class
            raise ModelError(f"{self.source}: the network failed on {batch.shape}: {error}") from (
                error
            )
        shapes = tuple([output.shape for output in outputs])
        if shapes not in self._fitting:
            try:
                check_outputs(shapes, self.spec)
            except SpecError as error:
                raise SpecError(f"{self.source}: {error}") from error
            self._fitting.add(shapes)
        return outputs

    def _fixed_batch(self) -> int | None:
        """The batch size that is written into the graph, if one is."""
        first = self._running().get_inputs()[0].shape[0]
        return first if isinstance(first, int) else None

    def _running(self) -> Any:
        if self._session is None:
            with self._lock:
                if self._session is None:
                    session = start_session(
                        self._read(), self.spec, self.source, self.threads, self._asked
                    )
                    self._input = session.get_inputs()[0].name
                    self._session = session  # last: others run it from here on
                    del self._read
        return self._session


def _read_spec(data: bytes) -> ModelSpec:
    """The contract in a file's bytes, once it is known to be self-contained."""
    summary = _onnx.summarise(data)
    if summary.external_data:
        raise ModelError("its weights are in other files; save it as one file, without them")
    if summary.foreign_domains:
        raise ModelError(
            f"it uses operators that are not built in: {', '.join(summary.foreign_domains)}"
        )
    text = summary.metadata.get(METADATA_KEY)
    if text is None:
        raise SpecError(f"no {METADATA_KEY!r} in its metadata; export it with: solver-train export")
    return ModelSpec.from_json(text)
