"""The contract: golden bytes, round trips, and every way to be refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from solver.errors import SpecError
from solver.spec import DecoderSpec, InputSpec, ModelSpec, Provenance

GOLDEN = Path(__file__).parent / "golden"
SCHEMA = Path(__file__).parents[2] / "docs" / "model-spec.schema.json"

SPECS = {
    "text-ctc": ModelSpec(
        role="text",
        input=InputSpec(
            height=48,
            width=None,
            fit="height",
            scale=1 / 127.5,
            mean=(1.0, 1.0, 1.0),
            min_width=48,
            max_width=320,
        ),
        decoder=DecoderSpec(name="ctc", symbols="0123456789", temperature=1.25),
        name="digits",
        provenance=Provenance(
            data_sha256="0" * 64,
            samples={"own": 20000},
            split_seed=1,
            metrics={"exact": 0.91},
            licence="Apache-2.0",
            versions={"keras": "3.15.1"},
        ),
    ),
    "text-multi-head": ModelSpec(
        role="text",
        input=InputSpec(
            height=40, width=80, channels=1, fit="shrink", threshold=160, mean=(0.0,), std=(1.0,)
        ),
        decoder=DecoderSpec(name="multi_head", symbols="abc龙", blank="_", length=4),
    ),
    "class": ModelSpec(
        role="class",
        input=InputSpec(height=64, width=64),
        decoder=DecoderSpec(name="softmax", labels=("cat", "dog")),
    ),
}


@pytest.mark.parametrize("name", SPECS)
def test_golden_bytes(name: str) -> None:
    golden = (GOLDEN / f"spec-v1-{name}.json").read_text(encoding="utf-8")
    assert SPECS[name].to_json() + "\n" == golden
    assert ModelSpec.from_json(golden) == SPECS[name]


def body(**changes: Any) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(SPECS["text-ctc"].to_json())
    for key, value in changes.items():
        *path, last = key.split("__")
        inner = whole
        for step in path:
            inner = inner[step]
        if value is DELETE:
            del inner[last]
        else:
            inner[last] = value
    return whole


DELETE = object()

REFUSED = [
    ({"version": 2}, "version"),
    ({"version": True}, "version"),
    ({"version": "1"}, "version"),
    ({"version": DELETE}, "version"),
    ({"role": "poem"}, "role"),
    ({"role": DELETE}, "role"),
    ({"input": []}, "input"),
    ({"input": DELETE}, "input"),
    ({"surprise": 1}, "surprise"),
    ({"input__surprise": 1}, "surprise"),
    ({"input__height": 0}, "height"),
    ({"input__height": 48.0}, "height"),
    ({"input__height": True}, "height"),
    ({"input__height": 1 << 40}, "height"),
    ({"input__width": 100}, "width"),
    ({"input__fit": "letterbox"}, "width"),
    ({"input__channels": 4}, "channels"),
    ({"input__channels": 1}, "mean"),
    ({"input__fill": 256}, "fill"),
    ({"input__interpolation": "lanczos"}, "interpolation"),
    ({"input__threshold": 128}, "threshold"),
    ({"input__scale": "1"}, "scale"),
    ({"input__scale": float("nan")}, "scale"),
    ({"input__scale": float("inf")}, "scale"),
    ({"input__std": [1.0, 0.0, 1.0]}, "std"),
    ({"input__mean": 1.0}, "mean"),
    ({"input__mean": ["a", "b", "c"]}, "mean"),
    ({"input__max_width": 100}, "max_width"),
    ({"input__max_width": 16}, "max_width"),
    ({"decoder__name": "pickle"}, "decoder.name"),
    ({"decoder__symbols": ""}, "symbols"),
    ({"decoder__symbols": "aa"}, "a"),
    ({"decoder__symbols": "ab_"}, "_"),
    ({"decoder__symbols": 12}, "decoder"),
    ({"decoder__symbols": ["a", "b"]}, "symbols"),
    ({"decoder__labels": ["x"]}, "labels"),
    ({"decoder__length": 4}, "length"),
    ({"decoder__temperature": 0}, "temperature"),
    ({"decoder__temperature": -1.0}, "temperature"),
    ({"provenance__samples": {"own": "many"}}, "samples"),
    ({"provenance__licence": 3}, "licence"),
    ({"provenance__split_seed": "1"}, "split_seed"),
]


@pytest.mark.parametrize(("changes", "named"), REFUSED)
def test_what_does_not_fit_is_refused_by_name(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(SpecError, match=named):
        ModelSpec.from_json(json.dumps(body(**changes)))


@pytest.mark.parametrize(
    "text", ["", "{", "null", "[]", '"spec"', "1", "[" * 100_000, "__import__('os')"]
)
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(SpecError):
        ModelSpec.from_json(text)


def test_schema_has_the_fields_of_the_dataclasses() -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    whole = json.loads(SPECS["text-ctc"].to_json())
    assert set(schema["properties"]) == set(whole)
    for part in ("input", "decoder", "provenance"):
        described = schema["$defs"][part]
        assert set(described["properties"]) == set(whole[part])
        assert described["additionalProperties"] is False
