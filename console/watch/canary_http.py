"""The public addresses, as the canary's tenant uses them."""

import http.client
import urllib.error
import urllib.request
from http import HTTPStatus
from typing import Final, NamedTuple, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from console.watch.core.canary_law import (
    COPIES,
    DIFFERENT,
    EVENTS,
    QUANTITY,
    Figures,
    Round,
    added,
)
from console.watch.core.canary_verdict import Failure, Kind, Stage
from schemas.canary import CANARY
from schemas.instant import format_instant, parse_instant
from schemas.quantity import QuantityError, parse_micro
from schemas.quota_check import Decision

#: Longer than a door waits for Kafka; short enough that a stop is not held up.
_ANSWER_SECONDS: Final = 5.0
_MOST_SAID: Final = 200

T = TypeVar("T", bound=msgspec.Struct)


class Failed(Exception):  # noqa: N818 -- it is what the canary tells of, no failure of its own
    """A stage gave no answer that can be used."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.detail)
        self.failure = failure


class Seen(NamedTuple):
    """Numbers, and up to when they hold everything; None: nobody knows."""

    figures: Figures
    through_ms: int | None


class Used(NamedTuple):
    """What a check of a quota says was used since its period began, in millionths; None: it does not know."""

    micro: int | None
    start_ms: int
    through_ms: int | None


class _Receipt(msgspec.Struct):
    accepted: int
    duplicate: int
    rejected: int


class _Check(msgspec.Struct):
    used: str | None
    period_start: str
    complete_through: str | None
    decision: Decision


class _Usage(msgspec.Struct):
    customer: str
    start: str
    quantity: str
    events: int


class _UsageList(msgspec.Struct):
    data: list[_Usage]
    next: str | None
    complete_through: str | None


class Addresses:
    """All addresses, and the key that opens them. Each call raises Failed where no answer can be used."""

    def __init__(self, ingest: str, checks: str, console: str, key: str) -> None:
        self._ingest = ingest.rstrip("/")
        self._checks = checks.rstrip("/")
        self._console = console.rstrip("/")
        self._key = key

    def send(self, sent: Round) -> None:
        """Send *sent*; a return means that it is durable."""
        body = msgspec.json.encode(sent.body())
        status, answer = self._ask("accepted", f"{self._ingest}/v1/events", body)
        if status != HTTPStatus.ACCEPTED:
            raise _refused("accepted", status, answer)
        receipt = _decoded("accepted", answer, _Receipt)
        expected = _Receipt(DIFFERENT, COPIES, 0)
        if receipt != expected:
            raise Failed(Failure("accepted", "wrong", f"expected {expected}, seen {receipt}"))

    def used(self, customer: str) -> Used:
        """Return what the quota of *customer* shows."""
        url = f"{self._checks}/v1/quotas/{quote(customer, safe='')}/{CANARY}"
        status, answer = self._ask("quota", url)
        if status not in (HTTPStatus.OK, HTTPStatus.TOO_MANY_REQUESTS):
            raise _refused("quota", status, answer)
        check = _decoded("quota", answer, _Check)
        start_ms = _instant("quota", check.period_start)
        through_ms = _instant_or_none("quota", check.complete_through)
        if check.used is None or check.decision is not Decision.FRESH:
            return Used(None, start_ms, through_ms)
        return Used(_micro("quota", check.used), start_ms, through_ms)

    def usage(self, window: str, from_ms: int, to_ms: int) -> Seen:
        """Return the usage of all customers by *window*, in [from, to)."""
        span = {"from": format_instant(from_ms), "to": format_instant(to_ms)}
        rows: list[_Usage] = []
        following: dict[str, str] = {}
        while True:
            query = urlencode({"meter": CANARY, "window": window, **span, **following})
            status, answer = self._ask("stored", f"{self._console}/v1/usage?{query}")
            if status != HTTPStatus.OK:
                raise _refused("stored", status, answer)
            page = _decoded("stored", answer, _UsageList)
            rows += page.data
            if page.next is None:
                through_ms = _instant_or_none("stored", page.complete_through)
                return Seen(added(map(_figures, rows)), through_ms)
            following = {"cursor": page.next}

    def _ask(self, stage: Stage, url: str, body: bytes | None = None) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {self._key}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(url, body, headers)  # noqa: S310 -- the operator's own setting
        try:
            with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS) as answer:  # noqa: S310
                return int(answer.status), answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
        except (OSError, http.client.HTTPException) as error:
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            kind: Kind = "late" if isinstance(reason, TimeoutError) else "refused"
            raise Failed(Failure(stage, kind, f"{url.partition('?')[0]} does not answer: {reason}")) from None


def _figures(row: _Usage) -> Figures:
    at_ms = _instant("stored", row.start)
    return {
        (at_ms, row.customer, EVENTS): row.events,
        (at_ms, row.customer, QUANTITY): _micro("stored", row.quantity),
    }


def _micro(stage: Stage, text: str) -> int:
    try:
        return parse_micro(text)
    except QuantityError as error:
        raise Failed(Failure(stage, "wrong", f"the quantity {text!r} {error}")) from None


def _instant(stage: Stage, text: str) -> int:
    try:
        return parse_instant(text)
    except ValueError as error:
        raise Failed(Failure(stage, "wrong", f"the instant {text!r} {error}")) from None


def _instant_or_none(stage: Stage, text: str | None) -> int | None:
    return None if text is None else _instant(stage, text)


def _refused(stage: Stage, status: int, answer: bytes) -> Failed:
    said = answer[:_MOST_SAID].decode(errors="replace")
    return Failed(Failure(stage, "refused", f"answered {status}: {said}"))


def _decoded(stage: Stage, answer: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(answer, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = answer[:_MOST_SAID].decode(errors="replace")
        raise Failed(Failure(stage, "wrong", f"not the answer that is promised: {said}")) from None
