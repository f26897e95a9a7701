"""Sends batches to an ingress over HTTP until each has its answer, and writes down every attempt."""

import asyncio
import time
from collections import deque
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Final, NamedTuple

import aiohttp
import msgspec

from console.generator.attempt import Answer, TruthWriter
from console.generator.deck import Batch, Made
from console.generator.traffic import Traffic
from runtime.backoff import delays
from schemas.errors import Misconfigured

_ROUTE: Final = "/v1/events"
_TIMEOUT_SECONDS: Final = 15.0
_MOST_BACKOFF_SECONDS: Final = 2.0
_SLUICE_SECONDS: Final = 0.01
#: A new key reaches the ingress by way of the catalogue; until then it is unknown there.
_KEY_SECONDS: Final = 15.0
_REFUSED: Final = {
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
}


class _Result(msgspec.Struct, gc=False):
    status: Answer


class _Receipt(msgspec.Struct, gc=False):
    results: list[_Result]


class Target(NamedTuple):
    """Where to send, and as whom: one key for each tenant of the deck."""

    url: str
    keys: Sequence[str]


class Sluice:
    """Lets so many events pass and no more, until another thread opens it further."""

    def __init__(self) -> None:
        self._level = 0
        self._passed = 0

    def open_to(self, events: int) -> None:
        """Let *events* pass in all, those that have passed already included."""
        self._level = events

    async def passed(self, events: int) -> None:
        """Wait until *events* more may pass."""
        while self._passed >= self._level:  # noqa: ASYNC110 -- the level is another thread's
            await asyncio.sleep(_SLUICE_SECONDS)
        self._passed += events


class Pace(NamedTuple):
    """How fast to send."""

    #: Requests under way at once.
    connections: int = 16
    #: Events a second; 0: as fast as the answers come.
    rate: float = 0.0
    #: For whoever steers a run from outside.
    sluice: Sluice | None = None


_decode: Final = msgspec.json.Decoder(_Receipt).decode


class Sender:
    """Plays one run. A conflicting copy goes out only after its original has had its 2xx."""

    def __init__(self, target: Target, pace: Pace, truth: TruthWriter, traffic: Traffic) -> None:
        """Send to *target* at *pace*; what happens goes to *truth* and *traffic*."""
        self._target = target
        self._pace = pace
        self._truth = truth
        self._traffic = traffic
        self._released: deque[Batch] = deque()
        self._slot = 0.0

    async def play(self, batches: Iterator[Batch]) -> None:
        """Send all *batches*. Raises Misconfigured if the ingress will never take them."""
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            self._traffic.begin()
            self._slot = time.monotonic()
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(self._pace.connections):
                        group.create_task(self._work(session, batches))
            except* Misconfigured as errors:
                raise errors.exceptions[0] from None
            self._traffic.end()

    async def _work(self, session: aiohttp.ClientSession, batches: Iterator[Batch]) -> None:
        while (batch := self._next(batches)) is not None:
            await self._wait_for_slot(len(batch.events))
            await self._deliver(session, batch)

    def _next(self, batches: Iterator[Batch]) -> Batch | None:
        """Return a conflicting copy that may go out, else the next batch; None: nothing is left."""
        return self._released.popleft() if self._released else next(batches, None)

    async def _wait_for_slot(self, events: int) -> None:
        if self._pace.sluice is not None:
            await self._pace.sluice.passed(events)
        if not self._pace.rate:
            return
        now = time.monotonic()
        # After a stall the rate holds on; it does not make up for what was missed at once.
        self._slot = max(self._slot + events / self._pace.rate, now - 1)
        if self._slot > now:
            await asyncio.sleep(self._slot - now)

    async def _deliver(self, session: aiohttp.ClientSession, batch: Batch) -> None:
        """Send *batch*, the same bytes each time, until it has an answer."""
        body, key = batch.body(), self._target.keys[batch.tenant]
        pauses = delays(most=_MOST_BACKOFF_SECONDS)
        while True:
            answers = await self._attempt(session, body, key, batch.events)
            if answers is not None:
                self._settle(batch, answers)
                return
            self._truth.write_same(batch.events, "none")
            self._traffic.unanswered(len(batch.events))
            await asyncio.sleep(next(pauses))

    async def _attempt(
        self, session: aiohttp.ClientSession, body: bytes, key: str, events: Sequence[Made]
    ) -> Sequence[Answer] | None:
        """Return the answer to each event, or None if the request has to be repeated."""
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        begun = time.monotonic()
        try:
            async with session.post(self._target.url + _ROUTE, data=body, headers=headers) as response:
                answer = await response.read()
                status = response.status
        except (aiohttp.ClientError, TimeoutError):
            return None
        if status in (HTTPStatus.ACCEPTED, HTTPStatus.MULTI_STATUS):
            self._traffic.acknowledged(len(events), begun)
            return [result.status for result in _decode(answer).results]
        if status == HTTPStatus.BAD_REQUEST:
            return ["rejected"] * len(events)
        self._refuse(status, answer)
        return None

    def _refuse(self, status: int, answer: bytes) -> None:
        """Raise Misconfigured for what no repeat can mend."""
        young = self._traffic.seconds() < _KEY_SECONDS
        if status in _REFUSED or (status == HTTPStatus.UNAUTHORIZED and not young):
            raise Misconfigured(f"the ingress answers {status}: {answer[:300].decode(errors='replace')}")

    def _settle(self, batch: Batch, answers: Sequence[Answer]) -> None:
        self._truth.write(batch.events, answers)
        self._traffic.settled(answers)
        copies = tuple(
            event.conflict
            for event, answer in zip(batch.events, answers, strict=True)
            if event.conflict is not None and answer != "rejected"
        )
        if copies:
            self._released.append(Batch(batch.tenant, copies))
