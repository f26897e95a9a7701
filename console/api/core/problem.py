"""Refusals in the one shape of RFC 9457. HTTP codes of the read API are chosen here and nowhere else."""

from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final, NamedTuple

_STATUS: Final = MappingProxyType(
    {
        "bad_request": HTTPStatus.BAD_REQUEST,
        "unauthenticated": HTTPStatus.UNAUTHORIZED,
        "forbidden": HTTPStatus.FORBIDDEN,
        "not_found": HTTPStatus.NOT_FOUND,
        "method_not_allowed": HTTPStatus.METHOD_NOT_ALLOWED,
        "internal": HTTPStatus.INTERNAL_SERVER_ERROR,
        "not_fresh": HTTPStatus.SERVICE_UNAVAILABLE,
        "unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    }
)


class ParameterFault(NamedTuple):
    """What is wrong with one parameter of the request."""

    pointer: str
    code: str
    detail: str


class Problem(NamedTuple):
    """Why a request was refused."""

    code: str
    detail: str
    errors: tuple[ParameterFault, ...] = ()

    @property
    def status(self) -> HTTPStatus:
        """Return the HTTP status."""
        return _STATUS[self.code]

    def document(self) -> dict[str, Any]:
        """Return the members of application/problem+json."""
        document: dict[str, Any] = {
            "type": f"urn:weir:problem:{self.code}",
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
            "code": self.code,
        }
        if self.errors:
            document["errors"] = [fault._asdict() for fault in self.errors]
        return document


class Refused(Exception):  # noqa: N818 - it is an answer, not an error
    """The request is answered with `problem`."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def refuse(code: str, detail: str) -> Refused:
    """Return what to raise for an answer with *code*."""
    return Refused(Problem(code, detail))


def bad_parameters(*faults: ParameterFault) -> Refused:
    """Return what to raise for parameters that are wrong."""
    return Refused(Problem("bad_request", f"{faults[0].pointer[1:]}: {faults[0].detail}", faults))
