"""The blocking client: see :mod:`solver.client`."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from solver import images
from solver._answers import OnError, check_batch, check_drag, check_unit
from solver._http import Settings, service_error
from solver._remote import (
    RETRIED,
    Call,
    Read,
    boxes_of,
    fill,
    layout_of,
    make_batch,
    make_call,
    pause_before,
    pictures_of_click,
    result_of,
)
from solver._require import require_httpx
from solver.charset import Case
from solver.grids import Grid
from solver.images import ImageSource
from solver.layouts import LayoutSource
from solver.model import DEFAULT_BATCH
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

_T = TypeVar("_T")


class RemoteSolver:
    """A solver at an address; threads may share it.

    ``model`` is one of the server's names, where not its usual model shall answer. ``timeout`` is
    in seconds, for connecting and for each answer; ``retries`` counts further attempts after 429
    and 503; ``connections`` is the size of the pool. ``transport`` is httpx's, for tests.

    Raises:
        MissingDependencyError: httpx is not installed.
        ValueError: an option is malformed.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        *,
        api_key: str | None = None,
        model: str | None = None,
        timeout: float = 30.0,
        retries: int = 3,
        connections: int = 20,
        transport: Any = None,
    ) -> None:
        self._httpx = require_httpx()
        self._settings = Settings.of(
            url,
            api_key=api_key,
            model=model,
            timeout=timeout,
            retries=retries,
            connections=connections,
        )
        self._client = self._httpx.Client(transport=transport, **self._settings.http)

    def __repr__(self) -> str:
        return f"RemoteSolver({self._settings.url!r})"

    def __enter__(self) -> RemoteSolver:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def text(
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
        """Read the text of one picture; see :meth:`solver.Solver.text`."""
        options = {
            "charset": charset,
            "length": length,
            "pattern": pattern,
            "case": case,
            "top_k": top_k,
            "min_confidence": min_confidence,
        }
        return self._ask("text", {"image": image}, options, TextResult.from_dict)

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
    ) -> Iterator[TextResult | Failure]:
        """Read many pictures, a request a batch, in order; see :meth:`solver.Solver.text_many`."""
        options = {
            "charset": charset,
            "length": length,
            "pattern": pattern,
            "case": case,
            "top_k": top_k,
            "min_confidence": min_confidence,
        }
        check_unit("min_confidence", min_confidence)
        check_batch(sources, batch_size, on_error, verb="text")
        return self._ask_many(
            "text",
            sources,
            options,
            TextResult.from_dict,
            batch_size=batch_size,
            on_error=on_error,
        )

    def classify(
        self, image: ImageSource, *, top_k: int = 1, min_confidence: float | None = None
    ) -> ClassResult:
        """Name the class of one picture; see :meth:`solver.Solver.classify`."""
        options = {"top_k": top_k, "min_confidence": min_confidence}
        return self._ask("classify", {"image": image}, options, ClassResult.from_dict)

    def detect(self, image: ImageSource, *, threshold: float | None = None) -> list[Box]:
        """Find the things in one picture; see :meth:`solver.Solver.detect`."""
        check_unit("threshold", threshold)
        return self._ask("detect", {"image": image}, {"threshold": threshold}, boxes_of)

    def tiles(
        self,
        image: ImageSource,
        *,
        layout: LayoutSource = "12306",
        wanted: Wanted | None = None,
        min_confidence: float | None = None,
    ) -> TilesResult:
        """Answer one grid; see :meth:`solver.Solver.tiles`."""
        options = {
            "layout": layout_of(layout),
            "wanted": wanted,
            "min_confidence": min_confidence,
        }
        return self._ask("tiles", {"image": image}, options, TilesResult.from_dict)

    def tiles_many(
        self,
        sources: Iterable[ImageSource],
        *,
        batch_size: int = DEFAULT_BATCH,
        on_error: OnError = "raise",
        layout: LayoutSource = "12306",
        wanted: Wanted | None = None,
        min_confidence: float | None = None,
    ) -> Iterator[TilesResult | Failure]:
        """Answer many grids, a request a batch, in order; see :meth:`solver.Solver.tiles_many`."""
        options = {
            "layout": layout_of(layout),
            "wanted": wanted,
            "min_confidence": min_confidence,
        }
        check_unit("min_confidence", min_confidence)
        check_batch(sources, batch_size, on_error, verb="tiles")
        return self._ask_many(
            "tiles",
            sources,
            options,
            TilesResult.from_dict,
            batch_size=batch_size,
            on_error=on_error,
        )

    def crop(self, image: ImageSource, *, layout: LayoutSource = "12306") -> Grid:
        """Cut a grid by the lines that the server finds; see :func:`solver.crop`."""
        pixels = images.load(image)
        return self._ask(
            "crop",
            {"image": pixels},
            {"layout": layout_of(layout)},
            lambda data: Grid.from_dict(data, pixels),
        )

    def click(
        self,
        image: ImageSource,
        targets: TargetSource,
        *,
        min_confidence: float | None = None,
    ) -> ClickResult:
        """Find what to click, in order; see :meth:`solver.Solver.click`."""
        pictures, words = pictures_of_click(image, targets)
        options = {"targets": words, "min_confidence": min_confidence}
        return self._ask("click", pictures, options, ClickResult.from_dict)

    def slide(
        self,
        background: ImageSource,
        piece: ImageSource | None = None,
        *,
        full: ImageSource | None = None,
        scale: float = 1.0,
        start: float = 0.0,
        min_confidence: float | None = None,
    ) -> SlideResult:
        """The distance to drag a slider's piece; see :meth:`solver.Solver.slide`."""
        pictures = {"background": background, "piece": piece, "full": full}
        check_drag(scale, start)
        options = {
            "scale": float(scale),
            "start": float(start),
            "min_confidence": min_confidence,
        }
        return self._ask("slide", pictures, options, SlideResult.from_dict)

    def _ask(
        self,
        verb: str,
        pictures: dict[str, ImageSource | None],
        options: dict[str, Any],
        read: Read[_T],
    ) -> _T:
        check_unit("min_confidence", options.get("min_confidence"))
        options["model"] = self._settings.model
        return self._send(make_call(verb, pictures, options, read))

    def _ask_many(
        self,
        verb: str,
        sources: Iterable[ImageSource],
        options: dict[str, Any],
        read: Read[_T],
        *,
        batch_size: int,
        on_error: OnError,
    ) -> Iterator[_T | Failure]:
        options["model"] = self._settings.model
        queue = iter(sources)
        first = 0
        while batch := list(itertools.islice(queue, batch_size)):
            call, answers = make_batch(verb, batch, options, read, first)
            found = [] if call is None else self._send(call)
            for answer in fill(answers, found):
                if on_error == "raise" and isinstance(answer, Failure):
                    raise answer.error
                yield answer
            first += len(batch)

    def _send(self, call: Call[_T]) -> _T:
        for attempt in itertools.count():
            try:
                response = self._client.post(call.path, content=call.body)
            except self._httpx.HTTPError as error:
                raise service_error(error, self._settings) from error
            if response.status_code not in RETRIED or attempt >= self._settings.retries:
                break
            time.sleep(pause_before(attempt, response.headers.get("retry-after")))
        return result_of(call, response.status_code, response.content)
