"""A refused request in the one shape of RFC 9457."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from schemas.admission import Finding


def problem_document(code: str, status: HTTPStatus, detail: str, errors: Sequence[Finding]) -> dict[str, Any]:
    """Return the members of application/problem+json; *errors* are what in the request was at fault."""
    document: dict[str, Any] = {
        "type": f"urn:weir:problem:{code}",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        "code": code,
    }
    if errors:
        document["errors"] = [each._asdict() for each in errors]
    return document
