"""`/openapi.json`, made from the addresses and from the structs that they take and answer with."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from console.api.doors import Door, Operation
from console.api.routes import Parameter, Route
from ingest.core.forms import CONTENT_TYPES, MAX_EVENTS
from runtime.version import VERSION

_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("pointer", "code", "detail")},
            },
        },
    },
}
_PROBLEMS: Final = {
    "400": "a parameter is wrong; `errors` names each",
    "401": "no key, or an unknown or revoked one",
    "403": "the key lacks the scope `read`",
    "503": "not available, or not as fresh as wanted; `Retry-After` says when to try again",
}
_REF: Final = "#/components/schemas/{name}"
_JSON: Final = "application/json"


def openapi(
    routes: tuple[Route, ...], operations: tuple[Operation, ...], servers: Mapping[Door, str]
) -> dict[str, Any]:
    """Return the OpenAPI 3.1 description of *routes*, and of the doors' *operations* on their *servers*."""
    types = {route.answer for route in routes}
    types |= {each for one in operations for each in (*one.bodies, *one.answers.values()) if each is not None}
    in_order = sorted(types, key=lambda each: each.__name__)
    _, components = msgspec.json.schema_components(in_order, ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {route.path: {"get": _read(route)} for route in routes}
    for one in operations:
        paths.setdefault(one.path, {})[one.method] = _at_door(one, servers[one.door])
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Weir",
            "version": VERSION,
            "description": "Quantities are decimal text. The tenant is that of the key.",
        },
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": {**components, "Problem": _PROBLEM},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "bearerFormat": "wk_…"}},
        },
    }


def _read(route: Route) -> dict[str, Any]:
    return {
        "summary": route.summary,
        "operationId": route.handler.__name__,
        "parameters": [_parameter(each) for each in route.parameters],
        "responses": {
            "200": _answer(route.summary, route.answer),
            **_problems({**_PROBLEMS, **route.problems}),
        },
    }


def _at_door(one: Operation, server: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "summary": one.summary,
        "operationId": one.name,
        "servers": [{"url": server, "description": f"the process `{one.door}`"}],
        "parameters": [_parameter(each) for each in one.parameters],
        "responses": {
            **{status: _answer(one.summary, each) for status, each in one.answers.items()},
            **_problems(one.problems),
        },
    }
    if not one.keyed:
        found["security"] = []
    return {**found, "requestBody": _body(one)} if one.bodies else found


def _body(one: Operation) -> dict[str, Any]:
    refs = [_ref(each) for each in one.bodies]
    if len(refs) == 1:
        return {"content": {_JSON: {"schema": refs[0]}}}
    many = {"type": "array", "minItems": 1, "maxItems": MAX_EVENTS, "items": {"oneOf": refs}}
    content = {each: {"schema": {"oneOf": [*refs, many]}} for each in CONTENT_TYPES}
    return {"required": True, "content": content}


def _answer(summary: str, of: type[msgspec.Struct] | None) -> dict[str, Any]:
    if of is None:
        return {"description": summary}
    return {"description": summary, "content": {_JSON: {"schema": _ref(of)}}}


def _problems(texts: Mapping[str, str]) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": {"$ref": _REF.format(name="Problem")}}}
    return {status: {"description": text, "content": problem} for status, text in texts.items()}


def _ref(of: type[msgspec.Struct]) -> dict[str, str]:
    return {"$ref": _REF.format(name=of.__name__)}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if parameter.choices:
        schema["enum"] = list(parameter.choices)
    return {
        "name": parameter.name,
        "in": "path" if parameter.in_path else "query",
        "required": parameter.required,
        "description": parameter.about,
        "schema": schema,
    }
