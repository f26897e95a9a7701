"""What clients send: events of a few customers, with copies, conflicts, edges of hours, and late ones."""

import json
from collections import deque
from random import Random
from typing import Any, Final

from ingest.core.forms import Form
from schemas.admission import AHEAD_MS, OLDEST_MS
from schemas.event import NO_QUANTITY, NOT_GIVEN, Series, UsageEvent
from schemas.instant import HOUR_MS, MINUTE_MS
from schemas.quantity import format_micro
from tests.cloud_event import cloudevent, time_of

_TENANTS: Final = ("acme", "globex")
_CUSTOMERS: Final = tuple(f"c-{number}" for number in range(5))
_TYPES: Final = ("api", "api", "storage", "call", "call", "level", "none")
_QUANTITIES: Final = (0, 1, 500_000, 3 * 10**6, 3 * 10**6, 2**63, 10**20)
#: As canonical JSON, so that they come back as they are.
_RESTS: Final = {
    "storage": (b'{"data":{"bytes":1073741824,"hours":"1.5"}}', b'{"data":{"bytes":3,"hours":2}}', b""),
    "call": (
        b"",
        b'{"data":{"method":"GET","path":"/x"}}',
        b'{"data":{"method":"PUT","ok":true,"path":"/y","user":{"plan":"pro","tokens":3}}}',
        b'{"data":{"method":"HEAD","ok":true,"user":{"plan":"pro","tokens":7}}}',
        b'{"data":{"method":"PUT","path":"/z"},"shard":"1"}',
    ),
}
_SOURCES: Final = ("api",) * 6 + ("other",)
#: Ids that come again by themselves.
_FEW: Final = ("e-1", "e-2", "00112233-4455-6677-8899-aabbccddeeff")
_REMEMBERED: Final = 400
_MOST_EVENTS: Final = 12


class Traffic:
    """Draws events, and how they are written."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._sent: deque[UsageEvent] = deque(maxlen=_REMEMBERED)
        self._number = 0

    def events(self, now_ms: int) -> list[UsageEvent]:
        """Return the events of one request, all of one tenant."""
        tenant = self._chance.choice(_TENANTS)
        size = 1 if self._chance.randrange(3) else self._chance.randrange(1, _MOST_EVENTS)
        events = [self._event(tenant, now_ms) for _ in range(size)]
        self._sent.extend(events)
        return events

    def body(self, events: list[UsageEvent]) -> tuple[bytes, Form]:
        """Return *events* as a client writes them."""
        write = _short if self._chance.randrange(2) else cloudevent
        written = [json.dumps(write(event)).encode() for event in events]
        match self._chance.randrange(3):
            case 0:
                return b"\n".join(written), Form.LINES
            case 1 if len(written) == 1:
                return written[0], Form.JSON
        return b"[" + b",".join(written) + b"]", Form.JSON

    def _event(self, tenant: str, now_ms: int) -> UsageEvent:
        again = self._chance.choice(self._sent) if self._sent and not self._chance.randrange(5) else None
        if again is not None and again.series.tenant == tenant:
            if self._chance.randrange(3):
                return again
            return again._replace(quantity_micro=7 * 10**6, given_ms=self._time(now_ms))
        event_type = self._chance.choice(_TYPES)
        return UsageEvent(
            Series(tenant, self._chance.choice(_CUSTOMERS), event_type),
            self._time(now_ms),
            self._quantity(event_type),
            self._chance.choice(_SOURCES),
            self._id(),
            self._chance.choice(_RESTS.get(event_type, (b"",))),
        )

    def _quantity(self, event_type: str) -> int:
        if event_type == "level" or self._chance.randrange(2):
            return self._chance.choice(_QUANTITIES)
        return NO_QUANTITY

    def _id(self) -> str:
        if not self._chance.randrange(15):
            return self._chance.choice(_FEW)
        self._number += 1
        return f"n-{self._number}"

    def _time(self, now_ms: int) -> int:
        """Return an event time: none, a recent one, a late one, or one on either side of an edge."""
        hour_ms = now_ms - now_ms % HOUR_MS
        match self._chance.randrange(12):
            case 0:
                return NOT_GIVEN
            case 1 | 2:
                return hour_ms - self._chance.randrange(4) * HOUR_MS - self._chance.randrange(2)
            case 3:
                return now_ms - self._chance.randrange(30 * HOUR_MS)
            case 4:
                return self._chance.choice((now_ms + AHEAD_MS, now_ms + AHEAD_MS + 1, now_ms - OLDEST_MS - 1))
            case _:
                return now_ms - self._chance.randrange(MINUTE_MS)


def _short(event: UsageEvent) -> dict[str, Any]:
    rest = json.loads(event.rest or b"{}")
    members = {"id": event.id, "customer": event.series.customer, "meter": event.series.type, **rest}
    if event.source != "api":
        members["source"] = event.source
    if event.quantity_micro != NO_QUANTITY:
        members["quantity"] = format_micro(event.quantity_micro)
    return members | time_of(event)
