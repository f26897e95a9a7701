"""One request to Stripe for one tenant, by Stripe's own library: at what pace, how often, what came of it.

The library's asynchronous side is used, over aiohttp, which we have anyway: a job that is asked to end can
be cancelled in the middle of a request, and one thread serves all tenants. Its own retries are switched off:
they know neither Retry-After nor our breaker.

Bodies are handed on as they came. The library would read them into objects, whose numbers are floats.
"""

import asyncio
import random
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from types import ModuleType
from typing import Any, Final, NamedTuple, Protocol

import aiohttp

from runtime import logs
from schemas.errors import Misconfigured, Reject, TryAgain
from schemas.gcra import SECOND_NS, Gcra
from sinks.stripe.core import again
from sinks.stripe.core.breaker import Breaker, State

#: What is asked for, whatever version the account is set to: objects then have one shape.
API_VERSION: Final = "2026-10-28.endive"

#: In any second at most the sum of the two: a hundred requests, ten of them of lists.
_REQUESTS: Final = (90, 10)
_SCANS: Final = (9, 1)
_SECONDS: Final = 30.0
_CONNECT_SECONDS: Final = 10.0

#: A permission as Stripe names it where a restricted key lacks it.
_PERMISSION: Final = re.compile(r"\brak_[a-z_]+")
_FIRST_REFUSAL, _UNAUTHORIZED, _FORBIDDEN, _TOO_MANY, _OWN_FAULT = 400, 401, 403, 429, 500

log = logs.get_logger(__name__)


class Answer(NamedTuple):
    """What Stripe answered."""

    body: str
    #: The Date header: Stripe's clock, in seconds.
    date_s: int
    round_trip_s: float


class Refused(Reject):
    """Stripe refuses a request, and will again."""

    def __init__(self, why: str, code: str | None) -> None:
        """Say *why*; *code* is Stripe's own word for it."""
        super().__init__(why)
        self.code = code


class Forbidden(Misconfigured):
    """The key lacks a permission."""


class Onlooker(Protocol):
    """Hears how requests go."""

    def tried(self, outcome: str, seconds: float) -> None:
        """Hear of one try: answered, refused, throttled, failed or unreachable."""

    def turned(self) -> None:
        """Hear that a breaker is in another state."""


class Asking:
    """Asks for one tenant. Not for several loops."""

    def __init__(
        self, tenant: str, key: str, base: str, session: aiohttp.ClientSession, onlooker: Onlooker
    ) -> None:
        """Ask with *key* at *base*, over connections of *session*."""
        self.breaker = Breaker()
        self.state = State.CLOSED
        self._tenant = tenant
        self._onlooker = onlooker
        stripe = library()
        self._client = stripe.StripeClient(
            key,
            stripe_version=API_VERSION,
            base_addresses={"api": base},
            max_network_retries=0,
            http_client=stripe.AIOHTTPClient(
                timeout=aiohttp.ClientTimeout(total=_SECONDS, connect=_CONNECT_SECONDS), session=session
            ),
        )
        self._failure: type[Exception] = stripe.StripeError
        self._requests = Gcra(*_REQUESTS)
        self._scans = Gcra(*_SCANS)

    async def get(self, path: str, params: Mapping[str, Any], *, scan: bool = False) -> Answer:
        """Return the answer to GET *path*, tried several times; a *scan* reads a list, and they go slower.

        Raises TryAgain where Stripe is not to be reached, asks us to wait or must not be asked just now,
        Misconfigured where it refuses the key, Refused where it refuses the request.
        """
        if scan:
            await _pace(self._scans)
        tries = 0
        while True:
            tries += 1
            try:
                return await self._once(path, params)
            except _Unanswered as unanswered:
                told_ms = again.told_ms(unanswered.retry_after)
                if tries >= again.MOST_TRIES or told_ms > again.LONGEST_TOLD_MS:
                    raise TryAgain(f"Stripe does not answer: {unanswered}") from None
                # No secret: it spreads those who failed together.
                wait_ms = again.wait_ms(tries, random.random(), unanswered.retry_after)  # noqa: S311
                log.info("stripe.tried", tenant=self._tenant, reason=str(unanswered), next_try_ms=wait_ms)
                await asyncio.sleep(wait_ms / 1_000)

    async def _once(self, path: str, params: Mapping[str, Any]) -> Answer:
        await _pace(self._requests)
        async with self._passing():
            began = time.monotonic()
            try:
                response = await self._client.raw_request_async("get", path, **params)
            except self._failure as failure:
                raise self._judged(failure) from None
            except (aiohttp.ClientError, TimeoutError) as error:
                # The library reads the body outside of what it watches over.
                raise _Unanswered(f"the connection broke ({type(error).__name__})", "unreachable") from None
            return Answer(response.body, _date_s(response.headers), time.monotonic() - began)

    @asynccontextmanager
    async def _passing(self) -> AsyncIterator[None]:
        """Let a request through the breaker, which learns what becomes of it."""
        began = time.monotonic()
        self.breaker, how = self.breaker.ask(_now_ms())
        self._turn()
        if how is None:
            seconds = self.breaker.wait_ms(_now_ms()) // 1_000 + 1
            raise TryAgain(f"Stripe does not answer for this tenant: it is asked again in {seconds} s")
        outcome = None
        try:
            yield
            outcome = "answered"
        except _Unanswered as unanswered:
            outcome = unanswered.outcome
            raise
        except (Refused, Misconfigured):
            outcome = "refused"
            raise
        finally:
            if outcome is None:
                self.breaker = self.breaker.gave_up(how)
            elif outcome in {"answered", "refused"}:
                self.breaker = self.breaker.succeeded(how)
            else:
                self.breaker = self.breaker.failed(how, _now_ms())
            self._turn()
            if outcome is not None:
                self._onlooker.tried(outcome, time.monotonic() - began)

    def _turn(self) -> None:
        """Tell of another state of the breaker."""
        before, self.state = self.state, self.breaker.state(_now_ms())
        if self.state is not before:
            log.warning("stripe.breaker", tenant=self._tenant, before=before.value, now=self.state.value)
            self._onlooker.turned()

    def _judged(self, failure: Any) -> Exception:  # noqa: ANN401 - the library is loaded late
        """Return what *failure* of the library's asks us to do, without its text: that may quote a person."""
        status, headers = failure.http_status, failure.headers or {}
        if status is None:
            return _Unanswered("no connection", "unreachable")
        if status == _TOO_MANY:
            return _Unanswered("too many requests", "throttled", headers.get("Retry-After"))
        if status >= _OWN_FAULT or status < _FIRST_REFUSAL:
            return _Unanswered(f"status {status}", "failed", headers.get("Retry-After"))
        if status == _UNAUTHORIZED:
            return Misconfigured(
                f"Stripe does not know the key of tenant {self._tenant}: `weir stripe-key add` takes another"
            )
        if status == _FORBIDDEN:
            lacking = ", ".join(sorted(set(_PERMISSION.findall(str(failure))))) or "see docs/backfill.md"
            return Forbidden(f"the key of tenant {self._tenant} lacks a permission ({lacking})")
        code = failure.code
        return Refused(f"Stripe refuses the request: {status} {code or 'without a code'}", code)


class _Unanswered(TryAgain):
    """No answer, or one that says to come again."""

    def __init__(self, why: str, outcome: str, retry_after: str | None = None) -> None:
        super().__init__(why)
        self.outcome = outcome
        self.retry_after = retry_after


def library() -> ModuleType:
    """Return Stripe's library, which takes 0.3 s to import, and only where it is used."""
    import stripe  # noqa: PLC0415

    return stripe


async def _pace(bucket: Gcra) -> None:
    """Wait for a turn. Turns are given out in order: each takes one, be it there or not, and waits for it."""
    now_ns = time.monotonic_ns()
    wait_ns = bucket.wait_ns(now_ns)
    bucket.take(1, now_ns)
    if wait_ns:
        await asyncio.sleep(wait_ns / SECOND_NS)


def _date_s(headers: Mapping[str, str]) -> int:
    """Return Stripe's clock. Raises _Unanswered where an answer does not tell: it is none of Stripe's."""
    try:
        return int(parsedate_to_datetime(headers["Date"]).timestamp())
    except (KeyError, ValueError):
        raise _Unanswered("an answer without a Date", "failed") from None


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
