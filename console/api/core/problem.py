"""Refusals in the one shape of RFC 9457. HTTP codes of the read API are chosen here and nowhere else."""

from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from schemas.admission import Finding
from schemas.problem import problem_document

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


class Problem(NamedTuple):
    """Why a request was refused."""

    code: str
    detail: str
    #: What is wrong with parameters; each pointer names one.
    errors: tuple[Finding, ...] = ()

    @property
    def status(self) -> HTTPStatus:
        """Return the HTTP status."""
        return _STATUS[self.code]

    def document(self) -> dict[str, Any]:
        """Return the members of application/problem+json."""
        return problem_document(self.code, self.status, self.detail, self.errors)


class Refused(Exception):  # noqa: N818 - it is an answer, not an error
    """The request is answered with `problem`."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def refuse(code: str, detail: str) -> Refused:
    """Return what to raise for an answer with *code*."""
    return Refused(Problem(code, detail))


def bad_parameters(*faults: Finding) -> Refused:
    """Return what to raise for parameters that are wrong."""
    return Refused(Problem("bad_request", f"{faults[0].pointer[1:]}: {faults[0].detail}", faults))
