"""What can be known of an ONNX file without running it: metadata, and what it must not hold.

A model is a protocol-buffer message (``onnx.proto3``). This walks the few fields that matter
and skips the weights, so that a file's contract is read in a millisecond, before ONNX Runtime
is even imported, and so that external data and foreign operators are refused before it sees
them. Nothing is copied but the metadata.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from solver.errors import ModelError

MAX_DEPTH = 32
# The operator sets that every ONNX Runtime build carries.
BUILT_IN_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

# Message kind → field number → kind of the message in that field (onnx.proto3).
_CHILDREN: dict[str, dict[int, str]] = {
    "model": {7: "graph", 14: "property", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {
        5: "tensor",
        6: "graph",
        10: "tensor",
        11: "graph",
        22: "sparse",
        23: "sparse",
    },
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
    "property": {},
}
_PROPERTY_KEY, _PROPERTY_VALUE = 1, 2
_NODE_DOMAIN, _FUNCTION_DOMAIN = 7, 10
_TENSOR_EXTERNAL_DATA, _TENSOR_DATA_LOCATION = 13, 14


@dataclass(frozen=True, slots=True)
class OnnxSummary:
    """A model file's metadata, and what in it reaches outside the file."""

    metadata: dict[str, str]
    external_data: bool
    foreign_domains: tuple[str, ...]


def summarise(data: bytes) -> OnnxSummary:
    """Read an ONNX file's metadata and look for external data and operators that are not built in.

    Raises:
        ModelError: the bytes are not an ONNX model.
    """
    walk = _Walk(data)
    try:
        walk.message("model", 0, len(data), depth=0)
    except _MalformedError as error:
        raise ModelError(f"not an ONNX model: {error}") from error
    if not walk.graphs:
        raise ModelError("not an ONNX model: it holds no graph")
    foreign = walk.used - walk.defined - BUILT_IN_DOMAINS
    return OnnxSummary(walk.metadata, walk.external, tuple(sorted(foreign)))


class _MalformedError(Exception):
    """The bytes break the protocol-buffer wire format."""


class _Walk:
    """One pass over a model's messages; gathers as it goes."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.metadata: dict[str, str] = {}
        self.external = False
        self.graphs = 0
        self.used: set[str] = set()
        self.defined: set[str] = set()

    def message(self, kind: str, start: int, end: int, *, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise _MalformedError(f"messages nested deeper than {MAX_DEPTH}")
        children = _CHILDREN[kind]
        if kind == "property":
            self._property(start, end)
            return
        self.graphs += kind == "graph"
        for number, wire, low, high in self._fields(start, end):
            child = children.get(number)
            if child is not None:
                if wire != _BYTES:
                    raise _MalformedError(f"field {number} of a {kind} has wire type {wire}")
                self.message(child, low, high, depth=depth + 1)
            elif kind == "node" and number == _NODE_DOMAIN:
                self.used.add(self._string(low, high))
            elif kind == "function" and number == _FUNCTION_DOMAIN:
                self.defined.add(self._string(low, high))
            elif kind == "tensor" and (
                number == _TENSOR_EXTERNAL_DATA or (number == _TENSOR_DATA_LOCATION and low)
            ):
                self.external = True

    def _property(self, start: int, end: int) -> None:
        pair = {_PROPERTY_KEY: "", _PROPERTY_VALUE: ""}
        for number, wire, low, high in self._fields(start, end):
            if wire == _BYTES:
                pair[number] = self._string(low, high)
        self.metadata[pair[_PROPERTY_KEY]] = pair[_PROPERTY_VALUE]

    def _string(self, low: int, high: int) -> str:
        try:
            return self.data[low:high].decode("utf-8")
        except UnicodeDecodeError as error:
            raise _MalformedError("a string is not UTF-8") from error

    def _fields(self, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield ``(field number, wire type, low, high)``: the payload's place, or a varint's
        value twice."""
        at = start
        while at < end:
            tag, at = self._varint(at, end)
            number, wire = tag >> 3, tag & 7
            if wire == _BYTES:
                size, at = self._varint(at, end)
                low, at = at, at + size
                yield_low, yield_high = low, at
            elif wire == _VARINT:
                yield_low, at = self._varint(at, end)
                yield_high = yield_low
            elif wire in (_FIXED32, _FIXED64):
                yield_low, at = at, at + (4 if wire == _FIXED32 else 8)
                yield_high = at
            else:
                raise _MalformedError(f"unknown wire type {wire} at byte {at}")
            if at > end or not number:
                raise _MalformedError(f"a field runs past its message at byte {at}")
            yield number, wire, yield_low, yield_high

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        value = shift = 0
        while at < end and shift < 64:
            byte = self.data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, at
            shift += 7
        raise _MalformedError(f"a number is cut short at byte {at}")
