"""`/openapi.json`, made from the routes and from the structs that they answer with."""

from typing import Any

import msgspec

from console.api.routes import Parameter, Route
from runtime.version import VERSION

_PROBLEM: dict[str, Any] = {
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
_PROBLEMS = {
    "400": "a parameter is wrong; `errors` names each",
    "401": "no key, or an unknown or revoked one",
    "403": "the key lacks the scope `read`",
    "503": "not available, or not as fresh as wanted; `Retry-After` says when to try again",
}


def openapi(routes: tuple[Route, ...]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 description of *routes*."""
    schemas, components = msgspec.json.schema_components(
        [route.answer for route in routes], ref_template="#/components/schemas/{name}"
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Weir: read API",
            "version": VERSION,
            "description": "Quantities are decimal text. The tenant is that of the key.",
        },
        "security": [{"key": []}],
        "paths": {
            route.path: {"get": _operation(route, schema)}
            for route, schema in zip(routes, schemas, strict=True)
        },
        "components": {
            "schemas": {**components, "Problem": _PROBLEM},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "bearerFormat": "wk_…"}},
        },
    }


def _operation(route: Route, schema: dict[str, Any]) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        "summary": route.summary,
        "operationId": route.handler.__name__,
        "parameters": [_parameter(each) for each in route.parameters],
        "responses": {
            "200": {"description": route.summary, "content": {"application/json": {"schema": schema}}},
            **{status: {"description": text, "content": problem} for status, text in _PROBLEMS.items()},
        },
    }


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
