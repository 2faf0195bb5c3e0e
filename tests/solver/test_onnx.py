"""The reader of ONNX files that runs before ONNX Runtime does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from solver._onnx import summarise
from solver.errors import ModelError


def field(number: int, payload: bytes) -> bytes:
    assert len(payload) < 128
    return bytes([number << 3 | 2, len(payload)]) + payload


def nested(depth: int) -> bytes:
    """A graph whose node holds an attribute that holds a graph, and so on."""
    body = b""
    for _ in range(depth):
        body = b"".join(tag + _size(len(body)) + body for tag in (b"\x32",))  # attribute.g
        body = b"\x2a" + _size(len(body)) + body  # node.attribute
        body = b"\x0a" + _size(len(body)) + body  # graph.node
    return b"\x3a" + _size(len(body)) + body  # model.graph


def _size(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def external() -> Any:
    tensor = numpy_helper.from_array(__import__("numpy").zeros(3, "float32"), "w")
    tensor.data_location = TensorProto.EXTERNAL
    return tensor


def in_subgraph() -> Any:
    """External data that hides in the branch of an ``If``."""
    branch = helper.make_graph([], "b", [], [], [external()])
    return helper.make_graph(
        [helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)], "g", [], []
    )


@pytest.mark.parametrize(
    "graph",
    [
        helper.make_graph([], "g", [], [], [external()]),
        helper.make_graph([helper.make_node("Constant", [], ["x"], value=external())], "g", [], []),
        in_subgraph(),
    ],
    ids=["initializer", "constant", "subgraph"],
)
def test_external_data_is_found_wherever_it_hides(graph: Any) -> None:
    assert summarise(helper.make_model(graph).SerializeToString()).external_data


def test_domains_of_functions_in_the_file_are_not_foreign() -> None:
    node = helper.make_node("Twice", ["x"], ["y"], domain="mine")
    inner = helper.make_node("Add", ["x", "x"], ["y"])
    twice = helper.make_function(
        "mine", "Twice", ["x"], ["y"], [inner], [helper.make_opsetid("", 17)]
    )
    other = helper.make_node("Odd", ["y"], ["z"], domain="other")
    graph = helper.make_graph([node, other], "g", [], [])
    data = helper.make_model(graph, functions=[twice]).SerializeToString()
    assert summarise(data).foreign_domains == ("other",)


def test_metadata_is_what_onnx_reads(ctc_file: Path) -> None:
    summary = summarise(ctc_file.read_bytes())
    assert summary.metadata == {p.key: p.value for p in onnx.load(ctc_file).metadata_props}
    assert not summary.external_data
    assert summary.foreign_domains == ()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        field(14, field(1, b"solver.spec") + field(2, b"{}")),  # metadata, but no graph
        b"\x3a\x7f",  # a graph that runs past the end
        b"\x3a\x02\x0a\x05",  # a node that runs past its graph
        b"\x3a" + b"\xff" * 9 + b"\x01",  # a length of 2**63 and more
        b"\x3a" + b"\xff" * 20,  # a number without end
        b"\x38\x01",  # the graph as a number
        b"\x02\x00",  # field number 0
        b"\x0b\x0c",  # groups, which ONNX has none of
        field(7, b"") + field(14, field(1, b"\xff\xfe")),  # a key that is not UTF-8
        nested(200),
    ],
)
def test_malformed_bytes_are_a_model_error(data: bytes) -> None:
    with pytest.raises(ModelError, match="not an ONNX model"):
        summarise(data)


def test_some_nesting_is_fine() -> None:
    assert summarise(nested(5)).metadata == {}
