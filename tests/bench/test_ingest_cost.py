"""CPU of the ingress per event: requests of 1, 100 and 1,000 events over HTTP down to Kafka."""

import asyncio
import json
import random
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

import psutil
import pytest

from schemas.instant import HOUR_MS, format_instant
from tests.integration.ingest.conftest import open_door  # noqa: F401 -- a fixture
from tests.integration.ingest.door import Door, now_ms

pytestmark = [pytest.mark.integration, pytest.mark.bench]

_WARM_SECONDS = 1.0
_SECONDS = 2.0
_EVENTS = 20_000


class Case(NamedTuple):
    """One row of the table, with the bar that a quiet machine has to keep to."""

    events: int
    connections: int
    bar_microseconds: float


CASES = [Case(1, 64, 100.0), Case(100, 16, 8.0), Case(1_000, 8, 6.0)]


def requests_of(door: Door, events: int, seed: int) -> list[bytes]:
    """Return different requests of *events* events each, as they go over the wire."""
    draw = random.Random(seed)
    now = now_ms()

    def event() -> dict[str, Any]:
        return {
            "id": str(UUID(int=draw.getrandbits(128), version=4)),
            "customer": f"c-{draw.randrange(200)}",
            "meter": "api",
            "quantity": str(draw.randrange(1, 100)),
            "time": format_instant(now - draw.randrange(HOUR_MS)),
            "data": {"endpoint": f"/v1/x{draw.randrange(20)}", "method": "GET", "status": 200},
        }

    bodies = [
        json.dumps(event() if events == 1 else [event() for _ in range(events)]).encode()
        for _ in range(max(_EVENTS // events, 20))
    ]
    head = f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {door.key}\r\nContent-Length: "
    return [f"{head}{len(body)}\r\n\r\n".encode() + body for body in bodies]


async def load(
    door: Door, requests: list[bytes], connections: int, seconds: float
) -> tuple[int, list[float]]:
    """Send *requests* over and over, and return how many were accepted and each one's wait."""
    waits: list[float] = []
    until = time.monotonic() + seconds

    async def client(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port, limit=2**20)
        place = number
        while (began := time.monotonic()) < until:
            writer.write(requests[place % len(requests)])
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 202 "), head
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length))
            waits.append(time.monotonic() - began)
            place += connections
        writer.close()

    await asyncio.gather(*map(client, range(connections)))
    return len(waits), sorted(waits)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.events}-a-request")
def test_the_cost_of_an_event(open_door: Callable[..., Door], case: Case) -> None:  # noqa: F811
    door = open_door()
    requests = requests_of(door, case.events, seed=7)
    asyncio.run(load(door, requests, case.connections, _WARM_SECONDS))
    process = psutil.Process(door.process.pid)
    before = sum(process.cpu_times()[:2])
    answered, waits = asyncio.run(load(door, requests, case.connections, _SECONDS))
    cpu = sum(process.cpu_times()[:2]) - before
    cost = cpu / (answered * case.events) * 1e6
    sys.stdout.write(
        f"\n{case.events:>5} events a request, {case.connections} connections: "
        f"{cost:.2f} µs of CPU an event (bar {case.bar_microseconds:g}), "
        f"{answered * case.events / _SECONDS:,.0f} events/s, "
        f"p50 {waits[len(waits) // 2] * 1e3:.1f} ms, p99 {waits[len(waits) * 99 // 100] * 1e3:.1f} ms, "
        f"{process.memory_info().rss / 2**20:.0f} MiB\n"
    )
    assert cost < 10 * case.bar_microseconds  # a machine that does ten things at once still passes
