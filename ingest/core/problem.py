"""Refusals of a whole request, in the one shape of RFC 9457. HTTP codes are chosen here and nowhere else."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import msgspec

from schemas.admission import Finding
from schemas.problem import problem_document

#: Seconds after which a client may come back, where one may.
RETRY_AFTER_SECONDS: Final = 1

_STATUS: Final = MappingProxyType(
    {
        "bad_request": HTTPStatus.BAD_REQUEST,
        "not_json": HTTPStatus.BAD_REQUEST,
        "too_deep": HTTPStatus.BAD_REQUEST,
        "empty_batch": HTTPStatus.BAD_REQUEST,
        "encoding_broken": HTTPStatus.BAD_REQUEST,
        "all_rejected": HTTPStatus.BAD_REQUEST,
        "webhook_refused": HTTPStatus.BAD_REQUEST,
        "unauthenticated": HTTPStatus.UNAUTHORIZED,
        "forbidden": HTTPStatus.FORBIDDEN,
        "not_found": HTTPStatus.NOT_FOUND,
        "method_not_allowed": HTTPStatus.METHOD_NOT_ALLOWED,
        "too_slow": HTTPStatus.REQUEST_TIMEOUT,
        "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too_many_events": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "content_type_unknown": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "encoding_unknown": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "rate_limited": HTTPStatus.TOO_MANY_REQUESTS,
        "internal": HTTPStatus.INTERNAL_SERVER_ERROR,
        "not_confirmed": HTTPStatus.SERVICE_UNAVAILABLE,
        "overloaded": HTTPStatus.SERVICE_UNAVAILABLE,
        "behind": HTTPStatus.SERVICE_UNAVAILABLE,
        "stopping": HTTPStatus.SERVICE_UNAVAILABLE,
        "unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
        "quota_exceeded": HTTPStatus.TOO_MANY_REQUESTS,
        "quota_unknown": HTTPStatus.TOO_MANY_REQUESTS,
        "limit_unknown": HTTPStatus.TOO_MANY_REQUESTS,
    }
)

_encode: Final = msgspec.json.Encoder().encode


class Problem(NamedTuple):
    """Why a request as a whole was refused."""

    #: Machine's word, a key of the table above.
    code: str
    #: A sentence for people; never a secret.
    detail: str
    #: What in the body was at fault.
    errors: tuple[Finding, ...] = ()
    #: Further members, such as the receipts of a batch of which every event was rejected.
    more: Mapping[str, Any] = MappingProxyType({})
    #: Seconds after which to come back, where the status is one to come back from.
    retry_after: int = RETRY_AFTER_SECONDS

    @property
    def status(self) -> HTTPStatus:
        """Return the HTTP status."""
        return _STATUS[self.code]

    def body(self) -> bytes:
        """Return it as application/problem+json."""
        document = problem_document(self.code, self.status, self.detail, self.errors)
        return _encode({**document, **self.more})


class Refused(Exception):  # noqa: N818 -- it is an answer, not an error
    """The request is answered with `problem`."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def refuse(code: str, detail: str, *errors: Finding, retry_after: int = RETRY_AFTER_SECONDS) -> Refused:
    """Return what to raise for an answer with *code*."""
    return Refused(Problem(code, detail, errors, retry_after=retry_after))
