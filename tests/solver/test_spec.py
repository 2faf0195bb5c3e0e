"""The contract: golden bytes, round trips, and every way to be refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from solver import views
from solver.anchors import AnchorSpec
from solver.errors import SpecError
from solver.spec import VIEWS, DecoderSpec, InputSpec, ModelSpec, Provenance, TtaSpec

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
    "tile": ModelSpec(
        role="tile",
        input=InputSpec(height=64, width=64),
        decoder=DecoderSpec(name="softmax", labels=("电线", "dog"), threshold=0.4),
    ),
    "detector": ModelSpec(
        role="detector",
        input=InputSpec(height=320, width=320),
        decoder=DecoderSpec(
            name="anchors",
            labels=("字", "icon"),
            anchors=AnchorSpec(sizes=(24, 48, 96.5), scales=(1.0, 1.5), score_threshold=0.25),
        ),
    ),
}
SPECS["glyph"] = ModelSpec(
    role="glyph",
    input=InputSpec(height=48, width=48),
    decoder=DecoderSpec(name="softmax", labels=("龙", "nothing"), likeness=(12.5, -6.0)),
)
SPECS["text-min-length"] = replace(
    SPECS["text-ctc"], decoder=replace(SPECS["text-ctc"].decoder, min_length=4)
)
SPECS["text-tta"] = replace(
    SPECS["text-ctc"],
    tta=TtaSpec(("slim", "median"), below=0.75, slope=1.5, offset=0.25, answers=2, alphabets=0.5),
)


@pytest.mark.parametrize("name", SPECS)
def test_golden_bytes(name: str) -> None:
    golden = (GOLDEN / f"spec-v1-{name}.json").read_text(encoding="utf-8")
    assert SPECS[name].to_json() + "\n" == golden
    assert ModelSpec.from_json(golden) == SPECS[name]


def body(of: str = "text-ctc", /, **changes: Any) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(SPECS[of].to_json())
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
    ({"role": "class"}, "decoder.name: expected softmax with the role class, received ctc"),
    ({"role": "detector"}, "decoder.name: expected anchors with the role detector"),
    ({"role": "glyph"}, "decoder.name: expected softmax"),
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
    ({"decoder__likeness": [1.0, 0.0]}, "likeness: expected two numbers, with softmax"),
    ({"decoder__min_length": -1}, "min_length"),
    ({"decoder__min_length": 257}, "min_length"),
    ({"decoder__min_length": None}, "min_length"),
    ({"decoder__min_length": 4.0}, "min_length"),
    ({"decoder__temperature": 0}, "temperature"),
    ({"decoder__temperature": -1.0}, "temperature"),
    ({"decoder__temperature": 10**400}, "temperature"),
    ({"decoder__anchors": {}}, "anchors: expected null"),
    ({"decoder__background": "a"}, "background: expected null"),
    ({"tta": []}, "tta: expected an object"),
    ({"tta": {}}, "tta: .*views"),
    ({"tta": {"views": []}}, "tta.views: expected one or more"),
    ({"tta": {"views": ["slim", "slim"]}}, "tta.views: expected one or more, each once"),
    ({"tta": {"views": ["upside down"]}}, "tta.views: expected one of wide, slim"),
    ({"tta": {"views": [["slim"]]}}, "tta.views"),
    ({"tta": {"views": "slim"}}, "tta.views"),
    ({"tta": {"views": ["slim"], "below": 1.5}}, "tta.below"),
    ({"tta": {"views": ["slim"], "slope": 0}}, "tta.slope"),
    ({"tta": {"views": ["slim"], "offset": "0"}}, "tta.offset"),
    ({"tta": {"views": ["slim"], "answers": 0}}, "tta.answers"),
    ({"tta": {"views": ["slim"], "answers": 11}}, "tta.answers"),
    ({"tta": {"views": ["slim"], "answers": 1.5}}, "tta.answers"),
    ({"tta": {"views": ["slim"], "alphabets": -0.1}}, "tta.alphabets"),
    ({"tta": {"views": ["slim"], "alphabets": 1.1}}, "tta.alphabets"),
    ({"tta": {"views": ["slim"], "surprise": 1}}, "surprise"),
    ({"provenance__samples": {"own": "many"}}, "samples"),
    ({"provenance__licence": 3}, "licence"),
    ({"provenance__split_seed": "1"}, "split_seed"),
]


@pytest.mark.parametrize(("changes", "named"), REFUSED)
def test_what_does_not_fit_is_refused_by_name(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(SpecError, match=named):
        ModelSpec.from_json(json.dumps(body(**changes)))


@pytest.mark.parametrize(
    ("decoder", "most"),
    [
        ({"name": "multi_head", "symbols": "ab", "length": 4}, 4),
        ({"name": "softmax", "labels": ("cat", "dog")}, 0),
        ({"name": "anchors", "labels": ("cat",), "anchors": AnchorSpec()}, 0),
    ],
)
def test_a_least_length_is_for_texts_that_can_be_as_long(
    decoder: dict[str, Any], most: int
) -> None:
    DecoderSpec(**decoder, min_length=most)
    with pytest.raises(SpecError, match=f"min_length: expected an integer in 0–{most}"):
        DecoderSpec(**decoder, min_length=most + 1)


def test_further_looks_are_for_texts_alone() -> None:
    with pytest.raises(SpecError, match="tta: expected null with the role class"):
        replace(SPECS["class"], tta=TtaSpec(("slim",)))
    assert ModelSpec.from_json(json.dumps(body(tta=None))) == SPECS["text-ctc"]


def test_the_contract_knows_just_the_views_that_there_are() -> None:
    assert tuple(views.VIEWS) == VIEWS


def test_what_is_none_of_the_labels_is_one_of_them() -> None:
    labels = ("cat", "dog", "other")
    spec = ModelSpec(
        role="header",
        input=InputSpec(height=32, width=64),
        decoder=DecoderSpec("softmax", labels=labels, background="other"),
    )
    assert ModelSpec.from_json(spec.to_json()) == spec
    for background, known in (("bus", labels), ("", labels), ("cat", ("cat",))):
        with pytest.raises(SpecError, match="background: expected one of two or more labels"):
            DecoderSpec("softmax", labels=known, background=background)


REFUSED_ANCHORS = [
    ({"anchors": DELETE}, "decoder.anchors"),
    ({"anchors": None}, "decoder.anchors"),
    ({"anchors": []}, "decoder.anchors: expected an object"),
    ({"anchors__surprise": 1}, "decoder.anchors: unknown field 'surprise'"),
    ({"anchors__strides": []}, "strides: expected at least one"),
    ({"anchors__strides": 8}, "strides"),
    ({"anchors__strides": [8, 16]}, "2 and 3"),
    ({"anchors__strides": [8, 8, 16]}, "strides: expected rising"),
    ({"anchors__strides": [0, 8, 16]}, "strides"),
    ({"anchors__strides": [8.0, 16, 32]}, "strides"),
    ({"anchors__strides": [[8], 16, 32]}, "strides"),
    ({"anchors__sizes": [24, 48, -1]}, "sizes"),
    ({"anchors__sizes": [24, 48, float("nan")]}, "sizes"),
    ({"anchors__sizes": [24, 48, 10**400]}, "sizes"),
    ({"anchors__scales": [0]}, "scales"),
    ({"anchors__scales": ["1"]}, "scales"),
    ({"anchors__aspect_ratios": [1.0] * 40}, "at most 64 anchors a cell, received 80"),
    ({"anchors__variances": [0.1, 0.1, 0.2]}, "variances: expected 4"),
    ({"anchors__variances": [0.1, 0.1, 0.2, 0]}, "variances"),
    ({"anchors__score_threshold": 1.5}, "score_threshold"),
    ({"anchors__iou_threshold": -0.1}, "iou_threshold"),
    ({"anchors__max_candidates": 0}, "max_candidates"),
    ({"anchors__max_boxes": 2.5}, "max_boxes"),
]


@pytest.mark.parametrize(("changes", "named"), REFUSED_ANCHORS)
def test_anchors_that_do_not_fit_are_refused_by_name(changes: dict[str, Any], named: str) -> None:
    changes = {f"decoder__{key}": value for key, value in changes.items()}
    with pytest.raises(SpecError, match=named):
        ModelSpec.from_json(json.dumps(body("detector", **changes)))


def test_anchors_need_a_canvas_of_one_bounded_size() -> None:
    free = {"input__width": None, "input__fit": "height"}
    with pytest.raises(SpecError, match="width: expected an integer with anchors"):
        ModelSpec.from_json(json.dumps(body("detector", **free)))
    wide = {"input__width": 4096, "input__height": 4096, "decoder__anchors__strides": [1, 2, 3]}
    with pytest.raises(SpecError, match="at most 1000000 on the canvas"):
        ModelSpec.from_json(json.dumps(body("detector", **wide)))


def test_a_contract_without_the_optional_fields_has_their_defaults() -> None:
    short = {"name": "softmax", "labels": ["cat", "dog"]}
    text = json.dumps(body("class", decoder=short, name=DELETE, provenance=DELETE))
    assert ModelSpec.from_json(text) == SPECS["class"]


@pytest.mark.parametrize(
    "text", ["", "{", "null", "[]", '"spec"', "1", "[" * 100_000, "__import__('os')"]
)
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(SpecError):
        ModelSpec.from_json(text)


@pytest.mark.parametrize(
    "make",
    [
        lambda: ModelSpec.from_json(None),  # type: ignore[arg-type]
        lambda: ModelSpec("text", SPECS["text-ctc"].input, None),  # type: ignore[arg-type]
        lambda: ModelSpec("text", {}, SPECS["text-ctc"].decoder),  # type: ignore[arg-type]
        lambda: ModelSpec("text", SPECS["text-ctc"].input, SPECS["class"].decoder),
    ],
)
def test_what_is_made_of_wrong_parts_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(SpecError):
        make()


# What only the code refuses: fields that are held against each other, and numbers of Python's.
BEYOND_THE_SCHEMA: list[dict[str, Any]] = [
    {"input__height": 48.0},  # an integer, for JSON
    {"input__scale": float("nan")},
    {"input__scale": float("inf")},
    {"input__max_width": 100},
    {"input__max_width": 16},
    {"decoder__symbols": "ab_"},
    {"decoder__min_length": 4.0},
    {"decoder__temperature": 10**400},
    {"anchors__strides": [8, 16]},
    {"anchors__strides": [8, 8, 16]},
    {"anchors__strides": [8.0, 16, 32]},
    {"anchors__sizes": [24, 48, float("nan")]},
    {"anchors__aspect_ratios": [1.0] * 40},
]


@pytest.fixture(scope="module")
def fits_the_schema() -> Callable[[object], bool]:
    schemas = pytest.importorskip("fastjsonschema")
    check = schemas.compile(json.loads(SCHEMA.read_text(encoding="utf-8")))

    def fits(data: object) -> bool:
        try:
            check(data)
        except schemas.JsonSchemaException:
            return False
        return True

    return fits


def test_schema_accepts_what_the_code_accepts(fits_the_schema: Callable[[object], bool]) -> None:
    for spec in SPECS.values():
        assert fits_the_schema(json.loads(spec.to_json()))
        assert fits_the_schema({"version": 1, **json.loads(json.dumps(asdict(spec)))})
    short = {"name": "softmax", "labels": ["cat", "dog"]}
    assert fits_the_schema(body("class", decoder=short, name=DELETE, provenance=DELETE))


def test_schema_refuses_what_the_code_refuses(fits_the_schema: Callable[[object], bool]) -> None:
    of_anchors = [{f"decoder__{key}": v for key, v in one.items()} for one, _ in REFUSED_ANCHORS]
    known = [
        *BEYOND_THE_SCHEMA,
        *({f"decoder__{k}": v for k, v in one.items()} for one in BEYOND_THE_SCHEMA),
    ]
    taken = [one for one, _ in REFUSED if fits_the_schema(body(**one))]
    taken += [one for one in of_anchors if fits_the_schema(body("detector", **one))]
    assert [one for one in taken if str(one) not in set(map(str, known))] == []


ONLY_TOGETHER = [
    ("text-multi-head", {"decoder__length": DELETE}),
    ("text-multi-head", {"decoder__length": None}),
    ("text-multi-head", {"decoder__labels": ["a"]}),
    ("text-ctc", {"decoder__symbols": DELETE}),
    ("text-ctc", {"decoder__symbols": "0120"}),
    ("text-ctc", {"decoder__blank": "__"}),
    ("text-ctc", {"decoder__blank": ""}),
    ("text-ctc", {"decoder__threshold": 0.5}),
    ("text-ctc", {"role": "class"}),
    ("class", {"decoder__labels": DELETE}),
    ("class", {"decoder__labels": []}),
    ("class", {"decoder__symbols": "ab"}),
    ("class", {"decoder__min_length": 1}),
    ("class", {"role": "text"}),
    ("class", {"input__width": None}),
    ("class", {"input__channels": 1, "input__mean": DELETE, "input__std": DELETE}),
    ("class", {"input__threshold": 128}),
    ("detector", {"decoder__background": "icon"}),
    ("detector", {"input__width": None, "input__fit": "height"}),
]


@pytest.mark.parametrize(("of", "changes"), ONLY_TOGETHER)
def test_fields_that_do_not_go_together_are_refused_by_both(
    of: str, changes: dict[str, Any], fits_the_schema: Callable[[object], bool]
) -> None:
    changed = body(of, **changes)
    assert not fits_the_schema(changed)
    with pytest.raises(SpecError):
        ModelSpec.from_json(json.dumps(changed))


def test_schema_has_the_fields_of_the_dataclasses() -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    whole = asdict(SPECS["tile"])
    assert set(schema["properties"]) == {"version", *whole}
    for part in ("input", "decoder", "provenance"):
        described = schema["$defs"][part]
        assert set(described["properties"]) == set(whole[part])
        assert described["additionalProperties"] is False


def test_schema_has_the_fields_and_defaults_of_the_anchors() -> None:
    described = json.loads(SCHEMA.read_text(encoding="utf-8"))["$defs"]["anchors"]
    defaults = {name: item["default"] for name, item in described["properties"].items()}
    assert defaults == json.loads(json.dumps(asdict(AnchorSpec())))
    assert described["additionalProperties"] is False
