"""The description at ``/openapi.json``: made from the table of verbs, nothing fetched."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from solver.server.answers import ErrorAnswer
from solver.server.bodies import JSON, request_model
from solver.server.verbs import VERBS, Verb

_REF = "#/components/schemas/{model}"
_PICTURE = {"schema": {"type": "string", "format": "binary", "minLength": 1}}
_REFUSALS = {
    400: "the request is no HTTP",
    401: "the API key is missing or wrong",
    404: "there is no such model, or none for this verb",
    408: "the body came too slowly",
    413: "the body is too large, or holds too many pictures",
    415: "neither JSON nor a picture",
    421: "the host is not this server's",
    422: "no picture, options that do not fit, or no answer that is sure enough",
    429: "all places in the queue are taken; Retry-After says when to come again",
    504: "there was no answer in time",
}
DESCRIPTION = """\
Reads classical image captchas. A body is a picture (`image/…`, `application/octet-stream`), with
the options in the query, or JSON with pictures in base64 and the options beside them. Every error
is `{"error": {"type", "message"}}`.
"""


def refusals() -> dict[int | str, dict[str, Any]]:
    """The answers that are errors, for a route."""
    found: dict[int | str, dict[str, Any]] = {
        status: {"model": ErrorAnswer, "description": words} for status, words in _REFUSALS.items()
    }
    found[429]["headers"] = {
        "Retry-After": {"schema": {"type": "integer"}, "description": "seconds"}
    }
    return found


def request_of(verb: Verb, *, batch: bool) -> dict[str, Any]:
    """The body and the query of a verb's route."""
    reference = {"$ref": _REF.format(model=request_model(verb, batch=batch).__name__)}
    content: dict[str, Any] = {JSON: {"schema": reference}}
    if not batch:
        content |= {"image/*": _PICTURE, "application/octet-stream": _PICTURE}
    return {
        "requestBody": {"required": True, "content": content},
        "parameters": _parameters(verb),
    }


def _parameters(verb: Verb) -> list[dict[str, Any]]:
    """The options as they stand in a query."""
    described = verb.options.model_json_schema(ref_template=_REF)
    parameters = []
    for name, schema in described["properties"].items():
        kinds = [kind for kind in schema.get("anyOf", [schema]) if kind.get("type") != "null"]
        # An object has no place in a query.
        kinds = [kind for kind in kinds if kind.get("type") != "object"]
        flat = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
        flat = {key: value for key, value in flat.items() if key not in ("title", "default")}
        parameters.append(
            {
                "name": name,
                "in": "query",
                "required": False,
                "schema": flat,
                "description": schema.get("description", ""),
            }
        )
    return parameters


def describe(app: FastAPI, *, keyed: bool) -> dict[str, Any]:
    """The whole description; ``keyed`` says that a key is asked for."""
    found = get_openapi(
        title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes
    )
    models = [request_model(verb, batch=False) for verb in VERBS.values()]
    models += [request_model(verb, batch=True) for verb in VERBS.values() if verb.batch]
    _, extra = models_json_schema([(model, "validation") for model in models], ref_template=_REF)
    components = found.setdefault("components", {})
    components.setdefault("schemas", {}).update(extra["$defs"])
    if keyed:
        components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        found["security"] = [{"key": []}]
    return found
