"""What a request may ask: one class a verb, for the query and for the body alike.

A picture is base64, with or without ``data:…;base64,`` in front, and never an address or a path.
Options have the names and the meaning that they have in :class:`solver.Solver`.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from solver.decoders.scores import MAX_TOP_K
from solver.layouts import LAYOUTS, Layout
from solver.tasks.asked import characters

_URI = re.compile(r"data:[a-z0-9.+/-]{0,64}(;[a-z0-9.+=-]{0,64}){0,4};base64,", re.IGNORECASE)
_LENGTH = re.compile(r"([0-9]{1,3})(?:-([0-9]{1,3}))?")
MOST_CHARACTERS = 256
MOST_WORDS = 32


def _decode(value: Any) -> Any:
    """The bytes of base64."""
    if not isinstance(value, str):
        raise ValueError("expected a picture in base64")
    head = _URI.match(value)
    text = value[head.end() :] if head else value
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise ValueError(f"expected base64 ({error})") from error
    if not data:
        raise ValueError("expected a picture in base64, received nothing")
    return data


Picture = Annotated[
    bytes,
    BeforeValidator(_decode),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 4,
            "contentEncoding": "base64",
            "description": "a picture file in base64; a data: URI is taken too",
        }
    ),
]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
TopK = Annotated[int, Field(ge=1, le=MAX_TOP_K)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=128)]


def _length(value: Any) -> Any:
    """A count, or least and most: of JSON, or as a query writes them."""
    if value is None:
        return None
    found = _LENGTH.fullmatch(value) if isinstance(value, str) else None
    if found:
        value = [int(number) for number in found.groups() if number is not None]
    numbers = list(value) if isinstance(value, list | tuple) else [value]
    if isinstance(value, list) and len(numbers) == 2 and all(isinstance(n, str) for n in numbers):
        numbers = [int(number) if number.isdecimal() else number for number in numbers]
    if not 1 <= len(numbers) <= 2 or not all(
        type(number) is int and 1 <= number <= MOST_CHARACTERS for number in numbers
    ):
        raise ValueError(
            f"expected a count from 1 to {MOST_CHARACTERS}, or least and most, as [4, 6] or 4-6"
        )
    return numbers[0] if len(numbers) == 1 else (numbers[0], numbers[1])


Length = Annotated[
    Any,
    AfterValidator(_length),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": MOST_CHARACTERS},
                {
                    "type": "array",
                    "items": {"type": "integer", "minimum": 1, "maximum": MOST_CHARACTERS},
                    "minItems": 1,
                    "maxItems": 2,
                },
                {"type": "string", "pattern": "^[1-9][0-9]?(-[1-9][0-9]?)?$"},
            ]
        }
    ),
]


def _layout(value: Any) -> Any:
    if isinstance(value, Mapping):
        return Layout.from_dict(value)
    if isinstance(value, str) and value in LAYOUTS:
        return LAYOUTS[value]
    # A path would be read on the server: it is refused like any other word.
    raise ValueError(f"expected one of {', '.join(LAYOUTS)}, or a layout's fields as an object")


_LAYOUT_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "enum": list(LAYOUTS)},
        {"type": "object", "required": ["rows", "columns", "tile", "gap", "origin", "size"]},
    ]
}
GridLayout = Annotated[Any, AfterValidator(_layout), WithJsonSchema(_LAYOUT_SCHEMA)]


def _listed(value: Any) -> Any:
    """One word is a list of one; tuples, so that options can be compared."""
    return (
        (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value
    )


Words = Annotated[
    tuple[Word, ...], Field(min_length=1, max_length=MOST_WORDS), BeforeValidator(_listed)
]


def _targets(value: Any) -> Any:
    """The characters that a text asks for, or a list's items, as a tuple: it can be compared."""
    if value is None:
        return None
    words = characters(value) if isinstance(value, str) else value
    if (
        not isinstance(words, list | tuple)
        or not 1 <= len(words) <= MOST_WORDS
        or not all(isinstance(word, str) and 1 <= len(word) <= MOST_WORDS for word in words)
    ):
        raise ValueError(f"expected a text of up to {MOST_WORDS} characters, or a list of texts")
    return tuple(words)


_TARGET: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": MOST_WORDS}
Targets = Annotated[
    Any,
    AfterValidator(_targets),
    WithJsonSchema(
        {
            "anyOf": [
                _TARGET,
                {"type": "array", "items": _TARGET, "minItems": 1, "maxItems": MOST_WORDS},
            ]
        }
    ),
]


class Options(BaseModel):
    """What every verb takes: which of the server's models answers."""

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="constants")

    model: Word | None = Field(default=None, description="one of /v1/models, by its name")

    def arguments(self) -> dict[str, Any]:
        """The keywords of the solver's method."""
        return {name: getattr(self, name) for name in type(self).model_fields if name != "model"}


class Confident(Options):
    min_confidence: Share | None = None


class TextOptions(Confident):
    charset: Annotated[str, Field(min_length=1, max_length=4096)] | None = None
    length: Length = None
    pattern: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    case: Literal["lower", "upper"] | None = None
    top_k: TopK = 1


class ClassifyOptions(Confident):
    top_k: TopK = 1


class DetectOptions(Options):
    threshold: Share | None = None


class TilesOptions(Confident):
    layout: GridLayout = Field(default="12306", validate_default=True)
    wanted: Words | None = None


class CropOptions(Options):
    layout: GridLayout = Field(default="12306", validate_default=True)


class ClickOptions(Confident):
    targets: Targets = Field(
        default=None, description="what to click, in order: a text, or a list of its targets"
    )


class SlideOptions(Confident):
    scale: Annotated[float, Field(gt=0, le=1_000, allow_inf_nan=False)] = 1.0
    start: Annotated[float, Field(ge=-100_000, le=100_000, allow_inf_nan=False)] = 0.0


class OnePicture(BaseModel):
    image: Picture


class ManyPictures(BaseModel):
    images: Annotated[list[Picture], Field(min_length=1)]


class ClickPictures(OnePicture):
    prompt: Picture | None = Field(default=None, description="a picture of what to click, in order")


class SlidePictures(BaseModel):
    background: Picture
    piece: Picture | None = None
    full: Picture | None = None
