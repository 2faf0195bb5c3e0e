"""The contract inside a model file: everything needed to use the network, as one JSON string.

The string stands in the ONNX metadata under ``solver.spec``. ``docs/model-spec.schema.json`` is
its JSON schema; :meth:`ModelSpec.from_json` refuses what does not fit and names the field.
Nothing here is ever evaluated or unpickled.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypeVar

from solver import _checks
from solver.anchors import AnchorSpec
from solver.charset import Charset
from solver.errors import SpecError

METADATA_KEY = "solver.spec"
VERSION = 1

ROLES = ("text", "class", "detector", "glyph", "tile", "header")
FITS = ("shrink", "letterbox", "height")
DECODERS = ("multi_head", "ctc", "softmax", "anchors")
INTERPOLATIONS = ("bicubic", "bilinear", "nearest")
# What solver.views has, by name.
VIEWS = (
    *("wide", "slim", "zoomed", "padded", "left", "right", "lefter", "righter"),
    *("leaning", "leaning_back", "blurred", "median", "no_dark_lines", "no_light_lines"),
    *("negative", "grey", "contrast", "top", "middle", "bottom"),
)
MAX_SIDE = 4096
MAX_SYMBOLS = 65_536
MAX_TEXT = 256  # characters
MAX_ANCHORS = 1_000_000

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class InputSpec:
    """The rule from an RGB picture to the network's tensor ``(height, width, channels)``.

    ``fit`` is ``shrink`` (only ever smaller, padded on all sides), ``letterbox`` (scaled to fit,
    padded on all sides) or ``height`` (scaled to ``height``; ``width`` is None and free: padded
    on the right to a multiple of ``width_multiple``, squeezed where it would pass ``max_width``).
    ``fill`` is the grey level of the padding. ``threshold``, for one channel only, turns
    levels above it white and the others black. The tensor is ``(level * scale - mean) / std``,
    levels 0–255.
    """

    height: int
    width: int | None
    channels: int = 3
    fit: str = "letterbox"
    fill: int = 128
    interpolation: str = "bicubic"
    threshold: int | None = None
    scale: float = 1 / 255
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)
    min_width: int = 16
    max_width: int = 512
    width_multiple: int = 16

    def __post_init__(self) -> None:
        _checks.integer("input.height", self.height, 1, MAX_SIDE)
        _checks.choice("input.fit", self.fit, FITS)
        if self.channels not in (1, 3) or isinstance(self.channels, bool):
            raise SpecError(f"input.channels: expected 1 or 3, received {self.channels!r}")
        if self.fit == "height":
            if self.width is not None:
                raise SpecError(f"input.width: expected null with fit=height, got {self.width!r}")
        else:
            _checks.integer("input.width", self.width, 1, MAX_SIDE)
        _checks.integer("input.fill", self.fill, 0, 255)
        _checks.choice("input.interpolation", self.interpolation, INTERPOLATIONS)
        if self.threshold is not None:
            _checks.integer("input.threshold", self.threshold, 0, 255)
            if self.channels != 1:
                raise SpecError("input.threshold: expected null with three channels")
        _checks.number("input.scale", self.scale)
        for name in ("mean", "std"):
            values = getattr(self, name)
            _checks.kind(f"input.{name}", values, tuple)
            if len(values) != self.channels:
                raise SpecError(
                    f"input.{name}: expected {self.channels} numbers, received {len(values)}"
                )
            for value in values:
                _checks.number(f"input.{name}", value)
        if min(self.std) <= 0:
            raise SpecError(f"input.std: expected positive numbers, received {self.std!r}")
        _checks.integer("input.width_multiple", self.width_multiple, 1, 256)
        _checks.integer("input.min_width", self.min_width, 1, MAX_SIDE)
        _checks.integer("input.max_width", self.max_width, self.min_width, MAX_SIDE)
        if self.min_width % self.width_multiple or self.max_width % self.width_multiple:
            raise SpecError(
                f"input.min_width, max_width: expected multiples of {self.width_multiple}, "
                f"received {self.min_width}, {self.max_width}"
            )


@dataclass(frozen=True, slots=True)
class DecoderSpec:
    """How raw logits become an answer.

    ``ctc`` and ``multi_head`` read ``symbols`` (class i is symbol i) with the blank as the last
    class; ``length`` is the number of heads, ``min_length`` the characters of the shortest text
    that was trained on: a shorter answer is never right. ``softmax`` and ``anchors`` name theirs in
    ``labels``; ``anchors``, and only it, says where its boxes lie (:class:`AnchorSpec`). Logits
    are divided by ``temperature`` before the softmax (for ``anchors``, the sigmoid): it is fitted
    on held-back pictures so that confidences are probabilities (Guo et al. 2017). ``threshold``
    is for ``softmax`` networks of grids: the least probability with which a tile is an answer.
    ``background`` is for ``softmax`` too: the label of what is none of the others. It is never an
    answer, but has its share of the probability, so that what is unknown gets little confidence.
    ``likeness`` is for ``softmax`` networks of glyphs: slope and offset of the log odds that two
    glyphs are the same, over the cosine between their logits, each less its mean.
    """

    name: str
    symbols: str = ""
    blank: str = "_"
    length: int | None = None
    labels: tuple[str, ...] = ()
    temperature: float = 1.0
    min_length: int = 0
    anchors: AnchorSpec | None = None
    threshold: float | None = None
    background: str | None = None
    likeness: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        _checks.choice("decoder.name", self.name, DECODERS)
        _checks.number("decoder.temperature", self.temperature)
        for name in ("symbols", "blank"):
            _checks.kind(f"decoder.{name}", getattr(self, name), str)
        _checks.kind("decoder.labels", self.labels, tuple)
        if self.temperature <= 0:
            raise SpecError(f"decoder.temperature: expected > 0, received {self.temperature!r}")
        self._check_classes()
        if self.name == "multi_head":
            _checks.integer("decoder.length", self.length, 1, 256)
        elif self.length is not None:
            raise SpecError(f"decoder.length: expected null with {self.name}")
        longest = {"ctc": MAX_TEXT, "multi_head": self.length or 0}.get(self.name, 0)
        _checks.integer("decoder.min_length", self.min_length, 0, longest)
        if self.name == "anchors":
            _checks.kind("decoder.anchors", self.anchors, AnchorSpec)
        elif self.anchors is not None:
            raise SpecError(f"decoder.anchors: expected null with {self.name}")
        if self.threshold is not None:
            _checks.between("decoder.threshold", self.threshold, 0, 1)
            if self.name != "softmax":
                raise SpecError(f"decoder.threshold: expected null with {self.name}")
        self._check_likeness()
        if self.background is not None:
            if self.name != "softmax":
                raise SpecError(f"decoder.background: expected null with {self.name}")
            if self.background not in self.labels or len(self.labels) < 2:
                raise SpecError(
                    f"decoder.background: expected one of two or more labels, "
                    f"received {self.background!r}"
                )

    def _check_likeness(self) -> None:
        if self.likeness is None:
            return
        _checks.kind("decoder.likeness", self.likeness, tuple)
        if len(self.likeness) != 2 or self.name != "softmax":
            raise SpecError(
                "decoder.likeness: expected two numbers, with softmax alone, "
                f"received {self.likeness!r} with {self.name}"
            )
        for value in self.likeness:
            _checks.number("decoder.likeness", value)

    def _check_classes(self) -> None:
        if self.name in ("ctc", "multi_head"):
            if not 1 <= len(self.symbols) <= MAX_SYMBOLS:
                raise SpecError(
                    f"decoder.symbols: expected 1 to {MAX_SYMBOLS} symbols, "
                    f"received {len(self.symbols)}"
                )
            if self.labels:
                raise SpecError(f"decoder.labels: expected none with {self.name}")
            Charset(self.symbols, blank=self.blank)
        else:
            if not self.labels or not all(isinstance(x, str) and x for x in self.labels):
                raise SpecError(f"decoder.labels: expected non-empty strings with {self.name}")
            if len(set(self.labels)) != len(self.labels):
                raise SpecError("decoder.labels: expected unique labels")
            if self.symbols:
                raise SpecError(f"decoder.symbols: expected none with {self.name}")

    @property
    def classes(self) -> int:
        """Size of the last axis of the logits, the blank included."""
        return len(self.symbols) + 1 if self.symbols else len(self.labels)

    @property
    def charset(self) -> Charset:
        """The symbols as a codec."""
        return Charset(self.symbols, blank=self.blank)


# Texts of one look that may count.
MOST_ANSWERS = 10


@dataclass(frozen=True, slots=True)
class TtaSpec:
    """Test-time augmentation of a text network: further looks at a picture that is in doubt.

    Where the first look's confidence is less than ``below``, the ``views`` of the picture (of
    :data:`VIEWS`) are read, too. A text's probability is its mean over all looks, each of which
    counts for its ``answers`` likeliest texts alone, and is weighted by the power ``alphabets`` of
    how likely such a code is before it is seen (:mod:`solver.tasks.alphabets`; 0: not at all).
    ``slope`` and ``offset`` make its log odds those of being right.
    """

    views: tuple[str, ...]
    below: float = 0.9
    slope: float = 1.0
    offset: float = 0.0
    answers: int = 1
    alphabets: float = 0.0

    def __post_init__(self) -> None:
        _checks.kind("tta.views", self.views, tuple)
        for view in self.views:
            _checks.choice("tta.views", view, VIEWS)
        if not self.views or len(set(self.views)) != len(self.views):
            raise SpecError(f"tta.views: expected one or more, each once, received {self.views!r}")
        _checks.between("tta.below", self.below, 0, 1)
        for name in ("slope", "offset"):
            _checks.number(f"tta.{name}", getattr(self, name))
        if self.slope <= 0:
            raise SpecError(f"tta.slope: expected > 0, received {self.slope!r}")
        _checks.kind("tta.answers", self.answers, int)
        _checks.between("tta.answers", self.answers, 1, MOST_ANSWERS)
        _checks.between("tta.alphabets", self.alphabets, 0, 1)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a model came from. Informative; nothing is decided by it."""

    data_sha256: str = ""
    samples: Mapping[str, int] = field(default_factory=dict)
    split_seed: int | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    licence: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("data_sha256", "licence"):
            _checks.kind(f"provenance.{name}", getattr(self, name), str)
        for name, kind in (("samples", int), ("metrics", (int, float)), ("versions", str)):
            value = getattr(self, name)
            _checks.kind(f"provenance.{name}", value, Mapping)
            for key, item in value.items():
                _checks.kind(f"provenance.{name}.{key}", item, kind)
        if self.split_seed is not None:
            _checks.kind("provenance.split_seed", self.split_seed, int)


_PARTS: tuple[tuple[str, type[Any]], ...] = (
    ("input", InputSpec),
    ("decoder", DecoderSpec),
    ("tta", TtaSpec),
    ("provenance", Provenance),
)
# Role → the decoders that can fill it; a softmax fills every other.
_DECODERS_OF = {"text": ("ctc", "multi_head"), "detector": ("anchors",)}


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One network's whole contract: role, pixels-to-tensor rule, decoder, provenance, views."""

    role: str
    input: InputSpec
    decoder: DecoderSpec
    name: str = ""
    provenance: Provenance = field(default_factory=Provenance)
    tta: TtaSpec | None = None

    def __post_init__(self) -> None:
        _checks.choice("role", self.role, ROLES)
        _checks.kind("name", self.name, str)
        for name, kind in _PARTS:
            if name != "tta" or self.tta is not None:
                _checks.kind(name, getattr(self, name), kind)
        if self.tta is not None and self.role != "text":
            raise SpecError(f"tta: expected null with the role {self.role}")
        fitting = _DECODERS_OF.get(self.role, ("softmax",))
        if self.decoder.name not in fitting:
            raise SpecError(
                f"decoder.name: expected {' or '.join(fitting)} with the role {self.role}, "
                f"received {self.decoder.name}"
            )
        anchors = self.decoder.anchors
        if anchors is None:
            return
        if self.input.width is None:
            raise SpecError("input.width: expected an integer with anchors, received null")
        count = anchors.count(self.input.height, self.input.width)
        if count > MAX_ANCHORS:
            raise SpecError(
                f"decoder.anchors: expected at most {MAX_ANCHORS} on the canvas, received {count}"
            )

    def to_json(self) -> str:
        """The contract as one line of JSON: keys sorted, so equal specs give equal bytes."""
        body: dict[str, Any] = {"version": VERSION, **asdict(self)}
        for name in ("threshold", "background", "likeness"):
            if body["decoder"][name] is None:
                del body["decoder"][name]  # as before there was one: the same bytes
        if self.tta is None:
            del body["tta"]
        if not body["decoder"]["min_length"]:
            del body["decoder"]["min_length"]
        return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> ModelSpec:
        """Read and check a contract.

        Raises:
            SpecError: not JSON, another version, a missing, unknown or ill-typed field; the
                message names the field, what was expected and what came.
        """
        try:
            body = json.loads(text)
        except (TypeError, ValueError, RecursionError) as error:
            raise SpecError(f"the model's contract is not JSON: {error}") from error
        body = _object("contract", body)
        version = body.pop("version", None)
        if version != VERSION or isinstance(version, bool):
            raise SpecError(
                f"contract version: expected {VERSION}, received {version!r}; "
                "install a solver-sdk release that reads it, or export the model again"
            )
        for name, kind in _PARTS:
            if name in body and not (name == "tta" and body[name] is None):
                part = _object(name, body[name])
                if name == "decoder" and part.get("anchors") is not None:
                    where = "decoder.anchors"
                    part["anchors"] = _build(where, AnchorSpec, _object(where, part["anchors"]))
                body[name] = _build(name, kind, part)
        return _build("contract", cls, body)


def _build(where: str, kind: type[_T], body: dict[str, Any]) -> _T:
    """Make a dataclass from JSON; lists become tuples, unknown and missing keys are named."""
    known = {item.name for item in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(body) - known)
    if unknown:
        raise SpecError(f"{where}: unknown field {unknown[0]!r}; expected of {sorted(known)}")
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in body.items()}
    try:
        return kind(**values)
    except TypeError as error:
        raise SpecError(f"{where}: {error}") from error


def _object(where: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SpecError(f"{where}: expected an object, received {type(value).__name__}")
    return dict(value)
