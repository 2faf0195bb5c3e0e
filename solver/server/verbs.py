"""The verbs as a table: what each asks, which networks it needs, and how a solver answers it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from solver.api import Solver
from solver.errors import SolverError, TaskError
from solver.grids import crop
from solver.results import ClassResult, ClickResult, Failure, SlideResult, TextResult, TilesResult
from solver.server import answers, schemas
from solver.server.batching import Outcome, Pictures

Answers = list[Outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One verb. ``roles`` are the networks that it needs; ``batch`` says it has a batch endpoint.

    ``run`` gives, for each picture, an answer with ``to_dict``, or the exception in its place.
    """

    name: str
    summary: str
    roles: tuple[str, ...]
    options: type[schemas.Options]
    pictures: type[Any]
    answer: type[Any]
    run: Callable[[Solver, Sequence[Pictures], schemas.Options], Answers]
    batch: bool = False
    unless: Mapping[str, str] = field(default_factory=dict)  # role → the option in its place

    def needs(self, options: schemas.Options) -> tuple[str, ...]:
        """The roles that a request with these options needs."""
        given = {role for role, name in self.unless.items() if getattr(options, name) is not None}
        return tuple(role for role in self.roles if role not in given)

    @property
    def raw(self) -> str:
        """The picture that a body without JSON holds."""
        first: str = next(iter(self.pictures.model_fields))
        return first


@dataclass(frozen=True, slots=True)
class Boxes:
    """Boxes, so that a detector's answer is an object too."""

    boxes: tuple[Any, ...]

    def to_dict(self) -> dict[str, Any]:
        return {"boxes": [box.to_dict() for box in self.boxes]}


def _unfailed(found: Iterable[Any]) -> Answers:
    return [answer.error if isinstance(answer, Failure) else answer for answer in found]


def _text(solver: Solver, pictures: Sequence[Pictures], options: schemas.Options) -> Answers:
    return _unfailed(
        solver.text_many(
            [picture["image"] for picture in pictures],
            on_error="return",
            batch_size=max(1, len(pictures)),
            **options.arguments(),
        )
    )


def _tiles(solver: Solver, pictures: Sequence[Pictures], options: schemas.Options) -> Answers:
    return _unfailed(
        solver.tiles_many(
            [picture["image"] for picture in pictures], on_error="return", **options.arguments()
        )
    )


def _each(
    answer: Callable[[Solver, Pictures, schemas.Options], Any],
) -> Callable[[Solver, Sequence[Pictures], schemas.Options], Answers]:
    """A verb that takes its pictures one by one."""

    def run(solver: Solver, pictures: Sequence[Pictures], options: schemas.Options) -> Answers:
        found: Answers = []
        for picture in pictures:
            try:
                found.append(answer(solver, picture, options))
            except (SolverError, ValueError) as error:
                found.append(error)
        return found

    return run


def _classify(solver: Solver, pictures: Pictures, options: schemas.Options) -> ClassResult:
    return solver.classify(pictures["image"], **options.arguments())


def _detect(solver: Solver, pictures: Pictures, options: schemas.Options) -> Boxes:
    return Boxes(tuple(solver.detect(pictures["image"], **options.arguments())))


def _crop(solver: Solver, pictures: Pictures, options: schemas.Options) -> Any:
    return crop(pictures["image"], **options.arguments())


def _slide(solver: Solver, pictures: Pictures, options: schemas.Options) -> SlideResult:
    return solver.slide(
        pictures["background"],
        pictures.get("piece"),
        full=pictures.get("full"),
        **options.arguments(),
    )


def _click(solver: Solver, pictures: Pictures, options: schemas.Options) -> ClickResult:
    arguments = options.arguments()
    words, prompt = arguments.pop("targets"), pictures.get("prompt")
    if (words is None) == (prompt is None):
        raise TaskError("click: say what to click, by targets or by a prompt picture, not by both")
    # Named here: a text that looks like a data: URI stays a text.
    targets = list(words) if prompt is None else prompt
    return solver.click(pictures["image"], targets, **arguments)


VERBS: Mapping[str, Verb] = MappingProxyType(
    {
        verb.name: verb
        for verb in (
            Verb(
                name="text",
                summary="Read the text of a picture",
                roles=("text",),
                options=schemas.TextOptions,
                pictures=schemas.OnePicture,
                answer=TextResult,
                run=_text,
                batch=True,
            ),
            Verb(
                name="classify",
                summary="Name the class of a picture",
                roles=("class",),
                options=schemas.ClassifyOptions,
                pictures=schemas.OnePicture,
                answer=ClassResult,
                run=_each(_classify),
                batch=True,
            ),
            Verb(
                name="detect",
                summary="Find the things in a picture",
                roles=("detector",),
                options=schemas.DetectOptions,
                pictures=schemas.OnePicture,
                answer=answers.BoxesAnswer,
                run=_each(_detect),
                batch=True,
            ),
            Verb(
                name="tiles",
                summary="Say which tiles of a grid show what its header asks for",
                roles=("tile", "header"),
                options=schemas.TilesOptions,
                pictures=schemas.OnePicture,
                answer=TilesResult,
                run=_tiles,
                batch=True,
                unless={"header": "wanted"},
            ),
            Verb(
                name="crop",
                summary="Find the header and the tiles of a grid",
                roles=(),
                options=schemas.CropOptions,
                pictures=schemas.OnePicture,
                answer=answers.GridAnswer,
                run=_each(_crop),
            ),
            Verb(
                name="click",
                summary="Find what to click, in order",
                roles=("detector", "glyph"),
                options=schemas.ClickOptions,
                pictures=schemas.ClickPictures,
                answer=ClickResult,
                run=_each(_click),
            ),
            Verb(
                name="slide",
                summary="Find how far to drag a slider's piece",
                roles=(),
                options=schemas.SlideOptions,
                pictures=schemas.SlidePictures,
                answer=SlideResult,
                run=_each(_slide),
            ),
        )
    }
)
