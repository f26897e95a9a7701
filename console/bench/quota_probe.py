"""Asks for quotas in a process of its own, so that its clock does not wait for the load generator."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final, NamedTuple, TypeVar
from uuid import uuid4

import uvloop

from console.bench.paced import send_paced
from console.bench.wire import Wire, check_bytes, request_bytes
from schemas.errors import TryAgain
from schemas.instant import format_instant

METER: Final = "api"
_CONNECTIONS: Final = 8
_POLL_SECONDS: Final = 0.002
_PATIENCE_SECONDS: Final = 30.0

T = TypeVar("T")


class Target(NamedTuple):
    """Where to send events and checks, and as whom."""

    host: str
    ingest_port: int
    checks_port: int
    key: str


def check_latencies(target: Target, customers: list[str], rate: float, seconds: float) -> list[float]:
    """Return how many milliseconds each check took: *rate* a second for *seconds*, of *customers* in turn.

    Raises TryAgain when one is not answered.
    """
    return _run(lambda: _check(target, customers, rate, int(rate * seconds)))


class Probe(NamedTuple):
    """One event, in milliseconds."""

    #: From its request to its 2xx.
    acknowledged_ms: float
    #: From its 2xx until a check knew of it.
    known_ms: float


def probe(target: Target, probes: int) -> list[Probe]:
    """Send so many events, each when a check knows of the one before, and return what became of each."""
    return _run(lambda: _probe(target, probes))


def flood(target: Target, seconds: float) -> int:
    """Send batches of 1,000 copies for *seconds*, whatever is answered; return how many were refused."""
    return _run(lambda: _flood(target, seconds))


async def _check(target: Target, customers: list[str], rate: float, checks: int) -> list[float]:
    host, _, port, key = target
    requests = [check_bytes(host, port, key, f"/v1/quotas/{each}/{METER}") for each in customers]
    every = [requests[number % len(requests)] for number in range(checks)]
    found = await send_paced(host, port, every, _CONNECTIONS, rate)
    for answer in found:
        if answer.status not in {HTTPStatus.OK, HTTPStatus.TOO_MANY_REQUESTS}:
            raise TryAgain(f"a check was answered with {answer.status}: {answer.body[:200]!r}")
    return [1_000 * (answer.ended_at - answer.begun_at) for answer in found]


async def _probe(target: Target, probes: int) -> list[Probe]:
    host, port, checks_port, key = target
    wire, checks, customer = Wire(host, port), Wire(host, checks_port), f"probe-{uuid4()}"
    ask = check_bytes(host, checks_port, key, f"/v1/quotas/{customer}/{METER}?quantity=0")
    found = []
    for number in range(1, probes + 1):
        event = {"id": str(uuid4()), "customer": customer, "meter": METER, "quantity": "1"}
        event["time"] = format_instant(time.time_ns() // 1_000_000)
        accepted = await wire.send(request_bytes(host, port, key, json.dumps(event).encode()))
        deadline = accepted.ended_at + _PATIENCE_SECONDS
        while (answer := await checks.send(ask)).status != HTTPStatus.OK or _used(answer.body) < number:
            if time.monotonic() > deadline:
                raise TryAgain(f"no check knows of an event that was answered with {accepted.status}")
            await asyncio.sleep(_POLL_SECONDS)
        found.append(
            Probe(
                1_000 * (accepted.ended_at - accepted.begun_at),
                1_000 * (answer.ended_at - accepted.ended_at),
            )
        )
    wire.close()
    checks.close()
    return found


async def _flood(target: Target, seconds: float) -> int:
    host, port, _, key = target
    events = [{"id": f"flood-{number}", "customer": "flood", "meter": METER} for number in range(1_000)]
    request = request_bytes(host, port, key, json.dumps(events).encode())
    refused, ends_at = 0, time.monotonic() + seconds

    async def work() -> None:
        nonlocal refused
        wire = Wire(host, port)
        while time.monotonic() < ends_at:
            refused += (await wire.send(request)).status == HTTPStatus.TOO_MANY_REQUESTS
        wire.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(_CONNECTIONS):
            group.create_task(work())
    return refused


def _used(body: bytes) -> int:
    return int(json.loads(body)["used"] or 0)


def _run(work: Callable[[], Awaitable[T]]) -> T:
    async def run() -> T:
        return await work()

    return uvloop.run(run())
