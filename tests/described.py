"""What `/openapi.json` says of an answer, to hold real ones against it."""

from typing import Any

import jsonschema

from console.api.doors import OPERATIONS, Door
from console.api.openapi import openapi
from console.api.routes import ROUTES

DESCRIPTION = openapi(ROUTES, OPERATIONS, {Door.INGEST: "http://ingest", Door.CHECKS: "http://checks"})


def hold(method: str, path: str, status: int, body: object) -> None:
    """Raise jsonschema.ValidationError if *body* is not what the description of *path* says of *status*.

    What it does not name at all is found too: an answer has no members that nobody told of.
    """
    answer: dict[str, Any] = DESCRIPTION["paths"][path][method]["responses"][str(status)]
    schema = answer["content"]["application/json"]["schema"]
    components = {
        name: {**of, "additionalProperties": False} if "properties" in of else of
        for name, of in DESCRIPTION["components"]["schemas"].items()
    }
    jsonschema.validate(body, {**schema, "components": {"schemas": components}})
