"""Deals a run's events, request by request. The same mix and number of tenants deal the same ones."""

from bisect import bisect
from collections.abc import Iterator
from itertools import accumulate
from random import Random
from typing import Final, NamedTuple

from xxhash import xxh64_hexdigest

from console.generator.measures import TYPES, UNMEASURED, WEIGHTS, Measure, measures
from console.generator.mix import Mix
from schemas.instant import HOUR_MS, MINUTE_MS, SECOND_MS, format_instant

#: Ways to use each type that a run draws from.
_WAYS: Final = 500
#: Earlier events of each tenant that may come again.
_MEMORY: Final = 5_000
_LATE_SPAN_MS: Final = 48 * HOUR_MS
_UUID_BITS: Final = 128
_TYPE_SHARES: Final = tuple(accumulate(WEIGHTS))
#: What a door has to reject, as the members of an event beside its id, customer and type.
_FAULTS: Final = (
    ',"quantity":"-1"',
    ',"quantity":"0.1234567"',
    ',"quantity":"many"',
    ',"quantity":"1","time":"yesterday"',
    ',"quantity":"1","time":"2000-01-01T00:00:00Z"',
)


class Made(NamedTuple):
    """One event as it is sent, and its line of the truth up to the answer."""

    body: bytes
    line: bytes
    #: A copy with other content, to be sent after this one has had its 2xx.
    conflict: "Made | None" = None


class Batch(NamedTuple):
    """The events of one request: all of one tenant."""

    #: Which of the run's tenants.
    tenant: int
    events: tuple[Made, ...]

    def body(self) -> bytes:
        """Return the request's body, the same for every repeat."""
        if len(self.events) == 1:
            return self.events[0].body
        return b"[" + b",".join([event.body for event in self.events]) + b"]"


class Deck:
    """Deals the batches of one run."""

    def __init__(self, mix: Mix, tenants: list[str]) -> None:
        """Deal *mix* for *tenants*, among whom the customers are divided."""
        self._mix = mix
        self._tenants = tenants
        self._random = Random(mix.seed)
        self._ways = {kind: measures(kind, self._random, _WAYS) for kind in TYPES}
        self._customers = [
            [mix.customer(n) for n in range(mix.customers) if n % len(tenants) == tenant]
            or [mix.customer(tenant)]
            for tenant in range(len(tenants))
        ]
        # A few customers make most of the events, as everywhere.
        self._shares = [list(accumulate(1 / (n + 1) for n in range(len(own)))) for own in self._customers]
        self._earlier: list[list[Made]] = [[] for _ in tenants]
        self._hours: dict[int, str] = {}
        mix_shares = (mix.duplicates, mix.conflicts, mix.late, mix.invalid, mix.unmatched)
        self._bounds = tuple(accumulate(mix_shares))

    def deal(self) -> Iterator[Batch]:
        """Yield the run's batches in order; conflicting copies hang on their originals."""
        left = self._mix.events
        while left > 0:
            tenant = self._random.randrange(len(self._tenants))
            events: list[Made] = []
            while left > 0 and len(events) < self._mix.batch:
                event = self._draw(tenant, self._mix.events - left)
                if left == 1:  # no room for a copy
                    event = event._replace(conflict=None)
                events.append(event)
                left -= 1 if event.conflict is None else 2
            yield Batch(tenant, tuple(events))

    def _draw(self, tenant: int, nth: int) -> Made:
        draw = self._random.random()
        duplicate, conflict, late, invalid, unmatched = self._bounds
        if draw >= unmatched:
            return self._remember(tenant, self._new(tenant, self._time(nth)))
        earlier = self._earlier[tenant]
        if draw < duplicate and earlier:
            return earlier[int(self._random.random() * len(earlier))]
        if draw < conflict:
            return self._contested(tenant, nth)
        if draw < late:
            back_ms = self._mix.late_by_ms + self._random.randrange(_LATE_SPAN_MS)
            return self._remember(tenant, self._new(tenant, self._mix.until_ms - back_ms))
        if draw < invalid:
            return self._faulty(tenant)
        return self._new(tenant, self._time(nth), UNMEASURED)

    def _new(self, tenant: int, at_ms: int, kind: str = "") -> Made:
        random = self._random
        kind = kind or TYPES[bisect(_TYPE_SHARES, random.random() * _TYPE_SHARES[-1])]
        ways = self._ways.get(kind) or self._ways["api"]
        way = ways[int(random.random() * _WAYS)]
        return self._event(tenant, self._id(), self._customer(tenant), kind, self._instant(at_ms), way)

    def _contested(self, tenant: int, nth: int) -> Made:
        """Return an event, and a copy of it that says another quantity."""
        event_id, customer, time = self._id(), self._customer(tenant), self._instant(self._time(nth))
        said, other = self._random.sample(range(1, 5_000), 2)
        first, second = (
            self._event(
                tenant, event_id, customer, "database", time, Measure(f',"quantity":"{number}"', str(number))
            )
            for number in (said, other)
        )
        return first._replace(conflict=second)

    def _faulty(self, tenant: int) -> Made:
        fault = Measure(self._random.choice(_FAULTS), "")
        return self._event(tenant, self._id(), self._customer(tenant), "api", "", fault)

    def _event(self, tenant: int, event_id: str, customer: str, kind: str, time: str, way: Measure) -> Made:
        said = f',"time":"{time}"' if time else ""
        content = f'"customer":"{customer}","meter":"{kind}"{way.members}{said}'
        line = (
            f'{{"id":"{event_id}","source":"api","tenant":"{self._tenants[tenant]}","customer":"{customer}",'
            f'"meter":"{kind}","quantity":"{way.quantity}","time":"{time}",'
            f'"content":"{xxh64_hexdigest(content.encode())}","answer":"'
        )
        return Made(f'{{"id":"{event_id}",{content}}}'.encode(), line.encode())

    def _remember(self, tenant: int, event: Made) -> Made:
        earlier = self._earlier[tenant]
        if len(earlier) < _MEMORY:
            earlier.append(event)
        else:
            earlier[int(self._random.random() * _MEMORY)] = event
        return event

    def _customer(self, tenant: int) -> str:
        shares = self._shares[tenant]
        return self._customers[tenant][bisect(shares, self._random.random() * shares[-1])]

    def _id(self) -> str:
        text = f"{self._random.getrandbits(_UUID_BITS):032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def _time(self, nth: int) -> int:
        """Return when event *nth* occurs: the run plays its span from the beginning to the end."""
        span_ms = self._mix.span_ms
        if not span_ms:
            return self._mix.until_ms
        played_ms = span_ms * nth // self._mix.events
        return self._mix.until_ms - span_ms + played_ms

    def _instant(self, at_ms: int) -> str:
        hour_ms = at_ms - at_ms % HOUR_MS
        hour = self._hours.get(hour_ms)
        if hour is None:
            hour = self._hours[hour_ms] = format_instant(hour_ms)[: len("2026-11-21T10:")]
        minute, past_ms = divmod(at_ms - hour_ms, MINUTE_MS)
        second, ms = divmod(past_ms, SECOND_MS)
        return f"{hour}{minute:02d}:{second:02d}.{ms:03d}Z"
