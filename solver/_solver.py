"""The verbs: a :class:`Solver` is a set of networks, one a role.

Calls never change it, and any number of threads may share it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar, cast

from solver import images, pretrained
from solver._answers import (
    OnError,
    check_batch,
    check_drag,
    check_unit,
    confident,
    loaded,
    settle,
)
from solver._models import ModelSource, open_embedded, open_model
from solver._require import require_cv2
from solver._session import Provider, check_providers, check_threads
from solver.charset import Case
from solver.decoders.scores import check_top_k
from solver.errors import ModelError, TaskError
from solver.images import DEFAULT_LIMITS, ImageLimits, ImageSource
from solver.layouts import LayoutSource, find_layout
from solver.model import DEFAULT_BATCH, Float32, Model
from solver.results import (
    Box,
    ClassResult,
    ClickResult,
    Failure,
    SlideResult,
    TextResult,
    TilesResult,
)
from solver.tasks.classify import Classifier
from solver.tasks.click import Clicker, TargetSource, check_targets, named_targets
from solver.tasks.detect import Detector
from solver.tasks.glyphs import GlyphReader
from solver.tasks.stream import answer_many
from solver.tasks.text import Length, TextReader, UInt8
from solver.tasks.tiles import HeaderReader, TileReader, Wanted, answer_grids

_Task = TypeVar("_Task", TextReader, Classifier, Detector, HeaderReader, TileReader, GlyphReader)


class Solver:
    """Reads captchas with the model files that it was given, and embedded ones for the rest.

    Each file's contract says which role it fills; a bare name is an embedded model. ``threads``
    is per network and per call. ``providers`` are ONNX Runtime's execution providers, best
    first; the CPU where None. ``limits`` is what a picture may cost, arrays among them. ``tta``
    (test-time augmentation): whether a text that is in doubt is looked at again from the views that
    its model's contract names; without, every picture costs one look.

    Raises:
        ModelError: a file is missing or damaged, or two fill one role.
        SpecError: a file's contract does not fit.
        MissingDependencyError: a provider is not installed.
        ValueError: an option of a wrong kind or value, here and in every verb; there it is a
            TaskError what a network's symbols or a picture decide (``charset``, ``length``,
            ``pattern``, ``case``, ``top_k``, a layout, targets).
    """

    def __init__(
        self,
        *models: ModelSource,
        threads: int = 1,
        providers: Sequence[Provider] | None = None,
        limits: ImageLimits = DEFAULT_LIMITS,
        tta: bool = True,
    ) -> None:
        if not isinstance(limits, ImageLimits):
            raise ValueError(f"limits: expected an ImageLimits, received {limits!r}")
        if not isinstance(tta, bool):
            raise ValueError(f"tta: expected True or False, received {tta!r}")
        self._limits = limits
        self._tta = tta
        self._load = partial(images.load, limits=limits)
        self._threads = check_threads(threads)
        self._providers = providers
        if providers is not None:
            self._providers = check_providers(providers)
        self._sources = models
        self._lock = threading.RLock()
        self._models: dict[str, Model] = {}
        self._tasks: dict[type, Any] = {}
        for source in models:
            model = open_model(source, threads=threads, providers=self._providers)
            role = model.spec.role
            if role in self._models:
                raise ModelError(
                    f"two models for the role {role!r}: {self._models[role].source} and "
                    f"{model.source}; give one"
                )
            self._models[role] = model

    @property
    def _options(self) -> dict[str, Any]:
        return {
            "threads": self._threads,
            "providers": self._providers,
            "limits": self._limits,
            "tta": self._tta,
        }

    def __repr__(self) -> str:
        usual = {"threads": 1, "providers": None, "limits": DEFAULT_LIMITS, "tta": True}
        said = [
            f"{name}={value!r}" for name, value in self._options.items() if value != usual[name]
        ]
        return f"Solver({', '.join([*map(repr, self._sources), *said])})"

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(Solver, **self._options), self._sources

    @property
    def models(self) -> Mapping[str, Model]:
        """Role → network: those that were given, and the embedded ones for the other roles."""
        for item in pretrained.available().values():
            for role in item.default_for:
                self._model(role)
        with self._lock:
            return MappingProxyType(dict(self._models))

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
        """Read the text of one picture.

        ``charset`` is a set of the symbols that may occur, ``length`` a count or a
        ``(least, most)`` pair with both ends, or a range, whose end is excluded, ``pattern`` a
        small regular expression; all three mask the decoding itself, and the confidence is the
        probability given that they hold. ``case`` merges upper and lower case, in the other
        options too. ``top_k - 1`` alternatives come with the answer.

        A text shorter than any that the model was trained on, such as the empty one of a picture
        that shows nothing, has the confidence 0.

        Raises:
            ImageError: the picture cannot be read.
            TaskError: an option is malformed or does not fit the model, or they leave no answer.
            LowConfidenceError: the answer stayed below ``min_confidence``; it is attached.
            MissingDependencyError: OpenCV does not import, and the text is looked at again.
        """
        check_unit("min_confidence", min_confidence)
        reader = self._task(TextReader)
        options = reader.options(
            charset=charset, length=length, pattern=pattern, case=case, top_k=top_k
        )
        return confident(reader.read(self._load(image), options), min_confidence)

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
        """Read many pictures in batches; the answers come in order, each that of :meth:`text`.

        ``sources`` is read a few batches ahead, so it may be without end. Where a picture fails,
        ``on_error="raise"`` raises in its turn and ``"return"`` gives a Failure and goes on. The
        options are checked here, before the first picture is asked for.
        """
        check_unit("min_confidence", min_confidence)
        check_batch(sources, batch_size, on_error, verb="text")
        reader = self._task(TextReader)
        options = reader.options(
            charset=charset, length=length, pattern=pattern, case=case, top_k=top_k
        )

        def prepare(source: ImageSource) -> tuple[Float32, UInt8 | None]:
            image = self._load(source)
            return reader.prepare(image), reader.keep(image)

        answers = answer_many(
            sources,
            prepare=prepare,
            run=partial(reader.model.run_many, batch_size=batch_size),
            finish=lambda outputs, kept: confident(
                reader.settle(outputs, kept, options), min_confidence
            ),
            batch_size=batch_size,
        )
        return settle(answers, on_error)

    def classify(
        self,
        image: ImageSource,
        *,
        top_k: int = 1,
        min_confidence: float | None = None,
    ) -> ClassResult:
        """Name the class of one picture, with ``top_k - 1`` alternatives.

        Raises:
            ImageError: the picture cannot be read.
            TaskError: ``top_k`` is no integer from 1 to 32.
            ModelError: no model for the role ``class`` was given, and none is embedded.
            LowConfidenceError: the answer stayed below ``min_confidence``; it is attached.
        """
        check_unit("min_confidence", min_confidence)
        classifier = self._task(Classifier)
        check_top_k(top_k)
        return confident(classifier.classify(self._load(image), top_k=top_k), min_confidence)

    def detect(self, image: ImageSource, *, threshold: float | None = None) -> list[Box]:
        """Find the things in one picture: boxes in its pixels, best score first.

        Boxes that score less than ``threshold`` are left out; where None, the model's own
        threshold counts. There is no ``min_confidence``: a score ranks a box, and is no
        probability that the answer is right.

        Raises:
            ImageError: the picture cannot be read.
            ModelError: no model for the role ``detector`` was given, and none is embedded.
        """
        check_unit("threshold", threshold)
        return self._task(Detector).detect(self._load(image), threshold=threshold)

    def tiles(
        self,
        image: ImageSource,
        *,
        layout: LayoutSource = "12306",
        wanted: Wanted | None = None,
        min_confidence: float | None = None,
    ) -> TilesResult:
        """Say which tiles of a grid show what its header asks for.

        ``layout`` is a built-in name, a ``.toml`` file or a Layout. ``wanted`` is a word, or
        two, of the tile model's labels, in place of the header, which is then not read.

        Raises:
            ImageError: the picture cannot be read.
            TaskError: no such layout, no such grid on the picture, no word in its header, or a
                word that no tile can show.
            ModelError: no model for the role ``tile`` or ``header`` was given or is embedded.
            LowConfidenceError: the answer stayed below ``min_confidence``; it is attached.
        """
        answers = self.tiles_many(
            [image], batch_size=1, layout=layout, wanted=wanted, min_confidence=min_confidence
        )
        return cast(TilesResult, next(answers))

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
        """Answer many grids of one layout, ``batch_size`` pictures at a time, in order.

        Each answer is that of :meth:`tiles`. Where a picture fails, ``on_error="raise"`` raises
        in its turn and ``"return"`` gives a Failure and goes on. The options are checked here,
        before the first picture is asked for.
        """
        check_unit("min_confidence", min_confidence)
        check_batch(sources, batch_size, on_error, verb="tiles")
        found = find_layout(layout)
        if wanted is None and found.header is None:
            raise TaskError(f"the layout {found.name!r} has no header: say what is wanted")
        reader = self._task(TileReader)
        answers = answer_grids(
            sources,
            load=self._load,
            layout=found,
            tile_reader=reader,
            header_reader=self._task(HeaderReader) if wanted is None else None,
            prompt=() if wanted is None else reader.wanted(wanted),
            finish=lambda answer: confident(answer, min_confidence),
            batch_size=batch_size,
        )
        return settle(answers, on_error)

    def click(
        self,
        image: ImageSource,
        targets: TargetSource,
        *,
        min_confidence: float | None = None,
    ) -> ClickResult:
        """The points of targets in a picture, in the order of the targets.

        ``targets`` is a text, a target a character; a list or tuple of characters or other labels
        of the glyph model; or a picture that shows them from left to right (anything that
        :meth:`detect` reads but a string, unless that is a ``data:`` URI).

        Raises:
            ImageError: a picture cannot be read; the message begins with the argument's name.
            TaskError: no target, too many, one that cannot be read, or a prompt with nothing on it.
            ModelError: no model for the role ``detector`` or ``glyph`` was given or is embedded.
            LowConfidenceError: the answer stayed below ``min_confidence``; it is attached.
            MissingDependencyError: OpenCV does not import, and ``targets`` is a picture.
        """
        check_unit("min_confidence", min_confidence)
        clicker = Clicker(self._task(Detector), self._task(GlyphReader))
        named = named_targets(targets)
        if named is None:
            prompt = loaded("targets", cast(ImageSource, targets), self._load)
            answer = clicker.click_prompt(loaded("image", image, self._load), prompt)
        else:
            named = check_targets(named, self._task(GlyphReader).model)  # before a picture is seen
            answer = clicker.click(loaded("image", image, self._load), named)
        return confident(answer, min_confidence)

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
        """The distance to drag a slider's piece to the gap; needs no network.

        ``piece`` may be cropped or a strip of the background's height, transparent around or on
        one colour; ``full`` is the background without a gap. Either, both or none may be given.
        ``scale`` is the width of the picture on the page divided by its own; ``start`` where the
        left edge of the piece's picture stands before it moves, in the background's pixels.

        Raises:
            ImageError: a picture cannot be read; the message begins with the argument's name.
            TaskError: the pictures do not fit each other, or show no piece or gap, or none that a
                piece can reach from ``start``.
            LowConfidenceError: the answer stayed below ``min_confidence``; it is attached.
            MissingDependencyError: OpenCV does not import.
        """
        check_unit("min_confidence", min_confidence)
        check_drag(scale, start)
        # OpenCV is for this verb alone: a first text answer does not wait for it.
        require_cv2()
        from solver.tasks.slide import slide

        layers = partial(images.load_layers, limits=self._limits)
        pixels, alpha = (None, None) if piece is None else loaded("piece", piece, layers)
        answer = slide(
            loaded("background", background, self._load),
            pixels,
            alpha=alpha,
            full=None if full is None else loaded("full", full, self._load),
            scale=float(scale),
            start=float(start),
        )
        return confident(answer, min_confidence)

    def _task(self, kind: type[_Task]) -> _Task:
        """The task on the network of its role, made once."""
        task = self._tasks.get(kind)
        if task is None:
            with self._lock:
                task = self._tasks.get(kind)
                if task is None:
                    model = self._model(kind.role)
                    made = TextReader(model, tta=self._tta) if kind is TextReader else kind(model)
                    task = self._tasks[kind] = made
        return cast(_Task, task)

    def _model(self, role: str) -> Model:
        with self._lock:
            if role not in self._models:
                embedded = pretrained.default_for(role)
                if embedded is None:
                    raise ModelError(
                        f"no model for the role {role!r}: none is embedded, and "
                        f"{', '.join(map(str, self._sources)) or 'no file'} was given; "
                        "pass one: Solver('model.onnx'), or --model model.onnx"
                    )
                self._models[role] = open_embedded(
                    embedded, threads=self._threads, providers=self._providers
                )
            return self._models[role]
