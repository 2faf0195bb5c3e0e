"""The public verbs: :class:`Solver`, :class:`AsyncSolver`, and the verbs on one shared solver."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeVar, cast

from solver._answers import OnError
from solver._fields import is_integer
from solver._models import ModelSource, open_model
from solver._session import Provider
from solver._solver import Solver
from solver.charset import Case
from solver.images import DEFAULT_LIMITS, ImageLimits, ImageSource
from solver.layouts import LayoutSource
from solver.model import DEFAULT_BATCH, Model
from solver.results import (
    Box,
    ClassResult,
    ClickResult,
    Failure,
    SlideResult,
    TextResult,
    TilesResult,
)
from solver.tasks.click import TargetSource
from solver.tasks.text import Length
from solver.tasks.tiles import Wanted

__all__ = [
    "AsyncSolver",
    "ModelSource",
    "Solver",
    "classify",
    "click",
    "detect",
    "open_model",
    "slide",
    "text",
    "text_many",
    "tiles",
    "tiles_many",
]

_T = TypeVar("_T")


class AsyncSolver:
    """The verbs of :class:`Solver` as coroutines, on ``workers`` threads of its own.

    Models are opened at construction, as by :class:`Solver`, with the same options and errors.
    ``async with`` or :meth:`aclose` ends the threads; a call after that is a RuntimeError.
    """

    def __init__(
        self,
        *models: ModelSource,
        threads: int = 1,
        providers: Sequence[Provider] | None = None,
        limits: ImageLimits = DEFAULT_LIMITS,
        tta: bool = True,
        workers: int | None = None,
    ) -> None:
        from concurrent.futures import ThreadPoolExecutor

        if workers is not None and not (is_integer(workers) and workers >= 1):
            raise ValueError(f"workers: expected an integer from 1, received {workers!r}")
        self._solver = Solver(*models, threads=threads, providers=providers, limits=limits, tta=tta)
        self._pool = ThreadPoolExecutor(
            workers or min(8, os.cpu_count() or 1), thread_name_prefix="solver"
        )

    def __repr__(self) -> str:
        return f"Async{self._solver!r}"

    async def __aenter__(self) -> AsyncSolver:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End the threads once they are done with their calls; calls that wait are cancelled."""
        import asyncio

        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)

    @property
    def models(self) -> Mapping[str, Model]:
        """Role → network, as :attr:`Solver.models`."""
        return self._solver.models

    async def text(
        self,
        image: ImageSource,
        *,
        charset: str | None = None,
        length: Length | None = None,
        pattern: str | None = None,
        case: Case | None = None,
        top_k: int = 1,
        min_confidence: float | None = None,
    ) -> TextResult:
        """Read the text of one picture; see :meth:`Solver.text`."""
        return await self._call(
            partial(
                self._solver.text,
                image,
                charset=charset,
                length=length,
                pattern=pattern,
                case=case,
                top_k=top_k,
                min_confidence=min_confidence,
            )
        )

    def text_many(
        self,
        sources: Iterable[ImageSource],
        *,
        batch_size: int = DEFAULT_BATCH,
        on_error: OnError = "raise",
        charset: str | None = None,
        length: Length | None = None,
        pattern: str | None = None,
        case: Case | None = None,
        top_k: int = 1,
        min_confidence: float | None = None,
    ) -> AsyncIterator[TextResult | Failure]:
        """Read many pictures, ``async for``; see :meth:`Solver.text_many`.

        ``sources`` is an ordinary iterable; it is read on a worker thread. The options are checked
        here, before the first picture is asked for.
        """
        return self._stream(
            self._solver.text_many(
                sources,
                batch_size=batch_size,
                on_error=on_error,
                charset=charset,
                length=length,
                pattern=pattern,
                case=case,
                top_k=top_k,
                min_confidence=min_confidence,
            )
        )

    async def classify(
        self,
        image: ImageSource,
        *,
        top_k: int = 1,
        min_confidence: float | None = None,
    ) -> ClassResult:
        """Name the class of one picture; see :meth:`Solver.classify`."""
        return await self._call(
            partial(self._solver.classify, image, top_k=top_k, min_confidence=min_confidence)
        )

    async def detect(self, image: ImageSource, *, threshold: float | None = None) -> list[Box]:
        """Find the things in one picture; see :meth:`Solver.detect`."""
        return await self._call(partial(self._solver.detect, image, threshold=threshold))

    async def tiles(
        self,
        image: ImageSource,
        *,
        layout: LayoutSource = "12306",
        wanted: Wanted | None = None,
        min_confidence: float | None = None,
    ) -> TilesResult:
        """Answer one grid; see :meth:`Solver.tiles`."""
        return await self._call(
            partial(
                self._solver.tiles,
                image,
                layout=layout,
                wanted=wanted,
                min_confidence=min_confidence,
            )
        )

    def tiles_many(
        self,
        sources: Iterable[ImageSource],
        *,
        batch_size: int = DEFAULT_BATCH,
        on_error: OnError = "raise",
        layout: LayoutSource = "12306",
        wanted: Wanted | None = None,
        min_confidence: float | None = None,
    ) -> AsyncIterator[TilesResult | Failure]:
        """Answer many grids, ``async for``; see :meth:`Solver.tiles_many`.

        ``sources`` is an ordinary iterable; it is read on a worker thread. The options are checked
        here, before the first picture is asked for.
        """
        return self._stream(
            self._solver.tiles_many(
                sources,
                batch_size=batch_size,
                on_error=on_error,
                layout=layout,
                wanted=wanted,
                min_confidence=min_confidence,
            )
        )

    async def click(
        self,
        image: ImageSource,
        targets: TargetSource,
        *,
        min_confidence: float | None = None,
    ) -> ClickResult:
        """The points of targets, in their order; see :meth:`Solver.click`."""
        return await self._call(
            partial(self._solver.click, image, targets, min_confidence=min_confidence)
        )

    async def slide(
        self,
        background: ImageSource,
        piece: ImageSource | None = None,
        *,
        full: ImageSource | None = None,
        scale: float = 1.0,
        start: float = 0.0,
        min_confidence: float | None = None,
    ) -> SlideResult:
        """The distance to drag a slider's piece; see :meth:`Solver.slide`."""
        return await self._call(
            partial(
                self._solver.slide,
                background,
                piece,
                full=full,
                scale=scale,
                start=start,
                min_confidence=min_confidence,
            )
        )

    async def _stream(self, answers: Iterator[_T]) -> AsyncIterator[_T]:
        nothing = object()
        while (answer := await self._call(partial(next, answers, nothing))) is not nothing:
            yield cast(_T, answer)

    async def _call(self, function: Callable[[], _T]) -> _T:
        import asyncio

        return await asyncio.get_running_loop().run_in_executor(self._pool, function)


# Empty until it is first used: nothing is opened at import.
_SHARED = Solver()
text = _SHARED.text
text_many = _SHARED.text_many
classify = _SHARED.classify
click = _SHARED.click
detect = _SHARED.detect
tiles = _SHARED.tiles
tiles_many = _SHARED.tiles_many
slide = _SHARED.slide
